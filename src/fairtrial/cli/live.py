"""The live display of a running trial; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from fairtrial.analysis.verdicts import Verdict
from fairtrial.api import Conditions
from fairtrial.cli.time_left import TimeLeft, describe_seconds, describe_start
from fairtrial.pages.showing import make_inline
from fairtrial.report import words
from fairtrial.report.terminal import STYLES
from fairtrial.running.progress import Progress as Step

WIDTH = 33
"""Characters of the bar of a question; an odd number, so that 0 has a place in the middle."""

MIDDLE = WIDTH // 2

ROOMY = 90
"""Columns of a terminal from which bars are drawn beside the figures."""


def interval_bar(verdict: Verdict) -> str:
    """Return an interval as a bar around 0, e.g. ``      ━━╋━━┿━━╋━       ``.

    Heavy is the interval, ``┊`` (crossed: ``╋``) are the ends of the margin, ``│`` (crossed: ``┿``) is 0.  The bar
    shows three margins to either side, or ten points where those are less; ``◀`` and ``▶`` say that the interval goes
    on.
    """
    reach = max(3 * verdict.margin, 0.1)
    low, high = (choose_bar_character(end, reach) for end in (verdict.low, verdict.high))
    cells = [" "] * WIDTH
    for at in range(max(low, 0), min(high, WIDTH - 1) + 1):
        cells[at] = "━"
    for end in (-verdict.margin, verdict.margin):
        cells[choose_bar_character(end, reach)] = "┊" if cells[choose_bar_character(end, reach)] == " " else "╋"
    cells[MIDDLE] = "│" if cells[MIDDLE] == " " else "┿"
    if low < 0:
        cells[0] = "◀"
    if high >= WIDTH:
        cells[-1] = "▶"
    return "".join(cells)


def choose_bar_character(value: float, reach: float) -> int:
    """Return the character of a bar where a difference stands; out of the bar for what is out of reach."""
    if not abs(value) <= reach:
        return -1 if value < 0 else WIDTH
    return MIDDLE + round(value / reach * MIDDLE)


def look_text(verdict: Verdict) -> Text:
    """Return a look in one line's worth of words: the verdict so far and the interval in numbers."""
    low, high = (words.format_difference(end, verdict.unit) for end in (verdict.low, verdict.high))
    text = Text(f"{words.MARKS[verdict.label]} {verdict.label:<9} ", style=STYLES[verdict.label])
    return text.append(f"[{low}, {high}]", style="not bold default")


class LiveDisplay:
    """One bar for each task and candidate with the mean so far, and one for each question with its interval so far."""

    def __init__(self, console: Console) -> None:
        self.wide = console.width >= ROOMY
        self.bars = Progress(
            TextColumn("{task.fields[task_name]}", style="bold", table_column=_make_name_column()),
            TextColumn("{task.fields[candidate]}", table_column=_make_name_column()),
            *([BarColumn(bar_width=24)] if self.wide else []),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[mean]}", justify="right", table_column=Column(no_wrap=True)),
            *([TimeElapsedColumn()] if self.wide else []),
            console=console,
        )
        self.whole = Progress(
            TextColumn("all", style="bold"),
            BarColumn(bar_width=24 if self.wide else 16),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
        )
        self.sum = self.whole.add_task("", total=None, left="", visible=False)
        self.time_left = TimeLeft(time.monotonic)
        self.rows: dict[tuple[str, str], TaskID] = {}
        self.looks: dict[tuple[str, str, str], Verdict] = {}
        self.dropped: set[tuple[str, str]] = set()
        self.live = Live(get_renderable=self.picture, console=console, transient=True, refresh_per_second=4)

    def picture(self) -> Group:
        """Return what is on the screen now."""
        return Group(self.whole, self.bars, *([self.questions()] if self.looks else []))

    def questions(self) -> Table:
        """Return one row a question: who, where, the interval as a bar, the verdict so far."""
        table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=False)
        for look in self.looks.values():
            name = look.task if self.one_measure(look) else f"{look.task} · {look.measure}"
            dropped = (look.task, look.a) in self.dropped and look.verdict == "undecided"
            table.add_row(
                Text(make_inline(name), style="bold", overflow="ellipsis", no_wrap=True),
                Text(make_inline(f"{look.a} − {look.b}"), overflow="ellipsis", no_wrap=True),
                *([Text(interval_bar(look), style=STYLES[look.label], no_wrap=True)] if self.wide else []),
                Text("dropped", style="dim") if dropped else look_text(look),
                Text(f"{look.items_used:,} items", style="dim", no_wrap=True),
            )
        return table

    def one_measure(self, look: Verdict) -> bool:
        """Return whether a task is asked about one measure only, so far."""
        return len({measure for task, _, measure in self.looks if task == look.task}) == 1

    def step(self, step: Step) -> None:
        """Draw one step."""
        if step.stage == "look" and step.look is not None:
            self.looks[step.task, step.candidate, step.look.measure] = step.look
            for name in (step.look.a, step.look.b):
                looks = [look for look in self.looks.values() if look.task == step.task and name in (look.a, look.b)]
                if all(look.verdict != "undecided" for look in looks) and (step.task, name) in self.rows:
                    self.bars.stop_task(self.rows[step.task, name])
                    self.time_left.close((step.task, name))
        elif step.stage == "start":
            self.time_left.start()
            self.note(describe_start(step.done, step.total, step.judgements))
        elif step.stage in ("few", "archive"):
            self.note(step.note)
        elif step.stage == "drop":
            self.dropped.add((step.task, step.candidate))
            self.time_left.close((step.task, step.candidate))
            self.note(f"{step.candidate}: {step.note}")
        elif step.stage in {"check", "ask", "judge"}:
            self.count(step)
        elif step.stage == "alone":
            self.count(replace(step, stage="ask", task=f"{step.task}, one at a time"))
        elif step.stage == "text":
            self.count(replace(step, stage="ask"))

    def count(self, step: Step) -> None:
        """Draw how far a candidate has come with a task."""
        key = (step.task, step.candidate)
        if key not in self.rows:
            self.rows[key] = self.bars.add_task(
                "",
                total=step.total,
                start=False,
                task_name=escape_markup(step.task),
                candidate=escape_markup(step.candidate),
                mean="",
            )
        if step.stage == "check":
            self.time_left.expect(key, step.total, step.reused)
        else:
            self.time_left.count(key, step.done, step.total, step.reused)
            row = self.rows[key]
            self.bars.start_task(row)
            self.bars.update(row, completed=step.done, total=step.total, mean=mean_text(step.mean))
            if step.done >= step.total:
                self.bars.stop_task(row)
        self.whole.update(
            self.sum,
            completed=self.time_left.done,
            total=self.time_left.total,
            left=_describe_left(self.time_left),
            visible=True,
        )

    def note(self, line: str) -> None:
        """Print a line above the bars."""
        self.live.console.print(Text(make_inline(line), style="dim"))


