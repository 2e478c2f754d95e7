"""Making one ledger of several: the file appears whole or not at all, and the others stay as they are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairtrial.errors import LedgerError
from fairtrial.ledger.merging import taking
from fairtrial.ledger.merging.clashes import (
    TEMPORARY,
    Clash,
    KeptWhere,
    check_fixed,
    find_changed_requests,
    find_lost,
    list_clashes,
)
from fairtrial.ledger.merging.places import MergeSource, hold_place, make_part, open_sources, put_in_place, refuse_place
from fairtrial.ledger.merging.runs import RunNumbers, number_runs, read_runs, write_runs
from fairtrial.ledger.merging.words import WithdrawnWords
from fairtrial.ledger.opening import FAILURES, explain_sqlite_error
from fairtrial.ledger.schema import CHECK
from fairtrial.ledger.shape import read_mapping
from fairtrial.ledger.store import Ledger

MACHINES_OWN = ("record", "spec")
"""What a plan says of a candidate that may be written otherwise on another machine: its id says what it is."""

COUNTED = ("trials", "answers", "observations", "items", "sessions")


@dataclass(frozen=True, slots=True)
class MergedLedger:
    """What came of a merge.

    Attributes:
        rows: by table, as they are now.
        clashes: what the ledgers say differently.
        dropped: items whose grade went, for their answer was not kept; a run of their trial grades them again.
        order: the ledgers, the one that held where they differed first.
    """

    rows: Mapping[str, int]
    clashes: tuple[Clash, ...]
    dropped: int
    order: tuple[Path, ...]


class ClashingLedgersError(LedgerError):
    """Ledgers say different things under one key; ``clashes`` are what."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        self.clashes = tuple(clashes)
        count = sum(one.count for one in clashes)
        where = "one place" if count == 1 else f"{count:,} places"
        super().__init__(
            f"the ledgers contradict each other in {where}; nothing was written.",
            fix="Look at the table; --keep first takes what the ledger named first says, --keep newest what the one "
            "with the newest answer says, and the report of each trial then tells.",
        )


def merge_ledgers(paths: Sequence[Path], out: Path, keep: KeptWhere = "") -> MergedLedger:
    """Write a ledger with the rows of several, each once.

    Args:
        paths: the ledgers, two or more; none is changed, but that one of an older version is read as a copy.
        out: a file that does not exist.
        keep: what holds where they differ; empty: that is an error.

    Raises:
        ClashingLedgersError: they differ, and ``keep`` is empty.
        LedgerError: one is damaged, written by a newer version or no ledger; or ``out`` exists or cannot be written.
    """
    if len(paths) < 2:
        raise LedgerError(
            "a merge needs two ledgers or more.", fix="Name them: fairtrial ledger merge A.db B.db --out C.db"
        )
    refuse_place(out)
    with ExitStack() as stack:
        stack.enter_context(hold_place(out))
        part = stack.enter_context(make_part(out))
        sources = stack.enter_context(open_sources(paths, out))
        try:
            with Ledger.open(part) as ledger, ledger.writing(wait_seconds=0):
                found = _merge_into(ledger, sources, keep)
                _finish(ledger.connection)
        except FAILURES as error:
            raise explain_sqlite_error(error, out, "written") from error
        except LedgerError as error:
            if part.name not in error.message:
                raise
            raise LedgerError(error.message.replace(part.name, out.name), fix=error.fix) from error
        for source in sources:
            source.check_unchanged()
        put_in_place(part, out)
    return found


@contextmanager
def _attach(db: sqlite3.Connection, source: MergeSource) -> Iterator[None]:
    """Make the rows of a ledger readable as ``src``, all as of one moment."""
    db.execute("ATTACH ? AS src", (source.address,))
    try:
        db.execute("BEGIN")
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute("DETACH src")


