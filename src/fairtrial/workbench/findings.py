"""What is computed of a trial for its pages, as plain values: functions that a process of its own can run.

Nothing is computed anew here: `report.summary` gathers it, `report` puts it into words and pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairtrial.analysis.people import find_people_agreements
from fairtrial.analysis.standings import TaskAgreement
from fairtrial.analysis.verdicts import Estimate, Verdict
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.browsing import count_done
from fairtrial.ledger.costs import sum_spending
from fairtrial.ledger.examine import explain_damage
from fairtrial.ledger.locked import is_being_written
from fairtrial.report import words
from fairtrial.report.harms import limits
from fairtrial.report.html import plots
from fairtrial.report.html.page import render_findings, render_parts
from fairtrial.report.summary import Summary, summarise
from fairtrial.studies.frontiers import explore_frontier, label_axis, list_axes


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A verdict as a list shows it: its word and sign, the pair, and where its interval stands."""

    word: str
    mark: str
    doubtful: bool
    a: str
    b: str
    task: str
    measure: str
    text: str
    sentence: str
    bar: plots.Bar | None


@dataclass(frozen=True, slots=True)
class VerdictGroup:
    """Verdicts on one axis: its title, labels, zero and margin in per cent, and the side that is better."""

    title: str
    labels: tuple[tuple[float, str], ...]
    zero: float
    margin: tuple[float, float] | None
    better_side: str
    lines: tuple[VerdictLine, ...]


@dataclass(frozen=True, slots=True)
class WallCell:
    """One candidate on one task: its score and interval, and the verdict against the baseline."""

    candidate: str
    value: str
    interval: str
    bar: plots.Bar
    chance: float | None
    word: str
    mark: str
    beside: str


@dataclass(frozen=True, slots=True)
class WallRow:
    """One task of the wall of small multiples; None: the candidate has no value there."""

    task: str
    measure: str
    unit: str
    low: str
    high: str
    cells: tuple[WallCell | None, ...]


@dataclass(frozen=True, slots=True)
class TrialFindings:
    """A trial as its pages show it.

    Attributes:
        headline, limits, doubts, minor_doubts, endings: sentences, as the report has them.
        verdicts: all of them, those of one unit together.
        verdicts_html, evidence_html: the report's own sections, already escaped.
        wall: a row a task.
        agreements: how alike every two tasks order the candidates; ``no_agreements``: why there are none.
        people: what people say of the grades, in sentences.
    """

    id: str
    name: str
    created: str
    baseline: str
    candidates: tuple[str, ...]
    tasks: tuple[str, ...]
    finished: bool
    headline: str
    limits: tuple[str, ...]
    doubts: tuple[str, ...]
    minor_doubts: tuple[str, ...]
    endings: tuple[str, ...]
    verdicts: tuple[VerdictGroup, ...]
    verdicts_html: str
    evidence_html: str
    wall: tuple[WallRow, ...]
    agreements: tuple[TaskAgreement, ...]
    no_agreements: str
    people: tuple[str, ...]


def find_trial_findings(path: Path, trial_id: str) -> TrialFindings:
    """Return what is found in a trial by now."""
    with explain_damage(path), Ledger.open(path, create=False) as ledger, ledger.snapshot():
        summary = summarise(ledger, trial_id)
        verdicts, evidence = render_parts(ledger, summary)
        return TrialFindings(
            id=summary.trial_id,
            name=summary.name,
            created=summary.created,
            baseline=summary.baseline,
            candidates=tuple(c.name for c in summary.candidates),
            tasks=tuple(t.name for t in summary.tasks),
            finished=summary.finished,
            headline=words.describe_outcome(summary),
            limits=tuple(limits.describe_limits(summary)),
            doubts=tuple(words.list_headline_doubts(summary)),
            minor_doubts=tuple(words.list_minor_doubts(summary)),
            endings=tuple(summary.endings),
            verdicts=tuple(group_verdicts(summary)),
            verdicts_html=verdicts,
            evidence_html=evidence,
            wall=tuple(_make_wall_row(summary, task.name) for task in summary.tasks),
            agreements=tuple(summary.standings.kinships),
            no_agreements=summary.standings.reasons.get("kinships", ""),
            people=tuple(one.describe() for one in find_people_agreements(ledger, query.find_trial(ledger, trial_id))),
        )


def group_verdicts(summary: Summary) -> list[VerdictGroup]:
    """Return the verdicts of a trial with their intervals; those that have none to be drawn come last."""
    forests = plots.make_forests(summary)
    groups = [
        VerdictGroup(
            forest.title,
            forest.labels,
            forest.zero,
            forest.margin,
            forest.better_side,
            tuple(_make_line(summary, row.verdict, row) for row in forest.rows),
        )
        for forest in forests
    ]
    drawn = {id(row.verdict) for forest in forests for row in forest.rows}
    rest = tuple(_make_line(summary, verdict, None) for verdict in summary.verdicts if id(verdict) not in drawn)
    return [*groups, VerdictGroup("Nothing to draw", (), 0.0, None, "", rest)] if rest else groups


def _make_line(summary: Summary, verdict: Verdict, row: plots.ForestRow | None) -> VerdictLine:
    return VerdictLine(
        verdict.label,
        words.MARKS[verdict.label],
        words.is_doubtful(summary, verdict),
        verdict.a,
        verdict.b,
        verdict.task,
        verdict.measure,
        row.text if row else "",
        words.describe_verdict(verdict, summary.task(verdict.task)),
        row.bar if row else None,
    )


