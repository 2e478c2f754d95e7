"""Several engines side by side: the ledger is that of a run with one, whatever happens to the processes."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest

from fairtrial.analysis.doubts import find_doubts
from fairtrial.engines import EngineSettings
from fairtrial.errors import EngineError, SpecError
from fairtrial.ledger import query
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import Answer, GenerateRequest, Prompt, Request
from fairtrial.running.answering import Answered
from fairtrial.running.pool import open_pool
from fairtrial.running.runners import HERE, RunnerPlace, crew, open_runner, processes, read_place
from fairtrial.spec.trial import Trial
from fairtrial.workers.base import LostWorkerError, WorkEnded
from tests.support.dying import DyingWork
from tests.support.many_workers import conducted, rows_of


def planned(tmp_path: Path, **changes: object) -> Plan:
    base: dict[str, object] = {
        "candidates": [{"id": name, "model": f"fake:{name}"} for name in "ab"],
        "tasks": [{"task": "table", "level": 1, "limit": 130, "shots": 1}, {"task": "logic", "level": 1, "limit": 60}],
    }
    return plan_trial(Trial.model_validate({**base, **changes}), tmp_path)


class KilledLink(processes.ProcessLink):
    """The first two workers are at work side by side; one of them, and later a third or the other one, is killed with a
    piece of work done and nobody told."""

    numbers = itertools.count()
    killed: ClassVar[list[KilledLink]] = []
    both = threading.Barrier(2)

    def receive(self) -> Any:
        message = super().receive()
        if isinstance(message, WorkEnded) and isinstance(message.value, Answered):
            number = next(self.numbers)
            if number < 2:
                self.both.wait(600)
            if number in (1, 4):
                self.killed.append(self)
                os.kill(self._process.pid, signal.SIGKILL)
                raise LostWorkerError(self._explain_end())
        return message


def test_processes_give_the_ledger_of_a_local_run_though_some_are_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(tmp_path)
    alone = conducted(plan, tmp_path / "alone.db", HERE)
    monkeypatch.setattr(processes, "ProcessLink", KilledLink)
    monkeypatch.setattr(KilledLink, "numbers", itertools.count())
    monkeypatch.setattr(KilledLink, "killed", killed := [])
    beside = conducted(plan, tmp_path / "beside.db", RunnerPlace("processes", workers=2))
    assert len(killed) == 2
    assert rows_of(beside) == rows_of(alone)
    [session] = query.read_sessions(beside, plan.id)
    assert session.facts["runner"]["kind"] == "processes"
    assert set(session.facts["answered_on"]) == {one.id for one in plan.candidates}
    assert len(session.facts["machines"]) == 1
    assert session.facts["runner"]["lost"] >= 1, "what the first one was doing was done again"
    timed = {row for row in beside.read("SELECT DISTINCT candidate_id FROM observations WHERE measure = 'seconds'")}
    why = [why for (why,) in beside.read("SELECT DISTINCT reason FROM absences WHERE measure = 'seconds'")]
    assert why == ["others were answering on the same machine at the time, so that this would not be its own"]
    crowded = session.facts["runner"]["beside"]
    assert crowded in (["a", "b"], ["a"], ["b"]), "a worker that was killed may have left the other one alone"
    assert len(timed) < 2 or why
    [doubt] = [one for one in find_doubts(beside, plan.id) if one.kind == "beside"]
    assert doubt.headline
    assert doubt.text.startswith(f"{', '.join(crowded)} answered beside others on one machine (--on processes)")


def test_early_stopping_ends_as_on_one_machine(tmp_path: Path) -> None:
    tasks = [{"task": "table", "level": 1, "limit": 300}]
    plan = planned(tmp_path, decide={"stop_early": True}, tasks=tasks)
    alone = conducted(plan, tmp_path / "alone.db", HERE)
    beside = conducted(plan, tmp_path / "beside.db", RunnerPlace("processes", workers=2))
    assert rows_of(beside) == rows_of(alone)


def test_a_budget_of_items_is_kept(tmp_path: Path) -> None:
    plan = planned(tmp_path, budget={"items": 220})
    alone = conducted(plan, tmp_path / "alone.db", HERE)
    beside = conducted(plan, tmp_path / "beside.db", RunnerPlace("processes", workers=2))
    assert 0 < len(rows_of(beside)["asked"]) <= 220
    assert rows_of(beside) == rows_of(alone)


class Kept:
    """A keeper that shows what it has."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, request: Request, answer: Answer) -> None:
        self.seen.append(request.id)

    def flush(self) -> None:
        self.seen.append("flushed")


def test_work_that_was_begun_goes_on_where_it_stopped_and_what_always_kills_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "ATTEMPTS", 2)
    plan = planned(tmp_path)
    requests = [GenerateRequest(Prompt(f"{i}?"), max_tokens=4) for i in range(4)]
    once, ever = tmp_path / "once", tmp_path / "ever"
    once.mkdir()
    ever.mkdir()
    keeper = Kept()
    place = RunnerPlace("processes", workers=1)
    with open_pool(EngineSettings(threads=1)) as pool, open_runner(place, pool, plan, tmp_path / "t.db") as runner:
        who = plan.candidates[:1]
        got = runner.submit(DyingWork(who, requests, once, 1, 2), keeper).result()
        assert list(got.answers) == [request.id for request in requests]
        assert [one for one in keeper.seen if one != "flushed"] == [request.id for request in requests]
        second = sorted(once.iterdir())[1].name
        assert second == "1-" + ",".join(request.id for request in requests[2:])
        often = tmp_path / "often"
        often.mkdir()
        got = runner.submit(DyingWork(who, requests, often, 99, 1)).result()
        assert list(got.answers) == [request.id for request in requests]
        assert len(list(often.iterdir())) == 4, "each got on by one answer, and so three were lost and none too many"
        with pytest.raises(EngineError, match=r"ended with exit code 7.* went 2 times") as raised:
            runner.submit(DyingWork(who, requests, ever, 99, 0)).result()
        assert raised.value.where == "candidate a, task t, 50 items from 100"
        assert len(list(ever.iterdir())) == 2
    gone = time.monotonic() + 600
    while any("workers.serving" in " ".join(one.cmdline()) for one in psutil.Process().children()):
        assert time.monotonic() < gone, "a worker is left"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("written", "workers", "told"),
    [
        ("proceses", None, r"cannot be made on 'proceses'\. Did you mean 'processes'\?"),
        ("local", 3, "3 workers, and local does one thing at a time"),
        ("processes:4", None, r"cannot be made on 'processes:4'\. Did you mean '--on processes --workers 4'\?"),
        ("ray://head:10001", None, r"cannot be made on 'ray://head:10001'\. Did you mean 'ray:head:10001'\?"),
    ],
)
def test_wrong_words_for_a_place_are_told(written: str, workers: int | None, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        read_place(written, workers)


def test_places_are_read() -> None:
    assert read_place("ray:10.0.0.1:6379", 4) == RunnerPlace("ray", "10.0.0.1:6379", 4)
    assert read_place("ray:10.0.0.1:6379") == RunnerPlace("ray", "10.0.0.1:6379")
    assert read_place("local") == HERE
