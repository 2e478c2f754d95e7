"""Are the open candidates within the margin of the closed ones, on every task?  At what cost, and who learns of it?

The claim on one task is one-sided: the open candidate is behind the closed one by less than the margin
(non-inferiority).  Claims on single tasks are corrected for all of them together (Holm; where a trial may stop early,
the evidence is that of betting, valid at any look).  The claim on *every* task needs no correction: it holds where each
single one does (intersection-union test; Berger 1982, doi:10.1080/00401706.1982.10487790).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fairtrial.ledger import Ledger, query
from fairtrial.standings.across import main_measure
from fairtrial.standings.costs import Cost, Span, cost_measures
from fairtrial.standings.costs import cost as paid
from fairtrial.standings.rows import Rows
from fairtrial.stats.families import holm
from fairtrial.stats.paired import PairedSample, Rule, compare, fixed_interval
from fairtrial.stats.sequential import decide, evidence_beyond
from fairtrial.studies.base import Axis, Cell, Chart, Column, Findings, Interval, Point, Table
from fairtrial.studies.sides import OpenAndClosed, told_apart
from fairtrial.verdicts import rule_of

COSTS = {"usd": "US dollars", "seconds": "seconds", "tokens_out": "tokens written", "joules": "joules"}
"""Costs of a right answer that are shown, in this order, with their names."""

SENT = "bytes_sent"
"""The measure of what an engine sends to a third party."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One open candidate beside one closed one on one task.

    Attributes:
        open, closed, task, measure: names.
        difference: open less closed, more being better, with its two-sided interval.
        p: of the claim that the open one is behind by the margin or more.
        adjusted: the same for all claims together; set when all are known.
        items: that both have answered.
    """

    open: str
    closed: str
    task: str
    measure: str
    difference: Interval
    p: float
    items: int
    right: tuple[float, float]
    adjusted: float = 1.0


def open_vs_closed(ledger: Ledger, trial_id: str, settings: Mapping[str, Any]) -> Findings:
    """Return what is known by now about the claim; see the module's docstring."""
    rows = Rows(ledger, trial_id, query.trial(ledger, trial_id).plan)
    title = "Are the open candidates within the margin of the closed ones?"
    sides = told_apart(rows.plan, settings)
    if not sides.open or not sides.closed:
        kind = "open" if not sides.open else "closed"
        return Findings(title, (f"No candidate is {kind}, as far as its model tells.",), notes=sides.notes)
    claims = corrected([
        found
        for task in rows.plan["tasks"]
        if not task.get("form") and main_measure(task)["higher_is_better"] is not None
        for a in sides.open
        for b in sides.closed
        if (found := claim(rows, task, a, b)) is not None
    ])  # fmt: skip
    if not claims:
        return Findings(title, ("No item has been answered by an open and by a closed candidate yet.",))
    margin, level = float(rows.plan["decide"]["margin"]), rows.confidence
    known = [found for task in rows.plan["tasks"] if not task.get("form") for found in costs_on(rows, task)]
    return Findings(
        title,
        tuple(sentence for a in sides.open for b in sides.closed for sentence in said(claims, a, b, margin, level)),
        (claims_table(claims, margin, level), *costs_table(rows, sides, known), sent_table(rows, sides)),
        charts(rows, sides, known),
        (*sides.notes, *missing_costs(sides, known)),
    )


def claim(rows: Rows, task: Mapping[str, Any], a: str, b: str) -> Claim | None:
    """Return the claim of one pair on one task; None if they share no items."""
    measure = main_measure(task)
    rule = rule_of(rows.plan, task, measure, (rows.candidate(a), rows.candidate(b)))
    sample, last = rows.paired(task, measure["name"], a, b), True
    if rows.early:
        sample, last = rows.leading(task, measure["name"], a, b)
    if sample is None:
        return None
    if not rule.higher_is_better:
        sample, rule = turned(sample), replace(rule, higher_is_better=True)
    found = decide(sample, rule, last=last) if rows.early else compare(sample, rule)
    sign = 1.0 if measure["higher_is_better"] else -1.0
    return Claim(
        a,
        b,
        task["name"],
        measure["name"],
        Interval(found.difference, found.low, found.high),
        p_behind(sample, rule, rows.early),
        found.items_used,
        (sign * float(sample.a_values.mean()), sign * float(sample.b_values.mean())),
    )


