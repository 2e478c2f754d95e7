"""The store in one SQLite file; its vectors are held in memory between searches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Hit
from fairtrial.archive.stores.columns import StoredColumns
from fairtrial.archive.stores.database import Connection
from fairtrial.archive.stores.ranking import SearchField, rank_vectors
from fairtrial.archive.stores.sqlite_file import ArchiveFile
from fairtrial.archive.stores.store import DatabaseStore, Space
from fairtrial.archive.stores.writing import read_meta


class SqliteStore(DatabaseStore):
    """An archive in one file; see `archive.base.Store`.  Threads may share it."""

    def __init__(self, path: str | Path, create: bool = False) -> None:
        """Open an archive.  Raises ArchiveError if it is missing (unless ``create``), no archive or not accessible."""
        self.file = ArchiveFile(Path(path), create)
        super().__init__(self.file)

    def _rank_vectors(
        self,
        db: Connection,
        space: Space,
        columns: StoredColumns,
        field: SearchField,
        wanted: NDArray[np.float32],
        most: int,
    ) -> list[Hit]:
        """Compare with every vector of the space, which is read once in each version of the archive."""
        version = read_meta(db, "changes")
        numbers, vectors = self._cache.vectors(str(space.number), version, lambda: _read_vectors(db, space))
        return rank_vectors(columns, field, numbers, vectors, wanted, most)

    def _pack_vector(self, vector: NDArray[np.float32]) -> object:
        return vector.tobytes()


def _read_vectors(db: Connection, space: Space) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the passages of a space and their vectors, (m,) and (m, n)."""
    count = db.execute("SELECT count(*) FROM vectors WHERE space = ?", (space.number,)).fetchone()[0]
    numbers, vectors = np.zeros(count, np.int64), np.zeros((count, space.width), np.float32)
    read = db.execute("SELECT passage, body FROM vectors WHERE space = ? ORDER BY passage", (space.number,))
    for at, (number, body) in enumerate(read):
        numbers[at], vectors[at] = number, np.frombuffer(body, "<f4")
    return numbers, vectors
