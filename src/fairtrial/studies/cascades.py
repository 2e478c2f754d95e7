"""What a trial's cascades are worth: how often the larger model was asked, what that cost, and what it gained.

The honest comparison is with asking the larger model equally often, but at random: a signal that tells nothing gains
nothing over that.  The curve over all thresholds needs both models' own answers to the judged items, so both must be
candidates of the trial.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairtrial.analysis.standings.costs import list_cost_measures
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.known import latest_value
from fairtrial.ledger.plan import CandidateRecord, PartRecord, TaskRecord
from fairtrial.ledger.steps import read_cascade_items
from fairtrial.spec.shares import parse_margin, parse_share
from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.intervals import estimate
from fairtrial.studies.base import Axis, Cell, Chart, Column, Findings, Interval, Point, Table

PREFERRED = ("usd", "seconds", "joules", "joules_estimated")
"""Which cost is drawn, the first that is known of all three."""

MOST_CHARTS = 8
MOST_SAID = 4
CURVE_POINTS = 60
UNITS = {"usd": "USD", "seconds": "s", "joules": "J", "joules_estimated": "J"}
COST_WORDS = {
    "usd": "US dollars per item",
    "seconds": "seconds per item",
    "joules_estimated": "joules per item, estimated",
}


@dataclass(frozen=True, slots=True)
class CascadeSample:
    """One cascade on one task: what is known of every item that all three have answered; arrays (n,).

    Attributes:
        signal, escalated: of the cascade.
        own, small, larger: the main measure's values.
        costs: the same of what an item cost (cascade, small, larger), empty if not known of all three.
        cost: the name of that measure; empty if there is none.
        clusters: of the items.
    """

    signal: Floats
    escalated: Floats
    own: Floats
    small: Floats
    larger: Floats
    costs: tuple[Floats, ...]
    cost: str
    clusters: Ints


def study_cascades(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return what is found about the cascades of a trial; None if it has none, or none has answered yet."""
    rows = TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan)
    found = [one for one in rows.plan.candidates if _find_cascade(one)]
    tables, charts, sentences, notes = [], [], [], []
    for candidate in found:
        lines: list[tuple[Cell, ...]] = []
        for task in rows.plan.tasks:
            share = _estimate_asked(rows, candidate, task)
            if share is None:
                continue
            sides = _read_sample(rows, candidate, task)
            lines.append(_make_row(rows, task, share, sides))
            if sides is not None:
                charts += [chart] if (chart := _make_chart(rows, candidate, task, sides)) else []
        if not lines:
            continue
        names = _name_parts(rows, candidate)
        tables.append(
            Table(
                f"{candidate.name}: {_describe_cascade(ledger, trial_id, candidate)}",
                _make_columns(names),
                tuple(lines),
            )
        )
        sentences += _describe_rows(candidate.name, names, lines) if len(lines) <= MOST_SAID else []
        if (cascade := _find_cascade(candidate)) and cascade.around:
            notes.append(
                f"{candidate.name}: the results of other thresholds are not known, because the two models alone are "
                f"asked without {', '.join(cascade.around)}."
            )
        elif None in names:
            notes.append(
                f"{candidate.name}: the results of other thresholds are known only where both of its models are "
                "candidates of the trial themselves."
            )
    if not tables:
        return None
    if len(charts) > MOST_CHARTS:
        notes.append(f"{len(charts) - MOST_CHARTS} more charts are not shown.")
    if charts:
        notes.append(
            "The line shows every threshold, computed from both models' own answers to the judged items; a threshold "
            "chosen from it would flatter the cascade. The dashed line is the larger model asked at random."
        )
    return Findings("Cascades", tuple(sentences), tuple(tables), tuple(charts[:MOST_CHARTS]), tuple(notes))


@dataclass(frozen=True, slots=True)
class FoundCascade:
    """The outermost cascade of a candidate.

    Attributes:
        id: of the candidate that it makes; the candidate itself if no other lever is around it.
        settings: as written.
        parts: ids of the small model and of the larger one.
        inner: names of the larger models of the cascades inside it, the outermost first.
        around: names of the levers around it.
    """

    id: str
    settings: Mapping[str, Any]
    parts: tuple[str, str]
    inner: tuple[str, ...]
    around: tuple[str, ...]


def _find_cascade(candidate: CandidateRecord) -> FoundCascade | None:
    """Return a candidate's outermost cascade; None if it has none, or its parts are not known."""
    found: list[tuple[Mapping[str, Any], CandidateRecord | PartRecord]] = []
    around: list[str] = []
    one: CandidateRecord | PartRecord = candidate
    for lever in reversed(candidate.spec.levers):
        if not one.parts:
            break
        if "cascade" in lever and len(one.parts) == 2:
            found.append((lever["cascade"], one))
        elif not found:
            around = [*lever, *around]
        one = one.parts[0]  # each lever asks the candidate without that lever
    if not found:
        return None
    (settings, outer), *others = found
    small, larger = outer.parts
    inner = tuple(made.parts[1].name for _, made in others)
    return FoundCascade(outer.id, settings, (small.id, larger.id), inner, tuple(around))


