"""Taking rows out of a ledger: JSON lines, CSV or Parquet.

Two ledgers with the same content export byte for byte the same: rows are ordered by trial, task (as in the plan), item
(in the task's own order), repeat, candidate and measure, and hold no times of day.  Names are those that the trial's
author wrote.  All rows of one export are as of one moment, and few are in memory at once.

A full export holds everything that enters a number, so that every estimate, interval and verdict can be computed again
from it alone: the plan (rule, measures with their bounds, tasks), each item's cluster and place in the order of asking,
the text that a study compares distributions on, looks, what is absent, earlier answers that helped, marks of people.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TextIO

from fairtrial.errors import LedgerError, MissingExtraError
from fairtrial.ledger import query
from fairtrial.ledger.blobs import read_task_facts
from fairtrial.ledger.cells import clean_cell
from fairtrial.ledger.encoding import decode_answer
from fairtrial.ledger.marks import read_marks
from fairtrial.ledger.plan import PartRecord, TaskRecord, TextRecord
from fairtrial.ledger.shape import guard_reading, is_finite, make_damage_error, read_mapping
from fairtrial.ledger.store import Ledger
from fairtrial.records.trace import renamed_trace

ExportFormat = Literal["jsonl", "csv", "parquet"]
COLUMNS = (
    "candidate",
    "task",
    "doc_id",
    "item",
    "repeat",
    "measure",
    "value",
    "unit",
    "weight",
    "cluster",
    "position",
    "trial",
)
MARK_FIELDS = ("item", "repeat", "candidate", "measure", "value", "agrees", "drawn", "who", "note")
BLOCK_ITEMS = 500
"""Items whose rows are fetched and sorted together."""
KNOWN_TEXTS = 8192
"""Texts of a CSV file's cells that are remembered as they are written."""
BATCH_ROWS = 50_000
"""Rows of one Parquet row group."""

_Asked = TaskRecord | TextRecord | PartRecord


def export_text(
    ledger: Ledger,
    out: TextIO,
    form: ExportFormat = "jsonl",
    *,
    answers: bool = False,
    full: bool = False,
    trial: str | None = None,
) -> int:
    """Write rows as text and return how many.

    JSON lines are plain ASCII, with other characters escaped, so that any terminal, pipe and reader takes them.

    Args:
        ledger: what to read.
        out: where to write.
        form: ``jsonl`` or ``csv``; CSV has no room for answer rows.
        answers: after each trial's observations also write one line an answer (JSON lines only).
        full: also everything else that enters a number: before each trial's observations its plan, then looks, what is
            absent, earlier answers, and marks of people (JSON lines only).
        trial: id, its beginning, or name; None takes all trials.

    Raises:
        LedgerError: answers or all else were asked for in a format that has no room for them.
    """
    count = 0
    with ledger.snapshot():
        if form == "csv":
            if answers or full:
                what = "answers do" if answers else "a full export does"
                raise LedgerError(f"{what} not fit in CSV.", fix="Use --format jsonl.")
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS)
            clean = lru_cache(KNOWN_TEXTS)(clean_cell)  # nearly all texts of a row stood in one shortly before
            for row in yield_observation_rows(ledger, trial):
                writer.writerow([clean(cell) if isinstance(cell, str) else cell for cell in row.values()])
                count += 1
            return count
        for row in walk_rows(ledger, trial, answers, full):
            out.write(guard_reading(partial(json.dumps, row, allow_nan=False), "a row") + "\n")
            count += 1
    return count


def export_parquet(ledger: Ledger, path: Path, *, trial: str | None = None) -> int:
    """Write observation rows to a Parquet file and return how many; needs the extra ``parquet``."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("Writing Parquet files", "parquet") from error
    kinds = {name: pyarrow.int64() for name in ("doc_id", "repeat", "position")}
    kinds |= {name: pyarrow.float64() for name in ("value", "weight")}
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in COLUMNS])
    count = 0
    with ledger.snapshot():
        found = yield_observation_rows(ledger, trial)
        batch = list(islice(found, BATCH_ROWS))  # an unknown trial is an error before the file is made
        with pyarrow.parquet.ParquetWriter(path, schema) as writer:
            while batch:
                writer.write_table(pyarrow.Table.from_pylist(batch, schema))
                count += len(batch)
                batch = list(islice(found, BATCH_ROWS))
    return count


def walk_rows(ledger: Ledger, trial: str | None, answers: bool, full: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the plan, the observation rows, what else is told of it, and the answer rows, of each trial in turn."""
    for one in select_trials(ledger, trial):
        if full:
            yield {"name": one.name, "plan": one.document, "trial": one.id}
        yield from _yield_observations(ledger, one)
        if full:
            yield from _yield_looks(ledger, one)
            yield from _yield_absences(ledger, one)
            yield from _yield_helping_values(ledger, one)
            yield from _yield_marks(ledger, one)
            yield from trial_images(ledger, one)
        if answers:
            yield from yield_answers(ledger, one)


