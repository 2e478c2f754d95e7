"""Looking through a ledger that may be damaged: which rows cannot be read, and a copy without them.

Opens the file by itself and read-only, whatever version it says to have; reads one row after the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fairtrial.errors import FairtrialError, LedgerError
from fairtrial.ledger.blobs import check_image
from fairtrial.ledger.cards import read_card
from fairtrial.ledger.encoding import decode_answer, decode_item, decode_request
from fairtrial.ledger.opening import FAILURES, check_file, explain_sqlite_error, find_read_address
from fairtrial.ledger.passages import check_passage
from fairtrial.ledger.plan import make_look_record, read_plan
from fairtrial.ledger.schema import APPLICATION_ID, MIGRATIONS, make_empty_error, make_foreign_error
from fairtrial.ledger.shape import is_finite, make_damage_error, read_mapping
from fairtrial.ledger.votes import make_vote

MOST_NAMED = 20
"""Damaged rows of a table that are described; the others are counted."""

LATER = {2: ("requests",), 4: ("blobs", "task_blobs"), 6: ("passages",), 7: ("marks",), 8: ("votes",), 9: ("merges",)}
"""Tables that a ledger lacks before it has this version."""

WITHOUT_IMAGE = """
SELECT count(*) FROM items, json_each(CASE WHEN json_valid(body) THEN body ELSE '{}' END, '$.images') image
WHERE json_extract(image.value, '$.hash') NOT IN (SELECT hash FROM blobs)
"""

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong: the table and key of the row (empty for the file as a whole), and what is wrong."""

    table: str
    key: str
    problem: str


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found.

    Attributes:
        rows: number of rows by table.
        damaged: number of rows by table that cannot be read.
        damages: the first few of each table, and what is wrong with the file as a whole.
    """

    rows: Mapping[str, int]
    damaged: Mapping[str, int]
    damages: tuple[Damage, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damages

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"sound": self.sound, **asdict(self)}


def examine_ledger(path: Path) -> Examination:
    """Look through a ledger.  Raises LedgerError if the file cannot be opened at all, or is none."""
    check_file(path, create=False)
    try:
        with closing(sqlite3.connect(find_read_address(path), uri=True)) as db:
            _refuse_others(db, path)
            return _examine_database(db)
    except FAILURES as error:
        raise explain_sqlite_error(error, path, "read") from error


@contextmanager
def explain_damage(path: Path) -> Iterator[None]:
    """Turn what reading a damaged ledger raises into a LedgerError; of a sound one it is raised as it is."""
    try:
        yield
    except FairtrialError:
        raise
    except Exception as error:
        if not isinstance(error, ValueError) and examine_ledger(path).sound:
            raise
        said = " ".join(str(error).split())[:120]
        raise make_damage_error(f"a trial in {path.name} cannot be read ({type(error).__name__}: {said})") from error


def salvage(path: Path, target: Path) -> Examination:
    """Write a copy of a ledger without its damaged rows, and without those that refer to them.

    Args:
        path: the damaged ledger; stays as it is.
        target: a file that does not exist.

    Returns what is damaged in ``path``.  Raises LedgerError if that is no ledger or cannot be copied row by row, or if
    ``target`` exists.
    """
    if target.exists():
        raise LedgerError(f"{target} exists.", fix="Name a file that does not exist.")
    check_file(path, create=False)
    try:
        with closing(sqlite3.connect(find_read_address(path), uri=True)) as db:
            _refuse_others(db, path)
            found = _examine_database(db)
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                db.backup(copy)
                _take_out(copy)
    except FAILURES as error:
        target.unlink(missing_ok=True)
        raise explain_sqlite_error(error, path, "copied") from error
    return found


def _refuse_others(db: sqlite3.Connection, path: Path) -> None:
    """Raise LedgerError for a file that is whole and no ledger: an empty one, or a database of another program."""
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    tables = int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if application == APPLICATION_ID or _list_tables(db):
        return
    if tables or application:
        raise make_foreign_error(path.name)
    raise make_empty_error(path.name)


def _examine_database(db: sqlite3.Connection) -> Examination:
    _read_any_text(db)
    damages = list(_find_file_damage(db))
    rows: dict[str, int] = {}
    lost: dict[str, int] = {}
    for table in _list_tables(db):
        rows[table] = int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        for count, (key, problem) in enumerate(_find_damaged_rows(db, table), 1):
            lost[table] = count
            if count <= MOST_NAMED:
                damages.append(Damage(table, ", ".join(str(part)[:40] for part in key), problem))
    if {"trial_items", "items"} <= rows.keys():
        lone = "SELECT count(*) FROM trial_items WHERE (task_id, item_id) NOT IN (SELECT task_id, item_id FROM items)"
        if count := int(db.execute(lone).fetchone()[0]):
            damages.append(Damage("trial_items", "", f"{count:,} rows refer to items that are not there"))
    if {"items", "blobs"} <= rows.keys() and (count := int(db.execute(WITHOUT_IMAGE).fetchone()[0])):
        damages.append(Damage("items", "", f"{count:,} images of items are not there"))
    for table, count in _count_unreferred(db).items():
        damages.append(Damage(table, "", f"{count:,} rows refer to rows that are not there"))
    return Examination(rows, lost, tuple(damages))


def _read_any_text(db: sqlite3.Connection) -> None:
    """Let bytes that are no text come back as they were."""
    db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")


def _find_file_damage(db: sqlite3.Connection) -> Iterator[Damage]:
    """Yield what is wrong with the file as a whole."""
    for (line,) in db.execute(f"PRAGMA integrity_check({MOST_NAMED})"):
        if line != "ok":
            yield Damage("", "", f"SQLite: {line}")
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    if application != APPLICATION_ID:
        yield Damage("", "", f"its application id is {application}, not that of a ledger")
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if not 1 <= version <= len(MIGRATIONS):
        yield Damage("", "", f"it says that its version is {version}; known are 1 to {len(MIGRATIONS)}")
    later = {table for since, tables in LATER.items() if version < since for table in tables}
    missing = set(CHECKS) - set(_list_tables(db)) - later
    if missing:
        yield Damage("", "", f"it lacks the tables {', '.join(sorted(missing))}")


def _list_tables(db: sqlite3.Connection) -> list[str]:
    """Return the ledger's own tables that the file has, those that others refer to first."""
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return [table for table in CHECKS if table in there]


