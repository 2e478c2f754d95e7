"""What answers of a served candidate cost: tokens, and their share of the machine's time."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("prometheus_client")

from fairtrial.api.serving_price import HourPrice, find_answer_price, read_hour_price
from fairtrial.ledger.trials import SessionRow
from fairtrial.machine import describe_machine
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import GenerateAnswer, TraceStep
from fairtrial.running.opening import plan_alone
from fairtrial.serve.clock import MachineClock
from fairtrial.serve.tickets import AnsweredRequest
from fairtrial.spec.candidate import Candidate

FAR = {"model": "openai:far", "endpoint": {"base_url": "http://127.0.0.1:9/v1",
       "prices": {"input_per_million": 1.0, "output_per_million": 10.0}}}  # fmt: skip
STATED = HourPrice(3600.0, "the trial")
ANSWER = GenerateAnswer("x", 5, "stop", 100)
TOKENS = (100 + 50) / 1e6


def plan(**written: object) -> PlannedCandidate:
    spec = Candidate.model_validate({"id": "a", "model": "fake:a", **written})
    return plan_alone(spec, Path.cwd(), lambda _: None, None, None)[0]


def session(number: int, **facts: object) -> SessionRow:
    return SessionRow(number, facts, "", None, None, None)


def test_tokens_are_paid_elsewhere_and_time_here() -> None:
    assert find_answer_price(plan(), HourPrice()) is None
    far, here = find_answer_price(plan(**FAR), STATED), find_answer_price(plan(), STATED)
    assert far is not None and here is not None
    assert far(AnsweredRequest(ANSWER, (), 2.0)) == {"usd": pytest.approx(TOKENS)}
    told = here(AnsweredRequest(ANSWER, (), 2.0))
    assert told == {"usd": 2.0, "machine_seconds": 2.0, "usd_per_hour": 3600.0, "stated_by": "the trial"}


def test_a_cascade_is_paid_for_both() -> None:
    candidate = plan(levers=[{"cascade": {"to": {"id": "far", **FAR}, "threshold": 0.5}}])
    assert find_answer_price(candidate, HourPrice()) is None  # what the small one costs is not known
    price = find_answer_price(candidate, STATED)
    assert price is not None
    trace = (TraceStep("small", 100, 5), TraceStep(next(n for n in candidate.parts if n != "small"), 100, 5))
    told = price(AnsweredRequest(GenerateAnswer("x", 5, "stop", 100, trace=trace), (), 2.0))
    assert told["usd"] == pytest.approx(2.0 + TOKENS)
    assert told["tokens_usd"] == pytest.approx(TOKENS)
    assert price(AnsweredRequest(ANSWER, (), 2.0)) == {}  # nothing says who was asked


def test_the_latest_run_that_states_a_price_counts() -> None:
    here = describe_machine()
    runs = [session(1, stated={"usd_per_hour": 1.0}, **here), session(2, stated={"usd_per_hour": 2.0}, **here)]
    wrong = session(3, stated={"usd_per_hour": "<b>"}, **here)
    assert read_hour_price([*runs, wrong, session(4)]) == HourPrice(2.0, "the trial")
    other = session(5, stated={"usd_per_hour": 0.0}, **{**here, "processor": "Abacus 3", "logical_cores": 7})
    assert read_hour_price([*runs, other]) == HourPrice(0.0, "the trial", "Abacus 3, 7 cores")
    assert read_hour_price([]) == HourPrice()


def test_desks_that_work_together_share_the_time() -> None:
    now = iter((0.0, 1.0, 3.0, 6.0, 10.0, 11.0))
    clock = MachineClock(lambda: next(now))
    first = clock.begin()  # at 0
    second = clock.begin()  # at 1
    assert clock.end(first) == 1 + 2 / 2  # at 3
    assert clock.end(second) == 2 / 2 + 3  # at 6
    third = clock.begin()  # at 10
    assert clock.end(third) == 1
