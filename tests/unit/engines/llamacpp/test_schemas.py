"""JSON schemas for llama.cpp's grammars: what is held, and what is refused because it would not be, or not in time."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("llama_cpp")

from fairtrial.engines.llamacpp.grammar import write_grammar
from fairtrial.errors import SpecError

TEXT = {"type": "string"}
NODE = {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}}


def write(schema: Any) -> str:
    return write_grammar(json.dumps(schema))


def make_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def chain(length: int) -> dict[str, Any]:
    """Return a schema whose value can be read in two ways, each of them in two ways, and so on."""
    held: dict[str, Any] = {f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(length)}
    return {"$defs": {**held, f"a{length}": TEXT}, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize(
    ("schema", "held"),
    [
        ({"$defs": {"node": NODE}, "$ref": "#/$defs/node"}, "next"),
        (make_object(minimum={"type": "integer"}), "minimum"),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": make_object(inside=TEXT)}}, "inside"),
        ({"allOf": [make_object(left=TEXT), make_object(right=TEXT)]}, "right"),
        ({"type": ["object", "null"], "properties": {"a": TEXT}, "required": ["a"]}, "null"),
        ({"type": "array", "items": True, "maxItems": 2}, "boolean"),
        ({"type": "array", "prefixItems": [TEXT, {"type": "integer"}], "minItems": 2, "maxItems": 2}, "integer"),
        (make_object(a={"$ref": "#/properties/b"}, b={"enum": ["x"]}), "x"),
        (chain(8), "ref-7"),
    ],
)
def test_what_a_grammar_can_hold_is_held(schema: Any, held: str) -> None:
    assert held in write(schema)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (make_object(a={"type": "integer", "minimum": 0}), "minimum, which a grammar does not hold"),
        (make_object(a={"type": "array", "items": TEXT, "uniqueItems": True}), "uniqueItems"),
        ({"anyOf": [TEXT], "properties": {"a": TEXT}}, "anyOf beside properties"),
        ({"type": "string", "pattern": "^a$", "minLength": 1}, "beside a pattern"),
        ({"type": "array", "maxItems": 2}, "without items"),
        ({"type": "array", "items": TEXT, "maxItems": 10**6}, "at most 1000"),
        ({"type": "array", "items": TEXT, "maxItems": "9"}, "at most 1000"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "nothing between"),
        ({"$ref": "#"}, "nothing between"),
        ({"$ref": "https://127.0.0.1/x.json"}, "only parts of itself"),
        ({"$ref": "file:///etc/passwd"}, "only parts of itself"),
        ({"$ref": 5}, "only parts of itself"),
        ({"$ref": "#/$defs/none"}, "not there"),
        (chain(26), "ways"),
        ({"enum": list(range(5000))}, "ways"),
        ({"anyOf": []}, "must be a list"),
        ({"type": "object", "properties": []}, "must be an object"),
        (False, "must be an object"),
        ({"type": "nothing"}, "nothing"),
    ],
)
def test_what_it_cannot_hold_is_refused(schema: Any, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        write(schema)


def test_texts_have_no_signs_that_json_cannot_have() -> None:
    for schema in (TEXT, make_object(a=TEXT)):
        assert r'char ::= [^"\\\x7F\x00-\x1F] |' in write(schema)
    for pattern in ("^.*$", "^[^a]+$", r"^\S$"):
        assert r"\"\\\x00-\x1f]" in write({"type": "string", "pattern": pattern})


@pytest.mark.parametrize(
    ("pattern", "held"),
    [
        ("^a|b$", '"\\"" ("a" | "b") "\\""'),
        (r"^\d{2}-\w$", "[0-9]"),
        (r"^\w+@\w+\.com$", "[\\x2E]"),
        (r"^\$(?:a|b)\^$", "[\\x24]"),
        (r"^[\w.\-]+$", "[A-Za-z0-9_.\\x2D]"),
        ("^a+?b$", '"a"+ "b"'),
    ],
)
def test_patterns_are_held_to_all_of_a_text(pattern: str, held: str) -> None:
    assert held in write({"type": "string", "pattern": pattern})


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("a", "begin with"),
        ("^(a?){900}a{900}$", "repeats too much"),
        ("^((a?){50}){50}$", "repeats too much"),
        ("^a{1000000}$", "repeats too much"),
        ("^((((a*)*)*)*)*$", "repeats too much"),
        ("^(?=a)b$", "assert is not supported"),
        (r"^(a)\1$", "groupref is not supported"),
        (r"^\p{L}$", "cannot be read"),
        ('^[^"]*$', "signs that JSON cannot have"),
        ("^a\nb$", "cannot stand in a JSON text"),
        (f"^{'a' * 1000}$", "characters"),
        (7, "must be text"),
    ],
)
def test_patterns_that_cannot_be_followed_are_refused(pattern: object, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        write({"type": "string", "pattern": pattern})
