"""Progress in a notebook: one cell output that is drawn anew, a bar a task and candidate."""

from __future__ import annotations

import html
import sys
import time
from types import TracebackType
from typing import Any

from fairtrial.pages.showing import make_inline
from fairtrial.running.progress import Progress

OFTEN = 0.3
"""Seconds between two drawings."""

KEPT = 6
"""Notes that stay to be read."""


def is_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    found = shell.get_ipython() if shell is not None else None
    return found is not None and hasattr(found, "kernel")


class NotebookDisplay:
    """A context in which a run is shown; it clears what it has drawn at the end, the notes aside."""

    def __init__(self) -> None:
        self._display: Any = sys.modules["IPython"].display
        self._handle: Any = None
        self._rows: dict[tuple[str, str], Progress] = {}
        self._notes: list[str] = []
        self._drawn = 0.0
        self._started = time.monotonic()

    def __enter__(self) -> NotebookDisplay:
        """Begin to show."""
        self._handle = self._display.display(self._display.HTML(self._render_html()), display_id=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Draw the notes alone, if any, for the last time."""
        self._rows.clear()
        self._handle.update(self._display.HTML(self._render_html(done=True)))

    def step(self, step: Progress) -> None:
        """Show where the run stands."""
        if step.stage == "ask" and step.total:
            self._rows[step.task, step.candidate] = step
        elif step.note:
            self.note(f"{step.candidate}: {step.note}" if step.candidate else step.note)
        now = time.monotonic()
        if now - self._drawn > OFTEN:
            self._drawn = now
            self._handle.update(self._display.HTML(self._render_html()))

    def note(self, line: str) -> None:
        """Show a line."""
        self._notes = [*self._notes, line][-KEPT:]

    def _render_html(self, done: bool = False) -> str:
        seconds = time.monotonic() - self._started
        head = "" if done else f"<div style='opacity:.7'>Running, {seconds:.0f} s</div>"
        rows = "".join(_make_row(step) for step in self._rows.values())
        notes = "".join(f"<div style='opacity:.7'>{html.escape(make_inline(note))}</div>" for note in self._notes)
        table = f"<table style='border:none'>{rows}</table>" if rows else ""
        return f"<div style='font-size:13px'>{head}{table}{notes}</div>"


def _make_row(step: Progress) -> str:
    """Return one bar as a row of a table."""
    share = min(1.0, step.done / step.total)
    bar = (
        "<div style='width:160px;height:8px;border:1px solid currentColor;border-radius:4px'>"
        f"<div style='width:{100 * share:.0f}%;height:100%;background:currentColor;opacity:.6'></div></div>"
    )
    mean = "" if step.mean is None else f"{step.mean:.3g}"
    names = "".join(
        f"<td style='text-align:left'>{html.escape(make_inline(x))}</td>" for x in (step.task, step.candidate)
    )
    return f"<tr>{names}<td>{bar}</td><td>{step.done:,} of {step.total:,}</td><td>{mean}</td></tr>"
