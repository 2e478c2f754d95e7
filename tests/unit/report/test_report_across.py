"""What the report, the terminal and the JSON document say across tasks, of costs and of all questions together."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fairtrial.ledger import Ledger
from fairtrial.report import across, family, words
from fairtrial.report.html import costs
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import Summary, summarise
from fairtrial.report.terminal import describe_across, make_across_table, make_verdicts_table
from tests.support.report_ledger import TRIAL_ID, report_ledger
from tests.support.standing_ledger import TRIAL, coins, trial_ledger

N = 400


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return report_ledger(tmp_path_factory.mktemp("ledger") / "report.db")


@pytest.fixture(scope="module")
def summary(ledger: Ledger) -> Summary:
    return summarise(ledger, TRIAL_ID)


@pytest.fixture(scope="module")
def page(ledger: Ledger, summary: Summary) -> str:
    return render_report(ledger, summary)


def right(shares: dict[str, float], seed: int = 0) -> dict[str, dict[str, list[float]]]:
    luck = np.random.default_rng(seed).permutation(N)
    return {"acc": {name: [float(x < share * N) for x in luck] for name, share in shares.items()}}


def made(path: Path, tasks: dict[str, dict[str, dict[str, list[float]]]], **settings: object) -> tuple[Summary, str]:
    names = list(next(iter(tasks.values()))["acc"])
    with trial_ledger(path, names, tasks, **settings) as opened:  # type: ignore[arg-type]
        found = summarise(opened, TRIAL)
        return found, render_report(opened, found)


def test_dominance_is_said_in_words(summary: Summary, page: str) -> None:
    lines = across.describe_standings(summary)
    assert lines[0] == "better-one dominates baseline and smaller: better on all 3 tasks."
    assert lines[1] == "baseline dominates smaller: better on all 3 tasks."
    for line in lines:
        assert line in page
    assert "Across tasks" in page


def test_a_dominance_with_ties_names_where_it_is_better(tmp_path: Path) -> None:
    tasks = {
        "one": right({"a": 0.5, "b": 0.7}),
        "two": right({"a": 0.5, "b": 0.5}),
        "three": right({"a": 0.5, "b": 0.5}),
    }
    found, _ = made(tmp_path / "t.db", tasks)
    lines = across.describe_standings(found)
    assert lines[0] == "b dominates a: at least as good on every task within the margin, better on 1: one."
    assert "On two and three no two candidates could be told apart." in lines


def test_where_it_depends_on_the_task_that_is_said(tmp_path: Path) -> None:
    tasks = {"one": right({"a": 0.5, "b": 0.7}), "two": right({"a": 0.7, "b": 0.4}), "full": right({"a": 1, "b": 0.97})}
    found, _ = made(tmp_path / "t.db", tasks, chance=0.25)
    lines = across.describe_standings(found)
    assert lines[0] == (
        "No candidate wins everywhere: a is certainly ahead of b on two and full, and certainly behind on one."
    )
    assert any(line.startswith("By mean rank a comes first (1.33)") for line in lines)
    assert (
        "First place depends on single tasks (2 of 3): without two, a and b are first; without full, a and b are first."
        in lines
    )
    [flip] = [line for line in lines if "reverse" in line]
    share = found.standings.firmness.flips[0].share if found.standings.firmness else 0
    assert f"a before b in {100 * share:.0f}%" in flip
    assert "Saturated (at least half of the candidates are near the best possible value): full." in lines


def test_what_cannot_be_compared_is_left_out_with_its_reason(tmp_path: Path) -> None:
    part = right({"a": 0.5, "b": 0.7, "c": 0.6})
    tasks = {"one": part, "two": part, "three": right({"a": 0.5, "b": 0.7})}
    found, page = made(tmp_path / "t.db", tasks, weights={"one": 1, "two": 1, "three": 1})
    assert "three is left out: no answers yet of c." in page
    assert "There is no weighted score: three: no answers yet of c." in page
    cells = across.make_place_rows(found)[2].cells
    assert [cell is None for cell in cells] == [False, False, True]


def test_one_task_gives_no_ranking(tmp_path: Path) -> None:
    found, page = made(tmp_path / "t.db", {"one": right({"a": 0.5, "b": 0.7})})
    assert "Across tasks" not in page
    assert "Ranking across tasks needs at least two." in page
    assert across.describe_standings(found) == across.summarise_standings(found) == []


def test_places_are_ranges_where_they_are_open(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    tasks = {
        t: {"acc": {"a": coins(rng, 0.5, N), "b": coins(rng, 0.5, N), "c": coins(rng, 0.2, N)}} for t in ("x", "y")
    }
    found, page = made(tmp_path / "t.db", tasks)
    row = across.make_place_rows(found)[0]
    assert [cell.rank for cell in row.cells if cell] == ["1–2", "1–2", "3"]
    assert row.told == "2 of 3"
    assert "<b>1–2</b>" in page
    pairs = [p for r in found.standings.rankings for p in r.pairs]
    certain, single = sum(p.ahead is not None for p in pairs), sum(p.ahead_alone is not None for p in pairs)
    assert f"probability none of the {certain} that are called certain is false" in page
    assert (f"{single - certain} more would be certain if each were the only one" in page) == (single > certain)


def test_the_weighted_score_is_shown_only_with_weights(summary: Summary, page: str, tmp_path: Path) -> None:
    assert summary.standings.weighted is not None
    assert "by the trial file’s weights: choosing 67%, writing 33%" in page
    assert "85.6% [75.7%, 91.2%]" in page  # two thirds of 86.7% and a third of 83.3%
    tasks = {"one": right({"a": 0.5, "b": 0.7}), "two": right({"a": 0.5, "b": 0.7})}
    _, other = made(tmp_path / "t.db", tasks)
    assert "eighted" not in other


def test_costs_are_said_as_multiples_of_the_baseline(summary: Summary, page: str) -> None:
    by_name = {c.candidate: c for c in summary.standings.costs if c.task == "choosing"}
    span = by_name["smaller"].times_per_correct
    assert span is not None
    row = next(
        r for r in costs.make_figures(summary)[0].rows if (r.cost.candidate, r.cost.task) == ("smaller", "choosing")
    )
    assert row.text == f"{span.value:.2f}× [{span.low:.2f}, {span.high:.2f}]"
    assert row.bar.left < row.bar.middle < row.bar.right < costs.make_figures(summary)[0].one
    assert f"{row.text}" in page
    [line] = [line for line in costs.describe_costs(summary) if "smaller" in line]
    assert line.endswith("the seconds of baseline: certainly less on 2 of 2 tasks.")
    assert line in page
    assert "ppl counts no right answers" in page


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(0.3, 1.0, [0.2, 0.5, 1.0]), (1.0, 1.0, [0.5, 1.0, 2.0]), (0.02, 40.0, [0.1, 1.0, 10.0]), (0.9, 1.1, [0.5, 1, 2])],
)
def test_axes_of_multiples_hold_one_and_their_values(low: float, high: float, marks: list[float]) -> None:
    axis, found = costs.make_log_axis(low, high)
    assert found == marks
    assert axis.low <= np.log(low) + 1e-9
    assert axis.high >= np.log(high) - 1e-9
    assert 0 <= axis.at(0.0) <= 100


def test_a_claim_of_not_behind_is_in_words(summary: Summary) -> None:
    task = summary.task("choosing")
    verdict = replace(summary.verdicts[0], verdict="undecided", not_inferior=True)
    assert verdict.label == verdict.document()["label"] == "not worse"
    said = words.describe_verdict(verdict, task)
    assert said.startswith(f"{verdict.a} is not worse than baseline on choosing (acc), within the margin of 5.0 points")
    assert "(one-sided, 95%); more is undecided: " in said
    endless = words.describe_verdict(replace(verdict, low=-math.inf, high=math.inf), task)
    assert "without ends, since these answers do not bound it" in endless
    beaten = words.describe_verdict(replace(verdict, verdict="worse"), task)
    assert "But it is certainly not behind by more than the margin (one-sided, 95%)." in beaten
    for other in ({"not_inferior": False}, {"not_inferior": None}, {"margin": 0.0}, {"verdict": "better"}):
        changed = replace(verdict, **other)
        assert changed.label == changed.verdict
        assert not re.search("not behind|not worse", words.describe_verdict(changed, task))


def test_all_questions_together(summary: Summary, page: str) -> None:
    assert all(v.family == len(summary.verdicts) == 6 and not v.only_alone for v in summary.verdicts)
    assert words.describe_outcome(summary).endswith("The verdicts survive correction for 6 comparisons (95%).")
    assert family.describe_family(summary) == []
    first = replace(summary.verdicts[0], verdict="undecided", alone="worse")
    shaken = replace(summary, verdicts=[first, *summary.verdicts[1:]])
    assert words.describe_outcome(shaken).endswith("comparisons (95%); 1 more would be decided if asked alone.")
    assert family.describe_family(shaken) == [
        "Decided if asked alone, but not after correction for 6 comparisons: "
        f"{first.a} on {first.task} (worse). Among so many such verdicts, some are false by chance."
    ]
    assert "(Holm), the chance of one or more false claims in the whole trial is at most 5%." in page
    assert "with 95% probability none of them is false" in page
    assert "e-Holm" not in page


def test_evidence_is_shown_with_its_promise(tmp_path: Path) -> None:
    tasks = {t: right({"a": 0.5, "b": 0.9, "c": 0.52}) for t in ("one", "two")}
    found, page = made(tmp_path / "t.db", tasks, decide={"stop_early": True})
    assert 'scope="col" class="figure">e, all questions' in page
    assert "corrected e of at least 20 (e-Holm) gives the same guarantee at any look." in page
    assert [v.a for v in found.verdicts if v.verdict == "better"] == ["b", "b"]
    looked = replace(found, standings=replace(found.standings, second_look=(found.verdicts[1],)))
    assert "Worth a second look: c against a on one." in family.describe_family(looked)[-1]


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.5, "0.500"), (34.83, "34.8"), (5e18, "10^18")])
def test_evidence_in_figures(value: float | None, text: str) -> None:
    assert family.format_e_value(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0%"), (0.004, "under 1%"), (0.5, "50%"), (0.996, "over 99%"), (1.0, "100%")]
)
def test_shares_are_not_rounded_to_certainty(share: float, text: str) -> None:
    assert across.format_percent(share) == text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminal_has_a_short_form(summary: Summary, width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width)
    console.print(make_across_table(summary))
    for line in describe_across(summary):
        console.print(line)
    console.print(make_verdicts_table(summary))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    flat = " ".join(text.split())
    assert "mean rank 2.00 3.00 1.00" in flat
    assert "better-one dominates baseline and smaller: better on all 3 tasks." in flat
    assert "By the trial file's weights: better-one" in flat
    assert "Verdicts against baseline" in flat
    assert "Kendall" not in text


def test_with_nothing_decided_nobody_is_called_the_first(tmp_path: Path) -> None:
    tasks = {name: {"acc": {"a": [0.0, 1.0, 1.0, 0.0], "b": [1.0, 1.0, 1.0, 0.0]}} for name in ("one", "two", "three")}
    found, _ = made(tmp_path / "t.db", tasks)
    said = " ".join(across.describe_standings(found))
    assert "Nothing is decided on any task, so the order by mean rank means nothing." in said
    assert "By mean rank" not in said and found.standings.firmness is not None
