"""`overlap`: how much of an answer stands word for word in texts that should not be repeated at length.

Quotation marks make no difference: it is measured what was repeated, not whether it was allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from fairtrial.records import Measure
from fairtrial.rights.quoting.overlap import GRAM, measure_overlap
from fairtrial.spec.sources import OverlapSettings
from fairtrial.tasks.graders.base import Grader, Grades, Row
from fairtrial.tasks.graders.columns import read_texts

RUN = Measure("overlap_run", unit="word", higher_is_better=False, bounds=None)
SHARE = Measure(f"overlap_{GRAM}gram", higher_is_better=False)


class OverlapGrader(Grader[OverlapSettings]):
    """Words of the longest run that the answer shares with one of the texts; share of its 8-word sequences in one.

    Of several texts, the one that is repeated most counts for each.  The share of all answers is that of all their
    sequences; an answer of fewer than 8 words has none.
    """

    Settings: ClassVar = OverlapSettings
    needs_expected = False
    measures = (RUN, SHARE)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Measure the answer against each text."""
        found = [measure_overlap(answer, text) for text in read_texts(row, self.settings.column)]
        run, grams = max(one.longest for one in found), found[0].grams
        shared = max(one.shared for one in found)
        share = {SHARE.name: (shared / grams, float(grams))} if grams else {}
        return {RUN.name: (float(run), 1.0), **share}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if the row has no such text."""
        read_texts(row, self.settings.column)

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell nothing: repeating is no form of an answer."""
        return []
