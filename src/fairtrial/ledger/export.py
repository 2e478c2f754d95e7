"""Taking rows out of a ledger: JSON lines, CSV or Parquet.

Two ledgers with the same content export byte for byte the same: rows are ordered by trial, task (as in the plan), item
(in the task's own order), repeat, candidate and measure, and hold no times of day.  Names are those that the trial's
author wrote.  All rows of one export are as of one moment, and few are in memory at once.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TextIO

from fairtrial.errors import LedgerError, MissingExtraError
from fairtrial.ledger import query
from fairtrial.ledger.shape import read_mapping, reading
from fairtrial.ledger.store import Ledger

Format = Literal["jsonl", "csv", "parquet"]
COLUMNS = ("candidate", "task", "doc_id", "item", "repeat", "measure", "value", "unit", "weight", "trial")
BLOCK_ITEMS = 500
"""Items whose rows are fetched and sorted together."""
BATCH_ROWS = 50_000
"""Rows of one Parquet row group."""


def export_text(
    ledger: Ledger, out: TextIO, form: Format = "jsonl", *, answers: bool = False, trial: str | None = None
) -> int:
    """Write rows as text and return how many.

    JSON lines are plain ASCII, with other characters escaped, so that any terminal, pipe and reader takes them.

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
    with ledger.snapshot():
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
            out.write(reading(partial(json.dumps, row, allow_nan=False), "a row") + "\n")
            count += 1
    return count


def export_parquet(ledger: Ledger, path: Path, *, trial: str | None = None) -> int:
    """Write observation rows to a Parquet file and return how many; needs the extra ``parquet``."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("Writing Parquet files", "parquet") from error
    kinds = {"doc_id": pyarrow.int64(), "repeat": pyarrow.int64(), "value": pyarrow.float64()}
    kinds["weight"] = pyarrow.float64()
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in COLUMNS])
    count = 0
    with ledger.snapshot():
        found = observation_rows(ledger, trial)
        batch = list(islice(found, BATCH_ROWS))  # an unknown trial is an error before the file is made
        with pyarrow.parquet.ParquetWriter(path, schema) as writer:
            while batch:
                writer.write_table(pyarrow.Table.from_pylist(batch, schema))
                count += len(batch)
                batch = list(islice(found, BATCH_ROWS))
    return count


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
    """Return the trials to export, ordered by name and id."""
    found = query.trials(ledger) if trial is None else [query.trial(ledger, trial)]
    return sorted(found, key=lambda row: (row.name, row.id))


def trial_observations(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield the observations of one trial, those about candidates as a whole first (no item, ``doc_id`` null)."""
    yield from whole_candidates(ledger, trial, {"id": "", "name": ""})
    for task in trial.plan["tasks"]:
        yield from whole_candidates(ledger, trial, task)
        measures = sorted({measure for c in trial.plan["candidates"] for measure in seen(ledger, c["id"], task["id"])})
        for block in blocks(ledger, trial, task):
            found = []
            for candidate in trial.plan["candidates"]:
                for measure in measures:
                    part = ledger.read(
                        "SELECT item_id, repeat, value, weight, unit FROM observations "
                        "WHERE candidate_id = ? AND task_id = ? AND measure = ? "
                        "AND item_id IN (SELECT value FROM json_each(?)) AND repeat < ?",
                        (candidate["id"], task["id"], measure, json.dumps(list(block.doc_ids)), block.repeats),
                    )
                    for item, repeat, value, weight, unit in part:
                        place = (block.doc_ids[item], item, repeat, candidate["name"], measure)
                        found.append((*place, value, weight, unit))
            for doc_id, item, repeat, name, measure, value, weight, unit in sorted(found):
                cells = (name, task["name"], doc_id, item, repeat, measure, value, unit, weight, trial.id)
                yield dict(zip(COLUMNS, cells, strict=True))


def trial_answers(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield the answers of one trial: log-probabilities in nats by choice, or text."""
    for task in trial.plan["tasks"]:
        for block in blocks(ledger, trial, task):
            found = []
            for candidate in trial.plan["candidates"]:
                part = ledger.read(
                    """
                    SELECT s.item_id, s.repeat, s.position, s.request_id, a.answer FROM asked s
                    JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
                    WHERE s.candidate_id = ? AND s.task_id = ?
                    AND s.item_id IN (SELECT value FROM json_each(?)) AND s.repeat < ?
                    """,
                    (candidate["id"], task["id"], json.dumps(list(block.doc_ids)), block.repeats),
                )
                for item, repeat, position, request, body in part:
                    found.append((block.doc_ids[item], item, repeat, candidate["name"], position, request, body))
            for doc_id, item, repeat, name, _, request, body in sorted(found):
                yield {
                    "candidate": name,
                    "task": task["name"],
                    "doc_id": doc_id,
                    "item": item,
                    "repeat": repeat,
                    "request": request,
                    **read_mapping(body, "an answer"),
                    "trial": trial.id,
                }


def whole_candidates(ledger: Ledger, trial: query.TrialRow, task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what was observed about each candidate as a whole: by this trial's runs (task without id), or on a task."""
    for candidate in sorted(trial.plan["candidates"], key=lambda c: str(c["name"])):
        found = ledger.read(
            "SELECT repeat, measure, value, unit, weight FROM observations "
            "WHERE candidate_id = ? AND task_id = ? AND item_id = '' AND (task_id <> '' OR repeat = 0 "
            "OR repeat IN (SELECT id FROM sessions WHERE trial_id = ?)) ORDER BY repeat, measure",
            (candidate["id"], task["id"], trial.id),
        )
        for repeat, *cells in found:
            row = (candidate["name"], task["name"], None, "", repeat, *cells, trial.id)
            yield dict(zip(COLUMNS, row, strict=True))


def seen(ledger: Ledger, candidate_id: str, task_id: str) -> list[str]:
    """Return the measures that a candidate has on a task."""
    rows = ledger.read(
        "SELECT DISTINCT measure FROM observations WHERE candidate_id = ? AND task_id = ?", (candidate_id, task_id)
    )
    return [measure for (measure,) in rows]


@dataclass(frozen=True, slots=True)
class Block:
    """Some of a task's items, in the task's own order: their doc_ids by item id, and how often each is asked."""

    doc_ids: dict[str, int]
    repeats: int


def blocks(ledger: Ledger, trial: query.TrialRow, task: dict[str, Any]) -> Iterator[Block]:
    """Yield a trial's items of one task, so many at a time."""
    order = query.order(ledger, trial.id, task["id"])
    ranked = iter(sorted(zip(order.doc_ids, order.item_ids, strict=True)))
    while part := list(islice(ranked, BLOCK_ITEMS)):
        yield Block({item: doc_id for doc_id, item in part}, order.repeats)
