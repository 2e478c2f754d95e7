"""The JSON Schema of trial files, for editors.  ``python -m fairtrial.spec.schema`` prints it."""

from __future__ import annotations

import json
from typing import Any

from fairtrial.spec.trial import Trial


def trial_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a trial file, with the short forms that the reader accepts."""
    schema = Trial.model_json_schema()
    properties = schema["properties"]
    for key, what in (("tasks", "name of a task"), ("candidates", "path of a candidate file")):
        properties[key]["items"] = {"anyOf": [{"type": "string", "description": what}, properties[key]["items"]]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fairtrial trial file",
        **{k: v for k, v in schema.items() if k != "title"},
    }


if __name__ == "__main__":
    print(json.dumps(trial_schema(), indent=2))
