"""Answering touches no ledger: another process does it, and whoever conducts the trial stores what comes back."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

import fairtrial.running.pool as pool_module
from fairtrial.engines import EngineSettings
from fairtrial.engines.base import StreamsAnswers
from fairtrial.engines.fake import FakeEngine
from fairtrial.errors import EngineError, FairtrialError, MissingExtraError, PluginError, TaskError, UnknownNameError
from fairtrial.ledger import Ledger, query
from fairtrial.planning.base import PlannedCandidate
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.planning.requests import make_chunks
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Observation,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
)
from fairtrial.running.answering import Answered, answer_items, answer_requests, find_mismatch, observe_items
from fairtrial.running.chunks import ask_chunk, store_chunk
from fairtrial.running.pool import open_pool
from fairtrial.running.runners.local import LocalRunner
from fairtrial.running.storing import KEPT_AT_ONCE, open_writer, write_plan
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import TaskEntry, Trial

SPAWN = multiprocessing.get_context("spawn")
MEASURED = ("seconds", "cpu_seconds", "load_seconds")


def planned(folder: Path) -> Plan:
    trial = Trial(
        candidates=(Candidate(id="a", model="fake:a"),),
        tasks=(
            TaskEntry(task="table", level=1, limit=70, shots=1),
            TaskEntry(task="arithmetic_open", level=1, limit=20, shots=1),
        ),
    )
    return plan_trial(trial, folder)


def answer_there(candidate: PlannedCandidate, items: Sequence[Sequence[Request]]) -> Answered:
    """What the other process does."""
    with open_pool(EngineSettings()) as pool:
        return answer_items(candidate, items, pool)


def rows_of(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is stored; of what a clock tells, only that it is there.

    Memory is left out: it is absent where a process has not grown, as one may not that has run other tests before.
    """
    measured = ", ".join(f"'{name}'" for name in MEASURED)
    value = f"CASE WHEN measure IN ({measured}) THEN 'some' ELSE value END"
    columns = f"candidate_id, task_id, measure, item_id, repeat, {value}, weight, unit"
    return {
        "answers": sorted(ledger.read("SELECT candidate_id, request_id, answer FROM answers")),
        "asked": sorted(ledger.read("SELECT * FROM asked")),
        "observations": sorted(ledger.read(f"SELECT {columns} FROM observations WHERE measure <> 'memory_bytes'")),
        "absences": sorted(ledger.read("SELECT * FROM absences WHERE measure <> 'memory_bytes'")),
    }


