"""The best of several candidates, read from a ledger: who is, who may be, in words, and for trials that stop early."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairtrial.analysis.best import BestOnTask, find_best_on_tasks
from fairtrial.report.best import describe_best, describe_promise, format_contender
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.report.words import describe_outcome
from tests.support.standing_ledger import PPL, TRIAL, trial_ledger

NAMES = ["plain", "steps", "careful"]


def column(shares: list[float], count: int, seed: int = 1) -> dict[str, list[float | None]]:
    """Right answers of three that share most of their luck."""
    rng = np.random.default_rng(seed)
    hard = rng.random(count)
    own = [np.where(rng.random(count) < 0.4, rng.random(count), hard) for _ in shares]
    return {name: [float(x) for x in one < share] for name, one, share in zip(NAMES, own, shares, strict=True)}


def answers(folder: Path, *tasks: dict[str, list[float | None]], **more: object) -> list[BestOnTask]:
    measures = {f"t{i}": {"acc": columns} for i, columns in enumerate(tasks)}
    with trial_ledger(folder / "l.db", NAMES, measures, **more) as ledger:  # type: ignore[arg-type]
        return find_best_on_tasks(ledger, TRIAL)


@pytest.mark.parametrize("early", [False, True])
def test_the_best_is_named_where_it_is_certain(tmp_path: Path, early: bool) -> None:
    told, open_ = answers(
        tmp_path, column([0.6, 0.8, 0.62], 400), column([0.6, 0.61, 0.6], 400), decide={"stop_early": early}
    )
    assert told.best == told.leader == "steps" and told.contenders == ("steps",)
    assert [(p.a, p.b) for p in told.pairs] == [("plain", "steps"), ("plain", "careful"), ("steps", "careful")]
    assert [p.verdict for p in told.pairs] == ["worse", "undecided", "better"]
    assert open_.best is None and open_.contenders == tuple(NAMES) and (open_.items_needed or 0) > 100
    by_name = {one.candidate: one for one in told.candidates}
    assert by_name["steps"].difference == 0 and (by_name["plain"].difference or 0) < -0.1 and by_name["plain"].high < 0
    assert told.confidence == pytest.approx(1 - 2 * 0.05 / (3 * 2))


def test_lower_is_better_is_turned_round_and_missing_answers_leave_all_open(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(2.0, 0.1, 60)
    columns = {n: [float(x) for x in base + gap] for n, gap in zip(NAMES, (0.3, 0.0, 0.2), strict=True)}
    with trial_ledger(tmp_path / "l.db", NAMES, {"t": {"ppl": columns}}, mains={"t": PPL}) as ledger:
        [found] = find_best_on_tasks(ledger, TRIAL)
    assert found.best == "steps" and found.candidates[0].difference == pytest.approx(0.3)
    assert found.document()["candidates"][0]["low"] > 0
    del columns["careful"]
    with trial_ledger(tmp_path / "m.db", NAMES, {"t": {"ppl": columns}}, mains={"t": PPL}) as ledger:
        [found] = find_best_on_tasks(ledger, TRIAL)
    assert found.best is None and found.contenders == ("steps", "careful")
    assert found.candidates[2].mean is None and found.document()["candidates"][2]["difference"] is None


def test_two_candidates_need_no_such_answer(tmp_path: Path) -> None:
    columns = {name: values for name, values in column([0.5, 0.6, 0.5], 50).items() if name != "careful"}
    with trial_ledger(tmp_path / "l.db", NAMES[:2], {"t": {"acc": columns}}) as ledger:
        assert find_best_on_tasks(ledger, TRIAL) == []
        assert "Which is best" not in render_report(ledger, summarise(ledger, TRIAL))


def test_the_answers_in_words(tmp_path: Path) -> None:
    same = column([0.6, 0.6, 0.6], 1200)
    same["steps"] = same["careful"] = same["plain"]
    measures = {
        "told": {"acc": column([0.6, 0.9, 0.62], 400)},
        "alike": {"acc": same},
        "half": {"acc": column([0.3, 0.6, 0.6], 400)},
    }
    with trial_ledger(tmp_path / "l.db", NAMES, measures, decide={"margin": 0.02}) as ledger:
        summary = summarise(ledger, TRIAL)
        page = render_report(ledger, summary)
    told, alike, half, every = describe_best(summary)
    assert told == "told: steps is the best, better than each of the 2 others."
    assert alike == (
        "alike: cannot be told apart: each of the 3 may be the best. Each of them is within 2.0 points of the best, "
        "whichever that is."
    )
    assert half.startswith("half: steps or careful may be the best; plain certainly not. About ")
    assert every == "On all 3 tasks: only steps may be the best on each of them."
    assert "the 3 answers hold together" in describe_promise(summary)
    assert format_contender(summary.best[0].candidates[1], summary.best[0]) == "–"
    assert "Which is best?" in page and "steps or careful may be the best" in page
    assert summary.document()["best"][0]["best"] == "steps"


@pytest.mark.parametrize("unread", [300, 0])
def test_a_winner_over_answers_that_were_not_read_is_doubtful(tmp_path: Path, unread: int) -> None:
    columns = column([0.05, 0.8, 0.05], 400)
    signs: dict[str, list[float | None]] = {
        "plain": [1.0 if i < unread else None for i in range(400)],
        "careful": [1.0 if i < unread else None for i in range(400)],
    }
    with trial_ledger(tmp_path / "l.db", NAMES, {"t": {"acc": columns, "sign:unread": signs}}) as ledger:
        summary = summarise(ledger, TRIAL)
        page = render_report(ledger, summary)
    [found] = summary.best
    document = found.document()
    [told] = describe_best(summary)
    assert found.best == "steps" and found.doubtful == document["doubtful"] == (unread == 300)
    reason = (
        ", doubtful: 300 of 300 answers of plain and 300 of 300 of careful count as wrong without having been read, or "
        "for their form only"
    )
    assert told == f"t: steps is the best, better than each of the 2 others{reason if unread == 300 else ''}."
    assert told in page
    assert [one["candidate"] for one in document["doubts"]] == (["plain", "careful"] if unread == 300 else [])


def test_one_candidate_alone_is_told_by_its_scores(tmp_path: Path) -> None:
    with trial_ledger(tmp_path / "l.db", NAMES[:1], {"t": {"acc": {"plain": [1.0, 0.0] * 100}}}) as ledger:
        told = describe_outcome(summarise(ledger, TRIAL))
    assert told.startswith("plain alone, compared with nobody: 50.0% [") and " on t (95% intervals)." in told
