"""JSON schemas before llama.cpp's converter reads them: in the form that it reads right.

It passes over what it does not know, so that an answer would be held to less than was asked for.  Such a schema is
refused here, and so is one that can be read in more ways than a grammar can be followed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairtrial.engines.llamacpp.schema_patterns import write_pattern
from fairtrial.errors import SpecError

MOST_REPEATED = 1000
"""Of anything that a schema lets repeat: each repetition takes room in a grammar."""
MOST_WAYS = 2000
"""In which a value may begin: of choices within choices, and listed values."""
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength")
_NOT_HELD = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems", "not", "if", "then",
    "else", "contains", "minContains", "maxContains", "patternProperties", "propertyNames", "minProperties",
    "maxProperties", "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties",
    "unevaluatedItems", "$dynamicRef", "$recursiveRef",
)  # fmt: skip
_FORMS = (
    ("anyOf",), ("oneOf",), ("const",), ("enum",), ("properties", "additionalProperties", "required"), ("allOf",),
    ("items", "prefixItems"), ("pattern", "minLength", "maxLength"),
)  # fmt: skip
"""What a value can be said to be; of several that stand together the converter reads one."""
ANYTHING: dict[str, Any] = {
    "anyOf": [{"type": kind} for kind in ("object", "array", "string", "number", "boolean", "null")]
}
"""What an empty schema means."""


def prepare_schema(schema: Any) -> dict[str, Any]:
    """Return a schema as the converter is given it.  Raises SpecError for one that it would not hold answers to."""
    reader = _SchemaReader(schema)
    root = reader.read(schema)
    _WayCounter(reader.found).count(root)
    return {"$defs": reader.found, "anyOf": [root]} if reader.found else root


def prepare_call_schema(functions: Sequence[tuple[str, Any, bool]]) -> dict[str, Any]:
    """Return the schema of a call of one of some functions, each with its name, the schema of its arguments, and
    whether arguments must keep to that; where they need not and a grammar cannot hold it, they are any object.

    Raises SpecError for a schema that must be kept to and cannot be.
    """
    found: dict[str, Any] = {}
    calls = []
    for number, (name, schema, strict) in enumerate(functions):
        try:
            reader = _SchemaReader(schema, f"call-{number}-")
            arguments = reader.read(schema)
            _WayCounter(reader.found).count(arguments)
            if arguments.get("type") != "object":
                raise SpecError("the JSON schema of a function's arguments must be of the type object.")
            found |= reader.found
        except (SpecError, RecursionError) as error:
            if strict:
                told = error.message if isinstance(error, SpecError) else "the JSON schema is nested too deeply."
                raise SpecError(f"{name}: {told}") from None
            arguments = {"type": "object"}
        held = {"name": {"const": name}, "arguments": arguments}
        calls.append({"type": "object", "properties": held, "required": list(held), "additionalProperties": False})
    return {"$defs": found, "anyOf": calls}


@dataclass
class _SchemaReader:
    """Reads one schema.

    Attributes:
        root: all of it, in which references are looked up.
        prefix: of the names of references.
        names: of references, by what they say.
        found: what they refer to, by these names.
    """

    root: Any
    prefix: str = ""
    names: dict[str, str] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)

    def read(self, schema: Any) -> dict[str, Any]:
        """Return a part of it."""
        if schema is True:
            return ANYTHING
        if not isinstance(schema, Mapping):
            raise SpecError(f"a JSON schema must be an object; got {schema!r:.40}.")
        if "$ref" in schema:
            return {"$ref": self._refer(schema["$ref"])}
        odd = [name for name in _NOT_HELD if schema.get(name) is not None and schema[name] is not False]
        if odd:
            raise SpecError(f"the JSON schema has {', '.join(odd)}, which a grammar does not hold: leave that out.")
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return {"anyOf": [self.read({**schema, "type": kind}) for kind in kinds]}
        present = [form for form in _FORMS if any(name in schema for name in form)]
        if len(present) > 1:
            told = " beside ".join(next(name for name in form if name in schema) for form in present)
            raise SpecError(f"the JSON schema has {told}, of which a grammar holds one: say them apart.")
        return self._copy(schema, kinds)

    def _copy(self, schema: Mapping[str, Any], kind: Any) -> dict[str, Any]:
        if "allOf" in schema:
            return self._merge(_take(schema, "allOf", list))
        told: dict[str, Any] = {"type": kind} if kind is not None else {}
        for name in ("anyOf", "oneOf"):
            if name in schema:
                return {"anyOf": [self.read(one) for one in _take(schema, name, list)]}
        if "properties" in schema:
            told["properties"] = {key: self.read(one) for key, one in _take(schema, "properties", dict).items()}
        if isinstance(schema.get("additionalProperties"), Mapping):
            told["additionalProperties"] = self.read(schema["additionalProperties"])
        elif "additionalProperties" in schema:
            told["additionalProperties"] = bool(schema["additionalProperties"])
        told |= self._copy_items(schema)
        if "pattern" in schema:
            if "minLength" in schema or "maxLength" in schema:
                raise SpecError("the JSON schema has minLength or maxLength beside a pattern: say it in the pattern.")
            told["pattern"] = write_pattern(schema["pattern"])
        return {**told, **_copy_plain(schema)} or ANYTHING

    def _copy_items(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a list holds."""
        items = schema.get("items")
        if "prefixItems" in schema:
            if items:
                raise SpecError("the JSON schema has items beside prefixItems, of which a grammar holds one.")
            return {"prefixItems": [self.read(one) for one in _take(schema, "prefixItems", list)]}
        if isinstance(items, list):
            return {"items": [self.read(one) for one in items]}
        if items is not None:
            return {"items": self.read(items)}
        if "minItems" in schema or "maxItems" in schema:
            raise SpecError("the JSON schema has minItems or maxItems without items, which a grammar does not hold.")
        return {}

    def _merge(self, parts: list[Any]) -> dict[str, Any]:
        """Return the one object that has what several say."""
        if len(parts) == 1:
            return self.read(parts[0])
        merged: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        for part in parts:
            held = self._look_up(part["$ref"]) if isinstance(part, Mapping) and "$ref" in part else part
            if not isinstance(held, Mapping) or "properties" not in held or "allOf" in held:
                raise SpecError("allOf of a JSON schema must list objects with properties.")
            merged["properties"] |= held["properties"]
            merged["required"] += held.get("required", [])
        return self.read(merged)

    def _refer(self, ref: Any) -> str:
        if ref not in self.names:
            name = self.names[ref] = f"{self.prefix}ref-{len(self.names)}"
            self.found[name] = {}
            self.found[name] = self.read(self._look_up(ref))
        return f"#/$defs/{self.names[ref]}"

    def _look_up(self, ref: Any) -> Any:
        if not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
            raise SpecError(f"the JSON schema refers to {ref!r:.60}; only parts of itself, #/..., are looked up.")
        held = self.root
        for part in ref.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(held, Mapping) or key not in held:
                raise SpecError(f"the JSON schema refers to {ref!r:.60}, which is not there.")
            held = held[key]
        return held


