"""Several rankings to one, by ranks alone: scores of words and of vectors have nothing in common.  Pure.

Reciprocal rank fusion: Cormack, Clarke and Buettcher, SIGIR 2009, doi:10.1145/1571941.1572114.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

CONSTANT = 60
"""k of the paper: how little the first places count more than those after them."""

Name = TypeVar("Name", bound=Hashable)


def fuse_ranks(
    rankings: Sequence[Sequence[Name]], tie: Callable[[Name], Any], constant: int = CONSTANT
) -> list[tuple[Name, float]]:
    """Return all names of some rankings with their sums of ``1 / (constant + rank)``, best first.

    Args:
        rankings: best first, each name once.
        tie: what orders names of equal sums, smallest first.
        constant: see `CONSTANT`.
    """
    sums: dict[Name, list[float]] = {}
    for ranking in rankings:
        for place, name in enumerate(ranking, 1):
            sums.setdefault(name, []).append(1 / (constant + place))
    scored = {name: sum(sorted(parts)) for name, parts in sums.items()}
    return sorted(scored.items(), key=lambda one: (-one[1], tie(one[0])))
