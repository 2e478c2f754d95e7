"""Rows as a task's own code makes them, and whether that code gives the same every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fairtrial.errors import DataError, FairtrialError, TaskError
from fairtrial.tasks.data.datasets import apply_through_datasets
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.lmeval.config import TaskConfig
from fairtrial.tasks.lmeval.functions import RestrictedFunction
from fairtrial.tasks.lmeval.native import DocsFunction
from fairtrial.tasks.lmeval.trusted import TaskFunction


def process_rows(rows: list[RowDict], function: Callable[..., Any] | None, where: str) -> list[RowDict]:
    """Return the rows as ``process_docs`` makes them.  Raises DataError if it fails, whatever it raises."""
    if function is None:
        return rows
    try:
        if isinstance(function, RestrictedFunction):
            return function.change_rows(rows)
        return function(rows) if isinstance(function, DocsFunction) else apply_through_datasets(function, rows)
    except FairtrialError:
        raise
    except Exception as error:  # foreign code may raise anything; the message keeps what it was
        raise DataError(f"process_docs failed on the rows: {type(error).__name__}: {error}", where=where) from error


def read_samples(given: list[RowDict] | Callable[[], Any], where: str) -> list[RowDict]:
    """Return the rows that a task file gives as examples itself.  Raises TaskError if it gives something else."""
    samples = given() if callable(given) else given
    if not (isinstance(samples, list) and all(isinstance(row, dict) for row in samples)):
        raise TaskError("fewshot_config.samples must give a list of rows", where=where)
    return samples


def check_code(config: TaskConfig, rows: list[RowDict], docs: list[RowDict]) -> None:
    """Raise TaskCodeError if trusted code gives something else each time, or restricted code cannot do its work."""
    if isinstance(config.process_results, RestrictedFunction):
        config.process_results.try_grading(docs)
    if isinstance(config.process_docs, TaskFunction):
        config.process_docs.check_rows(rows, lambda function, some: process_rows(some, function, f"task {config.name}"))
    for field in (config.asking.text, config.asking.target, config.asking.choices, config.images):
        if isinstance(field, TaskFunction):
            field.check_values(docs)
        elif isinstance(field, RestrictedFunction):
            field.prepare(docs)
