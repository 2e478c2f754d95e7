"""What the engines themselves take: one picture through the tower, and reading a long sequence in whole batches."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

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


LIMITS = {"transformers": transformers_limit}
