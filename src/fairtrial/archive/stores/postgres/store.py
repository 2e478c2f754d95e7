"""The store on a PostgreSQL server; pgvector finds the nearest vectors where they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Hit
from fairtrial.archive.stores.columns import StoredColumns
from fairtrial.archive.stores.database import Connection
from fairtrial.archive.stores.postgres.address import read_address
from fairtrial.archive.stores.postgres.server import Server, make_vector
from fairtrial.archive.stores.ranking import SPARE, SearchField, rescore
from fairtrial.archive.stores.store import DatabaseStore, Space

NEAREST = (
    "SELECT passage, body FROM vectors WHERE space = ? AND CASE WHEN passage < ? THEN get_bit(?, passage) = 1 END "
    "ORDER BY body <#> ?, passage LIMIT ?"
)
"""Every vector that the scope allows is compared: what is found does not depend on an index that is nearly right."""


class PostgresStore(DatabaseStore):
    """An archive on a server; see `archive.base.Store`.  Threads may share it."""

    def __init__(self, address: str, create: bool = False) -> None:
        """Open an archive, e.g. ``postgresql://HOST/DATABASE?schema=NAME``.

        Raises:
            ArchiveError: it is missing (unless ``create``), the server cannot be reached, or the address is wrong.
            MissingExtraError: psycopg or pgvector is not installed.
        """
        self.server = Server(read_address(address), create)
        super().__init__(self.server)

    def _rank_vectors(
        self,
        db: Connection,
        space: Space,
        columns: StoredColumns,
        field: SearchField,
        wanted: NDArray[np.float32],
        most: int,
    ) -> list[Hit]:
        """Have the server find the nearest, a few more than asked for, and score these as every store does."""
        allowed = np.packbits(field.allowed, bitorder="little").tobytes()
        if most < 1 or not allowed:
            return []
        values = (space.number, len(field.allowed), allowed, make_vector(wanted), most + SPARE)
        rows = db.execute(NEAREST, values).fetchall()
        if not rows:
            return []
        numbers = np.array([row[0] for row in rows], np.int64)
        vectors = np.array([row[1].to_numpy() for row in rows], np.float32)
        return rescore(columns, numbers, vectors, wanted, most)

    def _pack_vector(self, vector: NDArray[np.float32]) -> object:
        return make_vector(vector)
