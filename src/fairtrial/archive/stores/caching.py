"""What a store keeps in memory between searches, until the archive changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Scope
from fairtrial.archive.stores.columns import StoredColumns
from fairtrial.archive.stores.ranking import SearchField, make_field

SCOPES = 8
"""So many scopes are remembered; a trial uses one or two."""

Vectors = tuple[NDArray[np.int64], NDArray[np.float32]]


class Cache:
    """The last version of what was read.  Entries are replaced whole, so threads see one version or another."""

    def __init__(self) -> None:
        """Begin empty."""
        self._columns: tuple[str, StoredColumns] | None = None
        self._segments: tuple[str, Sequence[int]] | None = None
        self._fields: dict[Scope, tuple[StoredColumns, SearchField]] = {}
        self._vectors: dict[str, tuple[str, Vectors]] = {}

    def columns(self, version: str, read: Callable[[], StoredColumns]) -> StoredColumns:
        """Return the columns of a version of the archive."""
        held = self._columns
        if held is None or held[0] != version:
            held = self._columns = (version, read())
            self._fields = {}
        return held[1]

    def segments(self, version: str, read: Callable[[], Sequence[int]]) -> Sequence[int]:
        """Return the segments of the index in a version of the archive."""
        held = self._segments
        if held is None or held[0] != version:
            held = self._segments = (version, read())
        return held[1]

    def field(self, columns: StoredColumns, scope: Scope) -> SearchField:
        """Return the passages that a scope allows."""
        held = self._fields.get(scope)
        if held is not None and held[0] is columns:
            return held[1]
        made = make_field(columns, scope)
        kept = list(self._fields.items())[-(SCOPES - 1) :]
        self._fields = {**dict(kept), scope: (columns, made)}
        return made

    def vectors(self, space: str, version: str, read: Callable[[], Vectors]) -> Vectors:
        """Return the vectors of a space in a version of the archive."""
        held = self._vectors.get(space)
        if held is None or held[0] != version:
            held = self._vectors[space] = (version, read())
        return held[1]
