"""The runs of several ledgers in one order, whichever ledger is named first.

A run's number is the repeat of what was observed of candidates as a whole, so that goes with it.  A run that two
ledgers have is one: the same trial, the same machine, begun at the same moment; the copy that knows its end counts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WHOLE = "task_id = '' AND item_id = ''"
_Row = tuple[object, ...]


@dataclass(slots=True)
class RunNumbers:
    """The runs of all ledgers.

    Attributes:
        sessions: rows of the table, as they will be.
        numbers: of each ledger, its own numbers to the new ones.
        observed, absent: what is known of candidates as a whole, by its key.
        clashes: values of one run that differ, by (candidate id, measure).
    """

    sessions: list[_Row] = field(default_factory=list)
    numbers: list[dict[int, int]] = field(default_factory=list)
    observed: dict[_Row, _Row] = field(default_factory=dict)
    absent: dict[_Row, str] = field(default_factory=dict)
    clashes: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class _RunsOfLedger:
    """What one ledger has: rows of sessions by key, observations and absences by number."""

    sessions: dict[_Row, _Row]
    keys: dict[int, _Row]
    observed: list[_Row]
    absent: list[_Row]


def read_runs(db: sqlite3.Connection, schema: str) -> _RunsOfLedger:
    """Return the runs of one ledger, under keys that other ledgers have as well."""
    sessions: dict[_Row, _Row] = {}
    keys: dict[int, _Row] = {}
    seen: dict[_Row, int] = {}
    columns = "id, trial_id, facts, started, ended, outcome, reason"
    for number, trial, facts, started, *ending in db.execute(f"SELECT {columns} FROM {schema}.sessions ORDER BY id"):
        same = (started, trial, facts)
        seen[same] = seen.get(same, 0) + 1
        keys[number] = (1, *same, seen[same])
        sessions[keys[number]] = (trial, facts, started, *ending)
    observed = db.execute(
        f"SELECT repeat, candidate_id, measure, value, weight, unit FROM {schema}.observations WHERE {WHOLE} "
        "ORDER BY 1, 2, 3"
    ).fetchall()
    absent = db.execute(
        f"SELECT repeat, candidate_id, measure, reason FROM {schema}.absences WHERE {WHOLE} ORDER BY 1, 2, 3"
    ).fetchall()
    lone: dict[int, list[_Row]] = {}
    for number, *rest in (*observed, *absent):
        if number and number not in keys:  # of a trial that was taken out
            lone.setdefault(number, []).append(tuple(rest))
    keys |= {number: (0, repr(rows)) for number, rows in lone.items()}
    return _RunsOfLedger(sessions, keys, observed, absent)


def number_runs(ledgers: Sequence[_RunsOfLedger]) -> RunNumbers:
    """Return the runs of all ledgers, numbered by the time at which they began; runs that are gone come first."""
    every = sorted({key for one in ledgers for key in one.keys.values()}, key=repr)
    places = {key: number for number, key in enumerate(every, 1)}
    found = RunNumbers(numbers=[{n: places[key] for n, key in one.keys.items()} for one in ledgers])
    sessions: dict[_Row, _Row] = {}
    for one in ledgers:
        for key, row in one.sessions.items():
            sessions[key] = max(sessions.get(key, row), row, key=_rank_ending)
    found.sessions = [(places[key], *row) for key, row in sorted(sessions.items(), key=repr)]
    ranks: dict[_Row, _Row] = {}
    for one, numbers in zip(ledgers, found.numbers, strict=True):
        _take_whole(found, one, numbers, ranks)
    return found


def _rank_ending(row: _Row) -> tuple[str, ...]:
    """Return what is largest for the copy of a run that knows most of its end."""
    return tuple("" if cell is None else str(cell) for cell in row[3:])


def _take_whole(found: RunNumbers, one: _RunsOfLedger, numbers: Mapping[int, int], ranks: dict[_Row, _Row]) -> None:
    """Enter what one ledger knows of candidates as a whole; an end that is known makes the values of a run final."""
    for number, candidate, measure, *rest in one.observed:
        assert isinstance(number, int)
        key = (numbers.get(number, number), candidate, measure)
        value, rank = tuple(rest), _rank_ending(one.sessions.get(one.keys.get(number, ()), ()))
        if key in found.observed and found.observed[key] != value:
            if rank == ranks[key]:
                pair = (str(candidate), str(measure))
                found.clashes[pair] = found.clashes.get(pair, 0) + 1
            if rank <= ranks[key]:
                continue
        found.observed[key], ranks[key] = value, rank
    for number, candidate, measure, reason in one.absent:
        assert isinstance(number, int)
        key = (numbers.get(number, number), candidate, measure)
        found.absent[key] = min(found.absent.get(key, str(reason)), str(reason))


def write_runs(db: sqlite3.Connection, found: RunNumbers) -> None:
    """Write the runs, and what they know of candidates as a whole."""
    db.executemany(
        "INSERT INTO main.sessions (id, trial_id, facts, started, ended, outcome, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        found.sessions,
    )
    db.executemany(
        "INSERT INTO main.observations VALUES (?, '', ?, '', ?, ?, ?, ?)",
        [(candidate, measure, number, *rest) for (number, candidate, measure), rest in found.observed.items()],
    )
    db.executemany(
        "INSERT INTO main.absences VALUES (?, '', '', ?, ?, ?)",
        [(candidate, number, measure, why) for (number, candidate, measure), why in found.absent.items()],
    )
