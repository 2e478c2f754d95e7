"""Measures set against each other: which candidates are worth having, which are dominated, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtrial.analysis.standings.frontiers import DRAWS, QUALITY, Tradeoff, TradeoffFinder
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.browsing import has_measure
from fairtrial.ledger.plan import AxisRecord
from fairtrial.studies.base import Axis, Cell, Chart, Column, Findings, Interval, Point, Table

SURE = 0.95
"""Share of the draws from which on something is said."""
NAMES = {
    "model_bytes": "size of the model's file",
    "memory_bytes": "peak memory",
    "joules_estimated": "estimated joules per item",
    "joules": "joules per item",
    "usd": "US dollars per item",
    "seconds": "seconds per item",
    "tokens_out": "tokens written per item",
}
COMPARED = {
    "quality": ("higher quality", "lower quality"),
    "model_bytes": ("a larger file", "a smaller file"),
    "memory_bytes": ("more memory", "less memory"),
}
"""What stands for more and for less of a measure in a sentence, where its name alone would not."""


def study_frontiers(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return what a trial's ``frontier`` shows; None if it sets nothing against each other."""
    plan = query.find_trial(ledger, trial_id).plan
    wanted = plan.frontier
    if not wanted:
        return None
    finder = TradeoffFinder(TrialValues(ledger, trial_id, plan))
    return _tell_tradeoffs(finder, [each for axes in wanted for each in _compare_candidates(finder, axes)])


def explore_frontier(ledger: Ledger, trial_id: str, axes: Sequence[AxisRecord], task: str = "") -> Findings:
    """Return how any measures of a trial are set against each other, whatever its ``frontier`` says.

    Args:
        ledger: that has it.
        trial_id: its id.
        axes: the measures, the one that is drawn upwards first.
        task: name of the one that it is about; empty for the mean of all that can be averaged.
    """
    finder = TradeoffFinder(TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan))
    chosen = [one for one in finder.tasks() if one.name == task]
    found = [finder.find(axes, chosen)] if chosen else list(_compare_candidates(finder, axes))
    return _tell_tradeoffs(finder, [one for one in found if one is not None])


def list_axes(ledger: Ledger, trial_id: str) -> list[AxisRecord]:
    """Return the measures of a trial that can be set against each other: quality, what was taken item by item of all
    tasks, and of candidates as a whole.
    """
    plan = query.find_trial(ledger, trial_id).plan
    own = [[m for m in task.card.measures if m.name != task.card.main_measure] for task in plan.own_tasks]
    shared = set.intersection(*({m.name for m in measures} for measures in own)) if own else set()
    costs = {name for name in COSTS if has_measure(ledger, trial_id, name)}
    units = {m.name: (m.unit, m.higher_is_better is False) for measures in own for m in measures}
    found = [QUALITY]
    found += [AxisRecord(name, "item", *(units.get(name) or (COSTS[name], True))) for name in COSTS if name in costs]
    found += [AxisRecord(name, "item", *units[name]) for name in sorted(shared - costs)]
    wholes = {row.measure: row.unit for row in query.read_whole_rows(ledger, trial_id)}
    found += [AxisRecord(name, "whole", unit, "per_second" not in name) for name, unit in sorted(wholes.items())]
    return found


COSTS = {
    "seconds": "s",
    "usd": "USD",
    "joules": "J",
    "joules_estimated": "J",
    "tokens_in": "token",
    "tokens_out": "token",
}
"""What answering an item costs, with its unit, whether a task's card names it or not."""


def _tell_tradeoffs(finder: TradeoffFinder, found: Sequence[Tradeoff]) -> Findings:
    if not found:
        return Findings("Frontiers", ("No two candidates have values on all the measures yet.",))
    return Findings(
        "Which candidates are worth having?",
        tuple(dict.fromkeys(sentence for one in found for sentence in describe_frontier(one))),
        tuple(make_table(one, finder.rows.confidence) for one in found),
        tuple(chart for one in found for chart in make_charts(one, finder.rows.confidence)),
        tuple(dict.fromkeys(note for one in found for note in list_notes(one, finder))),
    )


def _compare_candidates(finder: TradeoffFinder, axes: Sequence[AxisRecord]) -> Iterator[Tradeoff]:
    """Yield some measures set against each other: over all tasks that can be averaged; else on each task."""
    averaged = finder.list_averaged()
    groups = [averaged] if averaged else [[task] for task in finder.tasks()]
    yield from (one for tasks in groups if (one := finder.find(axes, tasks)) is not None)


def describe_frontier(one: Tradeoff) -> Iterator[str]:
    """Say who is on the frontier, and who is dominated by whom."""
    where = _make_heading(one)
    on = [name for name, on in zip(one.names, one.found.on, strict=True) if on]
    yield f"{where}: {_join_names(on)} {'is' if len(on) == 1 else 'are'} on the frontier."
    for at, name in enumerate(one.names):
        beaten = [other for other in one.find_dominators(at, SURE) if one.found.on[one.names.index(other[0])]]
        if beaten:
            other, share = beaten[0]
            how = _describe_dominance(one, name, other)
            yield f"{name} is dominated by {other} in {100 * share:.0f}% of the draws: {how}."


