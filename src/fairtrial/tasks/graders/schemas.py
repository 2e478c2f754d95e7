"""JSON Schemas that users bring, checked by jsonschema: nothing is fetched, and each check takes a bounded time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from fairtrial.errors import FairtrialError, MissingExtraError, SpecError, TaskError
from fairtrial.tasks.patterns import compile_pattern

MOST_STEPS = 100_000
"""Keywords of a schema that are applied to one answer; counted, not timed, so that all machines grade alike."""

_PLAIN: tuple[Any, ...] = (None, True, 0, 0.5, "", "a", [], [0], [[]], {}, {"a": 0})
_DATA = frozenset({"const", "default", "enum", "examples"})
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class UnfinishedCheckError(Exception):
    """A check that did not come to its end: it takes too many steps, or a number is too large to be checked."""


class SchemaChecker:
    """A schema that values are checked against.

    Args:
        schema: JSON Schema, its references within itself.

    Raises:
        SpecError: it is no schema, refers to what is not there, or to itself without end.
        MissingExtraError: jsonschema is not installed.
    """

    def __init__(self, schema: Any) -> None:
        self._left = threading.local()
        self._validator = _make_validator(schema, self._spend)
        for reference in [None, *dict.fromkeys(_list_references(schema))]:
            self._try_out(reference)

    def fits(self, value: Any) -> bool:
        """Return whether a value satisfies the schema.  Raises UnfinishedCheckError if that cannot be told."""
        try:
            return self._check(self._validator, value)
        except (FairtrialError, UnfinishedCheckError):
            raise
        except Exception as error:  # whatever jsonschema raises on a model's answer must not end a run
            raise UnfinishedCheckError(f"{type(error).__name__}: {error}") from error

    def _check(self, validator: Any, value: Any) -> bool:
        self._left.steps = MOST_STEPS
        return bool(validator.is_valid(value))

    def _spend(self) -> None:
        self._left.steps -= 1
        if self._left.steps < 0:
            raise UnfinishedCheckError(f"it takes more than {MOST_STEPS:,} steps")

    def _try_out(self, reference: tuple[str, str] | None) -> None:
        """Raise SpecError if a part that is referred to (None: the whole) cannot be applied to plain values."""
        validator = self._validator if reference is None else self._validator.evolve(schema=dict([reference]))
        where = "the schema" if reference is None else f"the reference {reference[1]!r:.80}"
        for value in _PLAIN:
            try:
                self._check(validator, value)
            except (RecursionError, UnfinishedCheckError) as error:
                fix = "Let it refer to itself only below properties or items, which come to an end."
                raise SpecError(f"schema: {where} refers to itself without end.", fix=fix) from error
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise SpecError(f"schema: {where} cannot be applied: {error!s:.200}.") from error
            except Exception as error:  # jsonschema's own error for a reference that leads nowhere is private
                raise SpecError(f"schema: {where} leads nowhere: {error!s:.200}.") from error


def _make_validator(schema: Any, spend: Callable[[], None]) -> Any:
    """Return jsonschema's validator of a schema, which calls ``spend`` for each keyword that it applies."""
    try:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, extend, validator_for
        from referencing import Registry
        from referencing.exceptions import Unresolvable
        from referencing.jsonschema import DRAFT202012, specification_with
    except ImportError as error:
        raise MissingExtraError("Checking by a JSON Schema (jsonschema)", "graders") from error
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        for pattern in _list_patterns(schema):
            if compile_pattern(pattern).power is None:
                raise SpecError(f"the pattern {pattern!r:.80} of patternProperties may take for ever.")
        declared = schema.get("$schema") if isinstance(schema, dict) else None
        specification = specification_with(declared, default=DRAFT202012) if declared else DRAFT202012
        schema = _drop_dialects(schema)  # with one, jsonschema would go on with a validator that counts no steps
        resource = specification.create_resource(schema)
        registry: Registry[Any] = Registry().with_resource(resource.id() or "", resource).crawl()
        for keyword, reference in _list_references(schema):
            if keyword == "$ref":
                registry.resolver(resource.id() or "").lookup(reference)
    except SchemaError as error:
        at = ".".join(map(str, error.absolute_path))
        raise SpecError(f"schema is no JSON Schema: {at + ': ' if at else ''}{error.message:.200}.") from error
    except Unresolvable as error:
        fix = "Write it into the schema itself: nothing is fetched from elsewhere."
        raise SpecError(f"schema: the reference {error.ref!r} leads nowhere.", fix=fix) from error
    except TaskError as error:
        raise SpecError(f"schema: {error.message}", fix=error.fix) from error
    except (ArithmeticError, RecursionError) as error:
        raise SpecError(f"schema cannot be used: {error}.") from error
    own = {**kind.VALIDATORS, "pattern": _check_pattern, "uniqueItems": _check_unique}
    counted = {name: _count(check, spend) for name, check in own.items()}
    return extend(kind, counted)(schema, registry=registry)  # type: ignore[no-untyped-call]


def _count(check: Callable[..., Any], spend: Callable[[], None]) -> Callable[..., Any]:
    def check_counted(*given: Any) -> Any:
        spend()
        return check(*given)

    return check_counted


def _check_pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[Exception]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not compile_pattern(pattern).findall(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _check_unique(validator: Any, wanted: Any, instance: Any, _: Any) -> Iterator[Exception]:
    """Tell equal items apart by a hash: jsonschema compares each with each."""
    from jsonschema import ValidationError

    if wanted and isinstance(instance, list) and len(set(map(_freeze, instance))) < len(instance):
        yield ValidationError("items are not unique")


def _freeze(value: Any) -> Any:
    """Return what is equal for equal JSON values and can be hashed; 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(value, list):
        return ("list", *map(_freeze, value))
    if isinstance(value, dict):
        return ("object", frozenset((name, _freeze(inner)) for name, inner in value.items()))
    return (isinstance(value, bool), value)


def _drop_dialects(schema: Any) -> Any:
    """Return a schema without its ``$schema``, and those of its parts."""
    if isinstance(schema, dict):
        return {
            name: inner if name in _DATA else _drop_dialects(inner)
            for name, inner in schema.items()
            if not (name == "$schema" and isinstance(inner, str))
        }
    return [_drop_dialects(inner) for inner in schema] if isinstance(schema, list) else schema


def _list_patterns(schema: Any) -> Iterator[str]:
    """Yield the patterns of all ``patternProperties``, which jsonschema itself searches for."""
    if isinstance(schema, dict):
        named = schema.get("patternProperties")
        yield from named if isinstance(named, dict) else ()
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _list_patterns(inner)


def _list_references(schema: Any) -> Iterator[tuple[str, str]]:
    """Yield (keyword, what it names) of all references of a schema."""
    for keyword in _REFERENCES if isinstance(schema, dict) else ():
        if isinstance(schema.get(keyword), str):
            yield keyword, schema[keyword]
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _list_references(inner)
