"""The library's front door: run a trial, compare what can be called, read verdicts, write the report.

The command line is a thin layer over this package, so that whatever can be typed can be scripted.  Names are imported
when they are first used: a server, which needs none of them, does not wait for them.  Their types stand in
``__init__.pyi``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "DEFAULT_LEDGER": "fairtrial.api.conditions",
    "Conditions": "fairtrial.api.conditions",
    "Result": "fairtrial.api.results",
    "compare": "fairtrial.api.comparing",
    "forecast": "fairtrial.api.running",
    "open_candidate": "fairtrial.api.running",
    "result": "fairtrial.api.running",
    "run": "fairtrial.api.running",
    "search": "fairtrial.api.running",
}
"""Name to the module that has it."""

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Return a public name, imported now."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'fairtrial.api' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_PUBLIC[name]), name)
    return found
