"""Random draws that are the same on every machine, for ever.

numpy promises that `SeedSequence` and the raw 64-bit output of `PCG64` never change, but not that the methods of
`Generator` keep turning them into the same numbers (NEP 19, https://numpy.org/neps/nep-0019-rng-policy.html).  An item
of a procedural task must be the same item in ten years, so `Draw` takes the raw output and makes its own choices of it.
It knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from numpy.random import PCG64, SeedSequence

T = TypeVar("T")
_RAW = 1 << 64


class Draw:
    """A stream of draws, wholly decided by its key.

    Args:
        key: non-negative integers; streams with different keys are independent.

    >>> Draw(1, 2).draw_between(1, 6) == Draw(1, 2).draw_between(1, 6)
    True
    """

    def __init__(self, *key: int) -> None:
        self._bits = PCG64(SeedSequence(key))

    def draw_below(self, n: int) -> int:
        """Return a uniform integer in [0, n); unbiased, by rejection."""
        if n < 1:
            raise ValueError(f"below() needs at least 1, got {n}")
        limit = _RAW - _RAW % n
        while True:
            raw = int(self._bits.random_raw())
            if raw < limit:
                return raw % n

    def draw_between(self, low: int, high: int) -> int:
        """Return a uniform integer in [low, high], both ends included."""
        return low + self.draw_below(high - low + 1)

    def chance(self, share: int, of: int) -> bool:
        """Return True in ``share`` cases out of ``of``."""
        return self.draw_below(of) < share

    def pick(self, values: Sequence[T]) -> T:
        """Return one of ``values``."""
        return values[self.draw_below(len(values))]

    def sample(self, values: Iterable[T], k: int) -> list[T]:
        """Return ``k`` of ``values`` at different places, in random order."""
        rest = list(values)
        if k > len(rest):
            raise ValueError(f"cannot draw {k} different values from {len(rest)}")
        for i in range(k):
            j = i + self.draw_below(len(rest) - i)
            rest[i], rest[j] = rest[j], rest[i]
        return rest[:k]

    def shuffle(self, values: Iterable[T]) -> list[T]:
        """Return ``values`` in random order."""
        rest = list(values)
        return self.sample(rest, len(rest))
