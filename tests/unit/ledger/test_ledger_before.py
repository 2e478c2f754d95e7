"""A ledger of version 2, written before prompts had parts, is opened, goes on, and says what it said."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.examine import examine_ledger
from fairtrial.ledger.schema import MIGRATIONS
from fairtrial.planning import candidates as planning
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import GenerateRequest
from fairtrial.report.summary import summarise
from fairtrial.running import answering
from fairtrial.running.conductor import run
from fairtrial.spec.source import load_trial

OLDER = Path(__file__).parents[2] / "support" / "ledger_version_2.sql"
TRIAL = """
name: older
seed: 7
candidates:
  - {id: small, model: "fake:small"}
  - {id: chatty, model: "fake:chatty", chat: model, system: Be brief., decoding: {max_tokens: 12}}
tasks:
  - {task: arithmetic, limit: 6, shots: 2}
  - {task: arithmetic_open, limit: 4, shots: 1}
decide: {margin: 0.05}
"""
VERDICTS = [
    ("chatty", "small", "arithmetic", "undecided", -0.16666666666666669, -0.7338133383014929, 0.5240953806320171),
    ("chatty", "small", "arithmetic_open", "undecided", 0.0, -0.6023646356164761, 0.6023646356164761),
]
ESTIMATES = [
    ("small", "arithmetic", 0.5, 0.11811724875702641),
    ("chatty", "arithmetic", 0.3333333333333333, 0.043271868292741884),
    ("small", "arithmetic_open", 0.0, 0.0),
    ("chatty", "arithmetic_open", 0.0, 0.0),
]
"""What the version that wrote the ledger said of it."""


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "older.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OLDER.read_text())
    return path


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(planning, "get_engine_version", lambda name: "0.1.0")
    path = tmp_path / "older.yaml"
    path.write_text(TRIAL)
    return plan_trial(load_trial(path).trial, tmp_path)


def said(ledger: Ledger, trial_id: str) -> tuple[list[object], list[object]]:
    found = summarise(ledger, trial_id)
    verdicts = [(v.a, v.b, v.task, v.verdict, v.difference, v.low, v.high) for v in found.verdicts]
    return verdicts, [(e.candidate, e.task, e.mean, e.low) for e in found.estimates if e.unit == "1"]


def test_it_goes_on_where_it_was_with_nothing_asked_again(
    older: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "answer_requests", lambda *_: pytest.fail("an answer is in the ledger already"))
    with Ledger.open(older) as ledger:
        assert ledger.connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        before = query.count_rows(ledger)
        [old] = query.read_trials(ledger)
        assert said(ledger, old.id) == (VERDICTS, ESTIMATES)
        with ledger.writing():
            again = run(plan, TRIAL, ledger, EngineSettings())
        after = query.count_rows(ledger)
        # numbers are read otherwise since, so arithmetic_open is another task of the same items: its grades are new
        assert again != old.id
        assert (after["answers"], after["candidates"]) == (before["answers"], before["candidates"])
        assert after["items"] == before["items"] + 4
        assert said(ledger, again) == said(ledger, old.id) == (VERDICTS, ESTIMATES)
    assert examine_ledger(older).sound


def test_what_is_missing_of_it_is_asked_and_the_rest_is_kept(older: Path, plan: Plan) -> None:
    with closing(sqlite3.connect(older)) as db:
        answers = dict(db.execute("SELECT request_id, answer FROM answers"))
        for table in ("answers", "asked", "observations"):
            db.execute(f"DELETE FROM {table} WHERE candidate_id = (SELECT id FROM candidates WHERE name = 'chatty')")
        db.commit()
        assert db.execute("SELECT count(*) FROM answers").fetchone() == (10,)
    with Ledger.open(older) as ledger:
        with ledger.writing():
            trial_id = run(plan, TRIAL, ledger, EngineSettings())
        assert dict(ledger.read("SELECT request_id, answer FROM answers")) == answers
        assert said(ledger, trial_id) == (VERDICTS, ESTIMATES)


def test_it_is_read_and_looked_through_as_it_is(older: Path) -> None:
    assert examine_ledger(older).sound
    with Ledger.open(older, create=False) as ledger:
        [old] = query.read_trials(ledger)
        task = next(task for task in old.plan.tasks if task.name == "arithmetic_open")
        [item, *_] = query.read_items(ledger, task.id).values()
        candidate = next(one for one in old.plan.candidates if one.name == "chatty")
        [(request, _)] = query.read_item_answers(ledger, candidate.id, task.id, item.id)
    assert isinstance(request, GenerateRequest)
    assert request.max_tokens == 12 and [one.role for one in request.prompt.messages] == [
        "system", "user", "assistant", "user"
    ]  # fmt: skip
