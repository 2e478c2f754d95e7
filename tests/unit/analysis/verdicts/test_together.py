"""What a word means among many questions: false words of simulated trials, through the ledger and `find_verdicts`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fairtrial.analysis.verdicts import find_verdicts, iterate_questions, judge_question
from fairtrial.ledger import query
from fairtrial.report import words
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.report.terminal import list_notes, make_verdicts_table
from fairtrial.stats.families import compute_shared_level
from tests.support.standing_ledger import SECONDS, TRIAL, trial_ledger

Columns = dict[str, dict[str, list[float]]]


def equal(rng: np.random.Generator, candidates: int, items: int) -> Columns:
    """Candidates that are all equally good, and right on other items each."""
    names = ["base", *(f"c{i}" for i in range(1, candidates))]
    return {"acc": {name: [float(x) for x in rng.random(items) < 0.6] for name in names}}


def one_way(won: int, items: int = 400) -> list[float]:
    """The baseline of ones and zeros below, with so many more right."""
    return [float(i < items // 2 + won) for i in range(items)]


def test_what_each_interval_is_allowed() -> None:
    assert compute_shared_level(1, 0, 0.05) == 0.05
    assert compute_shared_level(10, 0, 0.05) == pytest.approx(0.005)
    assert compute_shared_level(10, 9, 0.05) == pytest.approx(0.1 / 11)


def test_of_ten_equal_candidates_few_trials_say_a_false_word(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    together = alone = 0
    for i in range(60):
        tasks = {"t": equal(rng, 10, 150)}
        with trial_ledger(tmp_path / f"{i}.db", list(tasks["t"]["acc"]), tasks) as ledger:
            found = find_verdicts(ledger, TRIAL)
        together += any(v.verdict in ("better", "worse") for v in found)
        alone += any(v.alone in ("better", "worse") for v in found)
    assert alone >= 10  # about three in ten
    assert together <= 6  # one in twenty is allowed: more than 6 of 60 happens in 3 of 100 such tests


@pytest.mark.parametrize("early", [False, True])
def test_one_question_is_decided_as_ever(tmp_path: Path, early: bool) -> None:
    tasks = {"t": {"acc": {"base": one_way(0), "b": one_way(30)}}}
    with trial_ledger(tmp_path / "l.db", ["base", "b"], tasks, decide={"stop_early": early}) as ledger:
        [found] = find_verdicts(ledger, TRIAL)
    assert (found.verdict, found.alone, found.family) == ("better", "better", 1)
    assert (found.low, found.high, found.confidence) == (
        found.low_together,
        found.high_together,
        found.confidence_together,
    )


def test_a_word_that_holds_alone_only_is_said_to_be_undecided(tmp_path: Path) -> None:
    """Nine against none of 400 is better at 95%, p = 0.004; among twenty questions it is not."""
    names = ["base", *(f"c{i}" for i in range(20))]
    columns = {name: one_way(0) for name in names} | {"c7": one_way(9)}
    with trial_ledger(tmp_path / "l.db", names, {"t": {"acc": columns}}, decide={"margin": 0.001}) as ledger:
        summary = summarise(ledger, TRIAL)
        page = render_report(ledger, summary)
    found = next(v for v in summary.verdicts if v.a == "c7")
    assert (found.verdict, found.alone, found.family) == ("undecided", "better", 20)
    assert found.low > 0 > found.low_together
    assert found.confidence_together == pytest.approx(1 - 0.05 / 20)
    told = "The verdicts survive correction for 20 comparisons (95%); 1 more would be decided if asked alone."
    assert told in words.describe_outcome(summary)
    assert told in page
    assert "Decided if asked alone, but not after correction for 20 comparisons: c7 on t (better)." in page
    out = io.StringIO()
    console = Console(file=out, width=200)
    console.print(make_verdicts_table(summary))
    for line in list_notes(summary):
        console.print(line)
    assert "of each comparison alone; verdicts survive correction for 20" in " ".join(out.getvalue().split())
    assert "c7 on t (better)" in out.getvalue()
    [document] = [v for v in json.loads(json.dumps(summary.document()))["verdicts"] if v["a"] == "c7"]
    assert (document["verdict"], document["alone"]) == ("undecided", "better")


def test_what_is_clear_leaves_its_share_to_the_others(tmp_path: Path) -> None:
    """Nine against none of 400: not at 1 - 0.05 / 20, but at 1 - 0.1 / (40 - 19), which 19 clear ones leave."""
    names = ["base", *(f"c{i}" for i in range(20))]
    weak = {"c0": one_way(9)}
    clear = {name: one_way(100) for name in names[2:]}
    for others, word in ((clear, "better"), (dict.fromkeys(clear, one_way(0)), "undecided")):
        tasks = {"t": {"acc": {"base": one_way(0), **weak, **others}}}
        with trial_ledger(tmp_path / f"{word}.db", names, tasks, decide={"margin": 0.001}) as ledger:
            found = find_verdicts(ledger, TRIAL)
        assert found[0].verdict == word, (found[0].low_together, found[0].p_value)


def test_a_trial_is_asked_until_the_words_hold_together(tmp_path: Path) -> None:
    names = ["base", *(f"c{i}" for i in range(9))]
    shuffled = np.random.default_rng(1).permutation(400)
    columns = {name: np.array(one_way(25 if name != "base" else 0))[shuffled].tolist() for name in names}
    with trial_ledger(tmp_path / "l.db", names, {"t": {"acc": columns}}, decide={"stop_early": True}) as ledger:
        asked = next(iter(iterate_questions(query.find_trial(ledger, TRIAL).plan)))
        look = judge_question(ledger, TRIAL, asked)
        alone = judge_question(ledger, TRIAL, asked, asked.rule)
    assert look is not None and alone is not None
    assert look.confidence == pytest.approx(1 - 0.05 / 9)
    assert look.low < alone.low


def test_a_margin_of_seconds_is_a_share_of_the_baselines(tmp_path: Path) -> None:
    """Five milliseconds an item against ten are no tie within two per cent."""
    rng = np.random.default_rng(2)
    fast, slow = (rng.gamma(50, mean / 50, 300).tolist() for mean in (0.005, 0.010))
    near = [x * 1.0001 for x in slow]
    tasks = {"t": {"seconds": {"base": slow, "fast": fast, "near": near}}}
    with trial_ledger(tmp_path / "l.db", ["base", "fast", "near"], tasks, mains={"t": SECONDS}) as ledger:
        found = {v.a: v for v in find_verdicts(ledger, TRIAL)}
    assert found["fast"].verdict == "better"
    assert found["near"].verdict == "tied"
    assert found["fast"].margin == pytest.approx(0.02 * np.mean(slow))


def test_a_measure_may_have_its_own_margin(tmp_path: Path) -> None:
    tasks = {"t": {"acc": {"base": one_way(0), "b": one_way(3)}}}
    for margins, word in (({}, "tied"), ({"acc": 0.001}, "undecided")):
        decide = {"margin": 0.05, "margins": margins}
        with trial_ledger(tmp_path / f"{word}.db", ["base", "b"], tasks, decide=decide) as ledger:
            [found] = find_verdicts(ledger, TRIAL)
        assert (found.verdict, found.margin) == (word, margins.get("acc", 0.05))
