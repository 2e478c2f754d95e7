"""The ledger keeps what it was given, once, whole, and gives it back as it was."""

from __future__ import annotations

import gc
import io
import json
import math
import sqlite3
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from fairtrial.errors import LedgerBusyError, LedgerError, MissingExtraError, UnknownNameError
from fairtrial.ledger import Chunk, Ending, Ledger, query
from fairtrial.ledger.export import export_parquet, export_text
from fairtrial.ledger.gc import collect
from fairtrial.records import GenerateAnswer, GenerateRequest, Observation, Pair, Prompt, ScoreAnswer, ScoreRequest
from tests.support.ledgers import TASK, TRIAL, candidate_id, filled, make_items

SCORE = ScoreRequest((Pair(Prompt("2 + 2 ="), "4"), Pair(Prompt("2 + 2 ="), "5")), label="not kept")
SCORED = ScoreAnswer(logprobs=(-0.1234567890123456789, -math.inf), greedy=(True, False), tokens=(1, 1))
ASK = GenerateRequest(Prompt("Say\u202ehi \x00"), max_tokens=4, stop=("\n",))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return filled(tmp_path / "t.db")


def test_answers_come_back_as_they_were(ledger: Ledger) -> None:
    a = candidate_id("a")
    ledger.commit(a, Chunk(answers=[(SCORE, SCORED)]))
    assert ledger.answers(a, [SCORE.id, "unknown"]) == {SCORE.id: SCORED}
    assert ledger.answers(candidate_id("b"), [SCORE.id]) == {}


def test_text_that_is_no_valid_unicode_survives(ledger: Ledger) -> None:
    a = candidate_id("a")
    said = GenerateAnswer(text="hi \x00\u202e", tokens=2, finish="stop")
    ledger.commit(a, Chunk(answers=[(ASK, said)]))
    assert ledger.answers(a, [ASK.id]) == {ASK.id: said}


def test_the_first_answer_counts(ledger: Ledger) -> None:
    a = candidate_id("a")
    later = ScoreAnswer(logprobs=(-9.0, -9.0), greedy=(False, False), tokens=(1, 1))
    ledger.commit(a, Chunk(answers=[(SCORE, SCORED)]))
    ledger.commit(a, Chunk(answers=[(SCORE, later)]))
    assert ledger.answers(a, [SCORE.id])[SCORE.id] == SCORED


def test_a_chunk_is_written_whole_or_not_at_all(ledger: Ledger) -> None:
    bad = Chunk(answers=[(SCORE, SCORED)], observations=[(TASK, "no-item", 0, Observation("acc", math.nan))])
    with pytest.raises(LedgerError, match="acc is nan"):
        ledger.commit(candidate_id("a"), bad)
    with pytest.raises(LedgerError, match="FOREIGN KEY"):
        ledger.commit("nobody", Chunk(answers=[(SCORE, SCORED)]))
    assert ledger.answers(candidate_id("a"), [SCORE.id]) == {}


def test_values_are_paired_in_trial_order_with_repeats_averaged(ledger: Ledger) -> None:
    a, b = candidate_id("a"), candidate_id("b")
    items = make_items(4)
    rows = [(TASK, items[0].id, 0, Observation("acc", 1.0)), (TASK, items[0].id, 1, Observation("acc", 0.0))]
    rows += [(TASK, item.id, 0, Observation("acc", 1.0)) for item in items[1:3]]
    ledger.commit(a, Chunk(observations=rows))
    ledger.commit(b, Chunk(observations=[(TASK, item.id, 0, Observation("acc", 0.0)) for item in items[:2]]))
    found = query.read_paired_values(ledger, TRIAL, a, b, TASK, "acc")
    order = [i for i in query.read_trial_order(ledger, TRIAL, TASK) if i in {items[0].id, items[1].id}]
    assert list(found.item_ids) == order
    assert dict(zip(found.item_ids, found.a_values, strict=True)) == {items[0].id: 0.5, items[1].id: 1.0}
    assert found.clusters[0] == found.clusters[1]  # both items belong to the first cluster
    assert np.all(found.b_weights == 1)
    assert query.read_values(ledger, TRIAL, a, TASK, "nothing").values.size == 0


def test_weighted_repeats_average_as_ratios(ledger: Ledger) -> None:
    item = make_items(1)[0]
    seen = [Observation("ppl", 2.0, weight=1.0), Observation("ppl", 4.0, weight=3.0)]
    ledger.commit(candidate_id("a"), Chunk(observations=[(TASK, item.id, n, o) for n, o in enumerate(seen)]))
    found = query.read_values(ledger, TRIAL, candidate_id("a"), TASK, "ppl")
    assert found.values.tolist() == [3.5]
    assert found.weights.tolist() == [2.0]


def test_items_and_trials_come_back(ledger: Ledger) -> None:
    assert list(query.read_items(ledger, TASK).values()) == make_items(4)
    assert query.find_trial(ledger).id == TRIAL
    assert query.find_trial(ledger, TRIAL[:5]).name == "tried"
    assert query.find_trial(ledger, "tried").text == "name: tried\n"
    with pytest.raises(UnknownNameError, match="Did you mean 'tried'"):
        query.find_trial(ledger, "tired")


def test_sessions_and_looks_are_kept(ledger: Ledger) -> None:
    number = ledger.open_session(TRIAL, {"python": "3.11"})
    ledger.close_session(number, Ending("finished"))
    look = {"verdict": "undecided", "difference": 0.1, "low": None, "high": 0.5}
    for _ in range(2):
        ledger.add_look(TRIAL, ("a", "b"), (TASK, "acc", 50), look)
    [session] = query.read_sessions(ledger, TRIAL)
    assert (session.reason, session.outcome, session.facts) == ("finished", "finished", {"python": "3.11"})
    assert [look.document for look in query.read_looks(ledger, TRIAL)] == [
        {"a": "a", "b": "b", "task_id": TASK, "measure": "acc", "items": 50, **look}
    ]


