"""Opening an archive by what users call it."""

from __future__ import annotations

from pathlib import Path

from fairtrial.archive.base import Store
from fairtrial.archive.stores.postgres.address import is_server
from fairtrial.archive.stores.postgres.store import PostgresStore
from fairtrial.archive.stores.sqlite import SqliteStore

DEFAULT_ARCHIVE = "news.db"


def open_archive(name: str | Path, create: bool = False) -> Store:
    """Open an archive, or make it.

    Args:
        name: a file, or the address of one on a server: ``postgresql://HOST/DATABASE?schema=NAME``.
        create: make it if it is missing.

    Raises:
        ArchiveError: it is missing, no archive, written by a newer version, damaged or not accessible.
    """
    if is_server(str(name)):
        return PostgresStore(str(name), create)
    return SqliteStore(name, create)
