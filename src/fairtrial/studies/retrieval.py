"""What retrieval is worth, and where what it loses is lost.  Told of every trial with a candidate that retrieves.

One model under several conditions on the same items: closed book, with what a search finds, with what a perfect search
would find (oracle), with what is found beside that (distractors).  Comparisons are paired, item by item.

What retrieval loses is a sum: of every wrong answer the first cause that applies counts, so that the parts add up to
all that is lost.  *Withheld by rights*: something that must be known was not permitted to be shown, as the candidate
with oracle passages tells.  *Not found*: not all that must be known is among the first passages.  *Found, not used*:
it is, and the answer declines or cites nothing that tells it.  *Used, but wrong*: it cites what tells it and is wrong.
*Nothing to be found*: the archive does not tell it, and something was answered.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.verdicts import get_bounds, make_rule, scale_margin
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.passage_uses import read_withheld_items
from fairtrial.ledger.plan import CandidateRecord, TaskRecord
from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.intervals import estimate
from fairtrial.stats.paired import compute_fixed_interval
from fairtrial.studies.base import Cell, Column, Findings, Interval, Table

TITLE = "What is retrieval worth, and where is what it loses lost?"
CLOSED, SEARCH, ORACLE, DISTRACTORS = "closed book", "retrieval", "oracle passages", "distractors only"
CONDITIONS = {"search": SEARCH, "oracle": ORACLE, "distractors": DISTRACTORS}
"""Setting ``passages`` of the lever to the condition."""

CONTRASTS = ((SEARCH, CLOSED), (ORACLE, SEARCH), (ORACLE, CLOSED), (DISTRACTORS, CLOSED))
"""What is compared: the first less the second."""

UNDER = ("archive", "profile", "territory", "operator", "proofs", "reporting", "at")
"""Settings of the lever that decide what may be shown."""

SEARCH_ALONE = "search"
"""A candidate's model that answers nothing: only its search is looked at, and no answers of it are lost."""

OF_SEARCHES = ("recall", "ndcg", "mrr")
CAUSES = ("withheld by rights", "not found", "found, not used", "used, but wrong", "nothing to be found")
TOGETHER = "found, but wrong"
"""The third and the fourth cause, which nobody can tell apart where a model never cites."""


@dataclass(frozen=True, slots=True)
class _Family:
    """One model under several conditions, as names of candidates; of several in one condition each has a family."""

    names: Mapping[str, str]

    @property
    def title(self) -> str:
        """The candidate that retrieves, or whatever there is."""
        return self.names.get(SEARCH) or next(iter(self.names.values()))


@dataclass(frozen=True, slots=True)
class Losses:
    """Where the answers to some items were lost; arrays (n,), each cause 0 or what was lost, the causes add up."""

    causes: Mapping[str, Floats]
    clusters: Ints
    cites: bool


def study_retrieval(ledger: Ledger, trial_id: str, settings: Mapping[str, Any]) -> Findings:
    """Return the findings of a trial that is this study; they say so if nothing retrieves."""
    none = "Nothing retrieves: give a candidate the lever, e.g. `levers: [{retrieve: news.db}]`."
    return _find(ledger, trial_id) or Findings(TITLE, notes=(none,))


