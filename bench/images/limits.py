"""What the engines themselves take: one picture through the tower, and reading a long sequence in whole batches."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fairtrial.engines.llamacpp.binding import Context, ContextShape

ROUNDS = 5
now: Callable[[], float] = time.perf_counter
"""The clock."""


def measure(work: Callable[[], object]) -> float:
    """Return seconds: the median of a few rounds after one that does not count."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        begun = now()
        work()
        seconds.append(now() - begun)
    return statistics.median(seconds)


def transformers_limit(system: Any, pixels: np.ndarray, depth: int) -> dict[str, float]:
    """Return seconds of the tower for one picture, and tokens a second of the model's own forward pass at a depth."""
    import torch
    from transformers import DynamicCache

    session, eyes = system.engine._session, system.encoder
    network, size = session.network, session.batch
    network._attend_through_memory(False)
    model = network.model
    given = eyes.prepare(eyes.processor.image_token, [pixels])
    shown = {name: given[name] for name in ("pixel_values", "pixel_attention_mask") if name in given}
    rows = model.config.get_text_config().vocab_size
    ids = (torch.arange(depth + size) * 7 % (rows - 300) + 300)[None]
    with torch.no_grad():
        encode = measure(lambda: model.get_image_features(**shown))
        cache = DynamicCache()
        model(input_ids=ids[:, :depth], cache=cache, use_cache=True, logits_to_keep=1)

        def read() -> None:
            model(input_ids=ids[:, depth:], cache=cache, use_cache=True, logits_to_keep=1)
            cache.crop(-size)

        return {"encode_s": encode, "tokens_per_s": size / measure(read)}


def llamacpp_limit(system: Any, pixels: np.ndarray, depth: int) -> dict[str, float]:
    """Return seconds of the library's tower for one picture, and tokens a second of plain reading at a depth."""
    session, eyes = system.engine._session, system.encoder
    sizes, model = session.sizes, session.model
    with eyes._tokenize_image(pixels) as chunks:
        shown = [c for c in chunks if eyes.lib.mtmd_input_chunk_get_type(c) != eyes.lib.MTMD_INPUT_CHUNK_TYPE_TEXT]
        encode = measure(lambda: [eyes.lib.mtmd_encode_chunk(eyes.handle, chunk) for chunk in shown])
    context = Context(model, ContextShape(depth + sizes.batch, sizes.batch, 1, 8, sizes.threads, sizes.flash))
    try:
        for start in range(0, depth, sizes.batch):
            _read(context, start, min(sizes.batch, depth - start), model.n_vocab)

        def read() -> None:
            context.keep_only(0, depth)
            _read(context, depth, sizes.batch, model.n_vocab)

        return {"encode_s": encode, "tokens_per_s": sizes.batch / measure(read)}
    finally:
        context.close()


def _read(context: Context, start: int, count: int, rows: int) -> None:
    context.tokens[:count] = 300 + np.arange(start, start + count) * 7 % (rows - 300)
    context.positions[:count] = np.arange(start, start + count)
    context.set_sequences(np.zeros(count, dtype=np.int32), np.ones(count, dtype=np.int32))
    context.wanted[:count] = 0
    context.wanted[count - 1] = 1
    context.run(count)


LIMITS = {"transformers": transformers_limit, "llamacpp": llamacpp_limit}
