"""`retrieved`: whether the search behind an answer found what it should, and how far up.

What counts are the passages that the model was shown, best first; those withheld from it were not found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from fairtrial.records import Measure
from fairtrial.records.passages import PassageUse
from fairtrial.records.trace import FOUND_NOTHING, Trace
from fairtrial.spec.sources import Retrieved
from fairtrial.stats.retrieval import compute_ndcg_of_gains
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grades, TracingGrader
from fairtrial.tasks.graders.relevant import Target, read_targets

SEARCHERS = ("retrieve",)
"""Levers that search; their steps count even where they found nothing."""

NOT_SEARCHED = "no archive was searched for the answer"


class RetrievedGrader(TracingGrader[Retrieved]):
    """Recall, nDCG and reciprocal rank of the first k passages.

    A document is found by any passage of it.  A place in a document is found by the first passage with which at least
    half of its characters have been shown.
    """

    Settings: ClassVar = Retrieved

    def __init__(self, settings: Retrieved) -> None:
        super().__init__(settings)
        names = ("ndcg", "recall", "mrr") if self._by_documents else ("recall", "ndcg", "mrr")
        self.measures = tuple(Measure(f"{name}@{settings.k}") for name in names)

    @property
    def _by_documents(self) -> bool:
        """Whether documents are ranked, and not passages; then nDCG is the main measure, as is usual there."""
        return self.settings.rank == "documents"

    def identity(self) -> Mapping[str, object]:
        """Return the settings; of the usual ranking nothing is said, as before there was another one."""
        return {name: value for name, value in super().identity().items() if self._by_documents or name != "rank"}

    def grade_trace(self, trace: Trace, row: Row) -> Grades:
        """Compare what was shown with what the row names; nothing where it names nothing."""
        targets = read_targets(row, self.settings.column)
        shown = find_shown(trace)
        if shown is None or not targets:
            return {}
        places = self._find_places(shown, targets)
        gains = [0] * self.settings.k
        for target, place in zip(targets, places, strict=True):
            if place is not None:
                gains[place] += target.grade
        found = [place for place in places if place is not None]
        ndcg = compute_ndcg_of_gains(gains, [target.grade for target in targets], self.settings.k)
        assert ndcg is not None  # something is relevant
        values = {"recall": len(found) / len(targets), "ndcg": ndcg, "mrr": 1 / (1 + min(found)) if found else 0.0}
        return {measure.name: (values[measure.name.partition("@")[0]], 1.0) for measure in self.measures}

    def _find_places(self, shown: Sequence[PassageUse], targets: Sequence[Target]) -> list[int | None]:
        """Return the place of each target in the ranking, from 0; None if it is not among the first k."""
        if not self._by_documents:
            return find_places(shown[: self.settings.k], targets)
        ranks = rank_documents(shown)
        found = [None if place is None else ranks[shown[place].uri] for place in find_places(shown, targets)]
        return [None if rank is None or rank >= self.settings.k else rank for rank in found]

    def explain_absence(self, trace: Trace, row: Row) -> str:
        """Tell of an answer for which nobody searched; of one for which nothing is to be found, it is no matter."""
        if find_shown(trace) is None and read_targets(row, self.settings.column):
            return NOT_SEARCHED
        return ""

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if the row does not say what should be found."""
        read_targets(row, self.settings.column)

    def list_relevant(self, row: Row) -> Sequence[str]:
        """Return what should be found, the most relevant first."""
        targets = read_targets(row, self.settings.column)
        return [str(target) for target in sorted(targets, key=lambda target: -target.grade)]

    def read_columns(self) -> Sequence[str]:
        """Return the column that says what should be found."""
        return (self.settings.column,)


def find_shown(trace: Trace) -> list[PassageUse] | None:
    """Return the passages that the model which gave an answer was shown, best first; None if nobody searched.

    Of several searches, as in a cascade whose parts search, the last one counts.  Steps of a lever that searched which
    tell what its gates did to the answer are no searches.
    """
    mine = [step for step in trace if step.passages or step.by.rpartition("/")[2] in SEARCHERS]
    if not mine:
        return None
    searches = [step for step in mine if step.passages or FOUND_NOTHING in step.action.split("; ")]
    return sorted((use for step in searches[-1:] for use in step.passages if use.shown), key=lambda use: use.rank)


def rank_documents(shown: Sequence[PassageUse]) -> dict[str, int]:
    """Return the place of each document, by its address, in the order of their best passages, from 0."""
    return {uri: rank for rank, uri in enumerate(dict.fromkeys(use.uri for use in shown))}


def find_places(shown: Sequence[PassageUse], targets: Sequence[Target]) -> list[int | None]:
    """Return, of each thing to be found, the place in a ranking where it is found, from 0; None where it is not."""
    return [_find_place(shown, target) for target in targets]


def _find_place(shown: Sequence[PassageUse], target: Target) -> int | None:
    seen: set[int] = set()
    for place, use in enumerate(shown):
        if target.document not in (use.uri, use.document):
            continue
        if target.span is None:
            return place
        start, end = target.span
        seen.update(range(max(start, use.start), min(end, use.end)))
        if 2 * len(seen) >= end - start:
            return place
    return None
