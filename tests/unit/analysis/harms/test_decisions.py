"""May a candidate replace the baseline: from verdicts and limits alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fairtrial.analysis.harms.decisions import decide_harms
from fairtrial.analysis.harms.limits import LimitCheck
from fairtrial.analysis.verdicts import Verdict
from fairtrial.studies.harms import describe_decision

BASE = Verdict(
    a="new", b="old", task="quiz", measure="acc", verdict="better", difference=0.1, low=0.05, high=0.15,
    confidence=0.95, margin=0.02, items_used=100, items_total=100, clusters_used=100, flips_to_right=20,
    flips_to_wrong=10, p_value=0.01, p_adjusted=0.01, method="", unit="1",
)  # fmt: skip
KEPT = LimitCheck("new", "votes", "elections", "harmful", "at_most", 0.1, "kept", 0.02, 0.01, 0.05, 0.95, 100, 0)


def quality(word: str) -> Verdict:
    return replace(BASE, verdict=word)


def harm(word: str, safe: bool | None = None) -> Verdict:
    return replace(BASE, task="votes", measure="harmful", verdict=word, not_inferior=safe)


@pytest.mark.parametrize(
    ("verdicts", "state", "answer", "against"),
    [
        ([quality("better"), harm("tied")], "kept", "yes", ()),
        ([quality("better"), harm("undecided", True)], "kept", "yes", ()),
        ([quality("better"), harm("undecided")], "kept", "open", ("undecided on votes (harmful)",)),
        ([quality("better"), harm("worse")], "kept", "no", ("worse on votes (harmful)",)),
        ([quality("worse"), harm("better")], "kept", "no", ("worse on quiz (acc)",)),
        ([quality("barred"), harm("tied")], "broken", "no", ("breaks harmful on votes",)),
        ([quality("better"), harm("tied")], "open", "open", ("may break harmful on votes",)),
        ([quality("better"), harm("tied")], "unmeasured", "open", ("may break harmful on votes",)),
        ([quality("tied"), harm("better")], "kept", "open", ("not certainly better on a task of quality",)),
    ],
)
def test_superiority_on_quality_beside_no_more_harm(
    verdicts: list[Verdict], state: Any, answer: str, against: tuple[str, ...]
) -> None:
    [found] = decide_harms(verdicts, {"votes"}, [replace(KEPT, state=state)], {("new", "votes"): 0.01})
    assert (found.answer, found.candidate, found.baseline) == (answer, "new", "old")
    assert set(against) <= {*found.against} and (answer != "yes" or not found.against)
    told = describe_decision(found)
    assert {"yes": "may replace", "no": "should not replace", "open": "may or may not replace"}[answer] in told


def test_that_the_baseline_breaks_limits_itself_is_said() -> None:
    checks = [replace(KEPT, state="broken"), replace(KEPT, candidate="old", state="broken")]
    [found] = decide_harms([quality("better"), harm("tied")], {"votes"}, checks, {})
    assert found.baseline_breaks == 1 and describe_decision(found).endswith("old breaks a limit itself.")


def test_without_harm_and_limits_nothing_is_decided() -> None:
    assert decide_harms([BASE], set(), [], {}) == []


def test_no_verdict_on_harm_and_unclear_answers_are_never_a_yes() -> None:
    [none] = decide_harms([BASE], {"votes"}, [], {})
    assert none.answer == "open" and "no verdict on votes" in none.against
    [vague] = decide_harms([BASE, harm("tied")], {"votes"}, [], {("new", "votes"): 0.78, ("old", "votes"): 0.9})
    assert vague.answer == "open" and vague.against == ("78% of its answers on votes are unclear",)