def turned(sample: PairedSample) -> PairedSample:
    """Return a sample of a measure of which less is better with its sides exchanged, so that more is better."""
    return PairedSample(sample.b_values, sample.b_weights, sample.a_values, sample.a_weights, sample.clusters)


def p_behind(sample: PairedSample, rule: Rule, early: bool) -> float:
    """Return the p-value of "A is behind B by the margin or more"; valid at any look where the trial may stop early.

    Of a fixed sample: the smallest level whose one-sided interval excludes it, to three digits.
    """
    if early:
        if rule.bounds is None or not (sample.a_weights == 1).all() or not (sample.b_weights == 1).all():
            return 1.0
        return min(1.0, 1.0 / max(evidence_beyond(sample, rule, -rule.margin), 1e-300))
    low, high = 1e-9, 0.5
    if not excluded(sample, rule, high):
        return 1.0
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if excluded(sample, rule, middle) else (middle, high)
    return high


def excluded(sample: PairedSample, rule: Rule, level: float) -> bool:
    """Return whether the one-sided interval at ``1 - level`` excludes that A is behind by the margin or more."""
    return fixed_interval(sample, replace(rule, confidence=1 - 2 * level))[0] > -rule.margin


def corrected(claims: list[Claim]) -> list[Claim]:
    """Return the claims with p-values for all of them together."""
    adjusted = holm([found.p for found in claims])
    return [replace(found, adjusted=p) for found, p in zip(claims, adjusted, strict=True)]


def said(claims: list[Claim], a: str, b: str, margin: float, level: float) -> list[str]:
    """Return the answer for one pair in words."""
    own = [found for found in claims if (found.open, found.closed) == (a, b)]
    if not own:
        return [f"{a} and {b} share no items yet."]
    points, count = f"{100 * margin:g} points", len(own)
    single = [found for found in own if found.p <= 1 - level]
    sure = [found.task for found in own if found.adjusted <= 1 - level]
    behind = [found.task for found in own if found.difference.high < -margin]
    tasks = f"{count} task{'s' * (count > 1)}"
    if len(single) == count:
        first = f"{a} is within {points} of {b} on every one of {tasks}"
    else:
        first = f"{a} is not shown to be within {points} of {b} on every one of {tasks}"
    lines = [f"{first} ({100 * level:g}% confidence)."]
    if len(single) < count or len(sure) < count:
        lines.append(
            f"Certain, with all questions counted together: within the margin on {listed(sure)}"
            f"; behind by more than the margin on {listed(behind)}."
        )
    return lines


def listed(names: list[str]) -> str:
    """Return names as a list in words."""
    return ", ".join(names) or "none"


def claims_table(claims: list[Claim], margin: float, level: float) -> Table:
    """Return every claim with what it rests on."""
    rows: list[tuple[Cell, ...]] = [
        (
            found.task,
            found.open,
            found.right[0],
            found.closed,
            found.right[1],
            found.difference,
            "yes" if found.adjusted <= 1 - level else ("no" if found.difference.high < -margin else "open"),
            f"{found.adjusted:.3f}" if found.adjusted >= 0.001 else "< 0.001",
            float(found.items),
        )
        for found in claims
    ]
    heads = ("task", "open", "", "closed", "", "difference", f"within {100 * margin:g} points", "p, corrected", "items")
    units = {2: "1", 4: "1", 5: "1"}
    columns = tuple(Column(head, units.get(at, ""), difference=at == 5) for at, head in enumerate(heads))
    return Table("Within the margin, task by task", columns, tuple(rows))


def costs_on(rows: Rows, task: Mapping[str, Any]) -> list[Cost]:
    """Return what each candidate pays on a task, by the measures shown here."""
    measures = {m["name"]: m for m in cost_measures(task)}
    wanted = [measures[name] for name in COSTS if name in measures]
    return [found for m in wanted for name in rows.names if (found := paid(rows, task, m, name)) is not None]