def test_a_chunk_answered_in_another_process_is_the_same_in_the_ledger(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    [candidate] = plan.candidates
    here, there = Ledger.open(tmp_path / "here.db"), Ledger.open(tmp_path / "there.db")
    with ProcessPoolExecutor(1, SPAWN) as elsewhere, open_pool(EngineSettings()) as pool:
        for ledger in (here, there):
            with ledger.writing():
                write_plan(plan, "text", ledger)
                with open_writer(ledger, plan.id, {}) as writer:
                    for task in plan.tasks:
                        for chunk in make_chunks(task, candidate):
                            if ledger is here:
                                asked = ask_chunk(task, candidate, chunk, LocalRunner(pool), writer)
                            else:
                                items = [one.requests for one in chunk]
                                got = elsewhere.submit(answer_there, candidate, items).result(timeout=600)
                                probes = pool.list_probes(candidate)
                                asked = store_chunk(task, candidate, chunk, {}, got, probes, writer)
                            assert asked.paid == len(chunk)
                            assert {"seconds", "tokens_in"} <= asked.costs.keys()
    mine, theirs = rows_of(here), rows_of(there)
    assert {len(row) for row in mine["answers"]} == {3}
    assert len(mine["answers"]) == 90
    assert "load_seconds" in {row[2] for row in theirs["observations"]}
    assert mine == theirs


class OneByOne(FakeEngine):
    """Hands each answer over as it comes; the process dies at the last of them."""

    def as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Yield the answers to all requests but one."""
        yield from zip(requests[:-1], self.generate(requests[:-1]), strict=True)  # type: ignore[arg-type]
        os._exit(9)


def answer_and_die(candidate: PlannedCandidate, items: Sequence[Sequence[Request]], out: Connection) -> None:
    """What another process does that does not live to its end."""
    pool_module.open_engine = lambda spec, model, settings: OneByOne(model.name, spec)  # type: ignore[assignment]
    with open_pool(EngineSettings()) as pool:
        answer_items(candidate, items, pool, lambda request, answer: out.send((request, answer)))


def test_answers_that_were_handed_over_before_the_other_process_died_are_kept(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    [candidate], task = plan.candidates, plan.tasks[1]
    [chunk] = make_chunks(task, candidate)
    ledger = Ledger.open(tmp_path / "t.db")
    coming, out = SPAWN.Pipe(duplex=False)
    other = SPAWN.Process(target=answer_and_die, args=(candidate, [one.requests for one in chunk], out))
    other.start()
    out.close()
    with ledger.writing():
        write_plan(plan, "text", ledger)
        with open_writer(ledger, plan.id, {}) as writer, writer.keep_answers(candidate.id) as keep:
            for done in range(1, len(chunk)):
                keep(*coming.recv())
                assert query.count_rows(ledger)["answers"] == done - done % KEPT_AT_ONCE
            with pytest.raises(EOFError):
                coming.recv()
    other.join(60)
    assert other.exitcode == 9
    assert query.count_rows(ledger)["answers"] == len(chunk) - 1 == 19


def test_an_engine_that_hands_answers_over_one_by_one_says_so_by_having_the_method() -> None:
    assert isinstance(OneByOne("a", Candidate(id="a", model="fake:a")), StreamsAnswers)
    assert not isinstance(FakeEngine("a", Candidate(id="a", model="fake:a")), StreamsAnswers)


@pytest.mark.parametrize(
    "error",
    [
        EngineError("it broke.", fix="Mend it.", where="item 3"),
        MissingExtraError("The engine llamacpp", "llamacpp"),
        UnknownNameError("engine", "lama", ["llama"], fix="Engines: llama."),
    ],
)
def test_an_error_comes_back_from_another_process_as_it_was(error: FairtrialError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


class Faulty:
    """An engine of a plugin that gives what nobody asked for."""

    def __init__(self, *given: object) -> None:
        self.given = given

    def score(self, requests: Sequence[Request]) -> Iterator[object]:
        for each in self.given:
            if isinstance(each, BaseException):
                raise each
            yield each


ASKED = ScoreRequest((Pair(Prompt("Q"), " a"), Pair(Prompt("Q"), " b")), label="quiz item 3")
GOOD = ScoreAnswer((-1.0, -2.0), (True, False), (1, 1))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([ScoreAnswer((-1.0,), (True,), (1,))], "1 log-probabilities came for 2 continuations"),
        ([ScoreAnswer((-1.0, -2.0, -0.1), (True, False, False), (1, 1, 1))], "3 log-probabilities came for 2"),
        ([ScoreAnswer((-1.0, -2.0), (True, False), (1,))], "2 log-probabilities and 1 counts came for 2"),
        ([GenerateAnswer("a", 1, "stop")], "a ScoreAnswer was asked for, and a GenerateAnswer came"),
        ([None], "a NoneType came"),
        ([ScoreAnswer((-1.0, 5.0), (True, False), (1, 1))], "a log-probability is 5, above 0"),
        ([ScoreAnswer(("-1", -2.0), (True, False), (1, 1))], "'-1' came where a number belongs"),
        ([], "0 answers came to 1 requests"),
        ([GOOD, GOOD], "more answers came than the 1 requests"),
        ([SystemExit(0)], "tried to end the program"),
    ],
)
def test_answers_that_nobody_asked_for_are_refused(given: list[object], said: str) -> None:
    with pytest.raises(EngineError, match=re.escape(said)) as caught:
        answer_requests(Faulty(*given), [ASKED], "odd")  # type: ignore[arg-type]
    assert "candidate odd" in str(caught.value)
    assert answer_requests(Faulty(GOOD), [ASKED], "odd") == {ASKED.id: GOOD}  # type: ignore[arg-type]


def test_texts_that_are_none_are_refused() -> None:
    asked = GenerateRequest(Prompt("Q"), 4)
    assert "text" in find_mismatch(asked, GenerateAnswer(None, 1, "stop"))  # type: ignore[arg-type]
    assert "finish is 'wat'" in find_mismatch(asked, GenerateAnswer("a", 1, "wat"))  # type: ignore[arg-type]
    assert "'5' came" in find_mismatch(asked, GenerateAnswer("a", "5", "stop"))  # type: ignore[arg-type]
    assert find_mismatch(asked, GenerateAnswer("a", 1, "stop")) == ""


def test_a_grade_that_is_no_number_names_task_and_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(tmp_path)
    [candidate], task = plan.candidates, plan.tasks[0]
    monkeypatch.setattr(type(task.plain), "grade", lambda *_: [Observation("acc", float("nan"))])
    with (
        Ledger.open(tmp_path / "l.db") as ledger,
        ledger.writing(),
        open_pool(EngineSettings()) as pool,
    ):
        write_plan(plan, "text", ledger)
        with open_writer(ledger, plan.id, {}) as writer:
            chunk = next(iter(make_chunks(task, candidate)))
            with pytest.raises(TaskError, match=r"task table: the grade acc of item \d+ is nan"):
                ask_chunk(task, candidate, chunk, LocalRunner(pool), writer)
        assert query.count_rows(ledger)["answers"] == len(chunk)  # paid for, and kept


def test_a_probe_must_observe_every_item() -> None:
    class Short:
        def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
            return [[]] * (len(answers) - 1)

    with pytest.raises(PluginError, match="observed 1 items where 2 were answered"):
        observe_items(Short(), [[GOOD], [GOOD]])  # type: ignore[arg-type]
