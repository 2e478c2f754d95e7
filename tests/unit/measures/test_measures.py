"""Probes share out what a batch cost, and invent nothing."""

from __future__ import annotations

import time

import pytest

from fairtrial.measures import MEASURES, PROBES, Meters, Subject, Watcher, watch_all
from fairtrial.measures.cost import CostProbe, Price, find_price, make_cost_probe
from fairtrial.measures.sharing import compute_shares, share_out
from fairtrial.measures.speed import SpeedProbe, TokensProbe
from fairtrial.records import Answer, GenerateAnswer, ScoreAnswer
from fairtrial.spec.stated import StatedMachine

SCORED = ScoreAnswer(logprobs=(-1.0, -2.0), greedy=(True, False), tokens=(2, 3), prompt_tokens=45)
WRITTEN = GenerateAnswer(text="4", tokens=5, finish="stop", prompt_tokens=50)
GROUPS: list[list[Answer]] = [[SCORED], [], [WRITTEN]]


def test_seconds_add_up_to_the_batch_and_follow_the_tokens() -> None:
    probe = SpeedProbe()
    probe.start()
    time.sleep(0.02)
    probe.stop()
    seen = probe.observe(GROUPS)
    assert seen[1] == []
    scored, written = seen[0][0].value, seen[2][0].value
    assert scored + written >= 0.02
    assert written / scored == pytest.approx((50 + 10 * 5) / (45 + 5))


def test_tokens_are_counted_as_a_caller_counts_them() -> None:
    [[read, new], nothing, [read2, new2]] = TokensProbe().observe(GROUPS)
    assert (read.value, new.value, read2.value, new2.value) == (50, 0, 50, 5)
    assert nothing == []
    assert read.unit == "token"


def test_shares_are_of_the_whole_batch_and_nothing_is_shared_by_nobody() -> None:
    assert sum(compute_shares(GROUPS)) == pytest.approx(1)
    empty = GenerateAnswer(text="", tokens=0, finish="stop")
    assert compute_shares([[empty], []]) == [0.0, 0.0]
    assert share_out(5.0, "joules", "J", [[empty], []]) == [[], []]


@pytest.mark.parametrize("record", [{}, {"elsewhere": True}, {"usd_per_input_token": 1e-6}])
@pytest.mark.parametrize("stated", [{}, {"usd_per_hour": 1.0, "watts_per_core": 5.0, "source": "a sheet"}])
def test_every_observation_is_of_a_declared_measure_and_what_is_absent_is_not_observed(
    record: dict[str, object], stated: dict[str, object]
) -> None:
    subject = Subject(record, Meters(StatedMachine.model_validate(stated)))
    for make in PROBES:
        probe = make(subject)
        with watch_all([probe] if isinstance(probe, Watcher) else []):
            pass
        seen = {o.measure: o for o in probe.observe([[SCORED]])[0]}
        assert all(MEASURES[name].unit == observation.unit for name, observation in seen.items())
        assert not seen.keys() & probe.absences().keys()
        assert probe.absences().keys() <= MEASURES.keys()
        assert all(probe.absences().values())


def test_an_hour_of_the_machine_is_shared_by_tokens() -> None:
    probe = CostProbe(find_price({}, StatedMachine(usd_per_hour=7.2)))
    assert probe.price.per_second == pytest.approx(0.002)
    probe.start()
    time.sleep(0.01)
    probe.stop()
    [[scored], [], [written]] = probe.observe(GROUPS)
    assert scored.value + written.value >= 0.002 * 0.01
    assert written.value == pytest.approx(2 * scored.value)
    assert probe.absences() == {}


def test_a_price_per_token_is_each_items_own() -> None:
    price = find_price({"usd_per_input_token": 1e-6, "usd_per_output_token": 4e-6}, StatedMachine())
    assert price == Price(per_token=(1e-6, 4e-6))
    probe = make_cost_probe(price)
    assert not isinstance(probe, Watcher)  # answers tell all of it, whenever they were made
    [[scored], [], [written]] = probe.observe(GROUPS)
    assert scored.value == pytest.approx(50e-6)
    assert written.value == pytest.approx(50e-6 + 20e-6)


def test_a_free_machine_costs_nothing_and_says_so() -> None:
    probe = CostProbe(find_price({}, StatedMachine(usd_per_hour=0)))
    assert probe.observe([[SCORED]])[0][0].value == 0
    assert probe.absences() == {}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, "machine.usd_per_hour"),
        ({"elsewhere": True}, "price of a token"),
        ({"usd_per_input_token": 1e-6}, "usd_per_output_token"),
        ({"usd_per_input_token": "free", "usd_per_output_token": 0.0}, "usd_per_input_token"),
        ({"usd_per_input_token": 1e-6, "usd_per_output_token": float("nan")}, "usd_per_output_token"),
        ({"usd_per_input_token": -1e-6, "usd_per_output_token": True}, "usd_per_input_token"),
    ],
)
def test_an_unknown_price_is_a_reason_and_never_zero(record: dict[str, object], reason: str) -> None:
    stated = StatedMachine() if record == {} else StatedMachine(usd_per_hour=1.0)
    probe = CostProbe(find_price(record, stated))
    assert probe.observe([[SCORED]]) == [[]]
    assert reason in probe.absences()["usd"]