def _find_damaged_rows(db: sqlite3.Connection, table: str) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield the primary key of each row that cannot be read, and why."""
    described = list(db.execute(f"PRAGMA table_info({table})"))
    columns = [row[1] for row in described]
    keys = [row[1] for row in sorted(described, key=lambda row: row[5]) if row[5]]
    texts = [row[1] for row in described if row[2] == "TEXT"]
    for values in db.execute(f"SELECT * FROM {table}"):
        row = dict(zip(columns, values, strict=True))
        key = tuple(row[name] for name in keys)
        problem = next((f"{name} is no text" for name in texts if not isinstance(row[name], str | None)), "")
        problem = problem or next((f"{name} is no valid text" for name in texts if _is_broken(row[name])), "")
        if not problem:
            try:
                CHECKS[table](db, row)
                continue
            except LedgerError as error:
                problem = error.message.removeprefix("the ledger is damaged: ")
        yield key, problem


def _is_broken(text: str | None) -> bool:
    return text is not None and not text.isascii() and any("\udc80" <= c <= "\udcff" for c in text)


def _count_unreferred(db: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows of each table refer to rows that are not there."""
    found: dict[str, int] = {}
    for row in db.execute("PRAGMA foreign_key_check"):
        found[row[0]] = found.get(row[0], 0) + 1
    return found


def _take_out(db: sqlite3.Connection) -> None:
    """Delete the damaged rows of a copy, then those that refer to rows that are gone, and set its version right."""
    _read_any_text(db)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("BEGIN")
    for table in _list_tables(db):
        described = sorted(db.execute(f"PRAGMA table_info({table})"), key=lambda row: row[5])
        columns = [row[1] for row in described if row[5]]
        for key, _ in list(_find_damaged_rows(db, table)):
            pairs = list(zip(columns, key, strict=True))
            where = " AND ".join(
                f"{name} {'= CAST(? AS TEXT)' if isinstance(value, str) else 'IS ?'}" for name, value in pairs
            )
            values = [v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for v in key]
            db.execute(f"DELETE FROM {table} WHERE {where}", values)
    there = _list_tables(db)
    later = [
        *(LOST_IMAGES if "task_blobs" in there else ()),
        *(LOST_MARKS if "marks" in there else ()),
        *(LOST_VOTES if "votes" in there else ()),
        *(LOST_MERGES if "merges" in there else ()),
    ]
    for statement in (*ORPHANS, *later):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    if not 1 <= int(db.execute("PRAGMA user_version").fetchone()[0]) <= len(MIGRATIONS):
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    db.execute("COMMIT")
    db.execute("VACUUM")


