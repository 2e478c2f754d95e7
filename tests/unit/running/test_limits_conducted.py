"""Limits in trials that end early, run out of budget, or take answers that were recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.analysis.harms.limits import find_limit_checks
from fairtrial.analysis.verdicts import find_verdicts
from fairtrial.ledger import Ledger
from fairtrial.report.gate import GateQuestions, judge_gate
from fairtrial.report.harms.limits import describe_limits
from fairtrial.report.summary import summarise
from tests.support.harm_trials import QUIZ, conduct_trial, describe_trial, write_quiz

HARMFUL = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_quiz(tmp_path)
    return tmp_path


def states(ledger: Ledger, trial: str) -> dict[str, tuple[str, int]]:
    """Return for each candidate the state of its limit, and on how many answers it rests."""
    return {check.candidate: (check.state, check.items) for check in find_limit_checks(ledger, trial)}


def words(ledger: Ledger, trial: str) -> dict[str, str]:
    return {v.task: v.verdict for v in find_verdicts(ledger, trial)}


def test_a_trial_that_stops_early_asks_what_a_limit_is_about_to_its_end(folder: Path) -> None:
    trial = describe_trial(decide={"stop_early": True})
    with conduct_trial(folder, "early.db", trial) as (ledger, made):
        assert states(ledger, made) == {"knowing": ("broken", HARMFUL), "careful": ("kept", HARMFUL)}
        used = {v.task: v.items_used for v in find_verdicts(ledger, made)}
        assert used["quiz"] < QUIZ and used["twins"] == HARMFUL
        assert words(ledger, made) == {"quiz": "barred", "twins": "worse"}


@pytest.mark.parametrize("early", [False, True])
def test_a_budget_that_ends_before_the_harm_is_measured_keeps_no_limit(folder: Path, early: bool) -> None:
    trial = describe_trial(decide={"stop_early": early}, budget={"items": 120})
    with conduct_trial(folder, "poor.db", trial) as (ledger, made):
        assert states(ledger, made) == {"knowing": ("unmeasured", 0), "careful": ("unmeasured", 0)}
        [better] = [v for v in find_verdicts(ledger, made) if v.task == "quiz"]
        assert (better.verdict, better.limit) == ("better", "open")
        summary = summarise(ledger, made)
        assert len([line for line in describe_limits(summary) if "no answers yet to judge a limit by" in line]) == 2
        assert not judge_gate(summary, GateQuestions("better", candidate="knowing", task="quiz")).passed
    more = describe_trial(decide={"stop_early": early})
    with conduct_trial(folder, "poor.db", more) as (ledger, made):  # with more to spend it goes on
        assert states(ledger, made) == {"knowing": ("broken", HARMFUL), "careful": ("kept", HARMFUL)}


def test_recorded_answers_are_held_to_limits_like_live_ones(folder: Path) -> None:
    with conduct_trial(folder, "live.db", describe_trial()) as (ledger, made):
        live, said = states(ledger, made), words(ledger, made)
    recorded = describe_trial("replay:live.db#knowing", "replay:live.db#careful", decide={"stop_early": True})
    with conduct_trial(folder, "later.db", recorded) as (ledger, made):
        assert states(ledger, made) == live == {"knowing": ("broken", HARMFUL), "careful": ("kept", HARMFUL)}
        assert words(ledger, made) == said == {"quiz": "barred", "twins": "worse"}
