"""A trial in the forms of other tools: one table of all that it can be exported to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from fairtrial.ledger import Ledger
from fairtrial.plugins import Table
from fairtrial.report.export.every_eval_ever import NOT_STATED, export_every_eval_ever
from fairtrial.report.export.inspect_log import export_inspect
from fairtrial.report.export.lm_eval import export_lm_eval
from fairtrial.report.export.model_card import export_model_card
from fairtrial.report.summary import Summary

__all__ = ["EXPORTERS", "NOT_STATED", "Exporter"]

Exporter = Callable[[Ledger, Summary, Path, str], Iterable[Path]]
"""Writes a trial, read from its ledger and summary, into a folder, and returns the files in the order to name them.

The text is who ran the trial, as the user says it: `NOT_STATED` if nobody does.  The folder may not exist yet.
"""

EXPORTERS: Table[Exporter] = Table(
    "exporter",
    {
        "lm-eval": export_lm_eval,
        "inspect": export_inspect,
        "every-eval-ever": export_every_eval_ever,
        "model-card": export_model_card,
    },
    "a function of ledger, summary, folder and who ran the trial",
    noun="export format",
)
"""Name of a form, as ``--format`` says it, to what writes it."""
