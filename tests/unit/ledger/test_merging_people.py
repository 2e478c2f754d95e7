"""What people said, votes and marks, when ledgers are merged: nobody is counted twice, and nobody is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

from fairtrial.analysis.preferences import find_preferences
from fairtrial.ledger import Chunk, Ledger
from fairtrial.ledger.marks import GradeMark, GradePlace, enter_mark, read_marks
from fairtrial.ledger.merging import merge_ledgers
from fairtrial.ledger.votes import Vote, add_vote, read_votes
from fairtrial.records import Observation
from tests.support.ledgers import TASK, candidate_id, filled, make_items

A, B, C = (candidate_id(name) for name in "abc")


def vote(minute: int, choice: Any = "left", session: str = "browser-1", right: str = B) -> Vote:
    return Vote(A, right, choice, False, f"prompt {minute}", session, f"2026-11-27T10:{minute:02}:00.000+00:00")


def write(path: Path, votes: Sequence[Vote]) -> Path:
    with filled(path) as ledger, ledger.writing():
        if any(C in (one.left, one.right) for one in votes):
            ledger.add_candidate(C, "c", {"model": "fake:x"})
        for one in votes:
            add_vote(ledger, one)
    return path


def votes_of(path: Path) -> list[Vote]:
    with Ledger.open(path, create=False) as ledger:
        return read_votes(ledger)


def test_votes_of_several_servers_are_one_list_in_the_order_of_time(tmp_path: Path) -> None:
    """A vote that two ledgers have is one; two that one ledger has are two; candidates of one ledger come along."""
    early, twice, late = vote(1), vote(3, "both bad"), vote(9, "right", "browser-2")
    other = vote(5, session="browser-3", right=C)
    told = [[early, twice, twice, late], [early, other], [twice, late]]
    paths = [write(tmp_path / f"{at}.db", votes) for at, votes in enumerate(told)]
    for at, order in enumerate(permutations(paths)):
        merge_ledgers(order, tmp_path / f"all-{at}.db")
        assert votes_of(tmp_path / f"all-{at}.db") == [early, twice, twice, other, late]
    merge_ledgers([tmp_path / "all-0.db", paths[1]], tmp_path / "again.db")
    assert votes_of(tmp_path / "again.db") == votes_of(tmp_path / "all-0.db")
    with Ledger.open(tmp_path / "again.db", create=False) as ledger:
        found = find_preferences(ledger, datetime(2026, 11, 28, tzinfo=UTC))
    assert (found.votes, found.sessions) == (5, 3)


PLACE = GradePlace(A, TASK, make_items(1)[0].id, 0, "acc")


def graded(path: Path, value: float = 1.0) -> Path:
    with filled(path) as ledger:
        ledger.commit(A, Chunk(observations=[(TASK, PLACE.item, 0, Observation("acc", value))]))
    return path


def mark(path: Path, who: str, agrees: bool, moment: str, value: float = 1.0) -> None:
    with Ledger.open(path) as ledger, ledger.writing():
        number = enter_mark(ledger, GradeMark(PLACE, value, agrees, who=who))
        with ledger.transaction() as db:
            db.execute("UPDATE marks SET created = ? WHERE id = ?", (moment, number))


def standing(path: Path) -> list[tuple[str, bool]]:
    with Ledger.open(path, create=False) as ledger:
        return [(one.who, one.agrees) for one in read_marks(ledger, TASK, [A])]


def test_what_a_person_said_last_holds_on_whichever_machine(tmp_path: Path) -> None:
    paths = [graded(tmp_path / f"{at}.db") for at in range(3)]
    mark(paths[0], "Ann", True, "2026-11-01T00:00:00.000Z")
    mark(paths[0], "Ben", True, "2026-11-02T00:00:00.000Z")
    mark(paths[1], "Ann", False, "2026-11-03T00:00:00.000Z")
    mark(paths[2], "Ann", True, "2026-11-02T00:00:00.000Z")
    rows = set()
    for at, order in enumerate(permutations(paths)):
        first, out = tmp_path / f"two-{at}.db", tmp_path / f"all-{at}.db"
        merge_ledgers(order[:2], first)
        merge_ledgers([first, order[2]], out)
        assert standing(out) == [("Ben", True), ("Ann", False)]
        with Ledger.open(out, create=False) as ledger:
            rows.add(tuple(ledger.read("SELECT id, who, agrees, created, taken_back FROM marks ORDER BY id")))
    assert len(rows) == 1
    merge_ledgers([tmp_path / "all-0.db", paths[0]], tmp_path / "again.db")
    with Ledger.open(tmp_path / "again.db", create=False) as ledger:
        assert {tuple(ledger.read("SELECT id, who, agrees, created, taken_back FROM marks ORDER BY id"))} == rows


def test_a_mark_goes_with_the_grade_that_it_is_about(tmp_path: Path) -> None:
    paths = [graded(tmp_path / "0.db"), graded(tmp_path / "1.db", 0.0)]
    mark(paths[0], "Ann", True, "2026-11-01T00:00:00.000Z")
    mark(paths[1], "Ben", True, "2026-11-03T00:00:00.000Z", 0.0)
    merge_ledgers(paths, tmp_path / "all.db", "first")
    assert standing(tmp_path / "all.db") == [("Ann", True)]
    merge_ledgers(paths[::-1], tmp_path / "other.db", "first")
    assert standing(tmp_path / "other.db") == [("Ben", True)]
