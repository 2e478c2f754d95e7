"""Making one ledger of several: the file appears whole or not at all, and the others stay as they are."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fairtrial.errors import LedgerError
from fairtrial.ledger.examine import examine_ledger
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
from fairtrial.ledger.merging.runs import RunNumbers, number_runs, read_runs, write_runs
from fairtrial.ledger.merging.words import WithdrawnWords
from fairtrial.ledger.opening import FAILURES, check_file, explain_sqlite_error, open_file
from fairtrial.ledger.schema import CHECK, MIGRATIONS
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
    if out.exists():
        raise LedgerError(f"{out} exists.", fix="Name a file that does not exist.")
    part = out.with_name(f".{out.name}.part")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=out.parent if out.parent.is_dir() else None)))
        sources = [_check_source(path, folder / str(at)) for at, path in enumerate(paths)]
        stack.callback(_remove, part)
        _remove(part)
        try:
            with Ledger.open(part) as ledger, ledger.writing(wait_seconds=0):
                found = _merge_into(ledger, sources, keep)
                _finish(ledger.connection)
        except FAILURES as error:
            raise explain_sqlite_error(error, out, "written") from error
        _put_in_place(part, out)
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    """A ledger that is merged: its path, and where its rows are read."""

    path: Path
    read_from: Path


def _check_source(path: Path, copy: Path) -> _Source:
    """Return where a ledger can be read in today's form; raises LedgerError unless it is sound."""
    check_file(path, create=False)
    _check_contents(path)
    if not (found := examine_ledger(path)).sound:
        first = found.damages[0]
        where = f"{first.table} {first.key}".strip()
        raise LedgerError(f"{path.name} is damaged: {where + ': ' if where else ''}{first.problem}.", fix=CHECK)
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        if int(db.execute("PRAGMA user_version").fetchone()[0]) == len(MIGRATIONS):
            return _Source(path, path)
        with closing(sqlite3.connect(copy)) as other:
            db.backup(other)
    open_file(copy, create=True).close()
    return _Source(path, copy)


def _check_contents(path: Path) -> None:
    """Raise LedgerError for a newer version, and for what runs by itself when a file is read or changed."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            odd = db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone()
    except FAILURES as error:
        raise explain_sqlite_error(error, path, "read") from error
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{path.name} was written by a newer fairtrial (ledger version {version}; this one knows "
            f"{len(MIGRATIONS)}).",
            fix="Upgrade fairtrial.",
        )
    if odd is not None:
        raise LedgerError(
            f"{path.name} has a {odd[0]} {str(odd[1])[:40]!r}, which no ledger of fairtrial has; it is not merged.",
            fix="Take it from where it was written first.",
        )


@contextmanager
def _attach(db: sqlite3.Connection, source: _Source) -> Iterator[None]:
    """Make the rows of a ledger readable as ``src``, all as of one moment."""
    db.execute("ATTACH ? AS src", (f"{source.read_from.resolve().as_uri()}?mode=ro",))
    try:
        db.execute("BEGIN")
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute("DETACH src")


def _merge_into(ledger: Ledger, sources: Sequence[_Source], keep: KeptWhere) -> MergedLedger:
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


def _take_source(db: sqlite3.Connection, source: _Source) -> list[Clash]:
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


def _put_in_place(part: Path, out: Path) -> None:
    """Give the file its name, once all of it is on the disk; never over another file."""
    try:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.link(part, out)
    except FileExistsError as error:
        raise LedgerError(f"{out} exists.", fix="Name a file that does not exist.") from error
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror}.") from error


def _remove(part: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal", ".lock"):
        part.with_name(part.name + suffix).unlink(missing_ok=True)