def costs_table(rows: Rows, sides: OpenAndClosed, known: list[Cost]) -> list[Table]:
    """Return the cost of a right answer of each candidate and task; no table if nothing is known."""
    shown = [name for name in COSTS if any(found.measure == name and found.per_correct for found in known)]
    if not shown:
        return []
    at = {(found.task, found.candidate, found.measure): found for found in known}
    lines: list[tuple[Cell, ...]] = []
    for task in rows.plan["tasks"]:
        for name in (*sides.open, *sides.closed):
            cells = [spanned(at.get((task["name"], name, measure))) for measure in shown]
            if not task.get("form"):
                lines.append((task["name"], name, *cells))
    units = {found.measure: found.unit for found in known}
    columns = (Column("task"), Column("candidate"), *(Column(COSTS[name], units[name]) for name in shown))
    return [Table("What a right answer costs", columns, tuple(lines))]


def spanned(found: Cost | None) -> Cell:
    """Return a cost of a right answer as a cell."""
    span: Span | None = None if found is None else found.per_correct
    return None if span is None else Interval(span.value, span.low, span.high)


def sent_table(rows: Rows, sides: OpenAndClosed) -> Table:
    """Return what left the machine for each candidate."""
    lines: list[tuple[Cell, ...]] = []
    for name in (*sides.open, *sides.closed):
        cells = [rows.cell(name, task, SENT) for task in rows.plan["tasks"]]
        values = [cell.values for cell in cells if cell.values.size]
        count = sum(array.size for array in values)
        who = sides.told[name]
        if who.where == "here":
            lines.append((name, "this machine", "nothing", "0 B", "0 B"))
        elif count:
            total = sum(float(array.sum()) for array in values)
            lines.append((name, who.host or "elsewhere", "prompts and questions", size(total / count), size(total)))
        else:
            what = "known only to whoever asked" if who.where == "recorded" else "not measured"
            lines.append((name, who.host or who.where, what, None, None))
    columns = (
        Column("candidate"),
        Column("answers made by"),
        Column("what is sent"),
        Column("an item"),
        Column("in all"),
    )
    return Table("What leaves the machine", columns, tuple(lines))


def size(count: float) -> str:
    """Return a number of bytes in words."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count:.0f} B"


def missing_costs(sides: OpenAndClosed, known: list[Cost]) -> tuple[str, ...]:
    """Return which candidates have no price of a right answer."""
    paid_for = {found.candidate for found in known if found.measure == "usd"}
    missing = [name for name in (*sides.open, *sides.closed) if name not in paid_for]
    return (f"US dollars are not known of {', '.join(missing)}.",) if missing else ()


def charts(rows: Rows, sides: OpenAndClosed, known: list[Cost]) -> tuple[Chart, ...]:
    """Return quality against the cost of an item for each task, by the first cost that all candidates have."""
    names = (*sides.open, *sides.closed)
    at = {(found.task, found.candidate, found.measure): found for found in known}
    drawn = []
    for task in rows.plan["tasks"]:
        for measure in ("usd", "seconds"):
            costs = [at.get((task["name"], name, measure)) for name in names]
            if not all(costs):
                continue
            main = main_measure(task)
            points = tuple(
                Point(found.candidate, Interval(found.per_item.value, found.per_item.low, found.per_item.high), value)
                for found in costs
                if found is not None and (value := rows_mean(rows, task, found.candidate)) is not None
            )
            label = "US dollars an item" if measure == "usd" else "seconds an item"
            axes = Axis(label, costs[0].unit if costs[0] else "", True, True), Axis(main["name"], main["unit"])
            drawn.append(Chart(f"{task['name']}", *axes, points))
            break
    return tuple(drawn)


def rows_mean(rows: Rows, task: Mapping[str, Any], name: str) -> Interval | None:
    """Return a candidate's mean of a task's main measure; None without values."""
    cell = rows.cell(name, task, main_measure(task)["name"])
    if not cell.counts:
        return None
    found = float((cell.values * cell.weights).sum() / cell.weights.sum())
    return Interval(found, found, found)
