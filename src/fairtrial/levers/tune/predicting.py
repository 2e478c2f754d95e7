"""What training will take, before it starts: memory and minutes, and a refusal where it cannot fit.

Memory is counted from the network's shapes; minutes come from one block of real rows that is computed forth and back
and then forgotten.  Knows networks and token rows; nothing of text.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from fairtrial.errors import SpecError
from fairtrial.levers.tune.libraries import import_torch
from fairtrial.levers.tune.network import LearningNetwork
from fairtrial.levers.tune.packing import RowBlock, TokenRow, draw_steps, pack_rows
from fairtrial.levers.tune.training import TrainingWork

BLOCKS = {"cpu": 1024, "cuda": 8192}
"""Tokens that go through the network at once, by device."""
SPARE = 0.9
"""Share of the free memory that training may take."""
PER_LEARNED = 4 + 4 + 8 + 4 + 4
"""Bytes of a learned number: itself, its gradient, two moments, the best so far, a copy while a checkpoint is made."""
MEASURED = 2.2
"""Resident memory of a block by what is counted, as measured on a network of 135 million weights: temporary values, and
what the allocator keeps."""
FORWARD_SHARE = 0.35
"""Time of a pass without a way back, by that of one with it."""
LOADING = 2.0
"""Memory that it takes to read weights, by the memory that they take afterwards."""


@dataclass(frozen=True, slots=True)
class TuningForecast:
    """What training will take.

    Attributes:
        seconds: to the end, if it does not stop early.
        memory_bytes: at most, of the whole process.
        free_bytes: that could be used.
        tokens: through the network in training.
        checked_tokens: through it to compute the loss of rows held back, all times together.
        tokens_per_second: as tried.
        steps: of the optimiser.
        block: tokens at once.
    """

    seconds: float
    memory_bytes: int
    free_bytes: int
    tokens: int
    tokens_per_second: float
    steps: int
    block: int
    checked_tokens: int = 0

    def document(self) -> dict[str, float]:
        """Return it as JSON values."""
        return asdict(self)

    def describe(self) -> str:
        """Return it in a sentence."""
        minutes = f"{self.seconds / 60:.0f} minutes" if self.seconds >= 90 else f"{self.seconds:.0f} s"
        held_back = f" and {self.checked_tokens:,} held back" if self.checked_tokens else ""
        return (
            f"{self.steps:,} steps, {self.tokens:,} tokens to learn{held_back}, learning {self.tokens_per_second:,.0f} "
            f"a second: about {minutes}, {self.memory_bytes / 1e9:.1f} GB of memory at most "
            f"({self.free_bytes / 1e9:.1f} GB can be used)"
        )


def check_weights_fit(weights: int, dtype: str) -> None:
    """Raise SpecError if a network of so many weights cannot be read into this machine's memory."""
    wanted = int(LOADING * weights * _find_width(dtype))
    free = psutil.virtual_memory().available
    if wanted > free:
        raise SpecError(
            f"tune: reading {weights / 1e6:,.0f} million weights takes about {wanted / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free.",
            fix="Tune a smaller model, or on a machine with more memory.",
        )


