"""The tables of the terminal: estimates with intervals, verdicts, notes; plain text without colour."""

from __future__ import annotations

from dataclasses import replace

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fairtrial.analysis.verdicts import Estimate, Verdict
from fairtrial.pages.showing import make_inline
from fairtrial.report import across, best, family, judges, needs, repeats, settings, study, words
from fairtrial.report.corpus import CorpusCell, make_corpus_rows
from fairtrial.report.fitting import FittedTable, indent
from fairtrial.report.harms import limits
from fairtrial.report.summary import Summary
from fairtrial.studies import Findings
from fairtrial.studies import Table as Found

STYLES = {
    "better": "green",
    "worse": "red",
    "tied": "cyan",
    "different": "magenta",
    "barred": "bold red",
    "undecided": "yellow",
    "not worse": "blue",
}


def make_estimates_table(summary: Summary) -> FittedTable:
    """Return one row a task and measure, one column a candidate: mean and interval."""
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title="Scores",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("task", overflow="fold")
    for candidate in summary.candidates:
        table.add_column(Text(make_inline(candidate.name)), justify="right", overflow="fold")
    table.add_column("chance", justify="right", style="dim")
    for task in summary.tasks:
        found = words.select_estimates(summary, task)
        for measure in dict.fromkeys(e.measure for e in found):
            by_name = {e.candidate: e for e in found if e.measure == measure}
            cells = [_format_estimate(summary, by_name.get(c.name)) for c in summary.candidates]
            chance = words.format_quantity(task.chance, "1") if task.chance and measure == task.main_measure else ""
            table.add_row(_format_task(summary, task.name, measure), *cells, chance)
        for row in make_corpus_rows(summary, task.name):
            table.add_row(Text(make_inline(f"{task.name} · {row.title}")), *map(_format_corpus, row.cells), "")
    return FittedTable(table, lined=True)


def _format_corpus(cell: CorpusCell | None) -> Text:
    """Return a score of all answers together with its interval, if it has one."""
    if cell is None:
        return Text("–")
    text = Text(cell.value, style="bold")
    return text.append(f" {cell.interval}", style="dim") if cell.interval else text


def _format_estimate(summary: Summary, estimate: Estimate | None) -> Text:
    """Return a mean with its interval and what makes it doubtful, or a dash for what was not measured."""
    if estimate is None:
        return Text("–")
    text = Text(words.format_quantity(estimate.mean, estimate.unit), style="bold")
    low, high = (words.format_quantity(end, estimate.unit).removesuffix("%") for end in (estimate.low, estimate.high))
    text.append(f" [{low}, {high}]", style="dim")
    beside = (
        words.describe_misread(summary, estimate),
        judges.describe_beside(summary, estimate),
        judges.describe_corrected(summary, estimate),
    )
    for told in filter(None, beside):
        text.append(f"\n{make_inline(told)}", style="yellow")
    return text


