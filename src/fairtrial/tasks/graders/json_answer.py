"""`json`: the answer is JSON that satisfies a schema, or has the right values in its fields, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from fairtrial.errors import DataError, SpecError
from fairtrial.records import Measure
from fairtrial.spec.graders import Json
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades, read_setting_file
from fairtrial.tasks.graders.exact import drop_ignored
from fairtrial.tasks.graders.finding_json import NoJsonError, find_json, parse_answer_json
from fairtrial.tasks.graders.number import is_close
from fairtrial.tasks.graders.schemas import SchemaChecker, UnfinishedCheckError


class JsonGrader(Grader[Json]):
    """``json_match``: 1 where schema and fields are all right; ``valid_json``; ``fields``: the share that is right."""

    Settings: ClassVar = Json
    expects_json = True

    def __init__(self, settings: Json) -> None:
        super().__init__(settings)
        self._schema = read_schema(settings.json_schema)
        self._checker = None if self._schema is None else SchemaChecker(self._schema)
        self.needs_expected = self._schema is None or bool(settings.fields)
        shares = (Measure("fields"),) if self.needs_expected else ()
        self.measures = (Measure("json_match"), Measure("valid_json"), *shares)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Find the JSON in the answer; where there is none, or none that can be checked, all values are 0."""
        try:
            said = find_json(answer)
            fits = self._checker is None or self._checker.fits(said)
        except (NoJsonError, UnfinishedCheckError):
            return {measure.name: (0.0, 1.0) for measure in self.measures}
        grades = {"valid_json": (1.0, 1.0)}
        if not self.needs_expected:
            return {"json_match": (float(fits), 1.0), **grades}
        share = max((self._compare(said, parse_answer_json(text)) for text in expected), default=0.0)
        return {"json_match": (float(fits and share == 1), 1.0), **grades, "fields": (share, 1.0)}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if a right answer is no JSON, or lacks a field that is to be compared."""
        super().check_row(expected, row)
        for text in expected if self.needs_expected else ():
            try:
                value = parse_answer_json(text)
            except ValueError as error:
                raise DataError(f"the right answer {text!r:.80} is no JSON: {error}") from error
            lacking = [name for name in self.settings.fields if not isinstance(value, dict) or name not in value]
            if lacking:
                raise DataError(f"the right answer {text!r:.80} has no field {lacking[0]!r}")

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell the answers without JSON that can be read and checked."""
        return ["unread"] if grades.get("valid_json", (1.0, 1.0))[0] == 0 else []

    def identity(self) -> Mapping[str, object]:
        """Return the settings with the schema itself, wherever it was written."""
        own = self.settings.model_dump(mode="json", by_alias=True)
        return {**own, "schema": self._schema}

    def _compare(self, said: Any, right: Any) -> float:
        """Return the share of the fields that are right; of what has no fields, 1 or 0."""
        if not isinstance(right, dict):
            return float(self._is_same(said, right))
        names = self.settings.fields or tuple(right)
        if not names or not isinstance(said, dict):
            return float(said == right)
        return sum(name in said and self._is_same(said[name], right.get(name)) for name in names) / len(names)

    def _is_same(self, said: Any, right: Any) -> bool:
        if isinstance(said, bool) or isinstance(right, bool):
            return said is right
        if isinstance(said, int | float) and isinstance(right, int | float):
            return is_close(Fraction(said), Fraction(right), self.settings.tolerance) or said == right
        if isinstance(said, str) and isinstance(right, str):
            return drop_ignored(said, self.settings.ignore) == drop_ignored(right, self.settings.ignore)
        if isinstance(said, list) and isinstance(right, list):
            return len(said) == len(right) and all(self._is_same(a, b) for a, b in zip(said, right, strict=True))
        if isinstance(said, dict) and isinstance(right, dict):
            return said.keys() == right.keys() and all(self._is_same(said[key], right[key]) for key in right)
        return said is None and right is None


def read_schema(given: Any) -> Any:
    """Return the JSON Schema that was written out or stands in a file; None if there is none.

    Raises SpecError if it cannot be read, or is no JSON.
    """
    if not isinstance(given, str):
        return given
    try:
        return parse_answer_json(read_setting_file(Path(given)))
    except ValueError as error:
        raise SpecError(f"the schema {given!r} is no JSON: {error}.") from error