def _estimate_asked(rows: TrialValues, candidate: CandidateRecord, task: TaskRecord) -> Interval | None:
    """Return the share of a task's judged items that went to the larger model."""
    order = query.read_order(rows.ledger, rows.trial_id, task.id)
    known = read_cascade_items(rows.ledger, candidate.id, task.id)
    at = [i for i, item in enumerate(order.item_ids) if item in known]
    if not at:
        return None
    values = np.array([float(known[order.item_ids[i]].escalated) for i in at])
    return _estimate_mean(values, order.clusters[np.array(at)], rows.confidence, (0.0, 1.0))


def _estimate_mean(
    values: Floats, clusters: Ints, confidence: float, bounds: tuple[float, float] | None = None
) -> Interval:
    """Return a mean with its interval."""
    found = estimate(values, np.ones_like(values), clusters, confidence, bounds)
    return Interval(found.mean, found.low, found.high)


def _name_parts(rows: TrialValues, candidate: CandidateRecord) -> tuple[str | None, ...]:
    """Return under which names a cascade's two models stand trial by themselves; None for one that does not.

    With levers around the cascade, none does: alone, the two are asked without these.
    """
    ids = {other.id: other.name for other in rows.plan.candidates}
    found = _find_cascade(candidate)
    return (None, None) if not found or found.around else tuple(ids.get(part) for part in found.parts)


def _read_sample(rows: TrialValues, candidate: CandidateRecord, task: TaskRecord) -> CascadeSample | None:
    """Return what the curve is made of; None if the two models don't stand trial themselves or share no items."""
    small, larger = _name_parts(rows, candidate)
    if small is None or larger is None:
        return None
    names, measure = (candidate.name, small, larger), task.main_measure.name
    known = read_cascade_items(rows.ledger, candidate.id, task.id)
    order = query.read_order(rows.ledger, rows.trial_id, task.id)
    has_signal = np.array([i for i, item in enumerate(order.item_ids) if item in known], dtype=np.int64)
    cells = [rows.cell(name, task, measure) for name in names]
    at = has_signal
    for cell in cells:
        at = np.intersect1d(at, cell.at[cell.weights > 0], assume_unique=True)
    if not at.size:
        return None
    cost, costs = "", tuple[Floats, ...]()
    for name in PREFERRED:
        paid = [rows.cell(who, task, name) for who in names if name in [m.name for m in list_cost_measures(task)]]
        if len(paid) == 3 and all(np.isin(at, cell.at).all() for cell in paid):
            cost, costs = name, tuple(cell.select(at).values for cell in paid)
            break
    items = [known[order.item_ids[i]] for i in at]
    own, first, second = (cell.select(at).values for cell in cells)
    signal = np.array([item.signal for item in items])
    escalated = np.array([float(item.escalated) for item in items])
    return CascadeSample(signal, escalated, own, first, second, costs, cost, rows.clusters(task, at))


def _make_columns(names: tuple[str | None, ...]) -> tuple[Column, ...]:
    """Return the heads of a cascade's table."""
    small, larger = (name or "-" for name in names)
    return (
        Column("task"),
        Column("escalated", "1"),
        Column(f"{small} alone", "1"),
        Column("cascade", "1"),
        Column(f"{larger} alone", "1"),
        Column("cascade less the larger", "1", difference=True),
        Column("signal against chance", "1", difference=True),
        Column("cost relative to the larger"),
    )


def _make_row(rows: TrialValues, task: TaskRecord, share: Interval, sides: CascadeSample | None) -> tuple[Cell, ...]:
    """Return one task's row."""
    if sides is None:
        return (task.name, share, None, None, None, None, None, None)
    part = float(sides.escalated.mean())
    at_random = (1 - part) * sides.small + part * sides.larger
    times = float(sides.costs[0].sum() / sides.costs[2].sum()) if sides.costs and sides.costs[2].sum() > 0 else None
    return (
        task.name,
        share,
        float(sides.small.mean()),
        float(sides.own.mean()),
        float(sides.larger.mean()),
        _estimate_mean(sides.own - sides.larger, sides.clusters, rows.confidence),
        _estimate_mean(sides.own - at_random, sides.clusters, rows.confidence),
        None if times is None else f"{times:.2f} × {sides.cost}",
    )


