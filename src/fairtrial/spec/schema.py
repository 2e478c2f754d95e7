"""The JSON Schema of trial files, for editors.  ``python -m fairtrial.spec.schema`` prints it."""

from __future__ import annotations

import json
from typing import Any

from fairtrial.spec.forms import make_form_schema
from fairtrial.spec.levers import LEVER_SETTINGS, find_settings
from fairtrial.spec.schemes import SCHEMES
from fairtrial.spec.trial import Trial

LEVER = "#/$defs/Candidate/properties/levers/items"


def make_trial_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a trial file, with the short forms that the reader accepts."""
    schema = Trial.model_json_schema()
    properties = schema["properties"]
    for key, what in (("tasks", "name of a task"), ("candidates", "path of a candidate file")):
        properties[key]["items"] = {"anyOf": [{"type": "string", "description": what}, properties[key]["items"]]}
    candidate = schema["$defs"]["Candidate"]["properties"]
    alone = [name for name in SCHEMES.built_in if SCHEMES.find(name).stands_alone]
    begun = [name for name in SCHEMES.built_in if name not in alone]
    candidate["model"]["pattern"] = f"^(({'|'.join(begun)}):.|({'|'.join(alone)})$)"
    candidate["levers"]["items"] = make_lever_schema()
    schema["$defs"]["TaskEntry"]["properties"]["forms"]["items"] = make_form_schema()
    steps, lever = schema["$defs"]["LeversStudy"]["properties"]["levers"], {"$ref": LEVER}
    several = {"anyOf": [lever, {"type": "array", "items": lever}]}
    steps["anyOf"] = [{"type": "object", "additionalProperties": several}, {"type": "array", "items": lever}]
    mapping = {"type": "string", "pattern": r"\.[yY][aA]?[mM][lL]$", "description": "path of a file with the settings"}
    candidate["recorded"]["anyOf"].append(mapping)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fairtrial trial file",
        **{k: v for k, v in schema.items() if k != "title"},
    }


def make_lever_schema() -> dict[str, Any]:
    """Return the schema of one lever: its name, and its settings in full or in short."""
    levers = {}
    for name in LEVER_SETTINGS.built_in:
        model = find_settings(name)
        settings = model.model_json_schema()
        first = settings["properties"][next(iter(model.model_fields))]
        levers[name] = {"anyOf": [first, settings], "description": settings.pop("description", "")}
    written = {"type": "object", "properties": levers, "minProperties": 1, "maxProperties": 1}
    alone = [name for name in levers if not any(f.is_required() for f in find_settings(name).model_fields.values())]
    return {"anyOf": [{"enum": alone, "description": "a lever with its own settings"}, written]}


if __name__ == "__main__":
    print(json.dumps(make_trial_schema(), indent=2))
