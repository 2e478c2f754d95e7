"""`json`: the answer is JSON that satisfies a schema, or has the right values in its fields, or both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from fairtrial.errors import DataError, MissingExtraError, SpecError, TaskError
from fairtrial.records import Measure
from fairtrial.spec.graders import Json
from fairtrial.tasks.graders.base import Grader, Grades, Row, read_setting_file
from fairtrial.tasks.graders.exact import fold
from fairtrial.tasks.graders.finding_json import NoJsonError, find_json, parse_json
from fairtrial.tasks.graders.number import is_close
from fairtrial.tasks.patterns import compile_pattern


class JsonGrader(Grader[Json]):
    """``json_match``: 1 where schema and fields are all right; ``valid_json``; ``fields``: the share that is right."""

    Settings: ClassVar = Json
    expects_json = True

    def __init__(self, settings: Json) -> None:
        super().__init__(settings)
        self._schema = read_schema(settings.json_schema)
        self._validator = None if self._schema is None else make_validator(self._schema)
        self.needs_expected = self._schema is None or bool(settings.fields)
        shares = (Measure("fields"),) if self.needs_expected else ()
        self.measures = (Measure("json_match"), Measure("valid_json"), *shares)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Find the JSON in the answer; where there is none, all values are 0."""
        try:
            said = find_json(answer)
        except NoJsonError:
            return {measure.name: (0.0, 1.0) for measure in self.measures}
        fits = self._validator is None or self._validator.is_valid(said)
        grades = {"valid_json": (1.0, 1.0)}
        if not self.needs_expected:
            return {"json_match": (float(fits), 1.0), **grades}
        share = max((self._compare(said, parse_json(text)) for text in expected), default=0.0)
        return {"json_match": (float(fits and share == 1), 1.0), **grades, "fields": (share, 1.0)}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if a right answer is no JSON, or lacks a field that is to be compared."""
        super().check_row(expected, row)
        for text in expected if self.needs_expected else ():
            try:
                value = parse_json(text)
            except ValueError as error:
                raise DataError(f"the right answer {text!r:.80} is no JSON: {error}") from error
            lacking = [name for name in self.settings.fields if not isinstance(value, dict) or name not in value]
            if lacking:
                raise DataError(f"the right answer {text!r:.80} has no field {lacking[0]!r}")

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell the answers without JSON."""
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
            return fold(said, self.settings.ignore) == fold(right, self.settings.ignore)
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
        return parse_json(read_setting_file(Path(given)))
    except ValueError as error:
        raise SpecError(f"the schema {given!r} is no JSON: {error}.") from error


def make_validator(schema: Any) -> Any:
    """Return jsonschema's validator of a schema, which fetches nothing and whose patterns are bounded in time.

    Raises SpecError if the schema is none, MissingExtraError if jsonschema is not installed.
    """
    try:
        from jsonschema import ValidationError
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, extend, validator_for
        from referencing import Registry, Resource
        from referencing.exceptions import Unresolvable
        from referencing.jsonschema import DRAFT202012
    except ImportError as error:
        raise MissingExtraError("jsonschema, which checks JSON Schemas,", "graders") from error

    def check_pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not compile_pattern(pattern).findall(instance):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")

    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        for pattern in _list_patterns(schema):
            if compile_pattern(pattern).power is None:
                raise SpecError(f"the pattern {pattern!r:.80} of patternProperties may take for ever.")
        resource = Resource.from_contents(schema, default_specification=DRAFT202012)
        registry: Registry[Any] = Registry().with_resource(resource.id() or "", resource).crawl()
        for reference in _list_references(schema):
            registry.resolver(resource.id() or "").lookup(reference)
    except SchemaError as error:
        at = ".".join(map(str, error.absolute_path))
        raise SpecError(f"schema is no JSON Schema: {at + ': ' if at else ''}{error.message:.200}.") from error
    except Unresolvable as error:
        fix = "Write it into the schema itself: nothing is fetched from elsewhere."
        raise SpecError(f"schema: the reference {error.ref!r} leads nowhere.", fix=fix) from error
    except TaskError as error:
        raise SpecError(f"schema: {error.message}", fix=error.fix) from error
    bounded = extend(kind, {"pattern": check_pattern})  # type: ignore[no-untyped-call]
    return bounded(schema, registry=registry)


def _list_patterns(schema: Any) -> Iterator[str]:
    """Yield the patterns of all ``patternProperties``, which jsonschema itself searches for."""
    if isinstance(schema, dict):
        named = schema.get("patternProperties")
        yield from named if isinstance(named, dict) else ()
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _list_patterns(inner)


def _list_references(schema: Any) -> Iterator[str]:
    """Yield what all ``$ref`` of a schema name."""
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        yield schema["$ref"]
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _list_references(inner)