def choose_block(network: LearningNetwork, work_rows: Sequence[TokenRow], wanted: int | None, group: int) -> int:
    """Return how many tokens go through the network at once: what is wanted or suits the device, if it fits.

    Raises SpecError if not even the longest row fits.
    """
    longest = max(len(row.tokens) for row in work_rows) * group
    block = wanted or max(BLOCKS[network.device], longest)
    free = int(SPARE * read_free_memory(network.device))
    learned = count_learned(network)
    share = sum(row.targets for row in work_rows) / max(1, sum(len(row.tokens) for row in work_rows))
    while True:
        needed = estimate_block_bytes(network, max(block, longest), longest // group, share) + learned * PER_LEARNED
        if needed <= free:
            return block
        if block <= longest:
            raise SpecError(
                f"tune: a row of {longest // group:,} tokens takes {needed / 1e9:.1f} GB of memory beside the model, "
                f"and {free / 1e9:.1f} GB can be used.",
                fix="Write recompute: true, a smaller context, a lower rank, or tune a smaller model.",
            )
        block = max(longest, block // 2)


def predict(network: LearningNetwork, work: TrainingWork) -> TuningForecast:
    """Return what training will take; tries one block of the first step, and leaves the network as it was."""
    rows, group = work.rows, work.objective.group
    _, examples = next(draw_steps(work.examples, work.settings.batch, work.settings.seed, 0, 1))
    numbers = [example * group + i for example in examples for i in range(group)]
    blocks = pack_rows(rows, numbers, work.block, packing=network.packs, group=group)
    speed = _try_block(network, work, max(blocks, key=lambda block: len(block.tokens)))
    per_example = sum(len(row.tokens) for row in rows) / work.examples
    in_epoch = -(-work.examples // work.settings.batch)
    seen = work.steps // in_epoch * work.examples + work.steps % in_epoch * work.settings.batch
    tokens = int(per_example * seen)
    checked = sum(len(row.tokens) for row in work.validation)
    times = 1 + -(-work.steps // work.evaluate_every)
    seconds = (tokens + FORWARD_SHARE * checked * times) / speed
    longest = max(len(row.tokens) for row in rows)
    share = sum(row.targets for row in rows) / max(1, sum(len(row.tokens) for row in rows))
    needed = estimate_block_bytes(network, max(work.block, longest), longest, share)
    own = read_own_memory(network.device)
    more = needed + count_learned(network) * PER_LEARNED
    return TuningForecast(
        seconds,
        own + more,
        own + read_free_memory(network.device),
        tokens,
        speed,
        work.steps,
        work.block,
        checked * times,
    )


def _try_block(network: LearningNetwork, work: TrainingWork, block: RowBlock) -> float:
    """Return tokens a second, forth and back, of the second of two tries."""
    begun = 0.0
    for _ in range(2):
        begun = time.perf_counter()
        work.objective.compute(network, block).total.backward()
        if network.device == "cuda":
            import_torch().cuda.synchronize()
    seconds = time.perf_counter() - begun
    for weight in network.list_learned().values():
        weight.grad = None
    return len(block.tokens) / max(seconds, 1e-9)


def estimate_block_bytes(network: LearningNetwork, tokens: int, longest: int, share: float) -> int:
    """Return the bytes that a block takes at most while it goes forth and back.

    Args:
        network: its shapes.
        tokens: of the block.
        longest: tokens of the longest row.
        share: of tokens that are learned.
    """
    config = network.model.config.get_text_config()
    width = _find_width(network.dtype)
    hidden, layers = int(config.hidden_size), int(config.num_hidden_layers)
    inner = int(getattr(config, "intermediate_size", None) or 4 * hidden)
    heads = int(getattr(config, "num_attention_heads", 1))
    # of a layer and token, in what the way back needs: both norms in float32 and rounded, queries, keys and values as
    # they come, turned and spread out, the layers' inputs, gate and its products, weights of attention
    kept = MEASURED * (hidden * (16 + 14 * width) + inner * 5 * width + heads * longest * width)
    whole = tokens * (layers * hidden * width + kept if network.recomputes else layers * kept)
    if not network.packs:
        share = 1.0  # logits of every token are made
    logits = int(tokens * share + 1) * int(config.vocab_size) * (8 + width)
    return int(whole + logits)


def count_learned(network: LearningNetwork) -> int:
    """Return how many numbers are learned."""
    return sum(weight.numel() for weight in network.list_learned().values())


def read_free_memory(device: str) -> int:
    """Return the bytes that can be had on a device."""
    if device == "cuda":
        free: Any = import_torch().cuda.mem_get_info()[0]
        return int(free)
    return int(psutil.virtual_memory().available)


def read_own_memory(device: str) -> int:
    """Return the bytes that this process holds on a device."""
    return int(import_torch().cuda.memory_allocated()) if device == "cuda" else int(psutil.Process().memory_info().rss)


def _find_width(dtype: str) -> int:
    return 4 if dtype == "float32" else 2


def check_minutes(prediction: TuningForecast, allowed: float | None) -> None:
    """Raise SpecError if training would take longer than is allowed."""
    if allowed is not None and prediction.seconds > 60 * allowed:
        raise SpecError(
            f"tune: training would take about {prediction.seconds / 60:.0f} minutes, and max_minutes is {allowed:g}.",
            fix="Take fewer epochs or rows, or allow more minutes.",
        )
