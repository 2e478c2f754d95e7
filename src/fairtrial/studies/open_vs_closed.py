"""Are the open candidates within the margin of the closed ones, on every task?  At what cost, and who learns of it?

The claim on one task is one-sided: the open candidate is behind the closed one by less than the margin
(non-inferiority).  Claims on single tasks are corrected for all of them together (Holm; where a trial may stop early,
the evidence is that of betting, valid at any look).  The claim on *every* task needs no correction: it holds where each
single one does (intersection-union test; Berger 1982, doi:10.1080/00401706.1982.10487790).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fairtrial.analysis.standings.costs import Cost, RatioInterval, list_cost_measures
from fairtrial.analysis.standings.costs import measure_cost as paid
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.verdicts import make_rule, scale_margin
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import TaskRecord
from fairtrial.stats.families import holm
from fairtrial.stats.paired import PairedSample, Rule, compare, compute_fixed_interval
from fairtrial.stats.sequential import compute_evidence_beyond, decide
from fairtrial.studies.base import Axis, Cell, Chart, Column, Findings, Interval, Point, Table
from fairtrial.studies.sides import OpenAndClosed, split_sides

COSTS = {"usd": "US dollars", "seconds": "seconds", "tokens_out": "tokens written", "joules": "joules"}
"""Costs of a right answer that are shown, in this order, with their names."""

SENT = "bytes_sent"
"""The measure of what an engine sends to a third party."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """One open candidate beside one closed one on one task.

    Attributes:
        open, closed, task, measure: names.
        difference: open less closed, more being better, with its two-sided interval.
        p_within: of the claim that the open one is behind by less than the margin.
        p_behind: of the claim that it is behind by more.
        items: that both have answered.
        means: of the open one and of the closed one.
        within, behind: whether each claim holds with all claims of the trial counted together; set when all are known.
    """

    open: str
    closed: str
    task: str
    measure: str
    difference: Interval
    p_within: float
    p_behind: float
    items: int
    means: tuple[float, float]
    within: bool = False
    behind: bool = False


def study_open_vs_closed(ledger: Ledger, trial_id: str, settings: Mapping[str, Any]) -> Findings:
    """Return what is known by now about the claim; see the module's docstring."""
    rows = TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan)
    title = "Are the open candidates within the margin of the closed ones?"
    sides = split_sides(rows.plan, settings)
    if not sides.open or not sides.closed:
        kind = "open" if not sides.open else "closed"
        return Findings(title, (f"No candidate is known to be {kind}.",), notes=sides.notes)
    tasks = rows.plan.own_tasks
    pairs = [(a, b) for a in sides.open for b in sides.closed]
    level = rows.confidence
    every = [_test_claim(rows, task, a, b) for task in tasks for a, b in pairs]
    claims = _correct_claims([found for found in every if found is not None], level)
    if not claims:
        return Findings(title, ("No item has been answered by an open and by a closed candidate yet.",))
    margin = rows.plan.decide.margin
    known = [found for task in tasks for found in _find_costs(rows, task)]
    return Findings(
        title,
        tuple(sentence for a, b in pairs for sentence in _describe_answer(claims, a, b, margin, level)),
        (
            *(_make_claims_table(claims, a, b, margin) for a, b in pairs),
            *_make_costs_table([task.name for task in tasks], sides, known),
            _make_sent_table(rows, sides),
        ),
        _make_charts(rows, tasks, sides, known),
        (
            f"Within {100 * margin:g} points: the open candidate is behind by less than that. All yes and all no in "
            f"the tables hold together (Holm, {100 * level:g}% confidence for each of the two).",
            *sides.notes,
            *_describe_missing_costs(sides, known),
        ),
    )


def _test_claim(rows: TrialValues, task: TaskRecord, a: str, b: str) -> _Claim | None:
    """Return the claims of one pair on one task; None if they share no items, or neither direction is better."""
    measure = task.main_measure
    if measure.higher_is_better is None:
        return None
    rule = make_rule(rows.plan, task, measure, (rows.candidate(a), rows.candidate(b)))
    sample, last = rows.pair(task, measure.name, a, b), True
    if rows.early:
        sample, last = rows.pair_leading(task, measure.name, a, b)
    if sample is None:
        return None
    rule = scale_margin(rule, measure, sample)
    if not rule.higher_is_better:
        sample, rule = _swap_sides(sample), replace(rule, higher_is_better=True)
    found = decide(sample, rule, last=last) if rows.early else compare(sample, rule)
    sign = 1.0 if measure.higher_is_better else -1.0
    return _Claim(
        a,
        b,
        task.name,
        measure.name,
        Interval(found.difference, found.low, found.high),
        compute_p_above(sample, rule, -rule.margin, rows.early),
        compute_p_above(_swap_sides(sample), rule, rule.margin, rows.early),
        found.items_used,
        (sign * float(sample.a_values.mean()), sign * float(sample.b_values.mean())),
    )


