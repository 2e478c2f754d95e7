"""What is spread: work that can be sent to another process, tools that do it there, and whoever has it done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Protocol, TypeVar

from fairtrial.workers.base import WorkerLink

PieceT = TypeVar("PieceT")
PartT = TypeVar("PartT")
Piece_contra = TypeVar("Piece_contra", contravariant=True)
Part_co = TypeVar("Part_co", covariant=True)


class SpreadTool(Protocol[Piece_contra, Part_co]):
    """What does the pieces in one worker, one after the other."""

    def do(self, piece: Piece_contra) -> Iterator[Part_co]:
        """Yield what comes of a piece, part by part: the same parts in the same order whenever it is done."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class SpreadWork(Protocol[Piece_contra, Part_co]):
    """Work of many pieces that do not depend on each other.  It and its pieces can be pickled."""

    @property
    def packages(self) -> Sequence[str]:
        """Return the distributions whose versions can change what comes of it."""
        ...

    def open(self, threads: int, elsewhere: bool) -> SpreadTool[Piece_contra, Part_co]:
        """Return what does the pieces.

        Args:
            threads: that it may use; 0: as many as it likes.
            elsewhere: it is perhaps on another machine than whoever has it done.

        Raises a FairtrialError if that cannot be done here.
        """
        ...

    def name(self, piece: Piece_contra) -> str:
        """Return what a piece is, for errors; never a text of a document."""
        ...


class Spread(Protocol):
    """Has the pieces of some work done.

    Attributes:
        kind: where: ``here``, ``threads``, ``processes`` or ``ray``.
        at_once: how many are being done at the same time.
    """

    kind: str
    at_once: int

    def map(
        self, work: SpreadWork[PieceT, PartT], pieces: Iterable[PieceT]
    ) -> Iterator[tuple[PieceT, Iterator[PartT]]]:
        """Yield each piece with the parts that come of it, in the order of the pieces.

        Pieces are taken a little ahead of their turn, in the caller's thread.  A piece whose parts were not all taken
        is not done to its end.  Raises what the work raises, and FairtrialError where workers are lost again and again.
        """
        ...

    def close(self) -> None:
        """End all workers, at once."""
        ...


class DoneHere:
    """Does each piece in this process when its turn has come; see `Spread`."""

    kind = "here"
    at_once = 1

    def map(
        self, work: SpreadWork[PieceT, PartT], pieces: Iterable[PieceT]
    ) -> Iterator[tuple[PieceT, Iterator[PartT]]]:
        """Yield each piece with what comes of it."""
        with closing(work.open(0, elsewhere=False)) as tool:
            for piece in pieces:
                yield piece, tool.do(piece)

    def close(self) -> None:
        """Do nothing."""


class GangHost(Protocol):
    """Where workers can be started."""

    kind: str
    most: int

    def start(self, work: SpreadWork[Any, Any]) -> WorkerLink:
        """Return a worker that has the work's tool open, tells the parts of what it is sent, and then `WorkEnded`.

        Raises a FairtrialError if it cannot be done there, LostWorkerError if the worker went, NoPlaceError if there is
        no place for one.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
