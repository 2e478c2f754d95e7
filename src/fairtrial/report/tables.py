"""The tables of the terminal: estimates with intervals, verdicts, notes; plain text without colour."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from fairtrial.report import words
from fairtrial.report.summary import Summary
from fairtrial.verdicts import Estimate

STYLES = {"better": "green", "worse": "red", "tied": "cyan", "different": "magenta", "undecided": "yellow"}


def estimates_table(summary: Summary) -> Table:
    """Return one row a task and measure, one column a candidate: mean and interval."""
    table = Table(box=box.SIMPLE_HEAD, title="What each candidate reaches", title_justify="left", title_style="bold")
    table.add_column("task", overflow="fold")
    for candidate in summary.candidates:
        table.add_column(Text(candidate.name), justify="right")
    table.add_column("chance", justify="right", style="dim")
    for task in summary.tasks:
        found = words.shown_estimates(summary, task)
        for measure in dict.fromkeys(e.measure for e in found):
            by_name = {e.candidate: e for e in found if e.measure == measure}
            cells = [estimate_cell(by_name.get(c.name)) for c in summary.candidates]
            chance = words.quantity(task.chance, "1") if task.chance and measure == task.main_measure else ""
            table.add_row(Text(f"{task.name} · {measure}"), *cells, chance)
    return table


def estimate_cell(estimate: Estimate | None) -> Text:
    """Return a mean with its interval, or a dash for what was not measured."""
    if estimate is None:
        return Text("–")
    text = Text(words.quantity(estimate.mean, estimate.unit), style="bold")
    low, high = (words.quantity(end, estimate.unit).removesuffix("%") for end in (estimate.low, estimate.high))
    return text.append(f" [{low}, {high}]", style="dim")


def verdicts_table(summary: Summary) -> Table:
    """Return one row a question: who, where, verdict, paired difference with interval, flips, items."""
    confidence = words.coverage(float(summary.decide["confidence"]))
    table = Table(box=box.SIMPLE_HEAD, title="Verdicts", title_justify="left", title_style="bold")
    table.add_column("task", overflow="fold")
    table.add_column("comparison")
    table.add_column("verdict")
    table.add_column(f"difference [{confidence}]", justify="right")
    table.add_column("mended/broken", justify="right")
    table.add_column("items", justify="right")
    for verdict in summary.verdicts:
        mark = Text(f"{words.MARKS[verdict.verdict]} {verdict.verdict}", style=STYLES[verdict.verdict])
        low, high = (words.points(end, verdict.unit) for end in (verdict.low, verdict.high))
        flips = "" if verdict.flips_to_right is None else f"{verdict.flips_to_right}/{verdict.flips_to_wrong}"
        asked = summary.task(verdict.task).items_asked
        used = f"{verdict.items_used:,}" if verdict.items_used == asked else f"{verdict.items_used:,} of {asked:,}"
        table.add_row(
            Text(f"{verdict.task} · {verdict.measure}"),
            Text(f"{verdict.a} against {verdict.b}"),
            mark,
            Text(f"{words.points(verdict.difference, verdict.unit)} [{low}, {high}]"),
            flips,
            used,
        )
    return table


def notes(summary: Summary) -> list[Text]:
    """Return what a careful reader should know: chance levels, truncations, what was not measured."""
    lines = words.chance_notes(summary)
    for verdict in summary.verdicts:
        if verdict.verdict == "undecided" and verdict.items_needed is not None:
            lines.append(f"{verdict.a} on {verdict.task}: about {verdict.items_needed:,} more items would settle it.")
    for candidate in summary.candidates:
        if candidate.truncated:
            lines.append(f"{candidate.name}: {candidate.truncated:,} requests were cut to fit the context.")
    for absence in summary.absences:
        lines.append(f"{absence['candidate']}: {absence['measure']} was not measured ({absence['reason']}).")
    return [Text(f"  {line}", style="dim") for line in lines]
