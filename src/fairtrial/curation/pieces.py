"""Pieces of a file of lines: cut where lines end, the same for the same file, so that processes can share it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fairtrial.curation.base import Piece
from fairtrial.errors import DataError

PIECE_BYTES = 4 * 2**20
"""What one process reads at a time; a line that begins in a piece belongs to it."""

LONGEST_LINE = 64 * 2**20
"""A longer line is refused: it would have to stand in memory whole."""

_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class CutFile:
    """A file's pieces, the sha256 of its bytes, and its lines."""

    pieces: tuple[Piece, ...]
    sha256: str
    lines: int


def cut_file(path: Path, source: int, size: int = PIECE_BYTES) -> CutFile:
    """Return the pieces of a file of lines, read once in blocks.

    Raises DataError for a file that cannot be read.
    """
    digest = hashlib.sha256()
    pieces: list[Piece] = []
    start, at, first, line = 0, 0, 1, 1
    last = b"\n"
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                begin = 0
                while (cut := block.find(b"\n", max(begin, start + size - at - 1))) >= 0:
                    line += block.count(b"\n", begin, cut + 1)
                    pieces.append(Piece(source, start, at + cut + 1, first))
                    start, first, begin = at + cut + 1, line, cut + 1
                line += block.count(b"\n", begin)
                at += len(block)
                last = block[-1:]
    except OSError as error:
        raise DataError(f"the file {path.name!r} cannot be read: {error.strerror}.") from error
    if start < at:
        pieces.append(Piece(source, start, at, first))
    return CutFile(tuple(pieces), digest.hexdigest(), line - (last == b"\n"))


def read_lines(path: Path, piece: Piece) -> Iterator[tuple[int, bytes | None]]:
    """Yield each line of a piece with its number in the file, from 1; None for one beyond `LONGEST_LINE`."""
    number = piece.first
    with path.open("rb") as file:
        file.seek(piece.start)
        while file.tell() < piece.end:
            line = file.readline(LONGEST_LINE)
            too_long = len(line) == LONGEST_LINE and not line.endswith(b"\n")
            while too_long and line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
            yield number, None if too_long else line.rstrip(b"\r\n")
            number += 1
