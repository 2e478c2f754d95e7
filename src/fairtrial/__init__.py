"""Give every AI system a fair trial: models, prompts, logs, and whatever else can be called.

    import fairtrial as ft

    found = ft.compare([my_system, "openai:gpt-4o-mini"], tasks=["questions.csv"])
    print(found)                 # the verdicts in words
    found.frame()                # as a data frame of pandas or polars
    found.report("report.html")

docs/python.md shows the rest.  Names are imported when they are first used, so that importing this package costs
nothing; their types stand in ``__init__.pyi``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Candidate": "fairtrial.spec.candidate",
    "Conditions": "fairtrial.api",
    "Decide": "fairtrial.spec.trial",
    "Decoding": "fairtrial.spec.candidate",
    "Estimate": "fairtrial.analysis.verdicts",
    "FairtrialError": "fairtrial.errors",
    "Function": "fairtrial.spec.functions",
    "GenerateAnswer": "fairtrial.records",
    "GenerateRequest": "fairtrial.records",
    "Item": "fairtrial.records",
    "Ledger": "fairtrial.ledger",
    "Limit": "fairtrial.spec.limits",
    "Measure": "fairtrial.records",
    "Observation": "fairtrial.records",
    "Pair": "fairtrial.records",
    "Prompt": "fairtrial.records",
    "Result": "fairtrial.api",
    "ScoreAnswer": "fairtrial.records",
    "ScoreRequest": "fairtrial.records",
    "TaskEntry": "fairtrial.spec.trial",
    "Trial": "fairtrial.spec.trial",
    "Verdict": "fairtrial.analysis.verdicts",
    "compare": "fairtrial.api",
    "load_trial": "fairtrial.spec.source",
    "open_candidate": "fairtrial.api",
    "result": "fairtrial.api",
    "run": "fairtrial.api",
}
"""Name to the module that has it."""

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Return a public name, imported now."""
    if name == "__version__":
        found: Any = import_module("importlib.metadata").version("fairtrial")
    elif name in _PUBLIC:
        found = getattr(import_module(_PUBLIC[name]), name)
    else:
        raise AttributeError(f"module 'fairtrial' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names alone."""
    return sorted(__all__)
