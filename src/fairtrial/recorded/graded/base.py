"""What a log says of the answers of one system to one task: who was asked what, what came back, and how it was graded.

Plain values; knows no tool, no task and no ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.spec.recorded import Recorded

LoggedValue = str | int | float | bool
"""A value that tells the systems of one log apart."""


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One answer in a log, with its grades.

    Attributes:
        document: hash of what was to be answered, whatever prompt it stood in; by it rows of two logs come together.
        id: the log's own name or number of the item; empty if it gives none.
        repeat: which answer to the item it is, from 0.
        question: what was to be answered, for people.
        expected: the right answers; empty where the log has none.
        choices: those that were offered.
        prompt: messages as (role, text) in the order shown; a single one of the user's where it was running text.
        text: what was written; None where continuations were scored, or nothing is recorded.
        scores: of scored continuations: (prompt, continuation, log-probability in nats, whether greedy).
        grades: (value, weight) by measure; empty for a row without a grade.
        costs: seconds, tokens_in, tokens_out, usd, as far as the log has them.
        cluster: name of what the item shares with others; empty if nothing.
        data: the row's own content, JSON values.
        target: the right answer as the log wrote it, to grade anew by.
        at: where it was read, for errors.
    """

    document: str
    id: str
    question: str
    repeat: int = 0
    expected: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    prompt: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    scores: tuple[tuple[str, str, float, bool], ...] = ()
    grades: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    cluster: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    target: Any = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class LoggedMeasure:
    """A measure that a log has values of.

    Attributes:
        name: as the log calls it.
        higher_is_better: direction, as far as the log tells; taken to be True where it does not.
        transform: see `fairtrial.records.Measure`.
        unit: ``1`` where its values turn out to be shares.
        bounds: smallest and largest possible value where they are stated; None looks at the values.
    """

    name: str
    higher_is_better: bool | None = True
    transform: str = "identity"
    unit: str = ""
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class GradedCell:
    """One grade as a table has it, before several of one item become their mean.

    Attributes:
        item: whose grade it is.
        place: file and row.
        value: None where the cell is empty.
        others: what the row's other columns hold, as text.
    """

    item: str
    place: str
    value: float | None
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LoggedTask:
    """One system's answers to one task, as a log has them.

    Attributes:
        name: of the task.
        told: what tells this system from the others of the log, as ``recorded: {only: ...}`` says it.
        label: the same for people, e.g. ``openai:gpt-x, prompt 2``; empty if the log has one system.
        model: the model's name in the log; empty if it does not say.
        measures: the main one first.
        rows: answers with grades.
        config: how the tool graded, as far as it can be graded anew by (see `fairtrial.tasks.regrading`); None if not.
        ungraded: rows without an answer or a grade, which are not among ``rows``.
        notes: what must be known of the log, as sentences without its name.
        cells: of a table of grades, each of its rows.
    """

    name: str
    told: Mapping[str, LoggedValue] = field(default_factory=dict)
    label: str = ""
    model: str = ""
    measures: tuple[LoggedMeasure, ...] = ()
    rows: list[LoggedRow] = field(default_factory=list)
    config: Mapping[str, Any] | None = None
    ungraded: int = 0
    notes: list[str] = field(default_factory=list)
    cells: list[GradedCell] = field(default_factory=list)


GradedReader = Callable[[Sequence[Path], Recorded], Iterable[LoggedTask]]
"""Reads the files of one log: a `LoggedTask` for each system and task.  Raises ModelError, with the place of a mistake.
"""