def _copy_plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a schema holds no other schema."""
    told = {name: schema[name] for name in ("const", "format") if name in schema}
    for name in ("enum", "required"):
        if name in schema:
            told[name] = _take(schema, name, list)
    for name in _COUNTS:
        count = schema.get(name)
        if count is None:
            continue
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_REPEATED:
            raise SpecError(f"the JSON schema has {name}: {count!r:.40}; at most {MOST_REPEATED} is allowed.")
        told[name] = count
    return told


def _take(schema: Mapping[str, Any], name: str, kind: type) -> Any:
    held = schema[name]
    if not isinstance(held, kind) or (not held and kind is list and name != "required"):
        raise SpecError(f"{name} of a JSON schema must be {'a list' if kind is list else 'an object'}.")
    return held


@dataclass
class _WayCounter:
    """Counts in how many ways a value may begin."""

    found: Mapping[str, Any]
    known: dict[str, int] = field(default_factory=dict)
    walked: set[int] = field(default_factory=set)

    def count(self, schema: Mapping[str, Any]) -> int:
        """Return the ways of one value.  Raises SpecError if they, or those of a value within it, are too many."""
        ways = self._count_ways(schema)
        if ways > MOST_WAYS:
            raise SpecError(f"the JSON schema can be read in {min(ways, 10**9):,} ways; {MOST_WAYS:,} are allowed.")
        return ways

    def _count_ways(self, schema: Mapping[str, Any]) -> int:
        if "$ref" in schema:
            return self._count_referred(schema["$ref"].rpartition("/")[2])
        if "anyOf" in schema:
            return sum(self.count(one) for one in schema["anyOf"])
        if id(schema) not in self.walked:
            self.walked.add(id(schema))
            inside = [*schema.get("properties", {}).values(), schema.get("additionalProperties"), schema.get("items")]
            for one in [*inside, *schema.get("prefixItems", ())]:
                for part in one if isinstance(one, list) else [one]:
                    if isinstance(part, Mapping):
                        self._count_within(part)
        return len(schema.get("enum", ())) or 1

    def _count_within(self, part: Mapping[str, Any]) -> None:
        """Count a value that begins after something else, so that it may be of the kind that it stands in."""
        busy = {name: ways for name, ways in self.known.items() if ways == 0}
        for name in busy:
            self.known[name] = 1
        self.count(part)
        self.known.update(busy)

    def _count_referred(self, name: str) -> int:
        if self.known.get(name) == 0:
            raise SpecError("the JSON schema refers to itself with nothing between.")
        if name not in self.known:
            self.known[name] = 0
            self.known[name] = self.count(self.found[name])
        return self.known[name]
