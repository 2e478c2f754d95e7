"""Counts that items contribute to scores of a whole corpus, read as they were stored."""

from __future__ import annotations

from dataclasses import dataclass

from fairtrial.ledger.query import read_order
from fairtrial.ledger.shape import is_finite, make_damage_error
from fairtrial.ledger.store import Ledger
from fairtrial.records import COUNT


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """The counts of one answer; of repeats each is one.

    Attributes:
        place: of its item in trial order.
        repeat: which of its repeats it is.
        counts: by name; what is not in it is 0.
    """

    place: int
    repeat: int
    counts: dict[str, float]


def read_counts(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str, score: str) -> list[AnswerCounts]:
    """Return the counts of a candidate's answers that a corpus score is made of, in trial order, then by repeat."""
    asked = read_order(ledger, trial_id, task_id)
    prefix = f"{COUNT}{score}:"
    rows = ledger.read(
        "SELECT item_id, repeat, measure, value FROM observations "
        "WHERE candidate_id = ? AND task_id = ? AND measure >= ? AND measure < ? AND repeat < ?",
        (candidate_id, task_id, prefix, prefix[:-1] + ";", asked.repeats),
    )
    found: dict[tuple[int, int], dict[str, float]] = {}
    for item, repeat, measure, value in rows:
        if not is_finite(value):
            raise make_damage_error(f"{measure} is no finite number", f"item {item}")
        if item in asked.position:
            own = found.setdefault((asked.position[item], repeat), {})
            own[measure.removeprefix(prefix)] = float(value)
    return [AnswerCounts(*key, found[key]) for key in sorted(found)]
