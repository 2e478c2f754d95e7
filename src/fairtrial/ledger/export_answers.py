"""Answers of a ledger as a table: CSV or Parquet, a row an answer.  JSON lines are in `fairtrial.ledger.export`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from fairtrial.errors import MissingExtraError
from fairtrial.ledger.cells import clean_cell, repair_text
from fairtrial.ledger.export import BATCH_ROWS, select_trials, yield_answers
from fairtrial.ledger.store import Ledger

TEXTS = (
    "candidate", "task", "item", "request", "text", "thought", "finish", "logprobs", "greedy", "trace",
    "credits", "trial",
)  # fmt: skip
COLUMNS = (
    "candidate", "task", "doc_id", "item", "repeat", "request", "text", "thought", "finish", "tokens", "prompt_tokens",
    "logprobs", "greedy", "trace", "credits", "trial",
)  # fmt: skip
"""Columns; a list (log-probabilities in nats by choice) is JSON in its cell, what an answer does not have is empty.

``tokens`` are those of all choices together.
"""


def export_answers_csv(ledger: Ledger, out: TextIO, trial: str | None = None) -> int:
    """Write answers as CSV and return how many; texts that a spreadsheet would take for formulas get an apostrophe."""
    count = 0
    with ledger.snapshot():
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in _yield_rows(ledger, trial):
            writer.writerow([clean_cell(cell) for cell in row])
            count += 1
    return count


def export_answers_parquet(ledger: Ledger, path: Path, trial: str | None = None) -> int:
    """Write answers to a Parquet file and return how many; needs the extra ``parquet``."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("Writing Parquet files", "parquet") from error
    kinds = [(name, pyarrow.string() if name in TEXTS else pyarrow.int64()) for name in COLUMNS]
    schema = pyarrow.schema(kinds)
    count = 0
    with ledger.snapshot():
        found = _yield_rows(ledger, trial)
        batch = list(islice(found, BATCH_ROWS // 5))  # an unknown trial is an error before the file is made
        with pyarrow.parquet.ParquetWriter(path, schema) as writer:
            while batch:
                arrays = [
                    pyarrow.array([repair_text(c) if isinstance(c := row[at], str) else c for row in batch], kind)
                    for at, (_, kind) in enumerate(kinds)
                ]
                writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
                count += len(batch)
                batch = list(islice(found, BATCH_ROWS // 5))
    return count


def _yield_rows(ledger: Ledger, trial: str | None) -> Iterator[list[Any]]:
    """Yield the cells of each answer."""
    for one in select_trials(ledger, trial):
        for row in yield_answers(ledger, one):
            tokens = row.get("tokens")
            whole = {**row, "tokens": sum(tokens) if isinstance(tokens, list | tuple) else tokens}
            yield [_flatten(whole.get(name)) for name in COLUMNS]


def _flatten(value: Any) -> Any:
    """Return a value as a cell."""
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False) if value else None
    return value
