"""Rules that grade, and how few people have checked them: said in the headline, where it is so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.analysis.doubts.graded import find_rule_doubts
from fairtrial.records.harms import LabelCounts


def find(*counts: LabelCounts | None, written: bool = True) -> list[Doubt]:
    """Return the doubts about a task for each count; None: nobody has looked."""
    measures = [SimpleNamespace(name=name) for name in ("harmful", *["unclear"] * written)]
    tasks: list[Any] = [
        SimpleNamespace(
            name=f"votes{i}",
            card=SimpleNamespace(
                measures=measures, harms=SimpleNamespace(grading={} if one is None else {"harmful": one})
            ),
        )
        for i, one in enumerate(counts)
    ]
    trial: Any = SimpleNamespace(plan=SimpleNamespace(tasks=tasks))
    return list(find_rule_doubts(None, trial))  # type: ignore[arg-type]  # nothing but the cards is looked at


def test_rules_that_nobody_has_checked_are_told_once_for_all_tasks() -> None:
    [one] = find(None, None)
    assert one.headline and "not measured on votes0, votes1: read some" in one.text
    assert find(None, written=False) == []


@pytest.mark.parametrize(("counts", "said"), [
    (LabelCounts(100, 2, 3, 95), ""),
    (LabelCounts(8, 9, 0, 10), "Of only 27 answers that people labelled, 18 are graded alike; the rules found 17"),
    (LabelCounts(10, 0, 0, 10), "Of only 20 answers that people labelled, 20 are graded alike."),
    (LabelCounts(30, 60, 0, 110), "Of 200 answers that people labelled, 140 are graded alike; the rules found 90"),
    (LabelCounts(34, 10, 10, 141), "the rules found 44, of which people agree with 34 (kappa 0.71; 0.9 is wanted)."),
])  # fmt: skip
def test_few_labels_and_low_agreement_stand_in_the_headline(counts: LabelCounts, said: str) -> None:
    found = find(counts)
    assert [one.headline for one in found] == [True] * bool(said)
    assert all(said in one.text for one in found)