def answered(ledger: Ledger) -> None:
    for name in ("b", "a"):
        for item in make_items(4):
            request = ScoreRequest((Pair(Prompt(item.question), "x"),))
            chunk = Chunk(
                answers=[(request, ScoreAnswer((-1.0,), (True,), (1,)))],
                asked=[(TASK, item.id, 0, (request.id,))],
                observations=[(TASK, item.id, 0, Observation("acc", float(item.doc_id % 2)))],
            )
            ledger.commit(candidate_id(name), chunk)


def exported(ledger: Ledger, **options: bool) -> list[str]:
    out = io.StringIO()
    export_text(ledger, out, **options)
    return out.getvalue().splitlines()


def test_export_names_the_columns_and_does_not_depend_on_the_order_of_writing(ledger: Ledger, tmp_path: Path) -> None:
    answered(ledger)
    lines = [json.loads(line) for line in exported(ledger, answers=True)]
    assert len(lines) == 16
    named = ["candidate", "task", "doc_id", "item", "repeat", "measure", "value", "unit"]
    assert list(lines[0])[:8] == named
    assert [line["doc_id"] for line in lines[:8]] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert lines[-1]["logprobs"] == [-1.0]
    other = filled(tmp_path / "other.db")
    for item in reversed(make_items(4)):
        for name in ("a", "b"):
            request = ScoreRequest((Pair(Prompt(item.question), "x"),))
            other.commit(
                candidate_id(name),
                Chunk(
                    observations=[(TASK, item.id, 0, Observation("acc", float(item.doc_id % 2)))],
                    asked=[(TASK, item.id, 0, (request.id,))],
                    answers=[(request, ScoreAnswer((-1.0,), (True,), (1,)))],
                ),
            )
    assert exported(other, answers=True) == exported(ledger, answers=True)


def test_export_as_csv_and_parquet(ledger: Ledger, tmp_path: Path) -> None:
    answered(ledger)
    out = io.StringIO()
    assert export_text(ledger, out, "csv") == 8
    assert out.getvalue().splitlines()[0].startswith("candidate,task,doc_id,item,repeat,measure,value,unit")
    with pytest.raises(LedgerError, match="CSV"):
        export_text(ledger, out, "csv", answers=True)
    try:
        assert export_parquet(ledger, tmp_path / "rows.parquet") == 8
    except MissingExtraError:
        pytest.skip("pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table(tmp_path / "rows.parquet").num_rows == 8


def test_clearing_up_takes_only_what_no_trial_needs(ledger: Ledger) -> None:
    answered(ledger)
    ledger.commit(candidate_id("a"), Chunk(answers=[(SCORE, SCORED)]))  # belongs to no item
    would = collect(ledger, dry_run=True)
    assert (would.trials, would.answers, would.observations) == (0, 1, 0)
    assert SCORE.id in ledger.answers(candidate_id("a"), [SCORE.id])
    assert collect(ledger).answers == 1
    gone = collect(ledger, ["tried"])
    assert (gone.trials, gone.answers, gone.observations, gone.items) == (1, 8, 8, 4)
    assert query.read_trials(ledger) == []


def test_other_files_are_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("these are my notes, and no database")
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE mine (x)")
    for path, reason in ((text, "no SQLite file"), (foreign, "not a ledger"), (tmp_path, "is a folder")):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(LedgerError, match=reason):
            Ledger.open(path)
        assert before == (path.read_bytes() if path.is_file() else b"")
    with pytest.raises(LedgerError, match="no ledger"):
        Ledger.open(tmp_path / "none.db", create=False)
    with pytest.raises(LedgerError, match="does not exist"):
        Ledger.open(tmp_path / "no" / "folder.db")


def test_a_ledger_from_the_future_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    filled(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="newer fairtrial"):
        Ledger.open(path)


def test_one_writer_at_a_time(ledger: Ledger) -> None:
    waited: list[str] = []
    with ledger.writing(), Ledger.open(ledger.path) as second:
        with pytest.raises(LedgerBusyError, match="another process is writing"), second.writing(wait_seconds=0):
            pass
        with (
            pytest.raises(LedgerBusyError, match="another process is writing"),
            second.writing(0.05, lambda: waited.append("waiting")),
        ):
            pass
        assert query.find_trial(second).id == TRIAL  # reading is never blocked
    with ledger.writing(wait_seconds=0):
        assert waited == ["waiting"]


def test_exported_lines_follow_their_schema(ledger: Ledger) -> None:
    answered(ledger)
    item = make_items(1)[0]
    chunk = Chunk(answers=[(ASK, GenerateAnswer("4", 1, "stop"))], asked=[(TASK, item.id, 1, (ASK.id,))])
    ledger.commit(candidate_id("a"), chunk)
    schema = json.loads((Path(__file__).parents[3] / "docs" / "schemas" / "ledger-export.schema.json").read_text())
    checker = jsonschema.Draft202012Validator(schema)
    lines = [json.loads(line) for line in exported(ledger, answers=True)]
    assert sum("text" in line for line in lines) == 1
    for line in lines:
        checker.validate(line)
    assert not checker.is_valid({**lines[0], "value": "much"})
    assert not checker.is_valid({key: value for key, value in lines[-1].items() if key != "logprobs"})


def test_a_ledger_that_nobody_closed_is_not_taken_for_open_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "forgotten.db"
    left = filled(path)
    assert left.path == path
    del left
    gc.collect()
    path.write_text("a text in the same place")
    with pytest.raises(LedgerError, match="no SQLite file"):
        Ledger.open(path)
