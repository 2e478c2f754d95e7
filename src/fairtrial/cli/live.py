"""The live display of a running trial; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from fairtrial.api import Conditions
from fairtrial.progress import Progress as Step
from fairtrial.report.words import visible


class LiveDisplay:
    """One bar for each task and candidate, with the mean so far."""

    def __init__(self, console: Console) -> None:
        self.bars = Progress(
            TextColumn("{task.fields[task_name]}", style="bold"),
            TextColumn("{task.fields[candidate]}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[mean]}", justify="right"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.rows: dict[tuple[str, str], TaskID] = {}

    def step(self, step: Step) -> None:
        """Draw one step."""
        if step.stage == "done":
            return
        key = (step.task, step.candidate)
        if key not in self.rows:
            self.rows[key] = self.bars.add_task(
                "", total=step.total, start=False, task_name=safe(step.task), candidate=safe(step.candidate), mean=""
            )
        if step.stage == "ask":
            row = self.rows[key]
            self.bars.start_task(row)
            self.bars.update(row, completed=step.done, total=step.total, mean=mean_text(step.mean))
            if step.done >= step.total:
                self.bars.stop_task(row)

    def note(self, line: str) -> None:
        """Print a line above the bars."""
        self.bars.console.print(Text(visible(line), style="dim"))


class PlainDisplay:
    """A line when a candidate has finished a task, and at most one a quarter minute in between."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.last = time.monotonic()

    def step(self, step: Step) -> None:
        """Print one step if it is time to."""
        if step.stage != "ask":
            return
        now = time.monotonic()
        if step.done >= step.total or now - self.last > 15:
            self.last = now
            line = f"{step.task}  {step.candidate}  {step.done}/{step.total}  {mean_text(step.mean)}"
            self.console.print(Text(visible(line.rstrip())), soft_wrap=True)

    def note(self, line: str) -> None:
        """Print a line."""
        self.console.print(Text(visible(line)), soft_wrap=True)


def mean_text(mean: float | None) -> str:
    """Return the mean so far, three figures."""
    return "" if mean is None else f"{mean:.3g}"


def safe(text: str) -> str:
    """Return text with rich's markup defused."""
    return visible(text).replace("[", "\\[")


@contextmanager
def display(console: Console, conditions: Conditions, quiet: bool) -> Iterator[Conditions]:
    """Yield ``conditions`` with callbacks that draw the run on ``console``, or draw nothing when ``quiet``."""
    if quiet:
        yield conditions
        return
    if console.is_terminal:
        live = LiveDisplay(console)
        with live.bars:
            yield with_callbacks(conditions, live)
    else:
        yield with_callbacks(conditions, PlainDisplay(console))


def with_callbacks(conditions: Conditions, shown: LiveDisplay | PlainDisplay) -> Conditions:
    """Return the conditions with a display attached."""
    return Conditions(
        threads=conditions.threads,
        wait=conditions.wait,
        trust_task_code=conditions.trust_task_code,
        task_paths=conditions.task_paths,
        on_progress=shown.step,
        on_note=shown.note,
    )
