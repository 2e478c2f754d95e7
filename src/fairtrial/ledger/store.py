"""Writing to the ledger, and reading back what was already paid for.

Append-only: rows are inserted, never changed.  The first answer to a request is the one that counts; an answer that is
written again for the same candidate and request is dropped.  Every `commit` is one transaction in write-ahead mode with
``synchronous=FULL``: what was committed survives a killed process and a power cut.  Knows nothing of engines or
statistics.
"""

from __future__ import annotations

import json
import math
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from fairtrial.errors import LedgerBusyError, LedgerError
from fairtrial.ledger.schema import APPLICATION_ID, migrate
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Item, Observation, Request, ScoreAnswer

BUSY_SECONDS = 30.0
SQLITE_HEADER = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one transaction writes.

    Attributes:
        answers: new answers with their requests.
        asked: (task id, item id, repeat, request ids in order): which requests belong to which item.
        observations: (task id, item id, repeat, observation); empty ids are about the candidate as a whole.
        absences: (task id, item id, repeat, measure, reason): what was not measured, and why.
    """

    answers: Sequence[tuple[Request, Answer]] = ()
    asked: Sequence[tuple[str, str, int, tuple[str, ...]]] = ()
    observations: Sequence[tuple[str, str, int, Observation]] = ()
    absences: Sequence[tuple[str, str, int, str, str]] = field(default=())


class Ledger:
    """One ledger file.  Use it as a context manager, or close it."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    @classmethod
    def open(cls, path: str | Path, create: bool = True) -> Ledger:
        """Open a ledger; make it if it is missing and ``create``.

        Raises:
            LedgerError: missing folder or file, not a ledger, written by a newer version, or not accessible.
        """
        path = Path(path)
        check_file(path, create)
        try:
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA foreign_keys = ON")
            known = int(connection.execute("PRAGMA application_id").fetchone()[0])
            tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
            if known != APPLICATION_ID and tables:
                raise LedgerError(f"{path.name} is an SQLite file, but not a ledger of fairtrial.")
            if create:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
            migrate(connection, path.name)
        except sqlite3.Error as error:
            raise LedgerError(f"{path.name} cannot be opened: {error}.") from error
        return cls(connection, path)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

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
        lock = FileLock(f"{self.path}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if on_wait is not None and wait_seconds != 0:
                on_wait()
            try:
                lock.acquire(timeout=-1 if wait_seconds is None else wait_seconds)
            except Timeout:
                raise LedgerBusyError(
                    f"another process is writing to {self.path.name}.",
                    fix="Wait for it to end, or use another ledger file.",
                ) from None
        except OSError as error:
            raise LedgerError(f"the lock of {self.path.name} cannot be taken: {error.strerror}.") from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run statements as one transaction: all or nothing."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path.name} cannot be written: {error}.") from error

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
        rows = [(task_id, item.id, item.doc_id, item.cluster, dumps(item_body(item))) for item in items]
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
                (trial_id, name, text, dumps(plan)),
            )
            db.executemany("INSERT OR IGNORE INTO trial_items VALUES (?, ?, ?, ?)", rows)

    def open_session(self, trial_id: str, facts: Mapping[str, Any]) -> int:
        """Enter that a run of a trial begins, on what machine and software; return the session's number."""
        with self.transaction() as db:
            cursor = db.execute("INSERT INTO sessions (trial_id, facts) VALUES (?, ?)", (trial_id, dumps(facts)))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def close_session(self, session_id: int, outcome: str) -> None:
        """Enter how a run ended: ``finished``, ``interrupted`` or ``failed``; a killed one has no end."""
        with self.transaction() as db:
            db.execute(
                "UPDATE sessions SET ended = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), outcome = ? WHERE id = ?",
                (outcome, session_id),
            )

    def answers(self, candidate_id: str, request_ids: Sequence[str]) -> dict[str, Answer]:
        """Return the answers that the ledger has for these requests, by request id."""
        found = self.connection.execute(
            "SELECT request_id, answer FROM answers WHERE candidate_id = ? "
            "AND request_id IN (SELECT value FROM json_each(?))",
            (candidate_id, json.dumps(list(request_ids))),
        )
        return {request_id: answer_of(json.loads(body)) for request_id, body in found}

    def commit(self, candidate_id: str, chunk: Chunk) -> None:
        """Write a chunk in one transaction.

        Raises:
            LedgerError: the file cannot be written (full disk, read-only); nothing of the chunk is in it then.
            ValueError: an observation is not a finite number.
        """
        for task, item, _, observed in chunk.observations:
            if not (math.isfinite(observed.value) and math.isfinite(observed.weight)):
                raise ValueError(f"{observed.measure} of item {item} of task {task} is {observed.value}")
        answers = [(candidate_id, r.id, packed(r), dumps(answer_body(a))) for r, a in chunk.answers]
        asked = [(candidate_id, t, i, n, at, r) for t, i, n, ids in chunk.asked for at, r in enumerate(ids)]
        seen = [(candidate_id, t, o.measure, i, n, o.value, o.weight, o.unit) for t, i, n, o in chunk.observations]
        absent = [(candidate_id, *row) for row in chunk.absences]
        with self.transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO answers (candidate_id, request_id, request, answer) VALUES (?, ?, ?, ?)", answers
            )
            db.executemany("INSERT OR IGNORE INTO asked VALUES (?, ?, ?, ?, ?, ?)", asked)
            db.executemany("INSERT OR IGNORE INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?)", seen)
            db.executemany("INSERT OR IGNORE INTO absences VALUES (?, ?, ?, ?, ?, ?)", absent)

    def add_look(self, trial_id: str, pair: tuple[str, str], at: tuple[str, str, int], look: Mapping[str, Any]) -> None:
        """Enter one look at a pair (names of a and b) at a task id, measure and number of items, once."""
        with self.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO looks (trial_id, a, b, task_id, measure, items, look) VALUES (?,?,?,?,?,?,?)",
                (trial_id, *pair, *at, dumps(look)),
            )


