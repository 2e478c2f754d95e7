"""What a trial found: estimates of every measure and verdicts on every pair, read from the ledger.

Reads only; knows no engine, task or lever, and works on a ledger that is half filled: what has no rows yet has no
estimate and no verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from fairtrial.earlier import hints, sources
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.leading import leading
from fairtrial.stats.families import e_holm, holm
from fairtrial.stats.intervals import Floats, Interval, estimate
from fairtrial.stats.paired import Comparison, PairedSample, Rule, compare
from fairtrial.stats.sequential import decide
from fairtrial.stats.stopped import Ender, compare_stopped, ender_confidence

MEASURED_UNITS = frozenset({"s", "J", "W", "g", "USD", "B/s", "token/s"})
"""Units of quantities that come out otherwise when measured again."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One candidate's value of one measure on one task.

    Attributes:
        candidate, task, measure: names as the trial's author wrote them.
        mean: the value, in ``unit`` (after the measure's transform).
        low: lower end of the interval for new items like these; infinite where the data cannot bound it.
        high: upper end.
        items: items that it rests on.
        clusters: clusters among them.
        confidence: coverage of the interval.
        unit: unit of ``mean``; ``1`` for shares.
    """

    candidate: str
    task: str
    measure: str
    mean: float
    low: float
    high: float
    items: int
    clusters: int
    confidence: float
    unit: str

    def document(self) -> dict[str, Any]:
        """Return the estimate as JSON values; an end that the data cannot bound is null."""
        return finite(asdict(self))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Candidate ``a`` against the baseline ``b`` on one task and measure; see `fairtrial.stats.paired.Comparison`.

    Attributes:
        verdict: better, worse, tied, undecided; or different, for a measure without a direction.
        difference, low, high: a - b with its interval; of logarithms for a measure shown through ``exp``.
        items_total: items that the task has in all.
        p_value: of this one question; valid at any look where the trial may stop early.
        e_value: evidence for a difference that may be looked at any number of times; None for a fixed sample.
        p_adjusted: corrected (Holm) for all questions of the trial that have one.
        flips_to_right, flips_to_wrong: items that only ``a`` has right, that only ``b`` has right.
        items_needed: about how many more items would settle an undecided question, where that can be said.
        e_adjusted: ``e_value`` corrected (e-Holm) for all questions of the trial that have one: claiming what has at
            least 20 makes one or more false claims with a chance of at most 5%, at any look.
        not_inferior: whether ``a`` is certainly behind ``b`` by no more than the margin, a one-sided claim of its own.
    """

    a: str
    b: str
    task: str
    measure: str
    verdict: str
    difference: float
    low: float
    high: float
    confidence: float
    margin: float
    items_used: int
    items_total: int
    clusters_used: int
    flips_to_right: int | None
    flips_to_wrong: int | None
    p_value: float | None
    p_adjusted: float | None
    method: str
    unit: str
    items_needed: int | None = None
    e_value: float | None = None
    e_adjusted: float | None = None
    not_inferior: bool | None = None

    def document(self) -> dict[str, Any]:
        """Return the verdict as JSON values; an end that the data cannot bound is null."""
        return finite(asdict(self))


@dataclass(frozen=True, slots=True)
class Question:
    """One pair, task and measure of a trial's plan, with the rule that decides it.

    Attributes:
        stops_early: whether the trial may stop when its questions are settled, so that looks count.
        earlier: ids of the candidates whose values of this measure were known for every item before the trial began.
        enders: where this measure has no bounds, and so no look before the end: the trial's questions about the same
            candidates and task that have bounds.  When they are settled, so is when to stop, and this one is judged
            once.
    """

    a: Mapping[str, Any]
    b: Mapping[str, Any]
    task: Mapping[str, Any]
    measure: Mapping[str, Any]
    rule: Rule
    stops_early: bool = False
    earlier: tuple[str, ...] = ()
    enders: tuple[Question, ...] = ()


def estimates(ledger: Ledger, trial_id: str) -> list[Estimate]:
    """Return an estimate for each candidate, task and measure that has values, in the plan's order."""
    plan = query.trial(ledger, trial_id).plan
    confidence = float(plan["decide"]["confidence"])
    found = []
    for task in plan["tasks"]:
        for measure in task["card"]["measures"]:
            for candidate in plan["candidates"]:
                rows = query.values(ledger, trial_id, candidate["id"], task["id"], measure["name"])
                if rows.weights.size == 0 or not (rows.weights > 0).any():
                    continue
                got = estimate(rows.values, rows.weights, rows.clusters, confidence, bounds_of(measure))
                shown = through(measure["transform"], got)
                found.append(
                    Estimate(
                        candidate["name"],
                        task["name"],
                        measure["name"],
                        shown.mean,
                        shown.low,
                        shown.high,
                        items=rows.values.size,
                        clusters=int(np.unique(rows.clusters).size),
                        confidence=confidence,
                        unit=unit_through(measure),
                    )
                )
    return found


def verdicts(ledger: Ledger, trial_id: str, baseline: str = "") -> list[Verdict]:
    """Return a verdict for each candidate against the baseline, per task and verdict measure, in the plan's order.

    Pairs without an item that both answered are left out.  ``p_adjusted`` counts all verdicts that have a p-value as
    one family, and ``e_adjusted`` all that have evidence.  A trial that may stop early gets the verdicts that hold at
    any look, else those of a fixed sample.

    Args:
        ledger: with the trial.
        trial_id: of the trial.
        baseline: name of the candidate that the others are compared with; the trial's own by default.
    """
    asked = questions(query.trial(ledger, trial_id).plan, baseline)
    found = [v for q in asked if (v := verdict(ledger, trial_id, q))]
    tested = [verdict.p_value for verdict in found if verdict.p_value is not None]
    adjusted = iter(holm(tested))
    found = [v if v.p_value is None else replace(v, p_adjusted=next(adjusted)) for v in found]
    evidence = iter(e_holm([verdict.e_value for verdict in found if verdict.e_value is not None]))
    return [v if v.e_value is None else replace(v, e_adjusted=next(evidence)) for v in found]


def verdict(ledger: Ledger, trial_id: str, question: Question) -> Verdict | None:
    """Return the verdict on one question by the items so far; None if no item counts for both.

    The conductor asks this after every batch; ``undecided`` means that more items are wanted.
    """
    where = (trial_id, question.a["id"], question.b["id"], question.task["id"], question.measure["name"])
    rows, last = leading(ledger, *where) if question.stops_early else (query.paired(ledger, *where), True)
    if not (positive(rows.a_weights) and positive(rows.b_weights)):
        return None
    sample = PairedSample(rows.a_values, rows.a_weights, rows.b_values, rows.b_weights, rows.clusters)
    if not question.stops_early:
        return as_verdict(question, compare(sample, question.rule))
    if question.enders and not last:
        return as_verdict(question, when_stopped(ledger, trial_id, question, rows.item_ids, sample))
    told = hints(ledger, trial_id, where[1:3], where[3:], question.earlier)
    if told is None:
        return as_verdict(question, decide(sample, question.rule, last=last))
    place = query.order(ledger, trial_id, question.task["id"]).position
    seen = told[[place[item] for item in rows.item_ids]]
    return as_verdict(question, decide(sample, question.rule, last=last, hints=(seen, told)))


def when_stopped(
    ledger: Ledger, trial_id: str, question: Question, items: Sequence[str], sample: PairedSample
) -> Comparison:
    """Return the one comparison of a measure without bounds after others ended the asking, or that it must wait."""
    looks = [verdict(ledger, trial_id, ender) for ender in question.enders]
    if any(look is None or look.verdict == "undecided" for look in looks):
        return decide(sample, question.rule)
    confidence = ender_confidence(question.rule.confidence, len(looks))
    enders = []
    for ender in question.enders:
        names = (ender.a["id"], ender.b["id"], ender.task["id"], ender.measure["name"])
        rows, _ = leading(ledger, trial_id, *names)
        own = PairedSample(rows.a_values, rows.a_weights, rows.b_values, rows.b_weights, rows.clusters)
        target = "population" if question.rule.noisy else ender.rule.target
        found = decide(own, replace(ender.rule, target=target, confidence=confidence))
        known = dict(zip(rows.item_ids, rows.a_values - rows.b_values, strict=True))
        differences = np.array([known.get(item, found.difference) for item in items])
        enders.append(Ender(differences, found.low, found.high))
    return compare_stopped(sample, question.rule, enders)


def earlier_answers(
    ledger: Ledger, plan: Mapping[str, Any], items: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Return whose answers from earlier trials help with which task and measure of a trial that is about to begin.

    They help claims about single items of a finite list, all of which may be asked, where looks count.

    Args:
        ledger: with the answers of earlier trials.
        plan: of the trial.
        items: ids of the items that it may ask, by task id.

    A list of ``{"task": id, "measure": name, "candidates": [ids]}``: the plan's ``earlier``, for `questions`.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for question in questions(plan):
        rule, key = question.rule, (question.task["id"], question.measure["name"])
        whole = rule.target == "benchmark" and not rule.noisy and rule.total == len(items[key[0]])
        fit = question.stops_early and whole and rule.shuffled == "items" and rule.bounds is not None
        if fit and key not in found:
            found[key] = sources(ledger, int(plan["seed"]), *key, items[key[0]])
    return [{"task": t, "measure": m, "candidates": ids} for (t, m), ids in found.items() if ids]


def planned_items(task: Mapping[str, Any]) -> int:
    """Return how many items of a task the trial asks if nothing stops it."""
    total, limit = int(task["items_total"]), task["entry"].get("limit")
    return total if limit is None else min(total, int(limit))


def questions(plan: Mapping[str, Any], baseline: str = "") -> Iterator[Question]:
    """Yield what a trial's plan asks: each task, each of its verdict measures, each candidate but the baseline.

    With another baseline than the trial's: what is then asked of the same answers.  What ended the asking are still
    the trial's own questions.
    """
    candidates = {candidate["name"]: candidate for candidate in plan["candidates"]}
    own, other = candidates[plan["baseline"]], candidates[baseline or plan["baseline"]]
    early = bool(plan["decide"].get("stop_early"))
    for task in plan["tasks"]:
        for question in asked_of(plan, task, other):
            if early and question.rule.bounds is None:
                pair = {question.a["name"], other["name"]}
                ended = (q for q in asked_of(plan, task, own) if q.rule.bounds is not None and q.a["name"] in pair)
                question = replace(question, enders=tuple(ended))
            yield question


def asked_of(plan: Mapping[str, Any], task: Mapping[str, Any], baseline: Mapping[str, Any]) -> Iterator[Question]:
    """Yield the questions on one task about one baseline, without their enders."""
    measures = {measure["name"]: measure for measure in task["card"]["measures"]}
    early = bool(plan["decide"].get("stop_early"))
    known = {(e["task"], e["measure"]): tuple(e["candidates"]) for e in plan.get("earlier", ())}
    for name in task["measures"]:
        for candidate in plan["candidates"]:
            if candidate["name"] != baseline["name"]:
                rule = rule_of(plan, task, measures[name], (candidate, baseline))
                told = known.get((task["id"], name), ())
                yield Question(candidate, baseline, task, measures[name], rule, early, told)


def rule_of(
    plan: Mapping[str, Any],
    task: Mapping[str, Any],
    measure: Mapping[str, Any],
    pair: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> Rule:
    """Return the rule for one question: the trial's ``decide`` section with what the measure says about itself.

    A task that asks only its first items makes no random sample of the others: its benchmark is those items.  A task's
    ``order`` (``items`` or ``clusters``) and ``largest_cluster`` say what was shuffled; items if absent.
    """
    decide = plan["decide"]
    sampled = any((candidate["spec"].get("decoding") or {}).get("temperature") for candidate in pair)
    repeated = int(task["entry"].get("repeats") or 1) > 1
    return Rule(
        margin=float(decide["margin"]),
        confidence=float(decide["confidence"]),
        target=decide["target"],
        total=planned_items(task) if task["entry"].get("sample") == "first" else int(task["items_total"]),
        higher_is_better=measure["higher_is_better"],
        bounds=bounds_of(measure),
        transform=measure["transform"],
        noisy=sampled or repeated or measure["unit"] in MEASURED_UNITS,
        shuffled=task.get("order", "items"),
        largest_cluster=int(task.get("largest_cluster", 1)),
    )


def as_verdict(question: Question, found: Comparison) -> Verdict:
    """Return the comparison under the names that the trial's author wrote."""
    return Verdict(
        a=question.a["name"],
        b=question.b["name"],
        task=question.task["name"],
        measure=question.measure["name"],
        verdict=found.verdict,
        difference=found.difference,
        low=found.low,
        high=found.high,
        confidence=found.confidence,
        margin=question.rule.margin,
        items_used=found.items_used,
        items_total=int(question.task["items_total"]),
        clusters_used=found.clusters_used,
        flips_to_right=found.flips_to_right,
        flips_to_wrong=found.flips_to_wrong,
        p_value=found.p_value,
        p_adjusted=None,
        method=found.method,
        unit=question.measure["unit"],
        items_needed=found.items_needed,
        e_value=found.e_value,
        not_inferior=found.not_inferior,
    )


def bounds_of(measure: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the measure's bounds as numbers, or None."""
    bounds = measure["bounds"]
    return None if bounds is None else (float(bounds[0]), float(bounds[1]))


def unit_through(measure: Mapping[str, Any]) -> str:
    """Return the unit of a measure after its transform; a perplexity has none."""
    return "" if measure["transform"] == "exp" else str(measure["unit"])


def through(transform: str, interval: Interval) -> Interval:
    """Return the interval after the measure's transform (``exp`` maps an unbounded end to 0 or infinity)."""
    if transform != "exp":
        return interval
    return Interval(*(exponential(x) for x in (interval.mean, interval.low, interval.high)))


def exponential(x: float) -> float:
    """Return e to the x, infinite where that is beyond floating point."""
    return math.exp(x) if x < 700 else math.inf


def positive(weights: Floats) -> bool:
    """Return whether any weight is above 0."""
    return bool((weights > 0).any())


def finite(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with null for numbers that JSON lacks."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in document.items()}