def tell_retrieval(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return the same of a trial that is another study or none; None if nothing retrieves."""
    plan = query.find_trial(ledger, trial_id).plan
    if plan.study and plan.study.get("name") == "retrieval":
        return None
    return _find(ledger, trial_id)


def _find(ledger: Ledger, trial_id: str) -> Findings | None:
    rows = TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan)
    families = find_families([one for one in rows.plan.candidates if one.spec.model != SEARCH_ALONE])
    if not families:
        return None
    tasks = [task for task in rows.plan.own_tasks if _grades_answers(task)]
    told = [(family, task) for task in tasks for family in families if _has_answers(rows, family, task)]
    sentences = [line for family, task in told for line in _describe(rows, family, task)]
    tables = [table for family, task in told for table in _make_tables(rows, family, task)]
    return Findings(TITLE, tuple(sentences), tuple(tables), (), tuple(_list_notes(rows, families, told)))


def _grades_answers(task: TaskRecord) -> bool:
    """Return whether a task's main measure is of answers, and not of what was found for them."""
    name, at, _ = task.main_measure.name.partition("@")
    return task.main_measure.higher_is_better is not None and not (at and name in OF_SEARCHES)


def find_families(candidates: Sequence[CandidateRecord]) -> list[_Family]:
    """Return the models that retrieve, each with the same model under other conditions."""
    groups: dict[str, dict[str, list[str]]] = {}
    for one in candidates:
        condition, rest = _split_levers(one)
        groups.setdefault(rest, {}).setdefault(condition, []).append(one.name)
    found = []
    for group in groups.values():
        most = max(len(names) for names in group.values())
        if set(group) == {CLOSED}:
            continue
        found += [_Family({c: names[min(i, len(names) - 1)] for c, names in group.items()}) for i in range(most)]
    return found


def _split_levers(one: CandidateRecord) -> tuple[str, str]:
    """Return a candidate's condition, and all else of it that can change an answer, as text to compare."""
    spec = one.spec
    condition, others = CLOSED, []
    for lever in spec.levers:
        if "retrieve" in lever:
            said = lever["retrieve"]
            passages = said.get("passages", "search") if isinstance(said, Mapping) else "search"
            condition = CONDITIONS.get(passages, SEARCH)
        else:
            others.append(lever)
    written = {name: value for name, value in spec.document.items() if name not in ("id", "levers")}
    kept = [spec.model, others, written]
    return condition, json.dumps(kept, sort_keys=True, default=str)


def _has_answers(rows: TrialValues, family: _Family, task: TaskRecord) -> bool:
    return any(rows.cell(name, task, task.main_measure.name).counts for name in family.names.values())


@dataclass(frozen=True, slots=True)
class _Contrast:
    """One condition's main measure less another's, and on how many items both have one."""

    change: Interval
    items: int


def _contrast(rows: TrialValues, task: TaskRecord, family: _Family, pair: tuple[str, str]) -> _Contrast | None:
    """Return one condition's main measure less another's; None where nothing can be compared."""
    a, b = (family.names.get(condition) for condition in pair)
    if a is None or b is None:
        return None
    measure = task.main_measure
    sample = rows.pair(task, measure.name, a, b)
    if sample is None:
        return None
    rule = scale_margin(make_rule(rows.plan, task, measure, (rows.candidate(a), rows.candidate(b))), measure, sample)
    low, high = compute_fixed_interval(sample, rule)
    means = [
        np.average(v, weights=w) for v, w in ((sample.a_values, sample.a_weights), (sample.b_values, sample.b_weights))
    ]
    return _Contrast(Interval(float(means[0] - means[1]), low, high), len(sample.a_values))


def find_withheld(rows: TrialValues, family: _Family, task: TaskRecord) -> frozenset[str]:
    """Return the items of a task for which rights withheld what should be found; only oracle passages tell it.

    Of candidates with another archive, or in other circumstances, they say nothing: then there are none.
    """
    if ORACLE not in family.names:
        return frozenset()
    under = {
        json.dumps(_read_rights(rows.candidate(name)), sort_keys=True)
        for c, name in family.names.items()
        if c != CLOSED
    }
    oracle = rows.candidate(family.names[ORACLE])
    return read_withheld_items(rows.ledger, oracle.id, task.id) if len(under) == 1 else frozenset()


def _read_rights(one: CandidateRecord) -> list[object]:
    """Return the archive of a candidate's lever, and the circumstances that it names."""
    said = next((lever["retrieve"] for lever in one.spec.levers if "retrieve" in lever), None)
    return [said.get(name) for name in UNDER] if isinstance(said, Mapping) else [said]


def measure_losses(
    rows: TrialValues, task: TaskRecord, name: str, withheld: Collection[str] = frozenset()
) -> Losses | None:
    """Return where a candidate's wrong answers were lost; None where what was found is not measured of the task.

    Items count that have a main measure, bounded by 0 and 1; those without recall have nothing to be found.

    Args:
        rows: of the trial.
        task: that was answered.
        name: of the candidate.
        withheld: ids of the items for which rights withheld what should be found.
    """
    measure = task.main_measure
    recalls = [m.name for m in task.card.measures if m.name.startswith("recall@")]
    if not recalls or get_bounds(measure) != (0.0, 1.0):
        return None
    main = rows.cell(name, task, measure.name)
    recall, cited = rows.cell(name, task, recalls[0]), rows.cell(name, task, "citation_recall")
    if not (main.counts and recall.counts):
        return None
    lost = 1.0 - main.values if measure.higher_is_better else main.values
    found = np.full(main.at.size, np.nan)
    found[np.isin(main.at, recall.at)] = recall.values[np.isin(recall.at, main.at)]
    used = np.zeros(main.at.size)
    used[np.isin(main.at, cited.at)] = cited.values[np.isin(cited.at, main.at)]
    there, whole = ~np.isnan(found), np.nan_to_num(found) >= 1.0
    ids = query.read_order(rows.ledger, rows.trial_id, task.id).item_ids
    denied = np.array([ids[place] in withheld for place in main.at], dtype=bool)
    flags = {
        "withheld by rights": there & ~whole & denied,
        "not found": there & ~whole & ~denied,
        "found, not used": there & whole & (used <= 0),
        "used, but wrong": there & whole & (used > 0),
        "nothing to be found": ~there,
    }
    causes = {cause: np.where(flags[cause], lost, 0.0) for cause in CAUSES}
    return Losses(causes, rows.clusters(task, main.at), bool((cited.values > 0).any()))


def _make_tables(rows: TrialValues, family: _Family, task: TaskRecord) -> Iterator[Table]:
    yield _make_conditions_table(rows, family, task)
    lines = [
        (f"{a} less {b}", found.change, found.items)
        for a, b in CONTRASTS
        if (found := _contrast(rows, task, family, (a, b))) is not None
    ]
    measure = task.main_measure
    if lines:
        aim = ", lower is better" if measure.higher_is_better is False else ""
        columns = (
            Column("compared"),
            Column(f"{measure.name}{aim}", measure.unit, difference=True),
            Column("items of both"),
        )
        yield Table(f"{task.name}: what passages change ({family.title})", columns, tuple(lines))
    rest = _measure_all_losses(rows, family, task)
    if rest:
        told = list(rest.items())
        heads = (Column("condition"), *(Column(cause, "1") for cause in told[0][1].causes), Column("all lost", "1"))
        yield Table(
            f"{task.name}: where answers are lost, as shares of all items ({family.title})",
            heads,
            tuple((condition, *_estimate_losses(rows, losses)) for condition, losses in told),
        )


def _measure_all_losses(rows: TrialValues, family: _Family, task: TaskRecord) -> dict[str, Losses]:
    """Return the losses by condition: without the cause that none of them has, with two in one where nobody cites."""
    withheld = find_withheld(rows, family, task)
    every = ((c, measure_losses(rows, task, name, withheld)) for c, name in family.names.items())
    found = {condition: losses for condition, losses in every if losses is not None}
    if not any(losses.cites for losses in found.values()):
        found = {condition: _put_together(losses) for condition, losses in found.items()}
    if not any(losses.causes[CAUSES[0]].any() for losses in found.values()):
        found = {c: replace(one, causes=dict(list(one.causes.items())[1:])) for c, one in found.items()}
    return found


def _put_together(losses: Losses) -> Losses:
    """Return losses with one cause in place of the two that only citations tell apart."""
    denied, missing, unused, wrong, nothing = (losses.causes[cause] for cause in CAUSES)
    causes = {CAUSES[0]: denied, CAUSES[1]: missing, TOGETHER: unused + wrong, CAUSES[4]: nothing}
    return replace(losses, causes=causes)


def _estimate_losses(rows: TrialValues, losses: Losses) -> list[Cell]:
    """Return each cause's share of all items with its interval, and all of them together."""
    every = [*losses.causes.values(), np.sum(list(losses.causes.values()), axis=0)]
    cells: list[Cell] = []
    for values in every:
        clipped = np.clip(values, 0.0, 1.0)
        found = estimate(clipped, np.ones(values.size), losses.clusters, rows.confidence, (0.0, 1.0))
        cells.append(Interval(found.mean, found.low, found.high))
    return cells


SHOWN = (
    "abstention_precision",
    "abstention_recall",
    "citation_precision",
    "citation_recall",
    "quote_faithfulness",
    "context_kept",
    "overlap_run",
    "overlap_8gram",
    "licence_cost",
)


def _make_conditions_table(rows: TrialValues, family: _Family, task: TaskRecord) -> Table:
    """Return the main measure and what else is measured of retrieval, a row a condition."""
    others = [m.name for m in task.card.measures if m.name.startswith(("recall@", "ndcg@", "mrr@")) or m.name in SHOWN]
    lines = []
    shown = [m for m in others if any(rows.cell(name, task, m).counts for name in family.names.values())]
    order = [c for c in (CLOSED, SEARCH, ORACLE, DISTRACTORS) if c in family.names]
    for condition in order:
        cells: list[Cell] = [condition, family.names[condition]]
        for name in (task.main_measure.name, *shown):
            cells.append(_estimate_cell(rows, task, family.names[condition], name))
        lines.append(tuple(cells))
    columns = (
        Column("condition"),
        Column("candidate"),
        Column(task.main_measure.name, task.main_measure.unit),
        *(Column(name, task.card.measure(name).unit) for name in shown),
    )
    return Table(f"{task.name}: conditions", columns, tuple(lines))


def _estimate_cell(rows: TrialValues, task: TaskRecord, name: str, measure: str) -> Cell:
    found = rows.cell(name, task, measure)
    if not found.counts:
        return None
    known = task.card.measure(measure)
    told = estimate(found.values, found.weights, rows.clusters(task, found.at), rows.confidence, get_bounds(known))
    return Interval(told.mean, told.low, told.high)


def _describe(rows: TrialValues, family: _Family, task: TaskRecord) -> Iterator[str]:
    """Yield what a reader wants to know first: what the search changes, what oracle passages do, the largest loss."""
    gain = _contrast(rows, task, family, (SEARCH, CLOSED))
    if gain is not None:
        told = tell_change(gain.change, task.main_measure, "the closed book")
        yield f"{task.name}: {family.title}: retrieval {told}."
    missing = _contrast(rows, task, family, (ORACLE, SEARCH))
    if missing is not None:
        told = tell_change(missing.change, task.main_measure, "retrieval")
        yield f"{task.name}: {family.title}: with oracle passages it {told}."
    losses = _measure_all_losses(rows, family, task).get(SEARCH)
    if losses is None:
        return
    *parts, every = _estimate_losses(rows, losses)
    sizes = [
        (part.value, cause) for part, cause in zip(parts, losses.causes, strict=True) if isinstance(part, Interval)
    ]
    assert isinstance(every, Interval)
    told = "; ".join(f"{cause} {100 * value:.1f}" for value, cause in sorted(sizes, reverse=True) if value > 0)
    if every.value > 0:
        yield f"{task.name}: {family.title} loses {100 * every.value:.1f} points of all items: {told}."


def tell_change(found: Interval, measure: MeasureRecord, other: str) -> str:
    """Return e.g. ``gains 12.3 points (8.1 to 16.4) against the closed book``, or that nothing is shown."""
    scale, name = (100.0, "points") if measure.unit == "1" else (1.0, measure.unit)
    low, high, value = (scale * one for one in (found.low, found.high, found.value))
    if low <= 0 <= high:
        ends = f"{low:+.1f} to {high:+.1f}".replace("-", "\u2212")
        return f"is not shown to change anything against {other} ({ends} {name})"
    if measure.higher_is_better is False:  # what rises is worse: then the measure is named, so that nobody mistakes it
        done, by = ("raises" if low > 0 else "lowers"), f" {measure.name} by"
    else:
        done, by = ("gains" if low > 0 else "loses"), ""
    first, last = sorted((abs(low), abs(high)))
    return f"{done}{by} {abs(value):.1f} {name} ({first:.1f} to {last:.1f}) against {other}"


def _list_notes(
    rows: TrialValues, families: Sequence[_Family], told: Sequence[tuple[_Family, TaskRecord]]
) -> Iterator[str]:
    if any(_measure_all_losses(rows, family, task) for family, task in told):
        yield "The parts of a loss add up: of a wrong answer the first cause in the order of the columns counts."
    if rows.early:
        yield "The trial may stop early: intervals of differences here hold for a fixed number of items only."
    for family in families:
        if missing := [c for c in (CLOSED, ORACLE, DISTRACTORS) if c not in family.names]:
            yield f"{family.title}: no candidate of the same model for: {', '.join(missing)}."
    for family, task in told:
        if ORACLE in family.names:
            yield (
                f"{task.name}: with oracle passages, nothing is shown where the archive tells nothing, and the lever "
                "declines by itself: its score includes perfect abstention there."
            )