def _swap_sides(sample: PairedSample) -> PairedSample:
    """Return a sample with its sides exchanged."""
    return PairedSample(sample.b_values, sample.b_weights, sample.a_values, sample.a_weights, sample.clusters)


def compute_p_above(sample: PairedSample, rule: Rule, limit: float, early: bool) -> float:
    """Return the p-value of "A - B is at most ``limit``"; valid at any look where the trial may stop early.

    Of a fixed sample: the smallest level whose one-sided interval excludes it, to three digits.
    """
    if early:
        plain = (sample.a_weights == 1).all() and (sample.b_weights == 1).all()
        if rule.bounds is None or not plain:
            return 1.0
        return min(1.0, 1.0 / max(compute_evidence_beyond(sample, rule, limit), 1e-300))
    low, high = 1e-9, 0.499
    if not _is_excluded(sample, rule, limit, high):
        return 1.0
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if _is_excluded(sample, rule, limit, middle) else (middle, high)
    return high


def _is_excluded(sample: PairedSample, rule: Rule, limit: float, level: float) -> bool:
    """Return whether the one-sided interval at ``1 - level`` lies above the limit."""
    return compute_fixed_interval(sample, replace(rule, confidence=1 - 2 * level))[0] > limit


def _correct_claims(claims: list[_Claim], level: float) -> list[_Claim]:
    """Return the claims, those marked that hold with all of their kind counted together."""
    within, behind = (holm([getattr(found, kind) for found in claims]) for kind in ("p_within", "p_behind"))
    alpha = 1 - level
    kinds = zip(claims, within, behind, strict=True)
    return [replace(found, within=p <= alpha, behind=q <= alpha) for found, p, q in kinds]


def _describe_answer(claims: list[_Claim], a: str, b: str, margin: float, level: float) -> list[str]:
    """Return the answer for one pair in words."""
    own = [found for found in claims if (found.open, found.closed) == (a, b)]
    if not own:
        return [f"{a} and {b} share no items yet."]
    points = f"{100 * margin:g} points"
    within, behind = ([found.task for found in own if getattr(found, kind)] for kind in ("within", "behind"))
    unsure = [found.task for found in own if not (found.within or found.behind)]
    if all(found.p_within <= 1 - level for found in own):
        lines = [f"Yes: {a} is behind {b} by less than {points} on every task ({100 * level:g}% confidence)."]
        one_by_one = f"As claims about single tasks, all counted together, it is certain on: {_join_names(within)}."
        return lines if len(within) == len(own) else [*lines, one_by_one]
    if len(behind) == len(own):
        return [f"No: {a} is behind {b} by more than {points} on {_describe_every_task(own)}."]
    answer = "No" if behind else "Not shown"
    lines = [f"{answer}: {a} is not certainly within {points} of {b} on {_describe_every_task(own)}."]
    lines += [f"Behind by more than {points} on {_join_names(behind)}."] if behind else []
    lines += [f"Within {points} on {_join_names(within)}."] if within else []
    return [*lines, f"Too few items to say on {_join_names(unsure)}."] if unsure else lines


def _describe_every_task(own: list[_Claim]) -> str:
    """Return "every task" with their number."""
    return "the one task" if len(own) == 1 else f"every one of the {len(own)} tasks"


def _join_names(names: list[str]) -> str:
    """Return names as a list in words."""
    return ", ".join(names) or "none"


def _make_claims_table(claims: list[_Claim], a: str, b: str, margin: float) -> Table:
    """Return every claim about one pair with what it rests on."""
    lines: list[tuple[Cell, ...]] = [
        (
            found.task,
            "yes" if found.within else ("no" if found.behind else "open"),
            *found.means,
            found.difference,
            float(found.items),
        )
        for found in claims
        if (found.open, found.closed) == (a, b)
    ]
    columns = (
        Column("task"),
        Column(f"within {100 * margin:g} points"),
        Column(a, "1"),
        Column(b, "1"),
        Column("difference", "1", difference=True),
        Column("items"),
    )
    return Table(f"{a} (open) beside {b} (closed)", columns, tuple(lines))


def _find_costs(rows: TrialValues, task: TaskRecord) -> list[Cost]:
    """Return what each candidate pays on a task, by the measures shown here."""
    measures = {m.name: m for m in list_cost_measures(task)}
    wanted = [measures[name] for name in COSTS if name in measures]
    return [found for m in wanted for name in rows.names if (found := paid(rows, task, m, name)) is not None]


