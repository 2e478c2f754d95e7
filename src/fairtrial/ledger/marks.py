"""What people say of grades: right or wrong.  A mark is a row of its own; no grade is ever changed by one.

A mark can be taken back: its row stays, with the time at which it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.errors import LedgerError
from fairtrial.ledger.encoding import escape_surrogates
from fairtrial.ledger.shape import is_finite
from fairtrial.ledger.store import Ledger

LONGEST_NOTE, LONGEST_NAME = 2000, 80
"""Characters of a note, and of who marks."""


@dataclass(frozen=True, slots=True)
class GradePlace:
    """Which grade is meant; all ids."""

    candidate: str
    task: str
    item: str
    repeat: int
    measure: str


@dataclass(frozen=True, slots=True)
class GradeMark:
    """What one person says of one grade.

    Attributes:
        place: of which.
        value: the grade that the person looked at.
        agrees: whether they take it for right.
        drawn: whether the answer was drawn at random for them; else they chose it.
        who: their name; empty if they do not say.
        note: why.
        id: number of the row; 0: not entered yet.
        created: when it was entered.
        taken_back: when it was taken back; None: it stands.
    """

    place: GradePlace
    value: float
    agrees: bool
    drawn: bool = False
    who: str = ""
    note: str = ""
    id: int = 0
    created: str = ""
    taken_back: str | None = None


_COLUMNS = "candidate_id, task_id, item_id, repeat, measure, value, agrees, drawn, who, note, id, created, taken_back"


def enter_mark(ledger: Ledger, mark: GradeMark) -> int:
    """Enter a mark and return its number.  The caller holds the writer lock (`Ledger.writing`).

    What the same person has said of the same grade before is taken back.

    Raises:
        LedgerError: the ledger has no such grade, or another one by now; or a text is too long.
    """
    if len(mark.note) > LONGEST_NOTE or len(mark.who) > LONGEST_NAME:
        raise LedgerError(
            f"a note has {len(mark.note):,} characters, a name {len(mark.who):,}.",
            fix=f"A note may have {LONGEST_NOTE:,}, a name {LONGEST_NAME}.",
        )
    at = mark.place
    key = (at.candidate, at.task, at.item, at.repeat, at.measure)
    found = ledger.read(
        "SELECT value FROM observations WHERE candidate_id = ? AND task_id = ? AND item_id = ? AND repeat = ? "
        "AND measure = ?",
        key,
    )
    value = next((row[0] for row in found), None)
    if value is None or not is_finite(value) or float(value) != mark.value:
        raise LedgerError(
            f"{ledger.path.name} has {'no such grade' if value is None else f'the grade {value:g} there'}, "
            f"and the mark is about {mark.value:g}.",
            fix="Look at the answer again.",
        )
    row = (*key, mark.value, int(mark.agrees), int(mark.drawn), *map(escape_surrogates, (mark.who, mark.note)))
    with ledger.transaction() as db:
        db.execute(
            "UPDATE marks SET taken_back = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE candidate_id = ? AND "
            "task_id = ? AND item_id = ? AND repeat = ? AND measure = ? AND who = ? AND taken_back IS NULL",
            (*key, row[8]),
        )
        cursor = db.execute(
            "INSERT INTO marks (candidate_id, task_id, item_id, repeat, measure, value, agrees, drawn, who, note) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def take_back_mark(ledger: Ledger, number: int) -> None:
    """Take a mark back.  The caller holds the writer lock.  Raises LedgerError if none with this number stands."""
    with ledger.transaction() as db:
        done = db.execute(
            "UPDATE marks SET taken_back = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ? AND taken_back IS NULL",
            (number,),
        )
    if done.rowcount != 1:
        raise LedgerError(f"no mark with the number {number} stands.", fix="Load the page again.")


def read_marks(ledger: Ledger, task_id: str, candidates: Sequence[str], item_id: str | None = None) -> list[GradeMark]:
    """Return the marks that stand of a task's grades, or of those of one item, oldest first."""
    one = "" if item_id is None else " AND item_id = ?"
    rows = ledger.read(
        f"SELECT {_COLUMNS} FROM marks WHERE task_id = ? AND taken_back IS NULL{one} ORDER BY id",
        (task_id,) if item_id is None else (task_id, item_id),
    )
    wanted = set(candidates)
    return [
        GradeMark(GradePlace(*row[:5]), float(row[5]), bool(row[6]), bool(row[7]), *row[8:])
        for row in rows
        if row[0] in wanted
    ]
