"""Doubts about sizes: tasks with too few items for any verdict, or for a tie, however they are answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.analysis.verdicts import TrialQuestion, iterate_questions
from fairtrial.ledger import Ledger, query
from fairtrial.stats.paired import Rule, find_least_clusters, find_least_for_tie
from fairtrial.stats.sequential import find_least_units


@dataclass(frozen=True, slots=True)
class SampleSize:
    """What there is of one task, and the least that a verdict on one measure takes.

    Attributes:
        question: one of those about the task and measure.
        count: independent units: clusters, or items where each is its own.
        what: name of the units.
        apart: least number for better or worse, all pointing one way.
        tie: least number for a tie, all without a difference; None where no number can be said.
        sure: confidence of the words.
    """

    question: TrialQuestion
    count: int
    what: str
    apart: int
    tie: int | None
    sure: str

    @property
    def name(self) -> str:
        """Task and measure."""
        return f"{self.question.task.name} ({self.question.measure.name})"


def find_few_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each task and measure with too few items, and one about all with too few for a tie alone."""
    untied = []
    for size in _iterate_sample_sizes(ledger, trial):
        open_tie = size.tie is None or size.count < size.tie
        if size.count < size.apart:
            to_tie = f"; a tie within the margin at least {size.tie:,} without any difference" if size.tie else ""
            few = "too few for any verdict" if open_tie else "too few for better or worse"
            text = (
                f"{size.name} has {size.count:,} {size.what}, {few}: at {size.sure} better or worse takes at least "
                f"{size.apart:,} that all point one way{to_tie}."
            )
            task = size.question.task.name
            yield Doubt("few", text, task, count=size.count, of=size.apart, headline=open_tie)
        elif size.tie is not None and open_tie:
            untied.append(f"{size.name}: {size.count:,} {size.what}, and at least {size.tie:,} are needed")
    if untied:
        text = "Too few for a tie within the margin, even if nothing differed: " + "; ".join(untied) + "."
        yield Doubt("few_for_tie", text)


def _iterate_sample_sizes(ledger: Ledger, trial: query.TrialRow) -> Iterator[SampleSize]:
    """Yield the size of each task and measure that gets verdicts, unless all of its benchmark is asked."""
    asked = {(q.task.id, q.measure.name): q for q in iterate_questions(trial.plan)}
    for question in asked.values():
        order, rule = query.read_order(ledger, trial.id, question.task.id), question.make_family_rule()
        items, clusters = len(order.item_ids), int(np.unique(order.clusters).size)
        if not items or rule.sampled_share(items) >= 1:
            continue
        drawn = rule.bounds is not None and rule.shuffled == "items" and rule.sampled_share(1) > 0
        count, what = (items, "items") if drawn or clusters == items else (clusters, _name_clusters(clusters))
        yield SampleSize(question, count, what, *_find_least_units(question, rule), f"{100 * rule.confidence:.4g}%")


def _name_clusters(count: int) -> str:
    return "cluster of items" if count == 1 else "clusters of items"


def _find_least_units(question: TrialQuestion, rule: Rule) -> tuple[int, int | None]:
    """Return the least number of units for better or worse, and for tied; None where a tie hangs on more than that."""
    if rule.bounds is None:
        return find_least_clusters(rule.confidence), None
    reach = rule.bounds[1] - rule.bounds[0]
    if not question.stops_early:
        return find_least_clusters(rule.confidence), find_least_for_tie(rule.margin, reach, rule.confidence)
    tie = find_least_units(0.0, -rule.margin / reach, rule.confidence) if 0 < rule.margin < reach else None
    return find_least_units(1.0, 0.0, rule.confidence) or 1, tie
