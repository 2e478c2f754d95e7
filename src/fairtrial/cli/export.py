"""``fairtrial export``: a trial in the forms of other tools."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import api
from fairtrial.cli.options import LedgerOption
from fairtrial.errors import FairtrialError
from fairtrial.ledger import Ledger, query
from fairtrial.report.export.every_eval_ever import NOT_STATED, write_record
from fairtrial.report.export.inspect_log import log_id, write_log
from fairtrial.report.export.lm_eval import results_file, samples
from fairtrial.report.export.model_card import model_card
from fairtrial.report.summary import CandidateSummary, Summary, summarise
from fairtrial.report.words import headline_doubts, inline

Form = Literal["lm-eval", "inspect", "every-eval-ever", "model-card"]


def export(
    trial: Annotated[str | None, typer.Argument(help="Trial by name, id or its beginning; default: latest.")] = None,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            "-f",
            help="lm-eval: results and samples files; inspect: .eval logs; "
            "every-eval-ever: records in that schema; model-card: model-index YAML.",
        ),
    ] = "lm-eval",
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to, one folder a candidate.")] = Path(
        "export"
    ),
    by: Annotated[
        str, typer.Option("--by", help="Who ran the trial, for every-eval-ever: the name of an organisation.")
    ] = NOT_STATED,
) -> None:
    """Write a trial in the forms of other tools; rows of it are taken out with `fairtrial ledger export`."""
    with Ledger.open(ledger, create=False) as store:
        summary = summarise(store, query.trial(store, trial).id)
        try:
            written = [
                path
                for i, candidate in enumerate(summary.candidates)
                for path in (
                    write_record(out, store, summary, candidate, by)
                    if form == "every-eval-ever"
                    else write(store, summary, candidate, folder(out, candidate.name, i), form)
                )
            ]
        except OSError as error:
            raise FairtrialError(f"{error.filename} cannot be written: {error.strerror}.") from error
    for path in written:
        Console().print(Text(inline(str(path))), soft_wrap=True)
    for line in (*(gap.text for gap in summary.gaps), *headline_doubts(summary)):  # what the files cannot say
        Console(stderr=True).print(Text(f"! {inline(line)}", style="yellow"), soft_wrap=True)


def folder(out: Path, name: str, number: int) -> Path:
    """Make a candidate's folder; its name holds nothing that leads elsewhere, and is never another candidate's."""
    safe = plain(name)
    path = out / (safe if safe == name else f"{number + 1}-{safe}")
    path.mkdir(parents=True, exist_ok=True)
    return path


def plain(name: str) -> str:
    """Return a name as a part of a path."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[:100] or "_"


def write(store: Ledger, summary: Summary, candidate: CandidateSummary, place: Path, form: Form) -> list[Path]:
    """Write one candidate's files and return them."""
    if form == "model-card":
        card = place / "README.md"
        card.write_text(model_card(summary, candidate), encoding="utf-8")
        return [card]
    when = re.sub(r"[^0-9TZ.-]", "-", summary.created)
    if form == "inspect":
        logs = []
        for task in summary.tasks:
            name = f"{when[:19]}_{plain(task.name).replace('_', '-')}_{log_id(summary, candidate, task)[:22]}.eval"
            write_log(place / name, store, summary, candidate, task)
            logs.append(place / name)
        return logs
    head = place / f"results_{when}.json"
    head.write_text(json.dumps(results_file(summary, candidate), indent=2) + "\n", encoding="utf-8")
    written = [head]
    for i, task in enumerate(summary.tasks):
        safe = plain(task.name)
        rows = place / f"samples_{safe if safe == task.name else f'{safe}_{i + 1}'}_{when}.jsonl"
        with rows.open("w", encoding="utf-8") as file:
            for row in samples(store, summary, candidate, task):
                file.write(json.dumps(row) + "\n")
        written.append(rows)
    return written
