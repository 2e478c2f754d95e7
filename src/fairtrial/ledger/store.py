"""Writing to the ledger, and reading back what was already paid for.

Append-only: rows are inserted, never changed.  The first answer to a request is the one that counts; an answer that is
written again for the same candidate and request is dropped.  One kind of row is brought up to date: what the present
run knows of a candidate as a whole, with every chunk, so that a killed run leaves what it knew.  Every `commit` is one
transaction in write-ahead mode with ``synchronous=FULL``: what was committed survives a killed process, and a power cut
as far as the disk keeps its word.  Where transactions come thick and fast, and each may be made again, the disk is
waited for ten times a second: a killed process loses none of them, a power cut those since; where they are gathered
(`Ledger.gathering`), so does a killed process.
Knows nothing of engines or statistics.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from filelock import FileLock, Timeout

from fairtrial.errors import LedgerBusyError, LedgerError
from fairtrial.ledger.encoding import decode_answer, dumps, encode_item, escape_surrogates
from fairtrial.ledger.gathering import WRITER, LedgerTransactions
from fairtrial.ledger.opening import FAILURES, explain_sqlite_error, find_place, note_closed, open_file
from fairtrial.ledger.order import LeadingColumns, Order
from fairtrial.ledger.passage_rows import add_passages
from fairtrial.ledger.ready import write_answer
from fairtrial.ledger.remembering import ReadMemory
from fairtrial.ledger.request_rows import add_asked, add_requests
from fairtrial.ledger.shape import is_finite, read_mapping
from fairtrial.records import Answer, Item, Observation, Request
from fairtrial.records.cells import NO_CELLS, ReadyCells


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one transaction writes.

    Attributes:
        answers: new answers with their requests.
        asked: (task id, item id, repeat, request ids in order): which requests belong to which item.
        observations: (task id, item id, repeat, observation); empty ids are about the candidate as a whole.
        absences: (task id, item id, repeat, measure, reason): what was not measured, and why.
        whole: (number of the run, observation) about the candidate as a whole; takes the place of what the same run
            has entered before.
        cells: of requests and answers, as far as they were made already.
    """

    answers: Sequence[tuple[Request, Answer]] = ()
    asked: Sequence[tuple[str, str, int, tuple[str, ...]]] = ()
    observations: Sequence[tuple[str, str, int, Observation]] = ()
    absences: Sequence[tuple[str, str, int, str, str]] = ()
    whole: Sequence[tuple[int, Observation]] = ()
    cells: ReadyCells = NO_CELLS


EndReason = Literal["finished", "rounds", "budget", "interrupted", "failed"]
"""Why a run ended: all is asked or settled, it was to ask only so many rounds, its budget, the user, an error."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    Attributes:
        reason: for programs.
        outcome: for people; the reason itself where that says enough.
    """

    reason: EndReason
    outcome: str = ""

    @property
    def words(self) -> str:
        """The outcome, for people."""
        return self.outcome or self.reason


LAST_RUN = """
SELECT max(
    (SELECT coalesce(max(id), 0) FROM sessions),
    (SELECT coalesce(max(o.repeat), 0) FROM candidates c
        JOIN observations o ON o.candidate_id = c.id AND o.task_id = '' AND o.item_id = ''),
    (SELECT coalesce(max(a.repeat), 0) FROM candidates c
        JOIN absences a ON a.candidate_id = c.id AND a.task_id = '' AND a.item_id = '')
)
"""
"""The highest number of a run that the ledger still knows anything of."""

BLOCK_ROWS = 20_000
"""Rows that are in memory at once where a whole column is read."""


