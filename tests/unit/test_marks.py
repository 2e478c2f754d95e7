"""Marks of people: rows of their own, taken back and never lost, and how far people agree with the grades."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest

from fairtrial.analysis.people import find_people_agreements
from fairtrial.errors import LedgerBusyError, LedgerError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.examine import examine_ledger, salvage
from fairtrial.ledger.export import export_text
from fairtrial.ledger.gc import collect
from fairtrial.ledger.locked import is_being_written
from fairtrial.ledger.marks import GradeMark, GradePlace, enter_mark, read_marks, take_back_mark
from fairtrial.report.summary import summarise
from fairtrial.report.words import list_headline_doubts
from tests.support import view_ledger
from tests.support.ledgers import candidate_id

PLAIN = candidate_id("plain")
ITEMS = [item.id for item in view_ledger.written_items()]
SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "ledger-export.schema.json"


def place(at: int, repeat: int = 0) -> GradePlace:
    return GradePlace(PLAIN, view_ledger.WRITING, ITEMS[at], repeat, "acc")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    with view_ledger.view_ledger(tmp_path / "view.db") as made:
        yield made


def test_a_mark_is_a_row_of_its_own(ledger: Ledger) -> None:
    before = list(ledger.read("SELECT * FROM observations ORDER BY 1, 2, 3, 4, 5"))
    number = enter_mark(ledger, GradeMark(place(0), 1.0, False, who="Ada", note="four is a word \ud800"))
    enter_mark(ledger, GradeMark(place(1), 1.0, True, who="Ada"))
    found = read_marks(ledger, view_ledger.WRITING, [PLAIN])
    assert [(m.place.item, m.agrees, m.who) for m in found] == [(ITEMS[0], False, "Ada"), (ITEMS[1], True, "Ada")]
    assert found[0].note.startswith("four is a word") and found[0].created
    take_back_mark(ledger, number)
    assert [m.id for m in read_marks(ledger, view_ledger.WRITING, [PLAIN], ITEMS[0])] == []
    assert list(ledger.read("SELECT count(*) FROM marks")) == [(2,)]
    assert list(ledger.read("SELECT * FROM observations ORDER BY 1, 2, 3, 4, 5")) == before
    with pytest.raises(LedgerError, match="no mark with the number"):
        take_back_mark(ledger, number)


def test_what_one_person_says_anew_takes_the_place_of_what_they_said(ledger: Ledger) -> None:
    for who, agrees in (("Ada", False), ("Bob", False), ("Ada", True)):
        enter_mark(ledger, GradeMark(place(0), 1.0, agrees, who=who))
    assert [(m.who, m.agrees) for m in read_marks(ledger, view_ledger.WRITING, [PLAIN])] == [
        ("Bob", False),
        ("Ada", True),
    ]


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (GradeMark(place(0), 0.0, False), "has the grade 1 there"),
        (GradeMark(place(0, 9), 1.0, False), "no such grade"),
        (GradeMark(place(0), 1.0, False, note="x" * 2001), "2,001 characters"),
    ],
)
def test_a_mark_is_about_a_grade_that_there_is(ledger: Ledger, mark: GradeMark, told: str) -> None:
    with pytest.raises(LedgerError, match=told):
        enter_mark(ledger, mark)
    assert read_marks(ledger, view_ledger.WRITING, [PLAIN]) == []


def test_agreement_counts_what_was_drawn_and_the_headline_says_when_it_is_low(ledger: Ledger) -> None:
    trial = query.find_trial(ledger, view_ledger.TRIAL_ID)
    assert find_people_agreements(ledger, trial) == []
    enter_mark(ledger, GradeMark(place(0), 1.0, False))
    [chosen] = find_people_agreements(ledger, trial)
    assert (chosen.count, chosen.wrong, chosen.drawn) == (1, 1, False)
    assert "people chose, which says nothing certain about the others" in chosen.describe()
    for at in (1, 2, 3):
        value = float("four" in view_ledger.WRITTEN[at][0])
        enter_mark(ledger, GradeMark(place(at), value, at != 3, drawn=True))
    [drawn] = find_people_agreements(ledger, trial)
    assert (drawn.count, drawn.wrong, drawn.drawn, drawn.chosen) == (3, 1, True, 1)
    assert drawn.share.mean == pytest.approx(2 / 3) and drawn.share.low < 0.5 < drawn.share.high <= 1
    [doubt] = [d for d in summarise(ledger, trial.id).doubts if d.kind == "people_disagree"]
    assert doubt.headline and "of 3 grades drawn at random, people agree with 67%" in doubt.text
    assert doubt.text in list_headline_doubts(summarise(ledger, trial.id))


def test_a_full_export_holds_the_marks_that_stand(ledger: Ledger) -> None:
    taken_back = enter_mark(ledger, GradeMark(place(2), 0.0, False, who="Ada"))
    take_back_mark(ledger, taken_back)
    enter_mark(ledger, GradeMark(place(1), 1.0, True, who="Bob", note="four \ud800 indeed"))
    enter_mark(ledger, GradeMark(place(0), 1.0, False, drawn=True, who="Ada"))
    out = io.StringIO()
    export_text(ledger, out, full=True)
    rows = [row for line in out.getvalue().splitlines() if "mark" in (row := json.loads(line))]
    for row in rows:
        jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(row)
    told = {row["mark"]["who"]: row["mark"] for row in rows}
    assert [row["mark"]["item"] for row in rows] == sorted(ITEMS[:2])
    assert told["Ada"] == {
        "task": "writing", "item": ITEMS[0], "repeat": 0, "candidate": "plain", "measure": "acc", "value": 1.0,
        "agrees": False, "drawn": True, "who": "Ada", "note": "",
    }  # fmt: skip
    assert told["Bob"]["note"].startswith("four ") and told["Bob"]["agrees"]


def test_marks_are_examined_saved_and_cleared_up(ledger: Ledger, tmp_path: Path) -> None:
    enter_mark(ledger, GradeMark(place(0), 1.0, False))
    assert examine_ledger(ledger.path).rows["marks"] == 1
    assert salvage(ledger.path, tmp_path / "saved.db").sound
    with Ledger.open(tmp_path / "saved.db", create=False) as saved:
        assert len(read_marks(saved, view_ledger.WRITING, [PLAIN])) == 1
    with ledger.writing():
        collect(ledger, [view_ledger.TRIAL_ID])
    assert list(ledger.read("SELECT count(*) FROM marks")) == [(0,)]


def test_whether_somebody_writes_is_seen_without_getting_in_the_way(ledger: Ledger) -> None:
    assert not is_being_written(ledger.path)
    with ledger.writing():
        assert is_being_written(ledger.path)
        busy = pytest.raises(LedgerBusyError, match="another process")
        with Ledger.open(ledger.path) as other, busy, other.writing(wait_seconds=0):
            pass
    assert not is_being_written(ledger.path)
