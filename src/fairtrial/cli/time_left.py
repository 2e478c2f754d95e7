"""How long a run will still take, by how long its answers took so far.  Display only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

_Key = tuple[str, str]
"""A task and a candidate."""


@dataclass(slots=True)
class _Row:
    """Item answers of one candidate on one task: all, known before, done, of these taken from the ledger or made."""

    total: int
    known: int = 0
    done: int = 0
    reused: int = 0
    paid: int = 0
    seconds: float = 0.0
    closed: bool = False

    @property
    def left(self) -> int:
        """Item answers that still have to be made, at most."""
        return 0 if self.closed else self.total - self.done - max(0, self.known - self.reused)


@dataclass(slots=True)
class TimeLeft:
    """Counts answers and seconds of every candidate and task.

    Attributes:
        clock: gives the time, in seconds.
    """

    clock: Callable[[], float]
    rows: dict[_Key, _Row] = field(default_factory=dict)
    last: float | None = None

    def expect(self, key: _Key, total: int, known: int) -> None:
        """Note how many item answers there will be, and how many the ledger has already."""
        self.rows[key] = _Row(total, known)

    def start(self) -> None:
        """Note that asking begins now: what came before took no answers."""
        self.last = self.clock()

    def count(self, key: _Key, done: int, total: int, reused: int) -> None:
        """Note that a chunk is answered; the time since the last one was its own if it needed any new answer."""
        row = self.rows.setdefault(key, _Row(total))
        new, row.done, now = max(0, done - row.done - reused), done, self.clock()
        row.reused += reused
        if new and self.last is not None:
            row.paid += new
            row.seconds += now - self.last
        self.last = now

    def close(self, key: _Key) -> None:
        """Note that nothing more is asked there."""
        task, candidate = key
        for (where, who), row in self.rows.items():
            if where == task and (who == candidate or who.startswith(f"{candidate}, ")):  # its judges, too
                row.closed = True

    @property
    def done(self) -> int:
        """Item answers that are there."""
        return sum(max(row.done, row.known if row.closed else 0) for row in self.rows.values())

    @property
    def total(self) -> int:
        """Item answers in all, without what is certainly not asked any more."""
        return sum(row.done if row.closed else row.total for row in self.rows.values())

    def estimate(self) -> float | None:
        """Return the seconds that are left at most, None before the first new answer.

        A candidate and task without an answer so far is taken to cost the mean of the others.
        """
        paid = sum(row.paid for row in self.rows.values())
        if not paid:
            return None
        mean = sum(row.seconds for row in self.rows.values()) / paid
        return sum(row.left * (row.seconds / row.paid if row.paid else mean) for row in self.rows.values())


def describe_seconds(seconds: float) -> str:
    """Return a time in words: ``40 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def describe_start(known: int, total: int, judgements: int = 0) -> str:
    """Return what there is to do as a run begins, and what is done already; ``judgements``: left to ask of judges."""
    if judgements:
        more = f"{judgements:,} {'judgement' if judgements == 1 else 'judgements'} to ask"
        if known == total:
            return f"all {total:,} answers are in the ledger; {more}" if total else more
        return f"{describe_start(known, total)}; {more}"
    if not total:
        return "nothing to ask"
    if known == total:
        return f"all {total:,} answers are in the ledger; nothing is asked"
    if known:
        return f"resuming: {known:,} of {total:,} answers are in the ledger, {total - known:,} are to be asked"
    return f"{total:,} answers to ask"