class PlainDisplay:
    """Lines where there is no terminal.

    One when a candidate has finished a task, when a question is settled, when a candidate is dropped; and at most one a
    quarter minute in between.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.last = time.monotonic()
        self.settled: set[tuple[str, str, str]] = set()
        self.time_left = TimeLeft(time.monotonic)

    def step(self, step: Step) -> None:
        """Print one step if it is time to."""
        if step.stage == "check":
            self.time_left.expect((step.task, step.candidate), step.total, step.reused)
        elif step.stage == "start":
            self.time_left.start()
            self.note(describe_start(step.done, step.total, step.judgements))
        elif step.stage in ("few", "archive"):
            self.note(step.note)
        elif step.stage in {"ask", "judge"}:
            self.time_left.count((step.task, step.candidate), step.done, step.total, step.reused)
            told = f"{step.task}  {step.candidate}  {describe_progress(step)}".rstrip()
            self.timely(f"{told}  ({self.describe_whole()})", always=step.done >= step.total)
        elif step.stage == "alone":
            self.timely(
                f"{step.task}, one at a time  {step.candidate}  {describe_progress(step)}",
                always=step.done >= step.total,
            )
        elif step.stage == "text":
            self.timely(f"{step.task}  {describe_progress(step)}", always=step.done >= step.total)
        elif step.stage == "look" and step.look is not None:
            key = (step.task, step.candidate, step.look.measure)
            if key not in self.settled:
                found = step.look
                done = found.verdict != "undecided"
                self.settled |= {key} if done else set()
                line = (
                    f"{found.task}  {found.a} against {found.b}  {look_text(found).plain}  {found.items_used:,} items"
                )
                self.timely(line, always=done)
        elif step.stage == "drop":
            self.time_left.close((step.task, step.candidate))
            self.note(f"{step.candidate}: {step.note}")

    def describe_whole(self) -> str:
        """Return how far the run as a whole is."""
        left = _describe_left(self.time_left)
        return f"{self.time_left.done:,} of {self.time_left.total:,} in all{f', {left}' if left else ''}"

    def timely(self, line: str, always: bool) -> None:
        """Print a line, unless it is of the kind that comes once in a while and one was printed just now."""
        now = time.monotonic()
        if always or now - self.last > 15:
            self.last = now
            self.note(line.rstrip())

    def note(self, line: str) -> None:
        """Print a line."""
        self.console.print(Text(make_inline(line)), soft_wrap=True)


def _describe_left(time_left: TimeLeft) -> str:
    """Return how long a run will still take at most; empty while that is not known, or nothing is left."""
    seconds = time_left.estimate()
    return f"at most {describe_seconds(seconds)} left" if seconds else ""


def _make_name_column() -> Column:
    """Return a column for names: cut short where there is no room."""
    return Column(no_wrap=True, overflow="ellipsis")


def describe_progress(step: Step) -> str:
    """Return how far a candidate has come, and its mean so far."""
    return f"{step.done}/{step.total}  {mean_text(step.mean)}"


def mean_text(mean: float | None) -> str:
    """Return the mean so far, three figures."""
    return "" if mean is None else f"{mean:.3g}"


def escape_markup(text: str) -> str:
    """Return text with rich's markup defused."""
    return make_inline(text).replace("[", "\\[")


@contextmanager
def show_progress(console: Console, conditions: Conditions, quiet: bool) -> Iterator[Conditions]:
    """Yield ``conditions`` with callbacks that draw the run on ``console``, or draw nothing when ``quiet``."""
    if quiet:
        yield conditions
        return
    if console.is_terminal:
        live = LiveDisplay(console)
        with live.live:
            yield with_callbacks(conditions, live)
    else:
        yield with_callbacks(conditions, PlainDisplay(console))


def with_callbacks(conditions: Conditions, shown: LiveDisplay | PlainDisplay) -> Conditions:
    """Return the conditions with a display attached."""
    return replace(conditions, on_progress=shown.step, on_note=shown.note)