def _describe_dominance(one: Tradeoff, name: str, other: str) -> str:
    """Say in what a candidate is behind another one that dominates it."""
    a, b = one.names.index(name), one.names.index(other)
    words = []
    for axis, values in zip(one.axes, one.values, strict=True):
        gap = values.now[a] - values.now[b]
        label = label_axis(axis)
        more, less = COMPARED.get(axis.name, (f"more {label}", f"fewer {label}"))
        words.append(f"the same {label}" if gap == 0 else more if gap > 0 else less)
    return ", ".join(words)


def label_axis(axis: AxisRecord) -> str:
    """Return what an axis is called."""
    name = axis.name
    if name == "quality":
        return "quality"
    return NAMES.get(name, name.replace("_", " ") + (" per item" if axis.kind == "item" else ""))


def _make_heading(one: Tradeoff) -> str:
    """Return what is set against what."""
    words = [label_axis(axis) for axis in one.axes]
    return f"{words[0][:1].upper()}{words[0][1:]} against {_join_names(words[1:])}"


def make_table(one: Tradeoff, confidence: float) -> Table:
    """Return every candidate's values and how sure its place is."""
    columns = [Column("candidate"), *(Column(label_axis(axis), axis.unit) for axis in one.axes)]
    columns += [Column("on the frontier"), Column("share of draws", "1"), Column("dominated by")]
    rows: list[tuple[Cell, ...]] = []
    for at, name in enumerate(one.names):
        beaten = one.find_dominators(at, 0.5)
        by = f"{beaten[0][0]} ({100 * beaten[0][1]:.0f}%)" if beaten else ""
        spans = [_make_cell(one.span(axis, at, confidence)) for axis in range(len(one.axes))]
        rows.append((name, *spans, "yes" if one.found.on[at] else "no", float(one.found.share[at]), by))
    return Table(f"{_make_heading(one)}{_describe_tasks(one)}", tuple(columns), tuple(rows))


def _make_cell(span: tuple[float, float, float]) -> Cell:
    """Return a value with its interval, if it has one."""
    return span[0] if span[1] == span[2] else Interval(*span)


def _describe_tasks(one: Tradeoff) -> str:
    """Return which tasks it is about."""
    return f", {one.tasks[0]}" if len(one.tasks) == 1 else f", mean of {len(one.tasks)} tasks"


def make_charts(one: Tradeoff, confidence: float) -> Iterator[Chart]:
    """Yield the first measure against each of the others."""
    for other in range(1, len(one.axes)):
        x, y = one.axes[other], one.axes[0]
        spans = [(one.span(other, at, confidence), one.span(0, at, confidence)) for at in range(len(one.names))]
        points = tuple(
            Point(
                f"{name} {100 * share:.0f}%" if share < SURE else name,
                Interval(*own),
                Interval(*value),
                on_frontier=bool(on),
            )
            for name, share, on, (own, value) in zip(one.names, one.found.share, one.found.on, spans, strict=True)
        )
        positive = all(min(own) > 0 for own, _ in spans)
        values = [own[0] for own, _ in spans]
        label = label_axis(y)
        yield Chart(
            f"{label[:1].upper()}{label[1:]} against {label_axis(x)}{_describe_tasks(one)}",
            _make_axis(x, log=positive and max(values) > 3 * min(values)),
            _make_axis(y, log=False),
            points,
            caption=f"Beside a name: the share of draws in which it is on the frontier, if below {100 * SURE:.0f}%.",
        )


def _make_axis(axis: AxisRecord, *, log: bool) -> Axis:
    """Return an axis of a chart."""
    return Axis(label_axis(axis), axis.unit, log=log, less_is_better=axis.less_is_better)


def list_notes(one: Tradeoff, finder: TradeoffFinder) -> Iterator[str]:
    """Yield what the figures do not cover."""
    level = 100 * finder.rows.confidence
    yield (
        f"Each task's items were drawn again with replacement {DRAWS:,} times, the same items for every candidate. The "
        f"share of draws is not the probability of being on the frontier; intervals hold the middle {level:g}% of the "
        "draws. The tasks stay the same. Values of a candidate as a whole have no interval."
    )
    if finder.rows.early:
        yield "The trial may have stopped early, when a verdict was certain; these intervals take no account of that."
    known = {task.name for task in finder.tasks()}
    if without := sorted(known - set(one.tasks)):
        yield f"Not in the mean, because the main measure is not a share of right answers: {_join_names(without)}."
    for name, axes in one.left_out.items():
        yield f"{name} is not compared by {', '.join(axes)}: nothing was measured."
    names = {task.main_measure.name for task in finder.tasks() if task.name in one.tasks}
    if any(axis.kind == "quality" for axis in one.axes):
        yield f"Quality is the main measure of each task: {_join_names(sorted(names))}."


def _join_names(names: Sequence[str]) -> str:
    """Return names as words."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