def make_verdicts_table(summary: Summary) -> FittedTable:
    """Return one row a question: who, where, verdict, paired difference with interval, flips, items."""
    confidence = words.format_coverage(summary.decide.confidence)
    compared = {v.a for v in summary.verdicts}
    one = f": {next(iter(compared))}" if len(compared) == 1 else ""
    title = Text(make_inline(f"Verdicts{one} against {summary.baseline}"))
    asked = max((v.family for v in summary.verdicts), default=1)
    alone = f" of each comparison alone; verdicts survive correction for {asked:,}" if asked > 1 else ""
    margins = {(v.margin, v.unit) for v in summary.verdicts}
    [(margin, unit)] = margins if len(margins) == 1 else [(0.0, "1")]
    of = " points" if unit == "1" else f" {unit}".rstrip()
    within = f"; tied within ±{words.format_difference(margin, unit, signed=False)}{of}" if margin else ""
    title.append(f"  (difference with {confidence} interval{alone}{within})", style="not bold dim")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", title_style="bold")
    table.add_column("task", overflow="fold")
    if len(compared) > 1:
        table.add_column("candidate", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("difference", justify="right")
    table.add_column("fixed", justify="right", no_wrap=True)
    table.add_column("broke", justify="right", no_wrap=True)
    table.add_column("items", justify="right", no_wrap=True)
    for verdict in summary.verdicts:
        who = [Text(make_inline(verdict.a))] if len(compared) > 1 else []
        table.add_row(_format_task(summary, verdict.task, verdict.measure), *who, *_format_verdict(summary, verdict))
    return FittedTable(table, heads=2 if len(compared) > 1 else 1)


def describe_limits(summary: Summary) -> list[RenderableType]:
    """Return every candidate beside every limit of the trial, as a table; nothing where nothing is forbidden."""
    rows = limits.make_limit_rows(summary)
    if not rows:
        return []
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Limits", title_justify="left", title_style="bold")
    for name in ("candidate", "task", "limit", "state"):
        table.add_column(name, overflow="fold")
    table.add_column("value", justify="right")
    table.add_column("answers", justify="right")
    styles = {"kept": "green", "broken": "bold red"}
    for row in rows:
        value = Text(row.value, style="bold").append(f" {row.interval}", style="not bold dim")
        told = [Text(make_inline(cell)) for cell in (row.candidate, row.task, row.limit)]
        table.add_row(*told, Text(row.label, style=styles.get(row.state, "yellow")), value, row.items)
    return [FittedTable(table, heads=2), indent(Text(limits.describe_promise(summary), style="dim")), Text()]


def make_across_table(summary: Summary) -> FittedTable:
    """Return one row a task, one column a candidate: its place, a range where it is open; then mean ranks."""
    found = summary.standings
    title = Text("Across tasks: places")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", title_style="bold")
    table.add_column("task", overflow="fold")
    for name in found.candidates:
        table.add_column(Text(make_inline(name)), justify="right")
    for row in across.make_place_rows(summary):
        cells = [Text("–") if cell is None else Text(cell.rank, style="bold" * cell.first) for cell in row.cells]
        table.add_row(Text(make_inline(row.task)), *cells)
    order = {} if found.firmness is None else {o.candidate: f"{o.mean_rank:.2f}" for o in found.firmness.order}
    table.add_section()
    table.add_row("mean rank", *(order.get(name, "–") for name in found.candidates))
    return FittedTable(table)


def describe_best(summary: Summary) -> list[RenderableType]:
    """Return which candidate is the best on each task; nothing for two, of which the verdicts say it."""
    lines = best.describe_best(summary)
    head = [Text("\nWhich is best?", style="bold")] if lines else []
    return [*head, *(indent(Text(make_inline(line))) for line in lines)]


def describe_settings(summary: Summary) -> list[RenderableType]:
    """Return what the candidates differ in, a line each, and what they share."""
    lines = settings.describe_candidates(summary)
    if not lines:
        return []
    lines = [*lines, *filter(None, [settings.describe_shared_settings(summary)])]
    head = Text("What differs", style="bold")
    return [Text(), head, *(indent(Text(make_inline(line))) for line in lines), Text()]


def describe_repeats(summary: Summary) -> list[RenderableType]:
    """Return how much answers change between repeats; nothing where no task has any."""
    rows = repeats.make_repeat_rows(summary)
    if not rows:
        return []
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title="Between repeats", title_justify="left", title_style="bold"
    )
    for at, column in enumerate(repeats.COLUMNS):
        table.add_column(column, justify="left" if at < 2 else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(make_inline(cell)) for cell in row))
    told = [indent(Text(make_inline(line), style="dim")) for line in repeats.describe_repeats(summary)]
    return [Text(), FittedTable(table, heads=2), *told]


def describe_across(summary: Summary) -> list[Text]:
    """Return what the tasks say together, in a few sentences; the report says more."""
    lines = across.summarise_standings(summary)
    if summary.standings.weighted is not None:
        lines.append(across.describe_weighted(summary.standings.weighted))
    return [Text(make_inline(line)) for line in lines]


def describe_study(summary: Summary) -> list[RenderableType]:
    """Return what the trial's study found, and what else is told of it: title, sentences, tables, notes of each."""
    every = (*([] if summary.study is None else [summary.study]), *summary.further)
    return [part for found in every for part in _describe_findings(found)]


