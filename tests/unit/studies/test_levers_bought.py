"""The study levers on a ledger of which is known what each step does: worth, order, interactions, forgetting, costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import Ledger, query
from fairtrial.stats.factorial import ContrastEstimate
from fairtrial.studies import Findings, Interval, Table, find_findings
from fairtrial.studies.levers.answers import answer_questions
from fairtrial.studies.levers.costs import judge_change
from fairtrial.studies.levers.design import LeverDesign, list_differences, list_effects, list_interactions, read_design
from fairtrial.studies.levers.worth import Judgement, decide_worth
from tests.support.stepwise_ledger import BRINGS, TRIAL_ID, make_ledger


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with make_ledger(tmp_path_factory.mktemp("steps") / "l.db", 160, domain=["brackets"]) as made:
        yield made


@pytest.fixture(scope="module")
def found(ledger: Ledger) -> Findings:
    told = find_findings(ledger, TRIAL_ID)
    assert told is not None
    return told


@pytest.fixture(scope="module")
def factorial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with make_ledger(tmp_path_factory.mktemp("factorial") / "l.db", 100, design="factorial") as made:
        yield made


def table(found: Findings, begins: str) -> Table:
    return next(table for table in found.tables if table.caption.startswith(begins))


def read(ledger: Ledger) -> tuple[TrialValues, LeverDesign]:
    plan = query.find_trial(ledger, TRIAL_ID).plan
    return TrialValues(ledger, TRIAL_ID, plan), read_design(plan, plan.study or {})


def test_what_is_worth_its_cost_is_said_first(found: Findings) -> None:
    tuned, small, think = found.sentences[:3]
    assert tuned.startswith("tuned, alone: is a trade: it gains ")
    assert not any("\u221e" in note for note in found.notes)
    assert "points on brackets (" in tuned and "loses" in tuned and "points on reading (" in tuned
    assert small.startswith(
        "small, after tuned: is worth its cost if nothing is lost, which is not certain: it saves 4"
    )
    assert "66% of the bytes of weights" in small and "25% of the bytes of memory" in small
    assert think.startswith("think, after tuned and small: ") and "64 times the tokens written" in think
    rows = {str(row[0]): row for row in table(found, "Which step").rows}
    assert rows["tuned, alone"][1] == "a trade"
    assert str(rows["small, after tuned"][3]).endswith("−66% bytes of weights, −25% bytes of memory")


def test_changes_are_paired_differences_of_the_means(ledger: Ledger, found: Findings) -> None:
    rows, _ = read(ledger)
    [task] = [task for task in rows.plan.tasks if task.name == "brackets"]
    means = {name: rows.cell(name, task, "acc").values.mean() for name in rows.names}
    shown = {str(row[0]): row[1] for row in table(found, "What each step changes in quality").rows}
    expected = {
        "tuned, alone": means["smol-tuned"] - means["smol"],
        "small, after tuned": means["smol-tuned-small"] - means["smol-tuned"],
        "tuned + small + think, together": means["smol-tuned-small-think"] - means["smol"],
    }
    for label, value in expected.items():
        cell = shown[label]
        assert isinstance(cell, Interval)
        assert cell.value == pytest.approx(value)
        assert cell.low < value < cell.high


def test_the_order_of_worth_has_places(found: Findings) -> None:
    rows = table(found, "The order of worth").rows
    assert [row[1] for row in rows] == ["tuned", "think", "small"]
    assert [row[3] for row in rows] == ["1", "2 to 3", "2 to 3"]
    assert rows[0][4] == 1.0
    assert any(
        line
        == "On brackets the steps buy in this order: tuned, think, small; that tuned buys the most is certain, the "
        "rest of the order is not."
        for line in found.sentences
    )


def test_forgetting_is_told_of_what_learns(found: Findings) -> None:
    told = [line for line in found.sentences if "outside the domain" in line]
    assert len(told) == 2
    assert told[0].startswith("tuned, alone, outside the domain: worse on reading (−")
    assert told[1].startswith("tuned + small + think, together, outside the domain: worse on reading (")
    assert any(line.startswith("tuned, alone, in harm: ") and "requests (harmful)" in line for line in found.sentences)
    rows = [row for row in table(found, "Outside the domain").rows if row[:2] == ("tuned, alone", "reading")]
    [(_, _, before, after, change, word)] = rows
    assert isinstance(before, float) and isinstance(after, float) and isinstance(change, Interval)
    assert change.value == pytest.approx(after - before)
    assert word == "worse" and change.high < 0


def test_costs_of_items_and_bytes(found: Findings) -> None:
    items = {str(row[0]): row for row in table(found, "What each step changes in the cost").rows}
    seconds, tokens = items["think, alone"][1], items["think, alone"][3]
    assert isinstance(seconds, Interval)
    assert seconds.value == pytest.approx(0.4, abs=0.03)  # three times 0.2 seconds
    assert tokens == 63.0
    sizes = {str(row[0]): row[1] for row in table(found, "What each step changes in bytes").rows}
    assert sizes["tuned, alone"] == 1_900_000.0  # the adapter's own
    assert sizes["tuned + small + think, together"] == -178_100_000.0
    assert any(note.startswith("Nothing was measured in dollars") for note in found.notes)


def test_waterfalls_hang_together(found: Findings) -> None:
    falls = {(fall.title, fall.measure): fall for fall in found.waterfalls}
    one = falls["smol-tuned-small-think on brackets", "acc"]
    assert [step.label for step in one.steps] == ["tuned", "small", "think"]
    ends = [one.first[1].value, *(step.end for step in one.steps)]
    assert [step.start for step in one.steps] == ends[:-1]
    assert one.last[1].value == pytest.approx(ends[-1])
    assert [step.change.value for step in one.steps] == pytest.approx(np.diff(ends).tolist())
    assert one.steps[0].word == "better" and one.less_is_better is False
    assert falls["smol-tuned-small-think", "bytes of weights"].steps[1].word == "better"
    assert falls["smol-tuned-small-think", "seconds per item"].steps[2].word == "worse"
    assert falls["smol-tuned-small-think on reading", "acc"].folded
    json.dumps(found.document(), allow_nan=False)


def test_effects_of_a_full_design(factorial: Ledger) -> None:
    told = find_findings(factorial, TRIAL_ID)
    assert told is not None
    effects = {str(row[0]): row for row in table(told, "Main effects").rows}
    assert list(effects)[:4] == ["tuned", "small", "think", "tuned × small"]
    tuned = effects["tuned"][1]
    assert isinstance(tuned, Interval)
    assert tuned.low < 0.3 < tuned.high
    assert "No two steps are shown to change what the other one brings." in told.sentences
    assert told.sentences[0].startswith("tuned, on average over all others: ")
    assert [row[0] for row in table(told, "Which step").rows] == [
        f"{step}, on average over all others" for step in ("tuned", "small", "think")
    ]
    assert "−66% bytes of weights" in str(table(told, "Which step").rows[1][3])
    assert "on average over all combinations" in table(told, "The order of worth").caption
    assert not any("outside the domain" in line for line in told.sentences)
    assert any(line.startswith("tuned, alone, in harm") for line in told.sentences)


def test_main_effects_are_means_over_the_other_steps(factorial: Ledger) -> None:
    rows, design = read(factorial)
    asked = [(task, task.main_measure) for task in design.inside]
    effects = [*list_effects(design), *list_interactions(design)]
    answers = answer_questions(rows, design, [*list_differences(design), *effects], asked)
    task = design.inside[0]
    means = {arm: rows.cell(name, task, "acc").values.mean() for arm, name in design.names.items()}

    def mean(*, having: str, lacking: str) -> float:
        return float(np.mean([v for arm, v in means.items() if having in arm and lacking not in arm]))

    by_steps = {question.steps: answers[question, task.name, "acc"].found.value for question in effects}
    with_small = mean(having="tuned", lacking="?") - np.mean([v for arm, v in means.items() if "tuned" not in arm])
    assert by_steps["tuned",] == pytest.approx(with_small)
    both = np.mean([v for arm, v in means.items() if {"tuned", "small"} <= set(arm)])
    neither = np.mean([v for arm, v in means.items() if not {"tuned", "small"} & set(arm)])
    only = mean(having="tuned", lacking="small") + mean(having="small", lacking="tuned")
    assert by_steps["tuned", "small"] == pytest.approx(both + neither - only)


def test_what_is_bought_has_its_price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BRINGS["brackets"], "think", 0.4)
    with make_ledger(tmp_path / "l.db", 100, combine=[["think", "small"]]) as made:
        rows, design = read(made)
        told = find_findings(made, TRIAL_ID)
        [task] = [task for task in design.inside if task.name == "brackets"]
        right, seconds = (
            {name: rows.cell(name, task, measure).values.mean() for name in ("smol", "smol-think")}
            for measure in ("acc", "seconds")
        )
    assert told is not None
    [sentence] = [line for line in told.sentences if line.startswith("think, alone: is a trade: it gains ")]
    price = (seconds["smol-think"] - seconds["smol"]) / (right["smol-think"] - right["smol"])
    assert f"one more right answer on brackets costs {price:.3g} s (" in sentence
    assert "times the seconds" in sentence and "64 times the tokens written" in sentence
    assert told.waterfalls[0].title == "smol-think-small on brackets"


@pytest.mark.parametrize(
    ("good", "bad", "may_lose", "may_gain", "judgement"),
    [
        (True, True, True, True, "a trade"),
        (True, False, False, True, "worth it"),
        (True, False, True, False, "worth it if nothing is lost"),
        (False, True, True, False, "not worth it"),
        (False, True, False, True, "not shown"),
        (False, False, False, False, "no difference"),
        (False, False, True, False, "not shown"),
    ],
)
def test_what_follows(good: bool, bad: bool, may_lose: bool, may_gain: bool, judgement: Judgement) -> None:
    assert decide_worth(good, bad, may_lose, may_gain) == judgement


@pytest.mark.parametrize(
    ("value", "low", "high", "word"),
    [
        (0.01, -0.02, 0.04, "same"),
        (0.2, 0.1, 0.3, "more"),
        (-0.2, -0.3, -0.1, "less"),
        (0.04, 0.01, 0.07, "open"),
        (0.2, -0.1, 0.5, "open"),
    ],
)
def test_a_cost_counts_from_a_twentieth_on(value: float, low: float, high: float, word: str) -> None:
    assert judge_change(ContrastEstimate(value, low, high, 0.1, 9, 9), 1.0) == word


def test_with_few_answers_nothing_is_certain_and_json_has_no_infinity(tmp_path: Path) -> None:
    with make_ledger(tmp_path / "l.db", 3, domain=["brackets"]) as few:
        told = find_findings(few, TRIAL_ID)
    assert told is not None
    seconds = next(row[1] for row in table(told, "What each step changes in the cost").rows)
    assert isinstance(seconds, Interval) and seconds.high == float("inf")
    assert '"high": null' in json.dumps(told.document(), allow_nan=False)
    assert "no part of this order is certain" in " ".join(told.sentences)
    for row in table(told, "Which step").rows:
        assert "not certain: seconds" in str(row[3])
        assert row[1] not in ("no difference", "not worth it")
    assert all("may cost more or less in seconds" in line for line in told.sentences[:3])
    assert any(note.startswith("An interval from \u2212\u221e to \u221e is of so few items") for note in told.notes)


def test_without_answers_nothing_is_claimed(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"domain": ["brackets"]}
    with make_ledger(tmp_path / "l.db", 0, **settings) as empty:
        told = find_findings(empty, TRIAL_ID)
    assert told is not None
    assert told.sentences == ("No task has answers of two combinations yet.",)
    assert "smol-tuned-small-think" in told.notes[0]
