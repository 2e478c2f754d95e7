"""The library's front door: run a trial, compare what can be called, read verdicts, write the report.

The command line is a thin layer over this package, so that whatever can be typed can be scripted.
"""

from fairtrial.api.comparing import compare
from fairtrial.api.conditions import DEFAULT_LEDGER, Conditions
from fairtrial.api.results import Result
from fairtrial.api.running import forecast, open_candidate, result, run, search

__all__ = [
    "DEFAULT_LEDGER",
    "Conditions",
    "Result",
    "compare",
    "forecast",
    "open_candidate",
    "result",
    "run",
    "search",
]
