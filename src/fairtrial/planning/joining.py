"""Bringing the rows of several logs together: which rows are about one item, whatever prompt it stood in.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairtrial.recorded.graded.base import LoggedRow, LoggedTask

JoinKey = tuple[str, int]
"""What items are told apart by: document or id, and a number among items with the same document."""

AGREEING = 0.95
"""Share of the items joined by their ids that must have the same right answers."""


@dataclass(slots=True)
class KeyedRows:
    """One log's rows by item.

    Attributes:
        rows: of each item, by the number of the repeat, in the order of the log.
        copies: rows that say again what another one says.
        clashing: items of which one repeat is there twice with different answers or grades; not among ``rows``.
    """

    rows: dict[JoinKey, dict[int, LoggedRow]] = field(default_factory=dict)
    copies: int = 0
    clashing: int = 0


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """The rows of several logs about one task.

    Attributes:
        by: ``document``: rows with the same content; ``id``: rows with the same id.
        logs: the rows of each log, in the order given.
        shared: items that every log has, in the order of the first.
        every: items that any log has.
        unlike: shared items of which logs have different right answers.
        prompts_differ: shared items that were asked with different prompts.
    """

    by: str
    logs: Sequence[KeyedRows]
    shared: Sequence[JoinKey]
    every: Sequence[JoinKey]
    unlike: int
    prompts_differ: int

    def list_grades(self, measure: str) -> list[float]:
        """Return all logs' values of a measure."""
        rows = [row for one in self.logs for own in one.rows.values() for row in own.values()]
        return [row.grades[measure][0] for row in rows if measure in row.grades]


def join_rows(logs: Sequence[LoggedTask]) -> JoinedRows:
    """Bring rows together by their content, or by their ids where that finds more and the right answers agree."""
    by_document = _join(logs, "document")
    if len(by_document.shared) == len(by_document.every):
        return by_document
    by_id = _join(logs, "id")
    agreeing = by_id.unlike <= (1 - AGREEING) * len(by_id.shared)
    return by_id if len(by_id.shared) > len(by_document.shared) and agreeing else by_document


def _join(logs: Sequence[LoggedTask], by: str) -> JoinedRows:
    keyed = [key_rows(task.rows, by) for task in logs]
    every = list(dict.fromkeys(key for one in keyed for key in one.rows))
    shared = [key for key in keyed[0].rows if all(key in one.rows for one in keyed[1:])]
    firsts = [[next(iter(one.rows[key].values())) for one in keyed] for key in shared]
    unlike = sum(len({row.expected for row in rows if row.expected}) > 1 for rows in firsts)
    differing = sum(len({_fold(row.prompt) for row in rows}) > 1 for rows in firsts)
    return JoinedRows(by, keyed, shared, every, unlike, differing)


def _fold(prompt: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((role, " ".join(text.split())) for role, text in prompt)


def key_rows(rows: Sequence[LoggedRow], by: str) -> KeyedRows:
    """Return a log's rows by item.

    Rows with the same content and different ids are different items that happen to be alike; rows with the same id and
    repeat are one row written twice, or contradict each other.
    """
    found = KeyedRows()
    numbers: dict[tuple[str, str], int] = {}
    counts: Counter[str] = Counter()
    lost: set[JoinKey] = set()
    for row in rows:
        name = row.document if by == "document" else row.id
        if not name:
            continue
        place = (name, row.id)
        if place not in numbers:
            numbers[place] = counts[name]
            counts[name] += 1
        key = (name, numbers[place])
        own = found.rows.setdefault(key, {})
        before = own.get(row.repeat)
        if before is None:
            own[row.repeat] = row
        elif _says_the_same(before, row):
            found.copies += 1
        else:
            lost.add(key)
    for key in lost:
        del found.rows[key]
    found.clashing = len(lost)
    return found


def _says_the_same(one: LoggedRow, other: LoggedRow) -> bool:
    return (one.document, one.text, one.scores, dict(one.grades)) == (
        other.document, other.text, other.scores, dict(other.grades)
    )  # fmt: skip


def match_tasks(logs: Mapping[str, Mapping[str, LoggedTask]]) -> tuple[dict[str, dict[str, LoggedTask]], list[str]]:
    """Return the tasks that all logs have, by name and then by log; and what was left out or paired, as sentences.

    Where no name is shared and each log has one task, these are compared if they are about the same items.
    """
    names = [name for name in next(iter(logs.values())) if all(name in own for own in logs.values())]
    found = {name: {log: own[name] for log, own in logs.items()} for name in names}
    if not found and all(len(own) == 1 for own in logs.values()):
        ones = {log: next(iter(own.values())) for log, own in logs.items()}
        joined = join_rows(list(ones.values()))
        if joined.shared:
            named = list(dict.fromkeys(task.name for task in ones.values()))
            told = "; ".join(f"{log} calls it {task.name}" for log, task in ones.items())
            return {" / ".join(named): ones}, [f"The tasks have different names and the same items: {told}."]
    notes = []
    for log, own in logs.items():
        alone = [name for name in own if name not in found]
        if alone:
            more = f" and {len(alone) - 5} more" if len(alone) > 5 else ""
            notes.append(f"Not every log has {', '.join(alone[:5])}{more}, which {log} has; they are not compared.")
    return found, list(dict.fromkeys(notes))