def check_file(path: Path, create: bool) -> None:
    """Raise LedgerError unless ``path`` can be opened as a ledger or made one."""
    if not path.parent.is_dir():
        raise LedgerError(f"the folder {str(path.parent)!r} of the ledger {path.name} does not exist.")
    if path.is_dir():
        raise LedgerError(f"{path} is a folder, not a ledger file.")
    if not path.exists():
        if not create:
            raise LedgerError(
                f"there is no ledger {str(path)!r}.", fix="Name one with --ledger; `fairtrial run` makes it."
            )
        return
    with path.open("rb") as file:
        head = file.read(16)
    if head and head != SQLITE_HEADER:
        raise LedgerError(f"{path.name} is not a ledger: it is no SQLite file.", fix="Name another file with --ledger.")


def dumps(value: object) -> str:
    """Return canonical JSON; raises ValueError for numbers that JSON lacks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def packed(request: Request) -> bytes:
    """Return a request as compressed JSON; its label is not kept."""
    body = asdict(request)
    del body["label"]
    body["kind"] = "generate" if isinstance(request, GenerateRequest) else "score"
    return zlib.compress(dumps(body).encode("utf-8", "surrogatepass"), 6)


def unpacked(blob: bytes) -> dict[str, Any]:
    """Return what `packed` packed, as JSON values."""
    found: dict[str, Any] = json.loads(zlib.decompress(blob).decode("utf-8", "surrogatepass"))
    return found


def answer_body(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON values; an impossible continuation's minus infinity becomes null."""
    body = asdict(answer)
    if isinstance(answer, ScoreAnswer):
        body["logprobs"] = [None if value == -math.inf else value for value in answer.logprobs]
    return body


def answer_of(body: Mapping[str, Any]) -> Answer:
    """Return the answer that `answer_body` described."""
    if "text" in body:
        return GenerateAnswer(**body)
    return ScoreAnswer(
        logprobs=tuple(-math.inf if value is None else value for value in body["logprobs"]),
        greedy=tuple(body["greedy"]),
        tokens=tuple(body["tokens"]),
        prompt_tokens=body["prompt_tokens"],
        truncated_tokens=body["truncated_tokens"],
    )


def item_body(item: Item) -> dict[str, Any]:
    """Return what of an item is not in columns of its own."""
    return {"question": item.question, "choices": item.choices, "gold": item.gold, "data": dict(item.data)}


def item_of(item_id: str, doc_id: int, cluster: str, body: str) -> Item:
    """Return an item from its row."""
    held = json.loads(body)
    return Item(item_id, doc_id, held["question"], tuple(held["choices"]), tuple(held["gold"]), cluster, held["data"])