class Ledger:
    """One ledger file.  Use it as a context manager, or close it.  Not thread-safe."""

    def __init__(self, connection: sqlite3.Connection, path: Path, guarded: bool = False) -> None:
        self.connection = connection
        self.path = path
        self.guarded = guarded
        self.lock = FileLock(f"{path.resolve()}.lock")
        self._place, self._lock_place = find_place(path), find_place(path)
        self._note_closed = weakref.finalize(self, note_closed, self._place)  # also of one that nobody closes
        self.orders: dict[tuple[str, str], Order] = {}
        self.leads: dict[tuple[str, str, str], LeadingColumns] = {}
        self.memory = ReadMemory(connection)
        self._transactions = LedgerTransactions(connection, self.memory, self._check_place)

    @classmethod
    def open(cls, path: str | Path, create: bool = True) -> Ledger:
        """Open a ledger.

        Args:
            path: the file.
            create: make it if it is missing.  Without it nothing is written outside `writing`, and a ledger in a
                read-only folder can be read.

        Raises:
            LedgerError: missing folder or file, not a ledger, written by a newer version, damaged, or not accessible.
        """
        path = Path(path)
        return cls(open_file(path, create), path, guarded=not create)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
        self._note_closed()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def writing(self, wait_seconds: float | None = None, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the file's one writer lock, which the operating system frees when the process dies.

        Args:
            wait_seconds: how long to wait for another process; None waits for ever, 0 does not wait.
            on_wait: called once if there is something to wait for.

        Raises:
            LedgerBusyError: the lock was not to be had in time.
        """
        try:
            self.lock.acquire(timeout=0)
        except Timeout:
            if on_wait is not None and wait_seconds != 0:
                on_wait()
            try:
                self.lock.acquire(timeout=-1 if wait_seconds is None else wait_seconds)
            except Timeout:
                raise LedgerBusyError(
                    f"another process is writing to {self.path.name}.",
                    fix="Wait for it to end, or use another ledger file.",
                ) from None
        except OSError as error:
            raise LedgerError(f"the lock of {self.path.name} cannot be taken: {error.strerror}.") from error
        self._lock_place = find_place(Path(self.lock.lock_file))
        try:
            self.guard(False)
            for name, value in WRITER.items():
                self.connection.execute(f"PRAGMA {name} = {value}")
            yield
        finally:
            self.guard(self.guarded)
            self.lock.release()

    def _check_place(self) -> None:
        """Raise LedgerError if the file is no longer where it was opened: what is written would be lost with it."""
        if find_place(self.path) != self._place:
            raise LedgerError(
                f"{self.path.name} was deleted or replaced while it was in use; what was answered since is lost.",
                fix="Put it back, or run the trial again.",
            )

        if self.lock.is_locked and find_place(Path(self.lock.lock_file)) != self._lock_place:
            raise LedgerError(
                f"the lock of {self.path.name} was deleted or replaced; another process may be writing to the ledger.",
                fix="Let one process at a time write; leave the file that ends in .lock where it is.",
            )

    def guard(self, on: bool) -> None:
        """Refuse changes of data on this connection, or allow them."""
        self.connection.execute(f"PRAGMA query_only = {int(on)}")

    @contextmanager
    def transaction(self, again: bool = False) -> Iterator[sqlite3.Connection]:
        """Run statements as one transaction: all or nothing.  Raises LedgerError if the file cannot be written.

        Args:
            again: it could be made again, so that a power cut may take back the last tenth of a second of them.
        """
        try:
            with self._transactions.write(again) as db:
                yield db
        except FAILURES as error:
            raise explain_sqlite_error(error, self.path, "written") from error
        except UnicodeEncodeError as error:
            raise LedgerError(f"a text has no place in {self.path.name}: {error}.") from error

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Within it, transactions that could be made again become one with others of the same tenth of a second.

        What is written is read at once through this ledger, and by others a little later.  Whoever waits for something
        calls `settle_due` before.
        """
        self._transactions.gathers = True
        try:
            yield
        finally:
            self._transactions.gathers = False
            self.settle()

    def settle(self) -> None:
        """Commit what is gathered.  Raises LedgerError if the file cannot be written."""
        try:
            self._transactions.settle()
        except FAILURES as error:
            raise explain_sqlite_error(error, self.path, "written") from error

    def settle_due(self) -> float | None:
        """Commit what was gathered long enough; return in how many seconds the rest is due, None if there is none.

        Raises LedgerError if the file cannot be written.
        """
        try:
            return self._transactions.settle_due()
        except FAILURES as error:
            raise explain_sqlite_error(error, self.path, "written") from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read everything inside as of one moment, whatever another process writes meanwhile; nothing is written."""
        db = self.connection
        self.settle()
        try:
            db.execute("BEGIN")
            self.guard(True)
            self.memory.may_keep = True
            yield
        finally:
            self.memory.may_keep = False
            if db.in_transaction:
                db.execute("ROLLBACK")
            self.guard(self.guarded and not self.lock.is_locked)

    def read(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query; raises LedgerError if the file cannot be read."""
        try:
            for row in self.connection.execute(sql, values):  # noqa: UP028 (it would close a cursor of a closed file)
                yield row
        except FAILURES as error:
            raise explain_sqlite_error(error, self.path, "read") from error

    def read_blocks(
        self, sql: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query some thousand at a time, quicker than `read`; raises what that raises."""
        try:
            cursor = self.connection.execute(sql, values)
            while rows := cursor.fetchmany(BLOCK_ROWS):
                yield rows
        except FAILURES as error:
            raise explain_sqlite_error(error, self.path, "read") from error

    def add_candidate(self, candidate_id: str, name: str, spec: Mapping[str, Any]) -> None:
        """Enter a candidate, once."""
        row = (candidate_id, name, dumps(spec))
        with self.transaction() as db:
            db.execute("INSERT OR IGNORE INTO candidates (id, name, spec) VALUES (?, ?, ?)", row)

    def add_task(self, task_id: str, name: str, card: Mapping[str, Any]) -> None:
        """Enter a task, once."""
        with self.transaction() as db:
            db.execute("INSERT OR IGNORE INTO tasks (id, name, card) VALUES (?, ?, ?)", (task_id, name, dumps(card)))

    def add_items(self, task_id: str, items: Sequence[Item]) -> None:
        """Enter a task's items, each once."""
        rows = [
            (task_id, item.id, item.doc_id, escape_surrogates(item.cluster), dumps(encode_item(item))) for item in items
        ]
        with self.transaction() as db:
            db.executemany("INSERT OR IGNORE INTO items VALUES (?, ?, ?, ?, ?)", rows)

    def add_trial(
        self, trial_id: str, name: str, text: str, plan: Mapping[str, Any], items: Mapping[str, Sequence[str]]
    ) -> None:
        """Enter a trial, once, with the items of each task: task id to item ids in the order of asking."""
        rows = [(trial_id, task, at, item) for task, ids in items.items() for at, item in enumerate(ids)]
        with self.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO trials (id, name, text, plan) VALUES (?, ?, ?, ?)",
                (trial_id, name, escape_surrogates(text), dumps(plan)),
            )
            db.executemany("INSERT OR IGNORE INTO trial_items VALUES (?, ?, ?, ?)", rows)

    def open_session(self, trial_id: str, facts: Mapping[str, Any]) -> int:
        """Enter that a run of a trial begins, on what machine and software; return the session's number.

        No number is given that a run had of which something is left: what that run knew would be this one's.
        """
        with self.transaction() as db:
            [(last,)] = db.execute(LAST_RUN).fetchall()
            row = (last + 1, trial_id, dumps(facts))
            cursor = db.execute("INSERT INTO sessions (id, trial_id, facts) VALUES (?, ?, ?)", row)
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def replace_facts(self, session_id: int, facts: Mapping[str, Any]) -> None:
        """Enter anew on what machines and software a run runs: more is known by now."""
        with self.transaction() as db:
            db.execute("UPDATE sessions SET facts = ? WHERE id = ?", (dumps(facts), session_id))

    def close_session(self, session_id: int, ending: Ending) -> None:
        """Enter how a run ended; a killed one has no end."""
        with self.transaction() as db:
            db.execute(
                "UPDATE sessions SET ended = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), reason = ?, outcome = ? "
                "WHERE id = ?",
                (ending.reason, ending.words, session_id),
            )

    def answers(self, candidate_id: str, request_ids: Sequence[str]) -> dict[str, Answer]:
        """Return the answers that the ledger has for these requests, by request id."""
        found = self.read(
            "SELECT request_id, answer FROM answers WHERE candidate_id = ? "
            "AND request_id IN (SELECT value FROM json_each(?))",
            (candidate_id, json.dumps(list(request_ids))),
        )
        return {name: decode_answer(read_mapping(body, "an answer", name), name) for name, body in found}

    def commit(self, candidate_id: str, chunk: Chunk, again: bool = False) -> None:
        """Write a chunk in one transaction; see `transaction` for ``again``.

        What the ledger already has stays as it is: the first answer to a request counts, and the grade made from it.
        If an item of the chunk is in the ledger with other requests (another seed of a sampled answer, prompts made
        by another version), its grades there are not about these answers: the answers are kept, for they are paid
        for, and a LedgerError is raised.

        Raises:
            LedgerError: the file cannot be written (full disk, read-only), an observation is not a finite number or a
                log-probability is none, and nothing of the chunk is in the file; or an item has other requests.
        """
        whole = [("", "", run, observed) for run, observed in chunk.whole]
        for task, item, _, observed in (*chunk.observations, *whole):
            if not (is_finite(observed.value) and is_finite(observed.weight)):
                raise LedgerError(
                    f"{observed.measure} is {observed.value} with weight {observed.weight}; both must be finite.",
                    where=f"item {item} of task {task}",
                    fix="Grade an item that has no value by leaving the measure out.",
                )
        requests = [(request.id, request) for request, _ in chunk.answers]
        answers = [(candidate_id, r.id, write_answer(r.id, answer, chunk.cells)) for r, answer in chunk.answers]
        seen = [(candidate_id, t, o.measure, i, n, o.value, o.weight, o.unit) for t, i, n, o in chunk.observations]
        now = [(candidate_id, t, o.measure, i, n, o.value, o.weight, o.unit) for t, i, n, o in whole]
        absent = [
            (candidate_id, t, i, n, measure, escape_surrogates(reason)) for t, i, n, measure, reason in chunk.absences
        ]
        with self.transaction(again) as db:
            add_requests(db, requests, chunk.cells)
            db.executemany("INSERT OR IGNORE INTO answers (candidate_id, request_id, answer) VALUES (?, ?, ?)", answers)
            add_passages(db, (answer for _, answer in chunk.answers))
            if (clash := add_asked(db, candidate_id, chunk.asked)) is None:
                db.executemany("INSERT OR IGNORE INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?)", seen)
                db.executemany("INSERT OR REPLACE INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?)", now)
                db.executemany("INSERT OR IGNORE INTO absences VALUES (?, ?, ?, ?, ?, ?)", absent)
        if clash is not None:
            task, item, repeat = clash
            raise LedgerError(
                f"{self.path.name} holds this candidate's answers to other requests for the same item: sampled with "
                "another seed, or with a prompt made by another version of the task.",
                where=f"task {task}, item {item}, repeat {repeat}",
                fix="Use another ledger file, or take the old trial out with `fairtrial ledger gc --drop NAME`.",
            )

    def add_look(self, trial_id: str, pair: tuple[str, str], at: tuple[str, str, int], look: Mapping[str, Any]) -> None:
        """Enter one look at a pair (names of a and b) at a task id, measure and number of items, once."""
        with self.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO looks (trial_id, a, b, task_id, measure, items, look) VALUES (?,?,?,?,?,?,?)",
                (trial_id, *pair, *at, dumps(look)),
            )
