"""Taking rows out of a ledger: JSON lines, CSV or Parquet.

Two ledgers with the same content export byte for byte the same: rows are ordered by trial, task, item, repeat,
candidate and measure, and hold no times of day.  Names are those that the trial's author wrote.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TextIO

from fairtrial.errors import LedgerError, MissingExtraError
from fairtrial.ledger import query
from fairtrial.ledger.store import Ledger

Format = Literal["jsonl", "csv", "parquet"]
COLUMNS = ("candidate", "task", "doc_id", "item", "repeat", "measure", "value", "unit", "weight", "trial")
OBSERVED = "r.measure, r.value, r.weight, r.unit"
ANSWER = """
r.request_id,
(SELECT answer FROM answers a WHERE a.candidate_id = r.candidate_id AND a.request_id = r.request_id)
"""


def export_text(
    ledger: Ledger, out: TextIO, form: Format = "jsonl", *, answers: bool = False, trial: str | None = None
) -> int:
    """Write rows as text and return how many.

    Args:
        ledger: what to read.
        out: where to write.
        form: ``jsonl`` or ``csv``; CSV has no room for answer rows.
        answers: after each trial's observations also write one line an answer (JSON lines only).
        trial: id, its beginning, or name; None takes all trials.

    Raises:
        LedgerError: answers were asked for in a format that has no room for them.
    """
    count = 0
    if form == "csv":
        if answers:
            raise LedgerError("answers do not fit in CSV.", fix="Use --format jsonl.")
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in observation_rows(ledger, trial):
            writer.writerow(row)
            count += 1
        return count
    for row in rows(ledger, trial, answers):
        out.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        count += 1
    return count


def export_parquet(ledger: Ledger, path: Path, *, trial: str | None = None) -> int:
    """Write observation rows to a Parquet file and return how many; needs the extra ``parquet``."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("Writing Parquet files", "parquet") from error
    found = list(observation_rows(ledger, trial))
    columns = {name: [row[name] for row in found] for name in COLUMNS}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return len(found)


def rows(ledger: Ledger, trial: str | None, answers: bool) -> Iterator[dict[str, Any]]:
    """Yield the observation rows, then the answer rows, of each trial in turn."""
    for one in chosen(ledger, trial):
        yield from trial_observations(ledger, one)
        if answers:
            yield from trial_answers(ledger, one)


def observation_rows(ledger: Ledger, trial: str | None) -> Iterator[dict[str, Any]]:
    """Yield one row an item and measure."""
    for one in chosen(ledger, trial):
        yield from trial_observations(ledger, one)


def chosen(ledger: Ledger, trial: str | None) -> list[query.TrialRow]:
    """Return the trials to export, ordered by id."""
    found = query.trials(ledger) if trial is None else [query.trial(ledger, trial)]
    return sorted(found, key=lambda row: (row.name, row.id))


def trial_observations(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield the observations of one trial."""
    for task in trial.plan["tasks"]:
        for position in per_item(ledger, trial, task, "observations", OBSERVED, "r.measure"):
            doc_id, item, repeat, candidate, measure, value, weight, unit = position
            cells = (candidate, task["name"], doc_id, item, repeat, measure, value, unit, weight, trial.id)
            yield dict(zip(COLUMNS, cells, strict=True))


def trial_answers(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield the answers of one trial: log-probabilities in nats by choice, or text."""
    for task in trial.plan["tasks"]:
        for doc_id, item, repeat, candidate, request, body in per_item(
            ledger, trial, task, "asked", ANSWER, "r.position"
        ):
            answer = json.loads(body)
            yield {
                "candidate": candidate,
                "task": task["name"],
                "doc_id": doc_id,
                "item": item,
                "repeat": repeat,
                "request": request,
                **answer,
                "trial": trial.id,
            }


def per_item(
    ledger: Ledger, trial: query.TrialRow, task: dict[str, Any], table: str, columns: str, order: str
) -> Iterator[tuple[Any, ...]]:
    """Yield (doc_id, item id, repeat, candidate name, ...columns) for a trial's rows in one table."""
    names = {c["id"]: c["name"] for c in trial.plan["candidates"]}
    found = ledger.connection.execute(
        f"""
        SELECT i.doc_id, t.item_id, r.repeat, r.candidate_id, {columns}
        FROM trial_items t
        JOIN items i ON i.task_id = t.task_id AND i.item_id = t.item_id
        JOIN {table} r ON r.task_id = t.task_id AND r.item_id = t.item_id
            AND r.candidate_id IN (SELECT value FROM json_each(?))
        WHERE t.trial_id = ? AND t.task_id = ?
        ORDER BY i.doc_id, r.repeat, r.candidate_id, {order}
        """,
        (json.dumps(list(names)), trial.id, task["id"]),
    )
    for doc_id, item, repeat, candidate, *rest in found:
        yield (doc_id, item, repeat, names[candidate], *rest)