def yield_observation_rows(ledger: Ledger, trial: str | None) -> Iterator[dict[str, Any]]:
    """Yield one row an item and measure."""
    for one in select_trials(ledger, trial):
        yield from _yield_observations(ledger, one)


def select_trials(ledger: Ledger, trial: str | None) -> list[query.TrialRow]:
    """Return the trials to export, ordered by name and id."""
    found = query.read_trials(ledger) if trial is None else [query.find_trial(ledger, trial)]
    if not found:
        query.find_trial(ledger)  # raises, and says what to do
    return sorted(found, key=lambda row: (row.name, row.id))


def _yield_observations(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield the observations of one trial, those about candidates as a whole first (no item, ``doc_id`` null)."""
    yield from _yield_whole_candidates(ledger, trial, PartRecord("", ""))
    for task in trial.plan.asked:
        yield from _yield_whole_candidates(ledger, trial, task)
        measures = sorted({measure for c in trial.plan.candidates for measure in list_measures(ledger, c.id, task.id)})
        for block in walk_blocks(ledger, trial, task):
            found = []
            for candidate in trial.plan.candidates:
                for measure in measures:
                    part = ledger.read(
                        "SELECT item_id, repeat, value, weight, unit FROM observations "
                        "WHERE candidate_id = ? AND task_id = ? AND measure = ? "
                        "AND item_id IN (SELECT value FROM json_each(?)) AND repeat < ?",
                        (candidate.id, task.id, measure, json.dumps(list(block.doc_ids)), block.repeats),
                    )
                    for item, repeat, value, weight, unit in part:
                        _check_numbers(measure, item, value, weight)
                        place = (block.doc_ids[item], item, repeat, candidate.name, measure)
                        found.append((*place, value, weight, unit))
            for doc_id, item, repeat, name, measure, value, weight, unit in sorted(found):
                cells = (name, task.name, doc_id, item, repeat, measure, value, unit, weight)
                yield dict(zip(COLUMNS, (*cells, *block.places[item], trial.id), strict=True))


def _check_numbers(measure: str, item: str, value: object, weight: object) -> None:
    if not (is_finite(value) and is_finite(weight)):
        raise make_damage_error(f"{measure} is no finite number", f"item {item}" if item else "")


def yield_answers(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield the answers of one trial: log-probabilities in nats by choice, or text."""
    for task in trial.plan.tasks:
        for block in walk_blocks(ledger, trial, task):
            found = []
            for candidate in trial.plan.candidates:
                part = ledger.read(
                    """
                    SELECT s.item_id, s.repeat, s.position, s.request_id, a.answer FROM asked s
                    JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
                    WHERE s.candidate_id = ? AND s.task_id = ?
                    AND s.item_id IN (SELECT value FROM json_each(?)) AND s.repeat < ?
                    """,
                    (candidate.id, task.id, json.dumps(list(block.doc_ids)), block.repeats),
                )
                for item, repeat, position, request, body in part:
                    found.append((block.doc_ids[item], item, repeat, candidate.name, position, request, body))
            for doc_id, item, repeat, name, _, request, body in sorted(found):
                yield {
                    "candidate": name,
                    "task": task.name,
                    "doc_id": doc_id,
                    "item": item,
                    "repeat": repeat,
                    "request": request,
                    **_read_answer(body, request),
                    "trial": trial.id,
                }


def _read_answer(text: str, where: str) -> dict[str, Any]:
    """Return an answer as JSON values that are sure to be one."""
    body = read_mapping(text, "an answer", where)
    decode_answer(body, where)
    return renamed_trace(body)


def _yield_whole_candidates(ledger: Ledger, trial: query.TrialRow, task: _Asked) -> Iterator[dict[str, Any]]:
    """Yield what was observed about each candidate as a whole: by this trial's runs (task without id), or on a task."""
    for candidate in sorted(trial.plan.candidates, key=lambda c: c.name):
        found = ledger.read(
            "SELECT repeat, measure, value, unit, weight FROM observations "
            "WHERE candidate_id = ? AND task_id = ? AND item_id = '' AND (task_id <> '' OR repeat = 0 "
            "OR repeat IN (SELECT id FROM sessions WHERE trial_id = ?)) ORDER BY repeat, measure",
            (candidate.id, task.id, trial.id),
        )
        for repeat, *cells in found:
            _check_numbers(cells[0], "", cells[1], cells[3])
            row = (candidate.name, task.name, None, "", repeat, *cells, "", None, trial.id)
            yield dict(zip(COLUMNS, row, strict=True))


def _yield_looks(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield the looks that a trial took at its questions."""
    names = {task.id: task.name for task in trial.plan.tasks}
    for found in query.read_looks(ledger, trial.id):
        seen_then = {key: value for key, value in found.document.items() if key != "task_id"}
        yield {"look": {**seen_then, "task": names[found.task_id]}, "trial": trial.id}


def trial_images(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield the images that a trial's tasks show, without their bytes."""
    for task in trial.plan.tasks:
        found = ledger.read(
            "SELECT b.hash, b.media_type, length(b.bytes) FROM task_blobs t JOIN blobs b ON b.hash = t.hash "
            "WHERE t.task_id = ? ORDER BY b.hash",
            (task.id,),
        )
        known = read_task_facts(ledger, task.id)
        for digest, media_type, size in list(found):
            told = {"hash": digest, "media_type": media_type, "bytes": size, "task": task.name}
            if digest in known:
                told |= {key: value for key, value in known[digest].document().items() if key != "media_type"}
            yield {"image": told, "trial": trial.id}


def _yield_absences(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield what was not measured, and why, counted."""
    entries = (*trial.plan.candidates, *trial.plan.asked)
    names = {entry.id: entry.name for entry in entries}
    for found in query.read_absences(ledger, trial.id):
        told = {"candidate": names[found["candidate_id"]], "task": names.get(found["task_id"], "")}
        rest = {key: found[key] for key in ("measure", "reason", "items")}
        yield {"absence": {**told, **rest}, "trial": trial.id}


def _yield_helping_values(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield the values of earlier answers that a trial that may stop early places its bets by, one an item."""
    names = {task.id: task.name for task in trial.plan.tasks}
    for helped in trial.plan.earlier:
        asked = query.read_order(ledger, trial.id, helped.task)
        for candidate in helped.candidates:
            at, values, _ = query.read_averages(ledger, asked, candidate, helped.task, helped.measure)
            for place, value in zip(at.tolist(), values.tolist(), strict=True):
                told = {"task": names[helped.task], "item": asked.item_ids[place], "position": place}
                yield {"helper": candidate, **told, "measure": helped.measure, "value": value, "trial": trial.id}


def _yield_marks(ledger: Ledger, trial: query.TrialRow) -> Iterator[dict[str, Any]]:
    """Yield what people say of grades, as far as it stands: of a task's grades all, as they are counted."""
    names = {candidate.id: candidate.name for candidate in trial.plan.candidates}
    for task in trial.plan.tasks:
        found = []
        for mark in read_marks(ledger, task.id, list(names)):
            at = mark.place
            place = (at.item, at.repeat, names[at.candidate], at.measure)
            found.append((*place, mark.value, mark.agrees, mark.drawn, mark.who, mark.note))
        for row in sorted(found):
            yield {"mark": {"task": task.name, **dict(zip(MARK_FIELDS, row, strict=True))}, "trial": trial.id}


def list_measures(ledger: Ledger, candidate_id: str, task_id: str) -> list[str]:
    """Return the measures that a candidate has on a task."""
    rows = ledger.read(
        "SELECT DISTINCT measure FROM observations WHERE candidate_id = ? AND task_id = ?", (candidate_id, task_id)
    )
    return [measure for (measure,) in rows]


@dataclass(frozen=True, slots=True)
class _Block:
    """Some of a task's items, in the task's own order, by item id.

    Attributes:
        doc_ids: their places in the task's own order.
        places: the name of their cluster, and their place in the order of asking.
        repeats: how often each is asked.
    """

    doc_ids: dict[str, int]
    places: dict[str, tuple[str, int]]
    repeats: int


def walk_blocks(ledger: Ledger, trial: query.TrialRow, task: _Asked) -> Iterator[_Block]:
    """Yield a trial's items of one task, so many at a time."""
    order = query.read_order(ledger, trial.id, task.id)
    ranked = iter(sorted(zip(order.doc_ids, order.item_ids, strict=True)))
    while part := list(islice(ranked, BLOCK_ITEMS)):
        places = {item: (order.names[order.position[item]], order.position[item]) for _, item in part}
        yield _Block({item: doc_id for doc_id, item in part}, places, order.repeats)