def _describe_findings(found: Findings) -> list[RenderableType]:
    """Return one title with its sentences, tables and notes."""
    head = Text(make_inline(found.title), style="bold")
    said = [indent(Text(make_inline(line))) for line in found.sentences]
    noted = [indent(Text(make_inline(line), style="dim")) for line in found.notes[:MOST_NOTES]]
    left = len(found.notes) - MOST_NOTES
    if left > 0:
        noted.append(indent(Text(f"{left:,} more notes are in the report and in --json.", style="dim")))
    tables = [part for table in found.tables[:MOST_TABLES] for part in _make_study_table(table)]
    if len(found.tables) > MOST_TABLES:
        more = f"{len(found.tables) - MOST_TABLES:,} more tables are in the report and in --json."
        tables.append(indent(Text(more, style="dim")))
    return [head, *said, *tables, *noted]


MOST_ROWS, MOST_NOTES, MOST_TABLES = 60, 12, 8
"""Rows of a study's table, notes and tables of a study that a terminal shows; the report has all."""


def _make_study_table(found: Found) -> list[RenderableType]:
    """Return the first rows of a study's table, and how many there are more."""
    shown = study.write_cells(replace(found, rows=found.rows[:MOST_ROWS]))
    turned = study.turn(shown)
    left = len(found.rows) - MOST_ROWS
    more = [indent(Text(f"{left:,} more rows are in the report and in --json.", style="dim"))] if left > 0 else []
    fitted = FittedTable(_draw(shown, found.caption), turned=None if turned is None else _draw(turned, found.caption))
    return [fitted, *more]


def _draw(shown: study.LaidOut, caption: str) -> Table:
    """Return a study's table as the terminal's."""
    title = Text(make_inline(caption))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", title_style="bold")
    for head, figure in zip(shown.heads, shown.figures, strict=True):
        table.add_column(Text(make_inline(head)), justify="right" if figure else "left", overflow="fold")
    for row in shown.rows:
        table.add_row(*(Text(make_inline(cell)) for cell in row))
    return table


def _format_task(summary: Summary, task: str, measure: str) -> Text:
    """Return a task's name, with the measure where the trial's verdicts are about several of the task, or other scores
    of it are shown.
    """
    known = summary.task(task)
    several = len(known.measures) > 1 or measure != known.main_measure or known.card.corpus
    return Text(make_inline(f"{task} · {measure}" if several else task))


def _format_verdict(summary: Summary, verdict: Verdict) -> list[Text]:
    """Return the verdict's word, difference, flips and items."""
    low, high = (words.format_difference(end, verdict.unit) for end in (verdict.low, verdict.high))
    doubtful = ", doubtful" if words.is_doubtful(summary, verdict) else ""
    asked = summary.task(verdict.task).items_asked
    used = f"{verdict.items_used:,}" if verdict.items_used == asked else f"{verdict.items_used:,} of {asked:,}"
    difference = Text(words.format_difference(verdict.difference, verdict.unit), style="bold")
    flips = [verdict.flips_to_right, verdict.flips_to_wrong]
    return [
        Text(f"{words.MARKS[verdict.label]} {verdict.label}{doubtful}", style=STYLES[verdict.label]),
        difference.append(f" [{low}, {high}]", style="not bold"),
        *(Text("" if count is None else f"{count:,}") for count in flips),
        Text(used),
    ]


def list_notes(summary: Summary) -> list[RenderableType]:
    """Return what a careful reader should know: chance levels, truncations, what was not measured."""
    lines = [*words.list_minor_doubts(summary), *words.list_chance_notes(summary)]
    lines += words.list_needed_items(summary)
    lines += family.describe_alone(summary)
    for candidate in summary.candidates:
        if candidate.truncated:
            lines.append(f"{candidate.name}: {candidate.truncated:,} requests were cut to fit the context.")
    lines += needs.describe_absences_shortly(summary)
    lines += judges.describe_costs(summary)
    doubted = [Text(f"! {make_inline(line)}", style="bold yellow") for line in words.list_headline_doubts(summary)]
    ended = [Text(make_inline(line), style="yellow") for line in summary.endings]
    broken = [Text(f"! {make_inline(line)}", style="bold red") for line in limits.list_broken(summary)]
    return [*broken, *doubted, *ended, *(indent(Text(make_inline(line), style="dim")) for line in lines)]
