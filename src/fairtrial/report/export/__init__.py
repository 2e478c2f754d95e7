"""A trial in the forms of other tools: one table of all that it can be exported to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from fairtrial.errors import FairtrialError, PluginError
from fairtrial.ledger import Ledger
from fairtrial.plugins import PluginTable
from fairtrial.report.export.every_eval_ever import NOT_STATED, export_every_eval_ever
from fairtrial.report.export.inspect_log import export_inspect
from fairtrial.report.export.lm_eval import export_lm_eval
from fairtrial.report.export.model_card import export_model_card
from fairtrial.report.export.places import ExportNote
from fairtrial.report.export.spreadsheet import export_table
from fairtrial.report.summary import Summary

__all__ = ["EXPORTERS", "NOT_STATED", "ExportNote", "Exporter", "run_exporter"]

Exporter = Callable[[Ledger, Summary, Path, str], Iterable[Path | ExportNote]]
"""Writes a trial, read from its ledger and summary, into a folder (of a table: a file), and returns the files in the
order to name them, with notes on what must be said of them.

The text is who ran the trial, as the user says it: `NOT_STATED` if nobody does.  The folder may not exist yet.
"""

EXPORTERS: PluginTable[Exporter] = PluginTable(
    "exporter",
    {
        "lm-eval": export_lm_eval,
        "inspect": export_inspect,
        "every-eval-ever": export_every_eval_ever,
        "model-card": export_model_card,
        "table": export_table,
    },
    "a function of ledger, summary, folder and who ran the trial",
    noun="export format",
)
"""Name of a form, as ``--format`` says it, to what writes it."""


def run_exporter(
    form: str, ledger: Ledger, summary: Summary, out: Path, by: str = NOT_STATED
) -> list[Path | ExportNote]:
    """Write a trial in a form and return the files, and what must be said of them.

    Raises:
        UnknownNameError: there is no such form.
        PluginError: what a plugin's exporter returned are no files.
        FairtrialError: a file cannot be written.
    """
    write = EXPORTERS.find(form)
    try:
        found = write(ledger, summary, out, by)
        written = [one if isinstance(one, ExportNote) else Path(one) for one in found]
    except OSError as error:
        place = error.filename or out
        raise FairtrialError(f"{place} cannot be written: {error.strerror or error}.") from error
    except TypeError as error:
        plugin = EXPORTERS.find_origin(form)
        if not plugin:
            raise
        told = "returned None" if "NoneType" in str(error) else f"failed: {error}"
        raise PluginError(
            f"the exporter {form!r} of {plugin} {told}, where the paths of the files that it wrote belong.",
            fix="Let the function yield each path that it has written.",
        ) from error
    return written