def _describe_rows(name: str, names: tuple[str | None, ...], lines: list[tuple[Cell, ...]]) -> list[str]:
    """Return a sentence a task."""
    found = []
    for task, share, small, own, larger, _, earned, times in lines:
        assert isinstance(share, Interval)
        text = f"{name} escalates {100 * share.value:.0f}% of {task}"
        if isinstance(own, float) and isinstance(small, float) and isinstance(larger, float):
            text += (
                f" and has {100 * own:.1f}% right; {names[0]} alone has {100 * small:.1f}%, {names[1]} alone "
                f"{100 * larger:.1f}%"
            )
        if isinstance(earned, Interval):
            value, low, high = (_format_signed(end) for end in (earned.value, earned.low, earned.high))
            text += (
                f"; against asking {names[1]} equally often at random, the signal gains {value} points [{low}, {high}]"
            )
        if isinstance(times, str):
            text += f"; it takes {times.replace(' × ', ' times the ')} of {names[1]}"
        found.append(text + ".")
    return found


def _format_signed(share: float) -> str:
    """Return a difference of shares in points, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")


def _describe_cascade(ledger: Ledger, trial_id: str, candidate: CandidateRecord) -> str:
    """Return in words what a cascade's signal and threshold are."""
    cascade = _find_cascade(candidate)
    assert cascade is not None
    settings = cascade.settings
    kinds = {"mean_logprob": "probability of its own answer", "self_agreement": "agreement of its samples"}
    given = settings.get("signal", "mean_logprob")
    signal = kinds.get(given, given)
    known = [
        w.value
        for w in query.read_whole_rows(ledger, trial_id)
        if w.measure == "cascade_threshold" and w.candidate_id == cascade.id
    ]
    if not known and cascade.around:  # what is inside another lever is no candidate of the trial
        found = latest_value(ledger, cascade.id, "cascade_threshold")
        known = [] if found is None else [found]
    value = f"{known[-1]:.3g}" if known else str(settings.get("threshold", "unknown"))
    within = "".join(f"; inside it, a cascade to {name}" for name in cascade.inner)
    learn = settings.get("learn")
    if not learn:
        return f"{signal}, threshold {value}{within}"
    shared = "at most {:g}% escalated, over all tasks"
    aim = shared.format(100 * parse_share(learn["escalate"])) if learn.get("escalate") is not None else ""
    aim = aim or f"within {100 * parse_margin(learn['margin']):g} points of the larger"
    return f"{signal}, threshold {value}, learned on other items for {aim}{within}"


def _make_chart(rows: TrialValues, candidate: CandidateRecord, task: TaskRecord, sides: CascadeSample) -> Chart | None:
    """Return quality against cost for every threshold, with the three candidates as points; None without a cost."""
    if not sides.costs:
        return None
    small, larger = (str(name) for name in _name_parts(rows, candidate))
    paid, first, second = sides.costs
    points = [
        _make_point(rows, label, sides, cost, value)
        for label, cost, value in (
            (small, first, sides.small),
            (larger, second, sides.larger),
            (candidate.name, paid, sides.own),
        )
    ]
    measure = task.main_measure
    return Chart(
        f"{candidate.name} on {task.name}",
        Axis(COST_WORDS.get(sides.cost, "joules per item, estimated"), UNITS[sides.cost], less_is_better=True),
        Axis(measure.name, measure.unit),
        (*_make_reference(sides), *_make_curve(sides), *points),
        f"The line shows every threshold of the signal, the dashed line {larger} asked equally often at random.",
    )


def _make_point(rows: TrialValues, label: str, sides: CascadeSample, cost: Floats, value: Floats) -> Point:
    """Return a candidate's point."""
    return Point(
        label,
        _estimate_mean(cost, sides.clusters, rows.confidence),
        _estimate_mean(value, sides.clusters, rows.confidence),
    )


def _make_reference(sides: CascadeSample) -> tuple[Point, Point]:
    """Return the ends of the line that asking the larger model at random gives."""
    _, first, second = sides.costs
    ends = ((first.mean(), sides.small.mean()), ((first + second).mean(), sides.larger.mean()))
    start, end = (Point("", _make_exact(x), _make_exact(y), "reference") for x, y in ends)
    return start, end


def _make_curve(sides: CascadeSample) -> list[Point]:
    """Return what every threshold would give: the least sure items go to the larger model first."""
    _, first, second = sides.costs
    order = np.argsort(sides.signal, kind="stable")
    ranked = sides.signal[order]
    gained = np.concatenate([[0.0], np.cumsum((sides.larger - sides.small)[order])])
    spent = np.concatenate([[0.0], np.cumsum(second[order])])
    # items with one signal go together
    cuts = np.flatnonzero(np.concatenate([[True], ranked[1:] > ranked[:-1], [True]]))
    if cuts.size > CURVE_POINTS:
        cuts = np.unique(cuts[np.linspace(0, cuts.size - 1, CURVE_POINTS).round().astype(np.int64)])
    count = ranked.size
    quality = sides.small.mean() + gained[cuts] / count
    cost = first.mean() + spent[cuts] / count
    return [
        Point("", _make_exact(float(x)), _make_exact(float(y)), "curve") for x, y in zip(cost, quality, strict=True)
    ]


def _make_exact(value: float) -> Interval:
    """Return a value without an interval."""
    return Interval(float(value), float(value), float(value))
