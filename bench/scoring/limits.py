"""What the engines themselves reach: prefill at a given depth, and plain batched decoding, without any of our code."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fairtrial.engines.llamacpp.binding import Context, ContextShape

ROUNDS = 4


def rate(tokens: int, work: Callable[[], object]) -> float:
    """Return tokens a second: the median of a few rounds after one that does not count."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return tokens / statistics.median(seconds)


def llamacpp_prefill(engine: Any, depth: int) -> float:
    """Return tokens a second of one sequence read in whole batches, at a depth of context."""
    session = engine._session
    size, model = session.sizes.batch, session.model
    context = Context(model, ContextShape(depth + size, size, 1, 8, session.sizes.threads, session.sizes.flash))
    try:
        for start in range(0, depth, size):
            read(context, start, min(size, depth - start))

        def work() -> None:
            context.keep_only(0, depth)
            read(context, depth, size)

        return rate(size, work)
    finally:
        context.close()


def read(context: Context, start: int, count: int) -> None:
    context.tokens[:count] = 300 + np.arange(start, start + count) % 20_000
    context.positions[:count] = np.arange(start, start + count)
    context.set_sequences(np.zeros(count, dtype=np.int32), np.ones(count, dtype=np.int32))
    context.wanted[:count] = 0
    context.wanted[count - 1] = 1
    context.run(count)


def llamacpp_decode(engine: Any, depth: int) -> float:
    """Return new tokens a second of the best of several batch sizes, with and without flash attention."""
    session = engine._session
    return max(
        _llamacpp_decode(session, depth, batch, flash) for batch in (4, 8, 16, 32) for flash in (session.sizes.flash, 0)
    )


def _llamacpp_decode(session: Any, depth: int, batch: int, flash: int) -> float:
    own, steps = depth // 4, 8
    cells = depth + batch * (own + ROUNDS * steps + steps)
    context = Context(session.model, ContextShape(cells, 512, batch, batch, session.sizes.threads, flash))
    try:
        common = depth - own
        for start in range(0, common, 256):
            read(context, start, min(256, common - start))
        for slot in range(1, batch):
            context.copy(0, slot, common)
        for slot in range(batch):
            context.tokens[:own] = 700 + slot + np.arange(own)
            context.positions[:own] = np.arange(common, depth)
            context.set_sequences(np.full(own, slot, dtype=np.int32), np.ones(own, dtype=np.int32))
            context.wanted[:own] = 0
            context.run(own)
        at = depth

        def work() -> None:
            nonlocal at
            for _ in range(steps):
                context.tokens[:batch] = 500
                context.positions[:batch] = at
                context.set_sequences(np.arange(batch, dtype=np.int32), np.ones(batch, dtype=np.int32))
                context.wanted[:batch] = 1
                context.run(batch)
                at += 1

        return rate(batch * steps, work)
    finally:
        context.close()


def transformers_prefill(engine: Any, depth: int) -> float:
    """Return tokens a second of the model's own forward pass over one sequence, at a depth of context."""
    import torch
    from transformers import DynamicCache

    network, size = engine._session.network, engine._session.batch
    network._attend_through_memory(False)
    model = network.model
    ids = torch.arange(300, 300 + depth + size)[None]
    with torch.no_grad():
        cache = DynamicCache()
        if depth:
            model(ids[:, :depth], past_key_values=cache, use_cache=True, logits_to_keep=1)

        def work() -> None:
            model(ids[:, depth:], past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache.crop(-size)

        return rate(size, work)


def transformers_decode(engine: Any, depth: int) -> float:
    """Return new tokens a second of the model's own forward pass, the best of several batch sizes."""
    import torch
    from transformers import DynamicCache

    network = engine._session.network
    network._attend_through_memory(False)
    model, steps, best = network.model, 4, 0.0
    for batch in (16, 32, 64):
        with torch.no_grad():
            cache = DynamicCache()
            model(torch.arange(300, 300 + depth)[None], past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache.batch_repeat_interleave(batch)
            ids = torch.full((batch, 1), 500)

            def work() -> None:
                for _ in range(steps):
                    model(ids, past_key_values=cache, use_cache=True).logits.argmax(-1)  # noqa: B023
                cache.crop(-steps)  # noqa: B023

            best = max(best, rate(batch * steps, work))
    return best


PREFILL = {"llamacpp": llamacpp_prefill, "transformers": transformers_prefill}
DECODE = {"llamacpp": llamacpp_decode, "transformers": transformers_decode}
