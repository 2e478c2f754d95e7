"""Which rights records permit what at a moment: decided once for each record, and again when a clock changes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fairtrial.rights import Circumstances, Decision, RightsRecord, RightsRule, Use, decide


@dataclass(frozen=True, slots=True)
class Permitted:
    """What the records of an archive permit at a moment.

    Attributes:
        numbers: of the records that permit all of some uses.
        waiting: of the records that are under an embargo.
        refused: how many records each rule refuses, for one of the uses.
    """

    numbers: frozenset[int]
    waiting: frozenset[int]
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Held:
    """A decision and since when it holds; until when is in the decision."""

    decision: Decision
    since: datetime


class Permissions:
    """Decides records, and keeps the decisions until `Decision.changes`.

    Records are known by their numbers in one store, which never stand for another record.
    """

    def __init__(self, circumstances: Circumstances) -> None:
        """Decide in these circumstances, but for the moment, which is told each time."""
        self.circumstances = circumstances
        self._held: dict[tuple[Use, int], _Held] = {}

    def decide(self, use: Use, number: int, record: RightsRecord, at: datetime) -> Decision:
        """Return the decision of a record at a moment."""
        held = self._held.get((use, number))
        if held is not None and held.since <= at and (held.decision.changes is None or at < held.decision.changes):
            return held.decision
        made = decide(use, record, replace(self.circumstances, at=at))
        self._held[use, number] = _Held(made, at)
        return made

    def permit(self, uses: Sequence[Use], records: Mapping[int, RightsRecord], at: datetime) -> Permitted:
        """Return which records permit all of some uses at a moment."""
        numbers, waiting, refused = [], [], Counter[str]()
        for number, record in records.items():
            decisions = [self.decide(use, number, record, at) for use in uses]
            denied = next((one for one in decisions if not one.allowed), None)
            if denied is None:
                numbers.append(number)
                continue
            refused[str(denied.rule)] += 1
            if denied.rule == RightsRule.EMBARGO:
                waiting.append(number)
        return Permitted(frozenset(numbers), frozenset(waiting), dict(sorted(refused.items())))


def decide_all(uses: Iterable[Use], record: RightsRecord, circumstances: Circumstances) -> dict[Use, Decision]:
    """Return the decision of each use."""
    return {use: decide(use, record, circumstances) for use in uses}
