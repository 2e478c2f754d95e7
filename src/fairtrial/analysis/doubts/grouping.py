"""Doubts of one kind told together, so that forty tasks with one flaw do not bury the one that has another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairtrial.analysis.doubts.base import Doubt

SINGLY = 3
"""So many doubts of one kind are told one by one."""

NAMED = 4
"""So many places of a larger group are named in its line."""

LEAST_IS_WORST = ("few",)
"""Kinds whose count is of what there is, not of what is amiss."""


@dataclass(frozen=True, slots=True)
class DoubtGroup:
    """Doubts of one kind, or one alone.

    Attributes:
        worst: the one that concerns the largest share, the first of several.
        others: the rest, the worst first.
    """

    worst: Doubt
    others: tuple[Doubt, ...] = ()

    def describe(self) -> str:
        """Return the worst doubt's words, and where else it is so."""
        if not self.others:
            return self.worst.text
        places = list(dict.fromkeys(_name_place(doubt) for doubt in self.others))
        left = len(places) - NAMED
        more = f"; and {left:,} more" if left > 0 else ""
        return f"{self.worst.text} Likewise {len(places):,} more: {'; '.join(places[:NAMED])}{more}."


def group_doubts(doubts: Iterable[Doubt]) -> list[DoubtGroup]:
    """Return the doubts in groups: those of a kind that has many together, where its first one stood."""
    kinds: dict[str, list[Doubt]] = {}
    for doubt in doubts:
        kinds.setdefault(doubt.kind, []).append(doubt)
    return [group for found in kinds.values() for group in _make_groups(found)]


def _make_groups(found: Sequence[Doubt]) -> list[DoubtGroup]:
    """Return the groups of one kind."""
    if len(found) <= SINGLY or not all(doubt.task or doubt.candidate for doubt in found):
        return [DoubtGroup(doubt) for doubt in found]
    worst, *others = sorted(found, key=_weigh, reverse=True)
    return [DoubtGroup(worst, tuple(others))]


def _weigh(doubt: Doubt) -> float:
    """Return how grave a doubt is beside others of its kind."""
    share = (doubt.count or 0) / doubt.of if doubt.of else 0.0
    return -share if doubt.kind in LEAST_IS_WORST else share


def _name_place(doubt: Doubt) -> str:
    """Return the candidate and task that a doubt is about, and its count."""
    place = " on ".join(part for part in (doubt.candidate, doubt.task) if part)
    return f"{place} ({doubt.count:,} of {doubt.of:,})" if doubt.count is not None and doubt.of else place
