"""`regex`: a regular expression is found in the answer, or what it finds there is the right answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from fairtrial.errors import DataError, SpecError, TaskError
from fairtrial.records import Measure
from fairtrial.spec.graders import Regex
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.graders.columns import read_column
from fairtrial.tasks.graders.exact import drop_ignored
from fairtrial.tasks.patterns import Pattern, compile_pattern


class RegexGrader(Grader[Regex]):
    """1 where the pattern is found, or with ``extract`` where it has found a right answer.

    A search that takes more than two seconds is an error that names the pattern (`fairtrial.tasks.patterns`); answers
    are kept, and graded again with a better one.
    """

    Settings: ClassVar = Regex
    measures = (Measure("regex_match"),)

    def __init__(self, settings: Regex) -> None:
        super().__init__(settings)
        self.needs_expected = settings.extract
        self._common = None
        if settings.pattern is not None:
            try:
                self._common = self._compile(settings.pattern)
            except TaskError as error:
                raise SpecError(f"regex: {error.message.removesuffix('.')}.", fix=error.fix) from error

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Search the answer without unseen characters and white space at its ends."""
        found = self._search(answer, row)
        if not self.settings.extract:
            return {"regex_match": (float(found is not None), 1.0)}
        ignore = self.settings.ignore
        right = found is not None and any(
            drop_ignored(found, ignore) == drop_ignored(text, ignore) for text in expected
        )
        return {"regex_match": (float(right), 1.0)}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if the row's own pattern cannot be used."""
        super().check_row(expected, row)
        if self.settings.column:
            self._find_pattern(row)

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell, where answers are extracted, those from which nothing was."""
        if not self.settings.extract:
            return []
        found = self._search(answer, row)
        return ["unread"] if found is None else super().find_signs(found, expected, row, grades)

    def _search(self, answer: str, row: Row) -> str | None:
        """Return the first group of the last match, or all of it; None if there is no match."""
        found = self._find_pattern(row).findall(drop_ignored(answer, ()))
        if not found:
            return None
        last = found[-1]
        return next((part for part in last if part), "") if isinstance(last, tuple) else str(last)

    def _find_pattern(self, row: Row) -> Pattern:
        if self._common is not None:
            return self._common
        assert self.settings.column is not None
        text = read_column(row, self.settings.column)
        if not isinstance(text, str):
            raise DataError(f"the column {self.settings.column!r} must hold a pattern; got {text!r:.80}")
        try:
            return self._compile(text)
        except TaskError as error:
            raise DataError(f"column {self.settings.column!r}: {error.message}", fix=error.fix) from error

    def _compile(self, text: str) -> Pattern:
        compile_pattern(text)  # what is wrong with it is told in the user's own words
        if self.settings.whole:
            text = rf"\A(?:{text})\Z"
        return compile_pattern(f"(?i:{text})" if "case" in self.settings.ignore else text)
