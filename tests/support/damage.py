"""Ledgers that are damaged in content, for tests: a real one, and SQL that spoils a row of it."""

from __future__ import annotations

import functools
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from tests.support.report_ledger import report_ledger

_LEVERS = "UPDATE trials SET plan = json_set(plan, '$.candidates[1].spec.levers', json('{}'))"
_TRACE = "UPDATE answers SET answer = json_set(answer, '$.trace', json('{}'))"
DAMAGE = {
    "a plan that is no JSON": "UPDATE trials SET plan = '{'",
    "a plan that is a list": "UPDATE trials SET plan = '[]'",
    "a plan without tasks": "UPDATE trials SET plan = json_remove(plan, '$.tasks')",
    "a plan without its baseline": "UPDATE trials SET plan = json_set(plan, '$.baseline', 'nobody')",
    "a confidence of 2": "UPDATE trials SET plan = json_set(plan, '$.decide.confidence', 2.0)",
    "a deep plan": "UPDATE trials SET plan = replace(hex(zeroblob(50000)), '0', '[')",
    "a plan in bytes": "UPDATE trials SET plan = x'00ff'",
    "a cascade that is a number": _LEVERS.format('[{"cascade": 5}]'),
    "a lever without a name": _LEVERS.format("[{}]"),
    "a cascade that learns a number": _LEVERS.format('[{"cascade": {"learn": 5}}]'),
    "facts that are a number": "UPDATE sessions SET facts = '5'",
    "an item that is no JSON": "UPDATE items SET body = 'x' WHERE doc_id = 1",
    "an item with a number for a question": "UPDATE items SET body = json_set(body, '$.question', 5) WHERE doc_id = 1",
    "an item with text for its data": "UPDATE items SET body = json_set(body, '$.data', 'x') WHERE doc_id = 1",
    "an answer that is no JSON": "UPDATE answers SET answer = 'x'",
    "an answer that is a list": "UPDATE answers SET answer = '[1]'",
    "an answer without tokens": "UPDATE answers SET answer = json_remove(answer, '$.tokens')",
    "a log-probability that is text": "UPDATE answers SET answer = json_set(answer, '$.logprobs', json('[\"x\"]'))",
    "a step by a number": _TRACE.format('[{"by": 5, "signal": "x"}]'),
    "a trace that is a number": _TRACE.format("5"),
    "an infinite value": "UPDATE observations SET value = 9e999 WHERE measure = 'acc'",
    "a huge value": "UPDATE observations SET value = 1e305 WHERE measure = 'acc'",
    "a weight that is text": "UPDATE observations SET weight = 'x' WHERE measure = 'acc'",
    "a request that is not packed": "UPDATE requests SET body = x'0011'",
    "a request that is packed text": "UPDATE requests SET body = x'789ccb48cdc9c90700062c0215'",
    "a look that is a list": "UPDATE looks SET look = '[]'",
    "text that is no Unicode": "UPDATE tasks SET name = CAST(x'ff41' AS TEXT)",
    "a negative version": "PRAGMA user_version = -7",
}
"""What is wrong to the statement that makes it so."""


@functools.cache
def _whole() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        report_ledger(Path(folder) / "whole.db").close()
        return (Path(folder) / "whole.db").read_bytes()


def damaged_ledger(path: Path, statement: str) -> Path:
    """Return a ledger on which a statement was carried out behind its back."""
    path.write_bytes(_whole())
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)
    return path
