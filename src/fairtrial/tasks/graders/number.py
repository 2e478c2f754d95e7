"""`number`: the number that the answer gives is the right one, within a tolerance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar

from fairtrial.errors import DataError
from fairtrial.records import Measure
from fairtrial.spec.graders import NumberSettings
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.reading import read_number

_DIGITS = r"[-+\u2212]?\d[\d.,'\u2019 \u00a0\u202f]{0,60}"
_OTHER = (
    r"(?<=\d)[A-Za-z\u00b5\u03bc]{1,12}(?![A-Za-z])"
    r"|(?<=[ \u00a0\u202f])(?:[kKMGTcdmn\u00b5\u03bc]?(?:m|g|s|l|L|A|V|W|J|N|Hz|Pa|B)"
    r"|h|min|t|lb|lbs|oz|ft|in(?=\W*\Z)|yd|mi|\w{0,5}met(?:re|er)s?|\w{0,5}grams?|\w{0,5}lit(?:re|er)s?|miles?|feet|foot"
    r"|inch(?:es)?|yards?|pounds?|ounces?|tons?|tonnes?|\w{0,5}seconds?|minutes?|hours?|days?|weeks?|months?|years?)(?!\w)"
)
"""What is taken for a unit: letters right behind the digits, and usual names."""


def is_close(said: Fraction, right: Fraction, tolerance: float | str) -> bool:
    """Return whether a number is within a tolerance of another: absolute, or a share of that such as ``1%``."""
    return abs(said - right) <= find_reach(right, tolerance)


def find_reach(right: Fraction, tolerance: float | str) -> Fraction:
    """Return how far off a number may be: the tolerance, or that share of the right number such as ``1%``."""
    if isinstance(tolerance, str):
        return abs(right) * Fraction(tolerance.strip().removesuffix("%").strip()) / 100
    return Fraction(str(tolerance))


class NumberGrader(Grader[NumberSettings]):
    """1 where the number of the answer is one of the right ones, else 0; how it is read `read_number` says."""

    Settings: ClassVar = NumberSettings
    measures = (Measure("number_match"),)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Compare the numbers exactly, as fractions."""
        said = self._read(answer)
        rights = [right for text in expected if (right := self._read(text)) is not None]
        fine = said is not None and any(is_close(said, one, self.settings.tolerance) for one in rights)
        return {"number_match": (float(fine), 1.0)}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if a right answer is no number."""
        super().check_row(expected, row)
        if formula := next((text for text in expected if re.match(r"\s*=", text)), None):
            raise DataError(f"the right answer {formula!r:.80} is a formula; write its value")
        if odd := next((text for text in expected if self._read(text) is None), None):
            raise DataError(f"the right answer {odd!r:.80} gives no number, or more than one")

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell the answers that give no number."""
        return ["unread"] if self._read(answer) is None else []

    def _read(self, text: str) -> Fraction | None:
        value = read_number(text)
        if value is None or not self.settings.units:
            return value
        unit = self._find_unit(text, value)
        return None if unit is None else value * Fraction(str(unit))

    def _find_unit(self, text: str, value: Fraction) -> float | None:
        """Return what the unit behind the last such number of a text stands for; 1 for none, None if it is unknown."""
        units = self.settings.units
        names = "|".join(re.escape(name) for name in sorted(units, key=len, reverse=True))
        for found in reversed(list(re.finditer(rf"({_DIGITS})[ \u00a0]?({names})(?![A-Za-z])", text))):
            if read_number(found[1].strip(" .,'\u2019\u00a0\u202f")) == value:
                return units[found[2]]
        for found in reversed(list(re.finditer(rf"({_DIGITS})({_OTHER})", text))):
            if read_number(found[1].strip(" .,'\u2019\u00a0\u202f")) == value:
                return None
        return 1.0