def _merge_into(ledger: Ledger, sources: Sequence[MergeSource], keep: KeptWhere) -> MergedLedger:
    db = ledger.connection
    for pragma in ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = MEMORY", "trusted_schema = OFF"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("PRAGMA secure_delete = ON")
    for statement in (*TEMPORARY, taking.EVERY_VOTE):
        db.execute(statement)
    newest, runs, words = [], [], WithdrawnWords()
    for source in sources:
        with _attach(db, source):
            newest.append(str(db.execute("SELECT coalesce(max(created), '') FROM src.answers").fetchone()[0]))
            words.find(db, "src")
    order = [*range(len(sources))]
    if keep == "newest":
        order.sort(key=lambda at: newest[at], reverse=True)
    sources = [sources[at] for at in order]
    others: list[Clash] = []
    for source in sources:
        with _attach(db, source):
            words.look_through(db, "src")
            runs.append(read_runs(db, "src"))
            others += _take_source(db, source)
    numbers = number_runs(runs)
    db.execute("BEGIN")
    write_runs(db, numbers)
    taking.take_rows(db, taking.RENUMBER)
    clashes = (*list_clashes(db), *others, *_list_run_clashes(db, numbers))
    if clashes and not keep:
        db.execute("ROLLBACK")
        raise ClashingLedgersError(clashes)
    dropped = int(db.execute("SELECT count(*) FROM temp.clashes WHERE dropped").fetchone()[0])
    if clashes:
        _enter_decision(db, keep, others)
    db.execute("COMMIT")
    words.take_out(ledger)
    if (lost := db.execute("PRAGMA foreign_key_check").fetchone()) is not None:
        raise LedgerError(f"rows of {lost[0]} would refer to rows that are in none of the ledgers.", fix=CHECK)
    rows = {name: int(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in COUNTED}
    return MergedLedger(rows, clashes, dropped, tuple(source.path for source in sources))


def _take_source(db: sqlite3.Connection, source: MergeSource) -> list[Clash]:
    """Take the rows of the attached ledger; return what it says differently of trials."""
    check_fixed(db, source.path.name)
    taking.take_requests(db, find_changed_requests(db, source.path.name))
    taking.take_rows(db, taking.FIRST)
    clashes = [*_take_trials(db), *_find_look_clashes(db)]
    find_lost(db)
    taking.take_rows(db, (*taking.SECOND, taking.PASSAGES))
    return clashes


def _take_trials(db: sqlite3.Connection) -> Iterator[Clash]:
    """Take the trials; yield those whose plan says something else in what can change a number."""
    rows = db.execute(
        "SELECT s.id, s.name, s.text, s.plan, s.created, m.name, m.text, m.plan, m.created, m.id IS NOT NULL "
        "FROM src.trials s LEFT JOIN main.trials m ON m.id = s.id ORDER BY s.created, s.rowid"
    ).fetchall()
    for key, name, text, plan, created, *mine, known in rows:
        if not known:
            db.execute(
                "INSERT INTO main.trials (id, name, text, plan, created) VALUES (?, ?, ?, ?, ?)",
                (key, name, text, plan, created),
            )
            continue
        if _find_essence(plan) != _find_essence(mine[2]):
            yield Clash("plans", "", "", 1, f"trial {name}")
            plan = mine[2]
        least = min((name, text, plan), (mine[0], mine[1], mine[2]))
        db.execute(
            "UPDATE main.trials SET name = ?, text = ?, plan = ?, created = ? WHERE id = ?",
            (*least, min(created, mine[3]), key),
        )


def _find_essence(plan: str) -> Any:
    """Return a plan without what each machine writes in its own way."""
    found = read_mapping(plan, "the plan of a trial")
    for kind in ("candidates", "judges"):
        for one in found.get(kind) or ():
            for name in MACHINES_OWN:
                one.pop(name, None)
    return json.dumps(found, sort_keys=True)


def _find_look_clashes(db: sqlite3.Connection) -> Iterator[Clash]:
    """Yield the looks that the attached ledger has otherwise."""
    rows = db.execute(
        "SELECT s.a || ' and ' || s.b, coalesce(t.name, s.task_id), count(*), min(s.items) FROM src.looks s "
        "JOIN main.looks m ON m.trial_id = s.trial_id AND m.task_id = s.task_id AND m.measure = s.measure "
        "AND m.a = s.a AND m.b = s.b AND m.items = s.items LEFT JOIN main.tasks t ON t.id = s.task_id "
        "WHERE m.look <> s.look GROUP BY s.trial_id, s.a, s.b, s.task_id ORDER BY 1, 2"
    )
    for pair, task, count, items in rows.fetchall():
        yield Clash("looks", pair, task, count, f"after {items:,} items")


def _list_run_clashes(db: sqlite3.Connection, numbers: RunNumbers) -> Iterator[Clash]:
    names = dict(db.execute("SELECT id, name FROM main.candidates").fetchall())
    for (candidate, measure), count in sorted(numbers.clashes.items()):
        yield Clash("runs", names.get(candidate, candidate), "", count, measure)


def _enter_decision(db: sqlite3.Connection, keep: KeptWhere, others: Sequence[Clash]) -> None:
    """Write down, for each trial that it concerns, how much was decided by ``keep``."""
    db.execute(
        """
        INSERT OR IGNORE INTO main.merges (trial_id, kept, clashes, dropped)
        SELECT r.id, ?, count(*), sum(x.dropped) FROM main.trials r, json_each(r.plan, '$.candidates') c
        JOIN temp.clashes x ON x.candidate_id = json_extract(c.value, '$.id')
        WHERE EXISTS (
            SELECT 1 FROM main.trial_items t WHERE t.trial_id = r.id AND t.task_id = x.task_id AND t.item_id = x.item_id
        ) GROUP BY r.id
        """,
        (keep,),
    )
    if others:  # looks and plans: of whichever trial, for they decide when asking ends
        count = sum(one.count for one in others)
        db.execute("INSERT OR IGNORE INTO main.merges SELECT id, ?, ?, 0 FROM main.trials", (keep, count))


def _finish(db: sqlite3.Connection) -> None:
    """Bring the file into the form in which ledgers lie on a disk."""
    db.execute("PRAGMA journal_mode = WAL")
