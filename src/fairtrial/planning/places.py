"""Where in the trial file a mistake stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fairtrial.errors import FairtrialError

Where = Callable[..., str]
"""Gives ``file:line`` of a part of the trial file, e.g. ``where("tasks", 0, "task")``; empty if there is no file."""


@contextmanager
def add_place(where: str) -> Iterator[None]:
    """Say in an error which line of the trial file has led to it, unless it names one already."""
    try:
        yield
    except FairtrialError as error:
        if not error.where:
            error.where = where
        elif not error.where.startswith(where.rpartition(":")[0]):
            error.where = f"{where}: {error.where}"
        raise


@contextmanager
def name_candidate(name: str) -> Iterator[None]:
    """Say in an error which candidate it is about, unless it does; an empty name says nothing."""
    try:
        yield
    except FairtrialError as error:
        if name not in error.message:
            error.message = f"candidate {name!r}: {error.message}"
        raise
