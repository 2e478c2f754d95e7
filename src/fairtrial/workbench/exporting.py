"""A trial to take away: the report, every answer in one file, the JSON document, tables and rows."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from fairtrial.errors import UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.ledger.examine import explain_damage
from fairtrial.ledger.export import export_parquet, export_text
from fairtrial.ledger.export_answers import export_answers_csv, export_answers_parquet
from fairtrial.report.card import write_card
from fairtrial.report.export import run_exporter
from fairtrial.report.html.page import write_report
from fairtrial.report.summary import Summary, summarise
from fairtrial.report.view.page import write_view
from fairtrial.workbench.bench import Workbench, find_place, get_findings, read_findings

ExportWriter = Callable[[Ledger, Summary, Path], object]


@dataclass(frozen=True, slots=True)
class ExportForm:
    """A form to take a trial away in: end of the file's name, what it is called, what it holds, who writes it."""

    end: str
    label: str
    tells: str
    write: ExportWriter


def _write_json(_: Ledger, summary: Summary, path: Path) -> None:
    path.write_text(json.dumps(summary.document(), indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _write_rows(form: str) -> ExportWriter:
    def write(ledger: Ledger, summary: Summary, path: Path) -> None:
        if form == "parquet":
            export_parquet(ledger, path, trial=summary.trial_id)
            return
        with path.open("w", encoding="utf-8", newline="") as out:
            export_text(ledger, out, "csv" if form == "csv" else "jsonl", full=form == "full", trial=summary.trial_id)

    return write


def _write_answers(ledger: Ledger, summary: Summary, path: Path) -> None:
    if path.suffix == ".parquet":
        export_answers_parquet(ledger, path, trial=summary.trial_id)
    else:
        with path.open("w", encoding="utf-8", newline="") as out:
            export_answers_csv(ledger, out, trial=summary.trial_id)


def _write_report(ledger: Ledger, summary: Summary, path: Path) -> None:
    write_report(ledger, summary.trial_id, path)


def _write_table(ledger: Ledger, summary: Summary, path: Path) -> None:
    run_exporter("table", ledger, summary, path)


FORMS: Mapping[str, ExportForm] = {
    "report": ExportForm(
        "report.html", "Report", "one page with everything, for a browser or paper", _write_report
    ),
    "view": ExportForm(
        "items.html", "Every answer", "one page with all items and answers, to filter and compare", write_view
    ),
    "card": ExportForm("card.svg", "Picture", "for a slide, 16:9", lambda _, s, path: write_card(s, path, False)),
    "run": ExportForm("run.json", "JSON document", "estimates, verdicts, standings, doubts", _write_json),
    "items-xlsx": ExportForm("items.xlsx", "Excel", "a row an item, and the verdicts", _write_table),
    "items-csv": ExportForm("items.csv", "CSV of items", "a row an item", _write_table),
    "items-parquet": ExportForm("items.parquet", "Parquet of items", "a row an item, for data frames", _write_table),
    "observations-csv": ExportForm(
        "observations.csv", "CSV of observations", "a row an observed number", _write_rows("csv")
    ),
    "observations-parquet": ExportForm(
        "observations.parquet",
        "Parquet of observations",
        "a row an observed number, for data frames",
        _write_rows("parquet"),
    ),
    "answers-csv": ExportForm("answers.csv", "CSV of answers", "a row an answer", _write_answers),
    "answers-parquet": ExportForm(
        "answers.parquet", "Parquet of answers", "a row an answer, for data frames", _write_answers
    ),
    "full": ExportForm(
        "full.jsonl", "Everything", "all that enters a number, and marks of people, as JSON lines",
        _write_rows("full"),
    ),
}  # fmt: skip
"""By the word in the address."""


async def show_export(bench: Workbench, request: Request) -> Response:
    """Answer with what a trial can be taken away in."""
    place = await find_place(bench, request)
    kept = await get_findings(bench, place)
    return bench.show("export.html", place=place, tab="/export", kept=kept, findings=read_findings(kept), forms=FORMS)


async def send_export(bench: Workbench, request: Request) -> Response:
    """Answer with a file."""
    place = await find_place(bench, request)
    word = request.path_params["form"]
    if word not in FORMS:
        raise UnknownNameError("form", word[:40], FORMS)
    path = Path(await bench.room.run(make_export, place.shelved.path, place.sketch.id, word))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", place.sketch.name).strip("-.")[:60] or "trial"
    return FileResponse(
        path,
        filename=f"{name}-{FORMS[word].end}",
        content_disposition_type="attachment",
        background=BackgroundTask(shutil.rmtree, path.parent, ignore_errors=True),
    )


def make_export(path: Path, trial_id: str, word: str) -> str:
    """Write a form of a trial into a new folder, and return the file's path."""
    folder = Path(tempfile.mkdtemp(prefix="fairtrial-export-"))
    try:
        with explain_damage(path), Ledger.open(path, create=False) as ledger:
            target = folder / FORMS[word].end
            FORMS[word].write(ledger, summarise(ledger, trial_id), target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return str(target)
