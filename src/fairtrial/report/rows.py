"""What a trial found as rows of plain values: verdicts, scores, every answer; and as data frames of pandas or polars.

Neither is needed here: the one that the user has is imported when a frame is asked for.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, overload

from fairtrial.analysis.verdicts import Verdict
from fairtrial.errors import FairtrialError, UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.pages.showing import make_visible
from fairtrial.report.export.answered import AnsweredItem, read_answered_items
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary

LIBRARIES = ("pandas", "polars")
SHOWN = 20
"""Rows that a notebook shows of many."""

LONGEST = 200
"""Characters of a cell that a notebook shows."""

_Row = Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Rows(Sequence[_Row]):
    """Rows with named columns: a sequence of mappings that a notebook shows as a table.

    Attributes:
        columns: their names, in order.
        rows: a mapping each, with all columns.
    """

    columns: tuple[str, ...]
    rows: tuple[_Row, ...]

    @overload
    def __getitem__(self, at: int) -> _Row: ...
    @overload
    def __getitem__(self, at: slice) -> Rows: ...
    def __getitem__(self, at: int | slice) -> _Row | Rows:
        """Return one row, or some of them."""
        return Rows(self.columns, self.rows[at]) if isinstance(at, slice) else self.rows[at]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[_Row]:
        """Yield the rows."""
        return iter(self.rows)

    def frame(self, library: str = "") -> Any:
        """Return the rows as a data frame.

        Args:
            library: ``pandas`` or ``polars``; by default the one that is imported already, else one that is installed.

        Raises:
            UnknownNameError: for another library.
            FairtrialError: it is not installed.
        """
        chosen = choose_library(library)
        table = {name: [row[name] for row in self.rows] for name in self.columns}
        if chosen == "polars":
            return import_module("polars").DataFrame(table, strict=False)
        return import_module("pandas").DataFrame(table, columns=list(self.columns))

    def __repr__(self) -> str:
        """Return how many rows of which columns there are."""
        return f"<{len(self.rows):,} rows of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        """Return the first rows as a table."""
        told = [name for name in self.columns if any(row[name] is not None for row in self.rows[:SHOWN])]
        head = "".join(f"<th style='text-align:left'>{html.escape(name)}</th>" for name in told)
        shown = "".join(
            f"<tr>{''.join(f'<td style={_LEFT}>{_show(row[name])}</td>' for name in told)}</tr>"
            for row in self.rows[:SHOWN]
        )
        left = len(self.rows) - SHOWN
        more = f"<div>and {left:,} more rows: .frame() has them all</div>" if left > 0 else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{shown}</tbody></table>"
        return f"<div style='overflow-x:auto'>{table}</div>{more}"


_LEFT = "'text-align:left;vertical-align:top;white-space:pre-wrap;min-width:3em;max-width:30em'"


def _show(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = make_visible(value)
    return html.escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def choose_library(library: str = "") -> str:
    """Return the library that makes data frames; see `Rows.frame`."""
    if library:
        if library not in LIBRARIES:
            raise UnknownNameError("library", library, LIBRARIES, fix="Name pandas or polars.")
        if library not in sys.modules and find_spec(library) is None:
            raise FairtrialError(f"{library} is not installed.", fix=f"Install it with: pip install {library}")
        return library
    for name in LIBRARIES:
        if name in sys.modules:
            return name
    for name in LIBRARIES:
        if find_spec(name) is not None:
            return name
    raise FairtrialError(
        "a data frame needs pandas or polars, and neither is installed.",
        fix="Install one with: pip install pandas; or read `verdicts`, `scores()` and `items()` as they are.",
    )


VERDICT_COLUMNS = (
    "candidate", "baseline", "task", "measure", "verdict", "difference", "low", "high", "margin", "fixed", "broke",
    "items", "items_needed", "confidence", "p_value", "p_adjusted", "unit",
)  # fmt: skip


def list_verdict_rows(summary: Summary) -> Rows:
    """Return a row a verdict; differences, ends and margins are shares (0.05 is five points) or in their unit."""
    return Rows(VERDICT_COLUMNS, tuple(_make_verdict_row(verdict) for verdict in summary.verdicts))


def _make_verdict_row(verdict: Verdict) -> _Row:
    values = (
        verdict.a, verdict.b, verdict.task, verdict.measure, verdict.label, verdict.difference, verdict.low,
        verdict.high, verdict.margin, verdict.flips_to_right, verdict.flips_to_wrong, verdict.items_used,
        verdict.items_needed, verdict.confidence, verdict.p_value, verdict.p_adjusted, verdict.unit,
    )  # fmt: skip
    return dict(zip(VERDICT_COLUMNS, values, strict=True))


SCORE_COLUMNS = ("candidate", "task", "measure", "mean", "low", "high", "items", "confidence", "unit")


def list_score_rows(summary: Summary) -> Rows:
    """Return a row a candidate, task and measure."""
    rows = [{name: getattr(estimate, name) for name in SCORE_COLUMNS} for estimate in summary.estimates]
    return Rows(SCORE_COLUMNS, tuple(rows))


ITEM_COLUMNS = (
    "task", "item", "candidate", "repeat", "question", "expected", "answer", "correct", "seconds", "tokens_in",
    "tokens_out", "cost", "prompt", "thought", "id",
)  # fmt: skip


def list_item_rows(ledger: Ledger, summary: Summary, task: str = "", candidate: str = "") -> Rows:
    """Return a row an item, candidate and repeat.

    ``item`` is its number in the task; ``correct`` the value of the task's main measure; ``cost`` in US dollars; what
    is not known is None.

    Args:
        ledger: with the trial.
        summary: of the trial.
        task: name of the only one; empty for all.
        candidate: name of the only one; empty for all.

    Raises UnknownNameError for a name that the trial does not have.
    """
    tasks = _choose("task", task, summary.tasks)
    candidates = _choose("candidate", candidate, summary.candidates)
    rows = [
        _make_item_row(asked, who, what)
        for what in tasks
        for who in candidates
        for asked in read_answered_items(ledger, summary, who, what)
    ]
    place = {who.name: i for i, who in enumerate(candidates)}
    order = {what.name: i for i, what in enumerate(tasks)}
    rows.sort(key=lambda row: (order[row["task"]], row["item"], row["repeat"], place[row["candidate"]]))
    return Rows(ITEM_COLUMNS, tuple(rows))


def _choose(kind: str, name: str, known: Sequence[Any]) -> Sequence[Any]:
    names = [one.name for one in known]
    if name and name not in names:
        raise UnknownNameError(kind, name, names, fix=f"Of this trial: {', '.join(names)}.")
    return [one for one in known if name in ("", one.name)]


def _make_item_row(asked: AnsweredItem, candidate: CandidateSummary, task: TaskSummary) -> dict[str, Any]:
    def value(name: str) -> float | None:
        return asked.values.get(name, (None, 0))[0]

    tokens = asked.tokens() or {}
    values = (
        task.name, asked.item.doc_id, candidate.name, asked.repeat, asked.item.question, " / ".join(asked.item.gold),
        asked.said, value(task.main_measure), value("seconds"), tokens.get("in"), tokens.get("out"), value("usd"),
        asked.prompt, asked.thought or None, asked.item.id,
    )  # fmt: skip
    return dict(zip(ITEM_COLUMNS, values, strict=True))
