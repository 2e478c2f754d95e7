"""Arrays of all pieces as one: ids, signatures and bands of rows by their number, read from files a part at a time.

Rows that stayed are numbered through, from 0, in the order of pieces and reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fairtrial.curation.reading import PieceFiles

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class StoredRows:
    """The rows of a run.

    Attributes:
        work: folder of the run.
        starts: number of the first row of each piece, and the number of all rows at the end.
        permutations: length of a signature; 0 where there are none.
        bands: of each signature.
    """

    work: Path
    starts: tuple[int, ...]
    permutations: int
    bands: int

    @property
    def count(self) -> int:
        """All rows."""
        return self.starts[-1]

    def read_hashes(self, ending: str) -> npt.NDArray[np.uint64]:
        """Return 16 bytes of every row as two numbers, shape (rows, 2)."""
        parts = [np.fromfile(self._path(piece, ending), ">u8") for piece in range(len(self.starts) - 1)]
        joined = np.concatenate([np.zeros(0, ">u8"), *parts])
        return joined.astype(np.uint64).reshape(-1, 2)

    def read_flags(self, ending: str) -> npt.NDArray[np.bool_]:
        """Return a byte of every row, as whether it is set, shape (rows,)."""
        parts = [np.fromfile(self._path(piece, ending), np.uint8) for piece in range(len(self.starts) - 1)]
        return np.concatenate([np.zeros(0, np.uint8), *parts]).astype(bool)

    def read_band(self, band: int) -> npt.NDArray[np.uint64]:
        """Return a band's hash of every row, shape (rows,)."""
        made = np.empty(self.count, np.uint64)
        for piece, (start, end) in enumerate(pairwise(self.starts)):
            made[start:end] = np.fromfile(
                self._path(piece, "bands"), np.uint64, end - start, offset=8 * band * (end - start)
            )
        return made

    def take_signatures(self, rows: Numbers) -> npt.NDArray[np.uint32]:
        """Return the signatures of some rows, shape (len(rows), permutations)."""
        return self._take(rows, "signatures", np.dtype(np.uint32), self.permutations)

    def take_ids(self, rows: Numbers) -> list[str]:
        """Return the ids of some rows."""
        return [bytes(one).hex() for one in self._take(rows, "ids", np.dtype(np.uint8), 16)]

    def _take(self, rows: Numbers, ending: str, kind: np.dtype[Any], width: int) -> npt.NDArray[Any]:
        made = np.empty((len(rows), width), kind)
        order = np.argsort(rows, kind="stable")
        cuts = np.searchsorted(rows[order], self.starts)
        for piece, (low, high) in enumerate(pairwise(cuts)):
            if low < high:
                length = self.starts[piece + 1] - self.starts[piece]
                held = np.memmap(self._path(piece, ending), kind, "r", shape=(length, width))
                made[order[low:high]] = held[rows[order[low:high]] - self.starts[piece]]
        return made

    def _path(self, piece: int, ending: str) -> Path:
        return PieceFiles(self.work, piece).path(ending)