ORPHANS = (
    "DELETE FROM requests WHERE base IS NOT NULL AND base NOT IN (SELECT id FROM requests)",
    "DELETE FROM trials WHERE EXISTS (SELECT 1 FROM json_each(plan, '$.candidates') c "
    "WHERE json_extract(c.value, '$.id') NOT IN (SELECT id FROM candidates))",
    "DELETE FROM trials WHERE EXISTS (SELECT 1 FROM json_each(plan, '$.tasks') t "
    "WHERE json_extract(t.value, '$.id') NOT IN (SELECT id FROM tasks))",
    "DELETE FROM items WHERE task_id NOT IN (SELECT id FROM tasks)",
    "DELETE FROM trial_items WHERE trial_id NOT IN (SELECT id FROM trials) "
    "OR (task_id, item_id) NOT IN (SELECT task_id, item_id FROM items)",
    "DELETE FROM sessions WHERE trial_id NOT IN (SELECT id FROM trials)",
    "DELETE FROM looks WHERE trial_id NOT IN (SELECT id FROM trials)",
    "DELETE FROM answers WHERE candidate_id NOT IN (SELECT id FROM candidates) "
    "OR request_id NOT IN (SELECT id FROM requests)",
    "DELETE FROM asked WHERE candidate_id NOT IN (SELECT id FROM candidates) OR task_id NOT IN (SELECT id FROM tasks)",
    "DELETE FROM observations WHERE candidate_id NOT IN (SELECT id FROM candidates)",
    "DELETE FROM absences WHERE candidate_id NOT IN (SELECT id FROM candidates)",
    # an item is asked whole: what was asked without its answer is asked again, and graded anew
    "CREATE TEMP TABLE unanswered AS SELECT candidate_id, task_id, item_id, repeat FROM asked "
    "WHERE (candidate_id, request_id) NOT IN (SELECT candidate_id, request_id FROM answers)",
    "DELETE FROM asked WHERE (candidate_id, task_id, item_id, repeat) IN (SELECT * FROM temp.unanswered)",
    "DELETE FROM observations WHERE (candidate_id, task_id, item_id, repeat) IN (SELECT * FROM temp.unanswered)",
    "DROP TABLE temp.unanswered",
)
"""Take out what refers to rows that are gone, in this order."""

LOST_IMAGES = (
    "DELETE FROM task_blobs WHERE hash NOT IN (SELECT hash FROM blobs) OR task_id NOT IN (SELECT id FROM tasks)",
)
"""The same where images are kept; a run of the trial enters them anew."""

LOST_MERGES = ("DELETE FROM merges WHERE trial_id NOT IN (SELECT id FROM trials)",)

LOST_MARKS = ("DELETE FROM marks WHERE candidate_id NOT IN (SELECT id FROM candidates)",)
LOST_VOTES = (
    "DELETE FROM votes WHERE left_id NOT IN (SELECT id FROM candidates) OR right_id NOT IN (SELECT id FROM candidates)",
)
"""The same where votes are kept."""


def _check_request(db: sqlite3.Connection, row: _Row) -> None:
    base = None
    if row["base"] is not None:
        found = db.execute("SELECT body FROM requests WHERE id = ?", (row["base"],)).fetchone()
        if found is None:
            raise make_damage_error(f"the request that it starts from, {str(row['base'])[:40]}, is not there")
        base = found[0]
    decode_request(row["body"], base)


def _check_answer(_: sqlite3.Connection, row: _Row) -> None:
    decode_answer(read_mapping(row["answer"], "an answer"))


def _check_observation(_: sqlite3.Connection, row: _Row) -> None:
    if not (is_finite(row["value"]) and is_finite(row["weight"])):
        raise make_damage_error(f"{row['measure']} is {row['value']!r} with weight {row['weight']!r}")


def _check_mark(_: sqlite3.Connection, row: _Row) -> None:
    if not is_finite(row["value"]) or row["agrees"] not in (0, 1):
        raise make_damage_error(f"the grade {row['value']!r} is marked with {row['agrees']!r}")


def _check_nothing(_: sqlite3.Connection, __: _Row) -> None:
    """All of the row are keys and texts."""


CHECKS: Mapping[str, Callable[[sqlite3.Connection, _Row], object]] = {
    "candidates": lambda _, row: read_mapping(row["spec"], "the specification of a candidate"),
    "tasks": lambda _, row: read_card(row["card"]),
    "items": lambda _, row: decode_item(row["item_id"], row["doc_id"], row["cluster"], row["body"]),
    "requests": _check_request,
    "answers": _check_answer,
    "asked": _check_nothing,
    "observations": _check_observation,
    "absences": _check_nothing,
    "trials": lambda _, row: read_plan(row["plan"]),
    "trial_items": _check_nothing,
    "sessions": lambda _, row: read_mapping(row["facts"], "the facts of a run"),
    "blobs": lambda _, row: check_image(row),
    "task_blobs": _check_nothing,
    "passages": lambda _, row: check_passage(row),
    "marks": _check_mark,
    "votes": lambda _, row: make_vote(row),
    "merges": _check_nothing,
    "looks": lambda _, row: make_look_record({**row, **read_mapping(row["look"], "a look")}),
}
"""Table to what raises LedgerError for a row that cannot be read."""
