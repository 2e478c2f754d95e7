"""Chooses few-shot examples exactly as lm-evaluation-harness 0.4 does; knows rows only as things that can be equal.

Its default sampler holds one ``random.Random(1234)`` and draws once an item, in the task's own order, so what an item
is shown depends on all items before it: draw for all of them at once, whatever subset is asked later.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Literal

from fairtrial.errors import DataError

LMEVAL_SEED = 1234
Sampler = Literal["default", "first_n"]


def draw(
    pool: Sequence[Any], items: Sequence[Any], shots: int, sampler: Sampler, *, exclude_self: bool, seed: int
) -> list[tuple[int, ...]]:
    """Return, for each item, the positions in ``pool`` of its examples, in the order in which they are shown.

    Args:
        pool: rows to draw from.
        items: all rows of the task, in its own order.
        shots: examples an item.
        sampler: ``default`` draws at random, ``first_n`` takes the first ones.
        exclude_self: an item may be in the pool and must not be shown its own answer.
        seed: of the random draw; `LMEVAL_SEED` for the same prompts as theirs.

    Raises DataError if the pool is too small.
    """
    if shots == 0:
        return [()] * len(items)
    needed = shots + 1 if exclude_self and sampler == "default" else shots
    if len(pool) < needed:
        raise DataError(
            f"{shots} few-shot examples are asked for, which needs {needed} rows to draw from; there are {len(pool)}.",
            fix="Ask for fewer shots, or name a larger few-shot split.",
        )
    if sampler == "first_n":
        return [_take_first(pool, item if exclude_self else None, shots) for item in items]
    generator = random.Random(seed)
    return [_draw_random(pool, item if exclude_self else None, shots, generator) for item in items]


def _take_first(pool: Sequence[Any], own: Any, shots: int) -> tuple[int, ...]:
    found: list[int] = []
    for position, row in enumerate(pool):
        if len(found) == shots:
            break
        if own is None or row != own:
            found.append(position)
    if len(found) < shots:
        raise DataError(f"{shots} few-shot examples are asked for; only {len(found)} rows other than the item exist.")
    return tuple(found)


def _draw_random(pool: Sequence[Any], own: Any, shots: int, generator: random.Random) -> tuple[int, ...]:
    if own is None:
        return tuple(generator.sample(range(len(pool)), shots))
    drawn = [p for p in generator.sample(range(len(pool)), shots + 1) if pool[p] != own]
    if len(drawn) < shots:  # the item stands in the pool several times
        others = [p for p, row in enumerate(pool) if row != own]
        if len(others) < shots:
            raise DataError(f"{shots} few-shot examples are asked for; only {len(others)} rows differ from the item.")
        drawn = [others[p] for p in generator.sample(range(len(others)), shots)]
    return tuple(drawn[:shots])
