"""Limits: who keeps them, who breaks them, what that does to verdicts, the best, words and the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from fairtrial.analysis.best import find_best_on_tasks
from fairtrial.analysis.harms.limits import LimitCheck, find_limit_checks, list_states
from fairtrial.analysis.verdicts import find_verdicts
from fairtrial.ledger import Ledger
from fairtrial.report.best import describe_best
from fairtrial.report.gate import GateQuestions, judge_gate
from fairtrial.report.harms.limits import describe_limits, make_limit_rows
from fairtrial.report.html.page import render_report
from fairtrial.report.markdown import write_gate_markdown
from fairtrial.report.summary import summarise
from fairtrial.report.words import describe_verdict
from tests.support.standing_ledger import TRIAL, coins, trial_ledger

HARMFUL = {"name": "harmful", "unit": "1", "higher_is_better": False, "bounds": [0.0, 1.0], "transform": "identity"}
UNCLEAR = {**HARMFUL, "name": "unclear"}
NAMES = ["plain", "sharp", "kind"]


def limit(bound: float = 0.1, side: str = "at_most", measure: str = "harmful") -> dict[str, Any]:
    return {"suite": "elections", "measure": measure, "side": side, "bound": bound, "tasks": ["votes"]}


def make(path: Path, harm: dict[str, float], unclear: int = 0, share: float = 1.0, **more: Any) -> Ledger:
    """Three candidates on a quiz, where sharp is far ahead, and on a task about harm."""
    rng = np.random.default_rng(5)
    quiz = {"plain": coins(rng, 0.5, 200), "sharp": coins(rng, 0.9, 200), "kind": coins(rng, 0.7, 200)}
    votes: dict[str, list[float | None]] = {name: [*coins(rng, share, 300)] for name, share in harm.items()}
    vague = {name: [share * (i < unclear) for i in range(300)] for name in harm}
    for column in votes.values():
        if share == 1:
            column[:unclear] = [None] * unclear
    tasks: Any = {"quiz": {"acc": quiz}, "votes": {"harmful": votes, "unclear": vague}}
    mains = {"votes": HARMFUL}
    return trial_ledger(path / "l.db", NAMES, tasks, mains=mains, more_measures=[UNCLEAR], **more)


def states(checks: list[LimitCheck]) -> dict[str, str]:
    return {check.candidate: check.state for check in checks}


def test_limits_are_kept_broken_or_open(tmp_path: Path) -> None:
    harm = {"plain": 0.02, "sharp": 0.3, "kind": 0.09}
    with make(tmp_path, harm, limits=[limit()]) as ledger:
        checks = find_limit_checks(ledger, TRIAL)
    assert states(checks) == {"plain": "kept", "sharp": "broken", "kind": "open"}
    for check in checks:
        assert check.mean == pytest.approx(harm[check.candidate]) and check.low <= check.mean <= check.high
        assert check.confidence == pytest.approx(1 - 2 * 0.05 / 3) and (check.items, check.unclear) == (300, 0)
        exact = stats.binomtest(round(300 * check.mean), 300).proportion_ci(check.confidence)
        assert check.high == pytest.approx(exact.high, abs=0.01) and check.low == pytest.approx(exact.low, abs=0.01)


def test_at_least_is_the_other_side(tmp_path: Path) -> None:
    harm = {"plain": 0.02, "sharp": 0.3, "kind": 0.09}
    with make(tmp_path, harm, limits=[limit(0.1, "at_least")]) as ledger:
        assert states(find_limit_checks(ledger, TRIAL)) == {"plain": "broken", "sharp": "kept", "kind": "open"}


def test_an_unclear_answer_never_helps_to_keep_a_limit(tmp_path: Path) -> None:
    harm = {"plain": 0.0, "sharp": 0.3, "kind": 0.0}
    with make(tmp_path, harm, unclear=60, limits=[limit()]) as ledger:
        checks = {check.candidate: check for check in find_limit_checks(ledger, TRIAL)}
    assert checks["plain"].state == "open" and checks["plain"].mean == 0
    assert checks["plain"].high > 60 / 300 and checks["plain"].low == 0
    assert checks["plain"].items == 300 and checks["plain"].unclear == 60
    assert checks["sharp"].state == "broken"  # though all unclear ones were harmless


def test_an_unclear_repeat_counts_as_its_share(tmp_path: Path) -> None:
    harm = {"plain": 0.0, "sharp": 0.3, "kind": 0.0}
    with make(tmp_path, harm, unclear=150, share=2 / 3, limits=[limit()]) as ledger:
        checks = {check.candidate: check for check in find_limit_checks(ledger, TRIAL)}
    found = checks["plain"]
    assert found.unclear == 150 and found.items == 300 and found.mean == 0
    assert found.high > 100 / 300 and found.state == "open"  # two thirds of half of the answers may be harmful


def test_a_limit_does_not_count_what_it_is_not_about(tmp_path: Path) -> None:
    harm = {"plain": 0.0, "sharp": 0.0, "kind": 0.0}
    with make(
        tmp_path, harm, unclear=60, limits=[limit()], data=lambda i: {"twin": "benign" if i < 30 else "harmful"}
    ) as ledger:
        checks = {check.candidate: check for check in find_limit_checks(ledger, TRIAL)}
    assert checks["plain"].unclear == 30 and checks["plain"].items == 270


def test_without_answers_nothing_is_kept(tmp_path: Path) -> None:
    with make(tmp_path, {"plain": 0.0, "sharp": 0.0}, limits=[limit()]) as ledger:
        checks = find_limit_checks(ledger, TRIAL)
        assert states(checks)["kind"] == "unmeasured" and list_states(checks)["kind"] == "unmeasured"
        assert any("no answers yet" in line for line in describe_limits(summarise(ledger, TRIAL)))


def test_many_open_limits_are_counted_by_candidate(tmp_path: Path) -> None:
    bounds = [limit(bound) for bound in (0.1, 0.2, 0.3, 0.4)]
    with make(tmp_path, {"plain": 0.0, "sharp": 0.0}, limits=bounds) as ledger:
        told = describe_limits(summarise(ledger, TRIAL))
    assert told == [
        "Of 4 of 12 limits nobody can tell yet whether they are kept (kind 4): more answers would tell. Each is in the "
        "table of limits."
    ]


def test_who_breaks_a_limit_is_not_called_better(tmp_path: Path) -> None:
    harm = {"plain": 0.02, "sharp": 0.3, "kind": 0.09}
    with make(tmp_path, harm, limits=[limit()]) as ledger:
        found = {(v.a, v.task): v for v in find_verdicts(ledger, TRIAL)}
        other = {(v.a, v.task): v for v in find_verdicts(ledger, TRIAL, "sharp")}
        summary = summarise(ledger, TRIAL)
        best = {one.task: one for one in find_best_on_tasks(ledger, TRIAL)}
        page = render_report(ledger, summary)
    barred = found["sharp", "quiz"]
    assert (barred.verdict, barred.label, barred.alone, barred.limit) == ("barred", "barred", "barred", "broken")
    assert "would be better" in describe_verdict(barred, summary.task("quiz")) and barred.low > 0
    assert (found["kind", "quiz"].verdict, found["kind", "quiz"].limit) == ("better", "open")
    assert "may break a limit" in describe_verdict(found["kind", "quiz"], summary.task("quiz"))
    assert found["sharp", "votes"].verdict == "worse"
    assert (other["plain", "quiz"].verdict, other["plain", "quiz"].limit) == ("worse", "broken")
    assert {(p.a, p.b): p.verdict for p in best["quiz"].pairs}[("sharp", "kind")] == "barred"
    assert best["quiz"].best is None and best["quiz"].barred == ("sharp",) and best["quiz"].leader == "sharp"
    assert any("sharp certainly breaks a limit" in line for line in describe_best(summary))
    told = describe_limits(summary)
    assert told[0].startswith("sharp certainly breaks a limit: harmful at most 10.0% on votes; it has 30.0% of 300")
    assert told[1].startswith("kind may break a limit") and len(told) == 2
    assert [row.state for row in make_limit_rows(summary)] == ["kept", "broken", "open"]
    assert "sharp certainly breaks a limit" in page and "limit-broken" in page
    document = summary.document()
    assert [one["state"] for one in document["limits"]] == ["kept", "broken", "open"]


def test_without_limits_nothing_changes(tmp_path: Path) -> None:
    with make(tmp_path, {"plain": 0.02, "sharp": 0.3, "kind": 0.09}) as ledger:
        assert find_limit_checks(ledger, TRIAL) == []
        assert {v.verdict for v in find_verdicts(ledger, TRIAL) if v.task == "quiz"} == {"better"}
        assert "limits" not in summarise(ledger, TRIAL).document()


def test_the_gate_honours_limits_whichever_task_is_named(tmp_path: Path) -> None:
    with make(tmp_path, {"plain": 0.02, "sharp": 0.3, "kind": 0.01}, limits=[limit()]) as ledger:
        summary = summarise(ledger, TRIAL)
    sharp = judge_gate(summary, GateQuestions("better", candidate="sharp", task="quiz"))
    assert not sharp.passed and {(c.claim, c.outcome) for c in sharp.bad} == {
        ("better", "refuted"),
        ("limit", "refuted"),
    }
    assert "certainly breaks a limit" in write_gate_markdown(summary, sharp)
    kind = judge_gate(summary, GateQuestions("better", candidate="kind", task="quiz"))
    assert kind.passed and [c.outcome for c in kind.checks if c.claim == "limit"] == ["holds"]


def test_states_hold_together() -> None:
    """In 400 trials of three candidates exactly at their limit, about 5% or fewer claim anything false."""
    rng = np.random.default_rng(11)
    from fairtrial.stats.intervals import estimate

    wrong = 0
    clusters = np.arange(120)
    for _ in range(400):
        ends = [
            estimate((rng.random(120) < 0.05).astype(float), np.ones(120), clusters, 1 - 2 * 0.05 / 3, (0.0, 1.0))
            for _ in range(3)
        ]
        wrong += any(end.low > 0.05 for end in ends) or any(end.high < 0.05 for end in ends)
    assert wrong <= 400 * 0.1 + 12  # two tails of 0.05 each, and three standard deviations
