"""Progress where a person looks: the display of the terminal, lines in a notebook, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module

from fairtrial.api.conditions import Conditions, ignore
from fairtrial.api.notebook import NotebookDisplay, is_notebook


@contextmanager
def show_run(conditions: Conditions, progress: bool | None) -> Iterator[Conditions]:
    """Yield the conditions of a run with callbacks that show it, where somebody looks.

    Args:
        conditions: of the run.
        progress: whether to show it; None: in a terminal and in a notebook, unless the conditions have callbacks.
    """
    own = conditions.on_progress is not ignore or conditions.on_note is not ignore
    if progress is None and own:
        yield conditions
        return
    if progress is not False and is_notebook():
        display = NotebookDisplay()
        with display:
            yield replace(conditions, on_progress=display.step, on_note=display.note)
        return
    if progress or (progress is None and sys.stderr is not None and sys.stderr.isatty()):
        # the command line's display, with the library that draws it, is loaded when something is drawn
        live, console = import_module("fairtrial.cli.live"), import_module("rich.console").Console(stderr=True)
        with live.show_progress(console, conditions, False) as shown:
            yield shown
        return
    yield conditions
