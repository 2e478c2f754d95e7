"""`relaxed`: numbers within 5% of the right one, everything else exactly; for questions about charts.

Relaxed accuracy (Masry et al. 2022, "ChartQA", after Methani et al. 2020, "PlotQA"): a number is right if it differs
from the right one by at most 5% of that; what is no number must be the same text, apart from case.  As in the script
that the field uses, a per cent sign right behind a number makes hundredths of it, here as there.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar

from fairtrial.records import Measure
from fairtrial.spec.answers import Relaxed
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.graders.elements import read_plain_number
from fairtrial.tasks.graders.exact import drop_ignored
from fairtrial.tasks.graders.number import is_close
from fairtrial.tasks.reading import clean, read_number


class RelaxedGrader(Grader[Relaxed]):
    """1 where the number is near enough or the text the same, else 0."""

    Settings: ClassVar = Relaxed
    measures = (Measure("relaxed"),)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Compare with each right answer as a number where that is one, else as a text."""
        return {"relaxed": (float(any(self._is_right(answer, text) for text in expected)), 1.0)}

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell the answers without a number where one is asked for, and those wrong by a per cent sign only."""
        rights = [right for text in expected if (right := _read_alone(text)) is not None]
        said = self._read(answer)
        if rights and len(rights) == len(expected) and said is None:
            return ["unread"]
        wrong, tolerance = self.is_wrong(grades), self.settings.tolerance
        scaled = [said * 100, said / 100] if said is not None else []
        if wrong and any(is_close(one, right, tolerance) for one in scaled for right in rights):
            return ["near_miss"]
        return super().find_signs(answer, expected, row, grades)

    def _is_right(self, answer: str, text: str) -> bool:
        right = _read_alone(text)
        if right is None:
            return drop_ignored(answer, self.settings.ignore) == drop_ignored(text, self.settings.ignore)
        said = self._read(answer)
        return said is not None and is_close(said, right, self.settings.tolerance)

    def _read(self, answer: str) -> Fraction | None:
        alone = _read_alone(answer)
        if alone is not None or self.settings.whole:
            return alone
        return read_number(answer, hundredths=True)


def _read_alone(text: str) -> Fraction | None:
    """Return the number that a whole text is, a per cent sign making hundredths of it; None if it is more."""
    text = clean(text)
    value = read_plain_number(text)
    return value / 100 if value is not None and text.endswith("%") else value