def _make_wall_row(summary: Summary, name: str) -> WallRow:
    task = summary.task(name)
    own = {e.candidate: e for e in summary.estimates if (e.task, e.measure) == (name, task.main_measure)}
    group = list(own.values())
    unit = group[0].unit if group else "1"
    if not group:
        return WallRow(name, task.main_measure, unit, "", "", tuple(None for _ in summary.candidates))
    axis = plots.place_estimate(group[0], group)[0]
    said = {v.a: v for v in summary.verdicts if (v.task, v.measure) == (name, task.main_measure)}
    cells = []
    for candidate in summary.candidates:
        estimate = own.get(candidate.name)
        cells.append(None if estimate is None else _make_cell(summary, estimate, group, said.get(candidate.name)))
    shares = (axis.low, axis.high, unit) == (0.0, 1.0, "1")
    low, high = ("0", "100%") if shares else (words.format_quantity(end, unit) for end in (axis.low, axis.high))
    return WallRow(name, task.main_measure, unit, low, high, tuple(cells))


def _make_cell(summary: Summary, estimate: Estimate, group: Sequence[Estimate], verdict: Verdict | None) -> WallCell:
    axis, bar = plots.place_estimate(estimate, group)
    chance = summary.task(estimate.task).chance
    ends = [words.format_quantity(end, estimate.unit) for end in (estimate.low, estimate.high)]
    return WallCell(
        estimate.candidate,
        words.format_quantity(estimate.mean, estimate.unit),
        f"[{ends[0]}, {ends[1]}]",
        bar,
        axis.at(chance) if chance else None,
        verdict.label if verdict else "",
        words.MARKS[verdict.label] if verdict else "",
        words.describe_misread(summary, estimate),
    )


@dataclass(frozen=True, slots=True)
class DoneRow:
    """How far one candidate has come with one task: items with a grade, of those that the trial may ask."""

    candidate: str
    task: str
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class TrialProgress:
    """How far a trial has come, and what it has spent.

    Attributes:
        state: ``running``, ``finished``, ``stopped``, ``killed`` or ``never run``.
        outcome: how the last run ended, in words; empty while one runs.
        started: when the last run began.
        rows: by candidate and task.
        spent: minutes, items, usd, joules, as far as known.
    """

    state: str
    outcome: str
    started: str
    rows: tuple[DoneRow, ...]
    spent: dict[str, float]

    @property
    def done(self) -> int:
        """Items that were answered, over all candidates."""
        return sum(row.done for row in self.rows)

    @property
    def of(self) -> int:
        """Items that there are, over all candidates."""
        return sum(row.of for row in self.rows)


def find_progress(path: Path, trial_id: str) -> TrialProgress:
    """Return how far a trial has come."""
    with explain_damage(path), Ledger.open(path, create=False) as ledger, ledger.snapshot():
        trial = query.find_trial(ledger, trial_id)
        sessions = query.read_sessions(ledger, trial.id)
        rows = []
        for task in trial.plan.tasks:
            of = query.count_trial_items(ledger, trial.id, task.id)
            measures = tuple(measure.name for measure in task.card.measures)  # not every answer has the main one
            for candidate in trial.plan.candidates:
                done = count_done(ledger, trial.id, candidate.id, task.id, measures)
                rows.append(DoneRow(candidate.name, task.name, done, of))
        state, outcome, started = "never run", "", ""
        if sessions:
            last = sessions[-1]
            started = last.started
            state = "finished" if last.reason == "finished" else "stopped"
            outcome = last.outcome or last.reason or ""
            if last.ended is None:
                state = "running" if is_being_written(path) else "killed"
                outcome = "" if state == "running" else "it was killed, or its machine went down"
        return TrialProgress(state, outcome, started, tuple(rows), sum_spending(ledger, trial.id))


@dataclass(frozen=True, slots=True)
class FrontierView:
    """Two measures of a trial set against each other.

    Attributes:
        axes: (name, label) of all measures that can be chosen.
        x, y, task: what was chosen; an empty task is the mean of those that can be averaged.
        tasks: names of all tasks.
        html: the report's own section about it, already escaped.
    """

    axes: tuple[tuple[str, str], ...]
    x: str
    y: str
    task: str
    tasks: tuple[str, ...]
    html: str


def find_frontier_view(path: Path, trial_id: str, x: str, y: str, task: str) -> FrontierView:
    """Return two measures of a trial set against each other; names that it does not have stand for the first ones."""
    with explain_damage(path), Ledger.open(path, create=False) as ledger, ledger.snapshot():
        axes = {axis.name: axis for axis in list_axes(ledger, trial_id)}
        names = list(axes)
        up = axes.get(y) or axes[names[0]]
        across = axes.get(x) if x != up.name else None
        if across is None:
            across = next((axes[name] for name in names if name != up.name), None)
        tasks = tuple(one.name for one in query.find_trial(ledger, trial_id).plan.own_tasks)
        chosen = task if task in tasks else ""
        html = ""
        if across is not None:
            html = render_findings(explore_frontier(ledger, trial_id, (up, across), chosen))
        labels = tuple((name, label_axis(axis)) for name, axis in axes.items())
        return FrontierView(labels, across.name if across else "", up.name, chosen, tasks, html)
