"""Ledgers of several machines are one by content: in any order, as often as one likes, and never by a silent choice."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import fairtrial as ft
from fairtrial.analysis.doubts import find_doubts
from fairtrial.analysis.verdicts import find_verdicts
from fairtrial.cli.main import app
from fairtrial.errors import LedgerError
from fairtrial.ledger import Chunk, Ending, Ledger
from fairtrial.ledger.encoding import decode_request
from fairtrial.ledger.examine import examine_ledger
from fairtrial.ledger.export import export_text
from fairtrial.ledger.marks import GradeMark, GradePlace, enter_mark
from fairtrial.ledger.merging import ClashingLedgersError, merge_ledgers
from fairtrial.ledger.merging.taking import TAKEN
from fairtrial.ledger.passages import hash_text
from fairtrial.ledger.withdrawing import withdraw_words
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    Observation,
    PassageText,
    PassageUse,
    Prompt,
    TraceStep,
)
from tests.support.ledgers import TASK, TRIAL, candidate_id, filled, make_items

OLDER = Path(__file__).parents[2] / "support" / "ledger_version_2.sql"

WORDS = "The ferry to Saltmere sails at noon on every day but Sunday, and takes no dogs."


class Told(NamedTuple):
    """An answer of one candidate to one item, and its grade."""

    candidate: str
    item: int
    text: str
    acc: float


def tell(ledger: Ledger, told: Sequence[Told], note: str = "") -> None:
    """Enter what one machine has answered, as a run of the trial."""
    ids = [item.id for item in make_items(4)]
    session = ledger.open_session(TRIAL, {"machine": note})
    for one in told:
        request = GenerateRequest(Prompt(f"Question {one.item}?", "Few shots " * 20), 8)
        answer = (request, GenerateAnswer(one.text, 1, "stop"))
        asked = (TASK, ids[one.item], 0, (request.id,))
        seen = (TASK, ids[one.item], 0, Observation("acc", one.acc))
        whole = (session, Observation("memory", float(len(note)), unit="B"))
        ledger.commit(candidate_id(one.candidate), Chunk([answer], [asked], [seen], whole=[whole]))
    ledger.close_session(session, Ending("finished"))


def write(path: Path, told: Sequence[Told], note: str = "") -> Path:
    with filled(path) as ledger:
        tell(ledger, told, note)
    return path


def content(path: Path) -> tuple[Any, ...]:
    """All that a ledger says, whatever place its rows have in the file."""
    out = io.StringIO()
    with Ledger.open(path, create=False) as ledger:
        export_text(ledger, out, full=True, answers=True)
        requests = ledger.read("SELECT r.id, r.body, b.body FROM requests r LEFT JOIN requests b ON b.id = r.base")
        decoded = sorted((key, repr(decode_request(body, base))) for key, body, base in requests)
        tables = (
            "sessions",
            "marks",
            "passages",
            "merges",
            "candidates",
            "tasks",
            "items",
            "answers",
            "absences",
            "votes",
        )
        return out.getvalue(), decoded, [sorted(ledger.read(f"SELECT * FROM {name}"), key=repr) for name in tables]


def both(text: str = "yes", acc: float = 1.0) -> tuple[list[Told], list[Told]]:
    """What two machines have answered: one item is the same, and the second may say otherwise of it."""
    return (
        [Told("a", 0, "yes", 1.0), Told("a", 1, "no", 0.0), Told("b", 0, "no", 0.0)],
        [Told("a", 0, text, acc), Told("b", 1, "yes", 1.0)],
    )


told_lists = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 3)), unique=True, max_size=5).map(
    lambda keys: [Told(who, item, f"{who} says {item}", float(item % 2)) for who, item in keys]
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(told_lists, min_size=3, max_size=3), st.permutations(range(3)))
def test_the_order_does_not_matter_and_merging_again_changes_nothing(parts: list[list[Told]], order: list[int]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        paths = [write(root / f"{at}.db", told, f"machine {at}") for at, told in enumerate(parts)]
        merge_ledgers(paths, root / "one.db")
        merge_ledgers([paths[at] for at in order], root / "other.db")
        merge_ledgers([root / "one.db", paths[order[0]]], root / "again.db")
        found = content(root / "one.db")
        assert content(root / "other.db") == found
        assert content(root / "again.db") == found
        assert examine_ledger(root / "one.db").sound


def test_every_table_is_known_and_the_sources_stay_as_they_are(tmp_path: Path) -> None:
    first, second = both()
    paths = [write(tmp_path / "a.db", first), write(tmp_path / "b.db", second)]
    before = [path.read_bytes() for path in paths]
    found = merge_ledgers(paths, tmp_path / "c.db")
    assert [path.read_bytes() for path in paths] == before
    assert (found.rows["answers"], found.rows["sessions"], found.clashes) == (4, 2, ())
    with closing(sqlite3.connect(tmp_path / "c.db")) as db:
        assert {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} == TAKEN
        whole = db.execute("SELECT candidate_id, repeat FROM observations WHERE task_id = ''").fetchall()
    assert sorted(number for _, number in whole) == [1, 1, 2, 2]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(("text", "acc"), [("no", 0.0), ("yes", 0.5)])
def test_what_contradicts_is_named_and_nothing_is_written(tmp_path: Path, text: str, acc: float) -> None:
    first, second = both(text, acc)
    paths = [write(tmp_path / "a.db", first), write(tmp_path / "b.db", second)]
    with pytest.raises(ClashingLedgersError, match="contradict each other in one place") as raised:
        merge_ledgers(paths, tmp_path / "c.db")
    [clash] = raised.value.clashes
    assert (clash.kind, clash.candidate, clash.count) == ("answers" if text == "no" else "values", "a", 1)
    assert not (tmp_path / "c.db").exists()
    done = CliRunner().invoke(app, ["ledger", "merge", *map(str, paths), "--out", str(tmp_path / "c.db")])
    assert isinstance(done.exception, ClashingLedgersError)
    assert "item 0" in done.output


@pytest.mark.parametrize("keep", ["first", "newest"])
def test_a_choice_takes_items_whole_and_the_headline_tells(tmp_path: Path, keep: Any) -> None:
    first, second = both("no", 0.0)
    paths = [write(tmp_path / "a.db", first)]
    time.sleep(0.01)
    paths += [write(tmp_path / "b.db", second)]
    found = merge_ledgers(paths, tmp_path / "c.db", keep)
    assert found.order[0] == paths[0 if keep == "first" else 1]
    with Ledger.open(tmp_path / "c.db", create=False) as ledger:
        rows = dict(ledger.read("SELECT item_id, value FROM observations WHERE candidate_id = ?", (candidate_id("a"),)))
        [doubt] = [one for one in find_doubts(ledger, TRIAL) if one.kind == "merged"]
    assert rows[make_items(1)[0].id] == (1.0 if keep == "first" else 0.0)
    assert doubt.headline
    assert "contradicted each other in one place" in doubt.text
    merge_ledgers([tmp_path / "c.db", paths[0 if keep == "first" else 1]], tmp_path / "d.db")
    assert content(tmp_path / "d.db") == content(tmp_path / "c.db")


def test_a_grade_goes_with_the_answer_that_it_was_given_to(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.db", [Told("a", 0, "yes", 1.0)]), tmp_path / "b.db"]
    request, item = GenerateRequest(Prompt("Question 0?", "Few shots " * 20), 8), make_items(3)[2].id
    with filled(paths[1]) as ledger:
        answer, seen = GenerateAnswer("no", 1, "stop"), (TASK, item, 0, Observation("acc", 0.0))
        ledger.commit(candidate_id("a"), Chunk([(request, answer)], [(TASK, item, 0, (request.id,))], [seen]))
    assert merge_ledgers(paths, tmp_path / "c.db", "first").dropped == 1
    with Ledger.open(tmp_path / "c.db", create=False) as ledger:
        assert list(ledger.read("SELECT 1 FROM observations WHERE item_id = ?", (item,))) == []
        assert list(ledger.read("SELECT 1 FROM asked WHERE item_id = ?", (item,))) == []
        assert any("1 grade of" in doubt.text for doubt in find_doubts(ledger, TRIAL))


def passages(path: Path, item: int, text: str = WORDS, until: str = "") -> Path:
    """A ledger with an answer that repeats the words of a document."""
    use = PassageUse("d1", "news/1.md", 0, 36, hash_text(WORDS), kept=PassageText("news", text, "Ferries", until))
    request = GenerateRequest(Prompt(f"Question {item}?"), 8)
    answer = GenerateAnswer(f"It says: {WORDS}", 3, "stop", trace=(TraceStep("retrieve", passages=(use,)),))
    with filled(path) as ledger:
        ledger.commit(candidate_id("a"), Chunk([(request, answer)]))
    return path


def test_withdrawn_words_never_come_back(tmp_path: Path) -> None:
    gone, there, same = (passages(tmp_path / f"{name}.db", item) for name, item in (("a", 0), ("b", 1), ("c", 0)))
    with Ledger.open(gone) as ledger, ledger.writing():
        withdraw_words(ledger, ["d1"], {"d1": WORDS})
    for at, order in enumerate(([gone, there, same], [same, there, gone])):
        out = tmp_path / f"out{at}.db"
        assert merge_ledgers(order, out).clashes == ()
        assert b"Saltmere" not in out.read_bytes()
        with Ledger.open(out, create=False) as ledger:
            assert list(ledger.read("SELECT text, title, display_until IS NULL FROM passages")) == [(None, None, 0)]
            assert len(list(ledger.read("SELECT 1 FROM answers WHERE instr(answer, 'withdrawn: sha256')"))) == 2


@pytest.mark.parametrize(
    ("one", "other", "kept"),
    [
        (("", ""), (WORDS, ""), (None, None)),
        ((WORDS, "2027-01-01T00:00:00+00:00"), (WORDS, ""), (WORDS, "2027-01-01T00:00:00+00:00")),
        (
            (WORDS, "2027-01-01T00:00:00+00:00"),
            (WORDS, "2026-12-31T23:00:00-05:00"),
            (WORDS, "2027-01-01T00:00:00+00:00"),
        ),
    ],
)
def test_the_stricter_decision_about_a_passage_holds(tmp_path: Path, one: Any, other: Any, kept: Any) -> None:
    paths = [passages(tmp_path / "a.db", 0, *one), passages(tmp_path / "b.db", 0, *other)]
    for at, order in enumerate((paths, paths[::-1])):
        merge_ledgers(order, tmp_path / f"out{at}.db")
        with Ledger.open(tmp_path / f"out{at}.db", create=False) as ledger:
            assert list(ledger.read("SELECT text, display_until FROM passages")) == [kept]


def test_marks_of_people_and_what_they_took_back_are_kept(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.db", both()[0])]
    place = GradePlace(candidate_id("a"), TASK, make_items(1)[0].id, 0, "acc")
    with Ledger.open(paths[0]) as ledger, ledger.writing():
        enter_mark(ledger, GradeMark(place, 1.0, True, who="Ann"))
    paths.append(tmp_path / "b.db")
    paths[1].write_bytes(paths[0].read_bytes())
    with closing(sqlite3.connect(paths[1])) as db, db:
        db.execute("UPDATE marks SET taken_back = '2026-11-27T00:00:00.000Z'")
    merge_ledgers(paths, tmp_path / "c.db")
    with Ledger.open(tmp_path / "c.db", create=False) as ledger:
        assert list(ledger.read("SELECT who, taken_back FROM marks")) == [("Ann", "2026-11-27T00:00:00.000Z")]


def spoil(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("PRAGMA user_version = 99", "newer fairtrial"),
        ("UPDATE answers SET answer = '{'", "is damaged: answers"),
        ("CREATE TRIGGER t AFTER INSERT ON answers BEGIN DELETE FROM items; END", "has a trigger 't'"),
        ("CREATE VIEW v AS SELECT 1", "has a view 'v'"),
        ("ALTER TABLE answers ADD COLUMN more TEXT", "its table answers has not the columns of a ledger.*'more'"),
        ("ALTER TABLE answers ADD COLUMN x TEXT AS (hex(zeroblob(9)))", "its table answers has not the columns"),
        ("UPDATE items SET cluster = 'x'", "has another item under the same id"),
        ("PRAGMA application_id = 7", "application id is 7"),
    ],
)
def test_hostile_and_damaged_ledgers_are_refused_in_words(tmp_path: Path, statement: str, words: str) -> None:
    first, second = both()
    paths = [write(tmp_path / "a.db", first), write(tmp_path / "b.db", second)]
    spoil(paths[1], statement)
    with pytest.raises(LedgerError, match=words):
        merge_ledgers(paths, tmp_path / "c.db", "first")
    assert not (tmp_path / "c.db").exists()


def test_a_ledger_of_an_older_version_is_merged_as_often_as_one_likes(tmp_path: Path) -> None:
    older, newer = tmp_path / "older.db", tmp_path / "newer.db"
    with closing(sqlite3.connect(older)) as db:
        db.executescript(OLDER.read_text())
    newer.write_bytes(older.read_bytes())
    Ledger.open(newer).close()  # brought into today's form
    before, rows = older.read_bytes(), []
    for at, parts in enumerate([(older, newer), (newer, older), (older, newer, tmp_path / "0.db")]):
        rows.append(merge_ledgers(list(parts), tmp_path / f"{at}.db").rows)
    assert rows[0]["answers"] == 20 and rows.count(rows[0]) == 3
    assert older.read_bytes() == before


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_text("no"), "no SQLite file"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: None, "there is no ledger"),
    ],
)
def test_what_is_no_ledger_is_refused(tmp_path: Path, make: Any, words: str) -> None:
    one = write(tmp_path / "a.db", both()[0])
    make(tmp_path / "b.db")
    with pytest.raises(LedgerError, match=words):
        merge_ledgers([one, tmp_path / "b.db"], tmp_path / "c.db")
    with pytest.raises(LedgerError, match="exists"):
        merge_ledgers([one, one], one)
    with pytest.raises(LedgerError, match="two ledgers or more"):
        merge_ledgers([one], tmp_path / "c.db")


def test_a_killed_merge_leaves_no_half_ledger(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{at}.db", told) for at, told in enumerate(both())]
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom fairtrial.ledger.merging import merging\n"
        "merging.write_runs = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "merging.merge_ledgers([Path(p) for p in sys.argv[1:3]], Path(sys.argv[3]))"
    )
    out = tmp_path / "c.db"
    done = subprocess.run([sys.executable, "-c", code, *map(str, paths), str(out)], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()
    assert merge_ledgers(paths, out).rows["answers"] == 4
    assert not list(tmp_path.glob(".c.db*"))


def small(prompt: str) -> str:
    return "A" if len(prompt) % 3 else "B"


def large(prompt: str) -> str:
    return "AB"[len(prompt) % 2]


def test_halves_of_a_trial_are_the_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines run a task each; on what they have together the whole trial asks nothing, and says the same."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    calls = []

    def counting(prompt: str) -> str:
        calls.append(prompt)
        return large(prompt)

    def run(tasks: Sequence[str], name: str) -> ft.Result:
        given = [ft.Function(small, version="1"), ft.Function(counting, name="large", version="1")]
        return ft.compare(given, tasks, limit=60, ledger=tmp_path / name)

    whole = run(["table@1", "patterns@1"], "whole.db")
    run(["table@1"], "a.db")
    run(["patterns@1"], "b.db")
    merge_ledgers([tmp_path / "a.db", tmp_path / "b.db"], tmp_path / "c.db")
    asked = len(calls)
    merged = run(["table@1", "patterns@1"], "c.db")
    assert len(calls) == asked
    assert merged.trial_id == whole.trial_id
    assert list(merged.verdicts) == list(whole.verdicts)
    assert len(merged.verdicts) == 2
    with Ledger.open(tmp_path / "c.db", create=False) as ledger:
        assert find_verdicts(ledger, whole.trial_id) == list(whole.verdicts)
