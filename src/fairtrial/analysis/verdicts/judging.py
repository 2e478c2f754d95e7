"""One question: its verdict by the items so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fairtrial.analysis.earlier import find_earlier_candidates, find_hints
from fairtrial.analysis.verdicts.questions import TrialQuestion, iterate_questions, scale_margin
from fairtrial.analysis.verdicts.results import Verdict
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.leading import read_leading_values
from fairtrial.ledger.plan import TrialRecord
from fairtrial.stats.arrays import Floats
from fairtrial.stats.paired import Comparison, PairedSample, Rule, compare
from fairtrial.stats.sequential import decide
from fairtrial.stats.stopped import EndingMeasure, compare_stopped, get_ending_confidence


def judge_question(ledger: Ledger, trial_id: str, question: TrialQuestion, rule: Rule | None = None) -> Verdict | None:
    """Return the verdict on one question by the items so far; None if no item counts for both.

    The conductor asks this after every batch; ``undecided`` means that more items are wanted.

    Args:
        ledger: with the trial.
        trial_id: its id.
        question: of the trial.
        rule: that decides it; by default the one by which its word holds among all questions of the trial.
    """
    rule = question.make_family_rule() if rule is None else rule
    where = (trial_id, question.a.id, question.b.id, question.task.id, question.measure.name)
    rows, last = (
        read_leading_values(ledger, *where)
        if question.stops_early
        else (query.read_paired_values(ledger, *where), True)
    )
    if not (_has_weight(rows.a_weights) and _has_weight(rows.b_weights)):
        return None
    sample = PairedSample(rows.a_values, rows.a_weights, rows.b_values, rows.b_weights, rows.clusters)
    rule = scale_margin(rule, question.measure, sample)
    if not question.stops_early:
        return _make_verdict(question, rule, compare(sample, rule))
    if question.ended_by and not last:
        return _make_verdict(
            question, rule, _compare_when_stopped(ledger, trial_id, question, rule, (rows.item_ids, sample))
        )
    told = find_hints(ledger, trial_id, where[1:3], where[3:], question.earlier)
    if told is None:
        return _make_verdict(question, rule, decide(sample, rule, last=last))
    place = query.read_order(ledger, trial_id, question.task.id).position
    seen = told[[place[item] for item in rows.item_ids]]
    return _make_verdict(question, rule, decide(sample, rule, last=last, hints=(seen, told)))


def _compare_when_stopped(
    ledger: Ledger, trial_id: str, question: TrialQuestion, rule: Rule, found: tuple[Sequence[str], PairedSample]
) -> Comparison:
    """Return the one comparison of a measure without bounds after others ended the asking, or that it must wait.

    ``found``: ids of the items, and what the two have of them.
    """
    items, sample = found
    looks = [judge_question(ledger, trial_id, ending) for ending in question.ended_by]
    if any(look is None or look.verdict == "undecided" for look in looks):
        return decide(sample, rule)
    confidence = get_ending_confidence(rule.confidence, len(looks))
    endings = []
    for ending in question.ended_by:
        names = (ending.a.id, ending.b.id, ending.task.id, ending.measure.name)
        rows, _ = read_leading_values(ledger, trial_id, *names)
        own = PairedSample(rows.a_values, rows.a_weights, rows.b_values, rows.b_weights, rows.clusters)
        target = "population" if rule.noisy else ending.rule.target
        seen = decide(own, replace(ending.rule, target=target, confidence=confidence))
        known = dict(zip(rows.item_ids, rows.a_values - rows.b_values, strict=True))
        differences = np.array([known.get(item, seen.difference) for item in items])
        endings.append(EndingMeasure(differences, seen.low, seen.high))
    return compare_stopped(sample, rule, endings)


def find_earlier_answers(ledger: Ledger, plan: TrialRecord, items: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return whose answers from earlier trials help with which task and measure of a trial that is about to begin.

    They help claims about single items of a finite list, all of which may be asked, where looks count.

    Args:
        ledger: with the answers of earlier trials.
        plan: of the trial.
        items: ids of the items that it may ask, by task id.

    A list of ``{"task": id, "measure": name, "candidates": [ids]}``: the plan's ``earlier``, for `iterate_questions`.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for question in iterate_questions(plan):
        rule, key = question.rule, (question.task.id, question.measure.name)
        whole = rule.target == "benchmark" and not rule.noisy and rule.total == len(items[key[0]])
        fit = question.stops_early and whole and rule.shuffled == "items" and rule.bounds is not None
        if fit and key not in found:
            found[key] = find_earlier_candidates(ledger, plan.seed, *key, items[key[0]])
    return [{"task": t, "measure": m, "candidates": ids} for (t, m), ids in found.items() if ids]


def _make_verdict(question: TrialQuestion, rule: Rule, found: Comparison) -> Verdict:
    """Return the comparison under the names that the trial's author wrote; the word and interval are the rule's."""
    return Verdict(
        a=question.a.name,
        b=question.b.name,
        task=question.task.name,
        measure=question.measure.name,
        verdict=found.verdict,
        difference=found.difference,
        low=found.low,
        high=found.high,
        confidence=found.confidence,
        margin=rule.margin,
        items_used=found.items_used,
        items_total=question.task.items_total,
        clusters_used=found.clusters_used,
        flips_to_right=found.flips_to_right,
        flips_to_wrong=found.flips_to_wrong,
        p_value=found.p_value,
        p_adjusted=None,
        method=found.method,
        unit=question.measure.unit,
        items_needed=found.items_needed,
        e_value=found.e_value,
        not_inferior=found.not_inferior,
        alone=found.verdict,
        not_inferior_alone=found.not_inferior,
        family=question.family,
        low_together=found.low,
        high_together=found.high,
        confidence_together=found.confidence,
    )


def _has_weight(weights: Floats) -> bool:
    """Return whether any weight is above 0."""
    return bool((weights > 0).any())
