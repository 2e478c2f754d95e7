"""`contains`: the answer has certain texts in it, and others not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from fairtrial.records import Measure
from fairtrial.spec.graders import Contains
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.graders.columns import read_column_texts
from fairtrial.tasks.graders.exact import drop_ignored, fold_case, is_all_ignored


class ContainsGrader(Grader[Contains]):
    """1 where the answer has one of the texts in it, or all of them, and none of those that are forbidden."""

    Settings: ClassVar = Contains
    measures = (Measure("contains"),)

    def __init__(self, settings: Contains) -> None:
        super().__init__(settings)
        self.needs_expected = not (settings.texts or settings.column or settings.forbid)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Look for the texts after what is ignored is gone from all of them."""
        text = drop_ignored(answer, self.settings.ignore)
        found = [self._is_in(one, answer) for one in self._list_wanted(expected, row)]
        enough = all(found) if self.settings.need == "all" or not found else any(found)
        forbidden = any(self._is_in(one, answer) for one in self.settings.forbid)
        return {"contains": (float(bool(text) and enough and not forbidden), 1.0)}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if there is nothing to look for in answers to this row."""
        super().check_row(expected, row)
        if self.settings.column:
            read_column_texts(row, self.settings.column)

    def _list_wanted(self, expected: Sequence[str], row: Row) -> Sequence[str]:
        if self.settings.column:
            return read_column_texts(row, self.settings.column)
        return self.settings.texts or (expected if self.needs_expected else ())

    def _is_in(self, wanted: str, answer: str) -> bool:
        ignore = self.settings.ignore
        text = fold_case(answer, ignore) if is_all_ignored(wanted, ignore) else drop_ignored(answer, ignore)
        wanted = drop_ignored(wanted, ignore)
        if not wanted:
            return False
        at = text.find(wanted)
        while at >= 0 and self.settings.whole_words and _is_part_of_word(text, at, at + len(wanted)):
            at = text.find(wanted, at + 1)
        return at >= 0


def _is_part_of_word(text: str, start: int, end: int) -> bool:
    """Return whether a longer word or number goes on before or after a place in a text."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and _joins(before[-1], text[start]):
        return True
    if after and _joins(text[end - 1], after[0]):
        return True
    digits_before = len(before) == 2 and before[1] in ".," and before[0].isdigit() and text[start].isdigit()
    digits_after = len(after) == 2 and after[0] in ".," and after[1].isdigit() and text[end - 1].isdigit()
    return digits_before or digits_after


def _joins(left: str, right: str) -> bool:
    """Return whether two characters side by side are of one word; scripts without blanks have no such words."""
    return all(char.isalnum() and ord(char) < 0x0E00 for char in (left, right))