def _make_costs_table(tasks: list[str], sides: OpenAndClosed, known: list[Cost]) -> list[Table]:
    """Return the cost of a right answer of each candidate and task; no table if nothing is known."""
    shown = [name for name in COSTS if any(found.measure == name and found.per_correct for found in known)]
    at = {(found.task, found.candidate, found.measure): found for found in known}
    lines: list[tuple[Cell, ...]] = []
    for task in tasks:
        for name in (*sides.open, *sides.closed):
            cells = [_make_cost_cell(at.get((task, name, measure))) for measure in shown]
            if any(cell is not None for cell in cells):
                lines.append((task, name, *cells))
    if not lines:
        return []
    units = {found.measure: "" if found.unit == "token" else found.unit for found in known}
    columns = (Column("task"), Column("candidate"), *(Column(COSTS[name], units[name]) for name in shown))
    return [Table("Cost per right answer", columns, tuple(lines))]


def _make_cost_cell(found: Cost | None) -> Cell:
    """Return a cost of a right answer as a cell."""
    span: RatioInterval | None = None if found is None else found.per_correct
    return None if span is None else Interval(span.value, span.low, span.high)


def _make_sent_table(rows: TrialValues, sides: OpenAndClosed) -> Table:
    """Return what left the machine for each candidate."""
    lines: list[tuple[Cell, ...]] = []
    for name in (*sides.open, *sides.closed):
        cells = [rows.cell(name, task, SENT) for task in rows.plan.tasks]
        values = [cell.values for cell in cells if cell.values.size]
        count = sum(array.size for array in values)
        who = sides.told[name]
        if who.where == "here":
            lines.append((name, "this machine", "nothing", "0 B", "0 B"))
        elif count:
            total = sum(float(array.sum()) for array in values)
            lines.append(
                (
                    name,
                    who.host or "elsewhere",
                    "prompts and questions",
                    _format_size(total / count),
                    _format_size(total),
                )
            )
        else:
            what = "known only to whoever recorded them" if who.where == "recorded" else "not measured"
            lines.append((name, who.host or who.where, what, None, None))
    columns = (
        Column("candidate"),
        Column("answers made by"),
        Column("what is sent"),
        Column("per item"),
        Column("in total"),
    )
    return Table("What leaves the machine", columns, tuple(lines))


def _format_size(count: float) -> str:
    """Return a number of bytes in words."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count:.0f} B"


def _describe_missing_costs(sides: OpenAndClosed, known: list[Cost]) -> tuple[str, ...]:
    """Return whose answers have no price, and whose no cost at all."""
    names = (*sides.open, *sides.closed)
    paid_for, any_cost = ({found.candidate for found in known if found.measure == "usd"}, {c.candidate for c in known})
    recorded = [name for name in names if sides.told[name].where == "recorded" and name not in any_cost]
    missing = [name for name in names if name not in paid_for and name not in recorded]
    notes = [f"The cost of the recorded answers of {', '.join(recorded)} is not known here."] if recorded else []
    if missing:
        notes.append(
            f"US dollars are not known for {', '.join(missing)}; for your own machine state machine.usd_per_hour."
        )
    return tuple(notes)


def _make_charts(
    rows: TrialValues, tasks: Sequence[TaskRecord], sides: OpenAndClosed, known: list[Cost]
) -> tuple[Chart, ...]:
    """Return quality against the cost of an item for each task, by the first cost that all candidates have."""
    names = (*sides.open, *sides.closed)
    at = {(found.task, found.candidate, found.measure): found for found in known}
    drawn = []
    for task in tasks:
        for measure in ("usd", "seconds"):
            costs = [at.get((task.name, name, measure)) for name in names]
            if not all(costs):
                continue
            main = task.main_measure
            points = tuple(
                Point(found.candidate, Interval(found.per_item.value, found.per_item.low, found.per_item.high), value)
                for found in costs
                if found is not None and (value := _find_mean(rows, task, found.candidate)) is not None
            )
            label = "US dollars per item" if measure == "usd" else "seconds per item"
            axes = Axis(label, costs[0].unit if costs[0] else "", True, True), Axis(main.name, main.unit)
            drawn.append(Chart(f"{task.name}", *axes, points))
            break
    return tuple(drawn)


def _find_mean(rows: TrialValues, task: TaskRecord, name: str) -> Interval | None:
    """Return a candidate's mean of a task's main measure; None without values."""
    cell = rows.cell(name, task, task.main_measure.name)
    if not cell.counts:
        return None
    found = float((cell.values * cell.weights).sum() / cell.weights.sum())
    return Interval(found, found, found)
