"""`number`, `json`, `similar`: tolerances, units, schemas, fields, likeness."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from fairtrial.errors import DataError, SpecError
from fairtrial.spec.graders import Graders, locate_graders
from fairtrial.tasks.graders import schemas
from fairtrial.tasks.graders.base import GraderSet, make_graders
from fairtrial.tasks.graders.likeness import measure_likeness

READ: TypeAdapter[Any] = TypeAdapter(Graders)


def graders_of(written: object) -> GraderSet:
    return make_graders(READ.validate_python(written))


def values_of(written: object, answer: str, expected: list[str]) -> dict[str, float]:
    return {seen.measure: seen.value for seen in graders_of(written).observe(answer, expected, {})}


@pytest.mark.parametrize(
    ("settings", "answer", "expected", "value"),
    [
        (None, "The total is $1,234.50.", "1234.5", 1.0),
        (None, "1234.6", "1234.5", 0.0),
        (0.1, "1234.6", "1234.5", 1.0),
        (0.1, "1234.61", "1234.5", 0.0),
        ("1%", "101", "100", 1.0),
        ("1%", "101.1", "100", 0.0),
        (None, "3 or 4", "3", 0.0),
        (None, "about -7", "-7", 1.0),
        (None, "twelve", "12", 1.0),
        ({"units": {"km": 1000, "m": 1}}, "It is 1.5 km long", "1500 m", 1.0),
        ({"units": {"km": 1000, "m": 1}}, "1500 m", "1.5 km", 1.0),
        ({"units": {"m": 1}}, "1 mm", "1 m", 0.0),
        ({"units": {"m": 1}}, "1mm", "1 m", 0.0),
        ({"units": {"m": 1}}, "It is 1 in total", "1 m", 1.0),
        ({"units": {"%": 0.01}}, "12%", "0.12", 1.0),
    ],
)
def test_number(settings: object, answer: str, expected: str, value: float) -> None:
    assert values_of({"number": settings}, answer, [expected]) == {"number_match": value}


def test_numbers_that_cannot_be_read() -> None:
    graders = graders_of("number")
    assert graders.find_signs("3 or 4", ["3"], {}) == ["unread"]
    with pytest.raises(DataError, match="the right answer 'many' gives no number"):
        graders.check_row(["many"], {})
    with pytest.raises(DataError, match=r"'=1\+3' is a formula"):
        graders.check_row(["=1+3"], {})


@pytest.mark.parametrize("tolerance", [-1, "a lot", "5", True])
def test_what_is_no_tolerance(tolerance: object) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python({"number": {"tolerance": tolerance}})


RIGHT = json.dumps({"name": "Ada", "year": 1815})


@pytest.mark.parametrize(
    ("answer", "match", "valid", "fields"),
    [
        ('{"name": "Ada", "year": 1815}', 1.0, 1.0, 1.0),
        ('Here it is:\n```json\n{"year": 1815.0, "name": "ada", "more": 1}\n```\nDone.', 1.0, 1.0, 1.0),
        ('Sure! {"name": "Ada", "year": 1816} as in [1].', 0.0, 1.0, 0.5),
        ('{"name": "Ada"}', 0.0, 1.0, 0.5),
        ('["Ada", 1815]', 0.0, 1.0, 0.0),
        ("Ada, 1815", 0.0, 0.0, 0.0),
        ('{"name": "Ada", "year": NaN}', 0.0, 0.0, 0.0),
        ('{"name": "Ada", "year": true}', 0.0, 1.0, 0.5),
        ("[" * 100_000, 0.0, 0.0, 0.0),
        ("", 0.0, 0.0, 0.0),
    ],
)
def test_json_fields(answer: str, match: float, valid: float, fields: float) -> None:
    assert values_of("json", answer, [RIGHT]) == {"json_match": match, "valid_json": valid, "fields": fields}


def test_chosen_fields_and_a_tolerance() -> None:
    answer = '{"name": "Bob", "year": 1820}'
    assert values_of({"json": {"fields": "year", "tolerance": 5}}, answer, [RIGHT])["json_match"] == 1.0


SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"}},
}


@pytest.mark.parametrize(("answer", "match"), [('{"id": "a-b"}', 1.0), ('{"id": "A"}', 0.0), ('{"no": 1}', 0.0)])
def test_a_schema(tmp_path: Path, answer: str, match: float) -> None:
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    from_file = locate_graders(READ.validate_python({"json": "schema.json"}), tmp_path)
    written = READ.validate_python({"json": {"schema": SCHEMA}})
    found = [make_graders(one) for one in (from_file, written)]
    assert [[seen.value for seen in one.observe(answer, [], {})] for one in found] == [[match, 1.0]] * 2
    assert found[0].document() == found[1].document()


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "objekt"}, "schema is no JSON Schema: type"),
        ({"patternProperties": {"^[a-z]+(-[a-z]+)*$": {}}}, "may take for ever"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "schema.json' leads nowhere"),
        ({"$ref": "#/$defs/no"}, "leads nowhere"),
        ("none.json", "cannot be read: No such file"),
    ],
)
def test_schemas_that_cannot_be_used(schema: object, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        graders_of({"json": {"schema": schema}})


def test_a_schema_may_refer_to_its_own_parts() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "properties": {"n": {"$ref": "#/$defs/n"}}}
    assert values_of({"json": {"schema": schema}}, '{"n": 1}', [])["json_match"] == 1.0
    assert values_of({"json": {"schema": schema}}, '{"n": "1"}', [])["json_match"] == 0.0


def test_json_that_is_not_there_is_unread_and_rows_are_checked() -> None:
    graders = graders_of({"json": {"fields": ["name"]}})
    assert graders.find_signs("Ada", [RIGHT], {}) == ["unread"]
    assert graders.find_signs("{}", [RIGHT], {}) == []
    for text, said in [("Ada", "is no JSON"), ("{}", "has no field 'name'")]:
        with pytest.raises(DataError, match=said):
            graders.check_row([text], {})


SAID, GOLD = "the cat sat on the mat", ["the cat is on the mat"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bleu", (5 / 6 * 3 / 5 * 1 / 4 * 1 / 6) ** 0.25),  # of 3 groups of four words none: smoothed to 1/2 of 1/3
        ("chrf", 0.6458),  # sacrebleu 2.6
        ("rouge1", 5 / 6),
        ("rouge2", 3 / 5),
        ("rougeL", 5 / 6),
        ("f1", 5 / 6),
    ],
)
def test_likeness(name: str, value: float) -> None:
    assert measure_likeness(name, SAID, GOLD) == pytest.approx((value, 1.0), abs=1e-4)
    assert measure_likeness(name, GOLD[0], ["something else", *GOLD]) == pytest.approx((1.0, 1.0))


def test_ter_weighs_with_words() -> None:
    assert measure_likeness("ter", SAID, GOLD) == pytest.approx((1 / 6, 6.0))
    assert values_of({"similar": ["ter", "f1"]}, GOLD[0], GOLD) == {"ter": 0.0, "f1": 1.0}


def test_one_graders_name_alone() -> None:
    assert list(values_of("similar", SAID, GOLD)) == ["chrf_sentence"]
    assert list(values_of(["exact", {"similar": "rougeL"}], SAID, GOLD)) == ["exact_match", "rougeL"]
    with pytest.raises(SpecError, match="two graders measure 'chrf_sentence'"):
        graders_of(["similar", "similar"])


DIVISOR = {"json": {"schema": {"properties": {"a": {"multipleOf": 0.1}}}}}
TWICE = {"json": {"schema": {"items": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}}
DIALECT = "https://json-schema.org/draft/2020-12/schema"
UNREADABLE = {
    "a number too large": ("json", '{"a": 1e400}'),
    "the same with a schema": (DIVISOR, '{"a": 1e400}'),
    "a number too large to divide": (DIVISOR, f'{{"a": {"9" * 4000}}}'),
    "many steps": (TWICE, "[" * 28 + "]" * 28),
    "many steps, with a dialect": (
        {"json": {"schema": {"$schema": DIALECT, **TWICE["json"]["schema"]}}},
        "[" * 28 + "]" * 28,
    ),
    "deep": ("json", "[" * 40 + "]" * 40),
    "many values": ("json", json.dumps([0] * 10_001)),
    "long": ("json", "[1]" + "x" * 200_000),
    "fences": ("json", "```json\n" * 20_000),
    "brackets": ("json", "[" * 40 + "1," * 95_000),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_json_that_cannot_be_checked_is_unread_and_takes_a_bounded_time(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "MOST_STEPS", 10_000)
    written, answer = UNREADABLE[name]
    begun = time.monotonic()
    graders = graders_of(written)
    expected = [] if isinstance(written, dict) else ["[1]"]
    assert {seen.value for seen in graders.observe(answer, expected, {})} == {0.0}
    assert graders.find_signs(answer, expected, {}) == ["unread"]
    assert time.monotonic() - begun < 120


def test_unique_items_are_told_apart_in_linear_time() -> None:
    unique = {"json": {"schema": {"uniqueItems": True}}}
    begun = time.process_time()
    assert values_of(unique, json.dumps([{"a": i} for i in range(4_900)]), [])["json_match"] == 1.0
    assert time.process_time() - begun < 5
    for answer, fits in (("[1, 1.0]", 0.0), ("[1, true]", 1.0), ('[{"a": [1]}, {"a": [1]}]', 0.0)):
        assert values_of(unique, answer, [])["json_match"] == fits


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"$ref": "#"}, "the schema refers to itself without end"),
        (
            {"properties": {"x": {"$ref": "#/$defs/l"}}, "$defs": {"l": {"$ref": "#/$defs/l"}}},
            "'#/.defs/l' refers to it",
        ),
        ({"properties": {"x": {"$dynamicRef": "#no"}}}, "the reference '#no' leads nowhere"),
    ],
)
def test_schemas_without_an_end_are_refused(schema: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        graders_of({"json": {"schema": schema}})
    assert values_of({"json": {"schema": {"properties": {"x": {"$ref": "#"}}}}}, '{"x": {}}', [])["json_match"] == 1.0


@pytest.mark.parametrize(
    "answer", ["a\n```json\r\n[1]\r\n```\r\nb", "```\n[2]\n```\n~~~\n[1]\n~~~", "```\n~~~\n[1]\n~~~"]
)
def test_fenced_json_is_found(answer: str) -> None:
    assert values_of("json", answer, ["[1]"])["json_match"] == 1.0
