"""What a store needs of the database that it is in, whichever it is.

Statements are written once, for SQLite and PostgreSQL alike: ``?`` for values, ``ON CONFLICT`` and ``RETURNING``,
``NULLS LAST`` where an order has empty values, texts in the order of their bytes, numbers for true and false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class StatementRows(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any:
        """Return the next row, None if there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows."""
        ...


class Connection(Protocol):
    """Runs statements, inside a transaction that `Database` began."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> StatementRows:
        """Run a statement."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Run a statement for each of several rows of values."""
        ...


class Database(Protocol):
    """A file or a server with an archive in it.  Threads may share it: one at a time has the connection."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def remains(self) -> Sequence[str]:
        """Where words may still be that `clean` could not reach, a sentence each."""
        ...

    def writing(self, wait_seconds: float | None = None) -> AbstractContextManager[None]:
        """Be the one writer meanwhile, in this process and in all others; see `Store.writing`."""
        ...

    def changing(self) -> AbstractContextManager[Connection]:
        """Run statements as one transaction, all or nothing, after those of others."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """Read everything inside as of one moment, whatever another process writes meanwhile."""
        ...

    def clean(self) -> None:
        """Leave no byte of what was deleted where the database can help it.

        Raises:
            ArchiveError: another process is reading; the rows are gone, their bytes may not be.
        """
        ...

    def examine(self) -> Sequence[str]:
        """Return what is wrong with the database itself, one sentence each; inside `reading`."""
        ...

    def close(self) -> None:
        """Let go of the file or the connection."""
        ...


VECTORS = "SELECT count(*) FROM vectors v JOIN spaces s ON s.number = v.space"
WRONG_VECTORS = "there are {count:,} vectors of another length than their space's."


def fetch_by(
    db: Connection, sql: str, values: Sequence[object], most: int = 5000, each: str = "?"
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query with ``IN (...)`` over many values, some at a time; ``...`` stands for them in it.

    ``each`` is what is written of one value.
    """
    for at in range(0, len(values), most):
        some = values[at : at + most]
        yield from db.execute(sql.replace("...", ",".join([each] * len(some))), some)
