"""Hands pieces to workers and takes what comes of them, in order; what a lost worker was doing, another one does again.

Each worker has a thread here.  Parts of a piece wait in a short queue until its turn has come, and then the worker
waits, so that memory does not grow with the number of pieces or with what comes of one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from queue import SimpleQueue
from typing import Any

from fairtrial.errors import EngineError, FairtrialError
from fairtrial.spreading.base import GangHost, PartT, PieceT, SpreadWork
from fairtrial.workers.base import LostWorkerError, NoPlaceError, WorkEnded, WorkerLink
from fairtrial.workers.channels import ChannelClosedError, PartChannel

AHEAD = 3
"""Pieces that are taken before their turn, for each worker."""
WAITING = 4
"""Parts of a piece that wait here, at most."""
LOSSES = 5
"""Workers that a piece may cost; and workers in a row that may be lost before they are ready."""

MEMORY = "Too little memory is the usual reason: take fewer --workers, or --on local."


@dataclass(eq=False)
class _Task:
    """One piece: the parts that came, how many, how many workers it has cost, and who wants to know when it ends."""

    piece: Any
    channel: PartChannel = field(default_factory=lambda: PartChannel(WAITING))
    given: int = 0
    losses: int = 0
    ended: SimpleQueue[_Task] | None = None

    def end(self, outcome: WorkEnded) -> None:
        """Tell what became of it."""
        self.channel.put(outcome)
        self.close()

    def close(self) -> None:
        """Tell that no more comes of it."""
        self.channel.close()
        if self.ended is not None:
            self.ended.put(self)


class Gang:
    """Has pieces done by the workers of a host; see `fairtrial.spreading.base.Spread`."""

    def __init__(self, host: GangHost) -> None:
        """Start no worker yet."""
        self.host = host
        self.kind, self.at_once = host.kind, host.most
        self._runs: list[GangRun] = []

    def __enter__(self) -> Gang:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def map(
        self, work: SpreadWork[PieceT, PartT], pieces: Iterable[PieceT]
    ) -> Iterator[tuple[PieceT, Iterator[PartT]]]:
        """Yield each piece with what comes of it, in order; see `Spread.map`."""
        run = GangRun(self.host, work)
        self._runs.append(run)
        try:
            yield from run.map(pieces)
        finally:
            run.close()
            self._runs.remove(run)

    def close(self) -> None:
        """End all workers."""
        for run in list(self._runs):
            run.close()
        self.host.close()


class GangRun:
    """The workers of one piece of work; whoever closes it starts no more."""

    def __init__(self, host: GangHost, work: SpreadWork[Any, Any]) -> None:
        """Start no worker yet."""
        self.host, self.work = host, work
        self._waiting: deque[_Task] = deque()
        self._coming: deque[_Task] = deque()
        self._current: _Task | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._hands: list[threading.Thread] = []
        self._links: set[WorkerLink] = set()
        self._idle = 0

    def map(self, pieces: Iterable[Any]) -> Iterator[tuple[Any, Iterator[Any]]]:
        """Yield each piece with what comes of it."""
        more = iter(pieces)
        while True:
            for piece in islice(more, max(0, AHEAD * self.host.most - len(self._coming))):
                self._add(_Task(piece))
            if not self._coming:
                return
            self._current = task = self._coming.popleft()
            parts = self._take(task)
            yield task.piece, parts
            for _ in parts:  # whoever took not all of them
                pass

    def finish(self, pieces: Sequence[PieceT]) -> Iterator[PieceT]:
        """Yield pieces of which no parts come, each when it is done, whichever is done first; see `Spread.map`."""
        ended = SimpleQueue[_Task]()
        for piece in pieces:
            self._add(_Task(piece, ended=ended))
        for _ in pieces:
            task = ended.get()
            for _part in self._take(task):
                pass
            yield task.piece
        self._coming.clear()

    def _add(self, task: _Task) -> None:
        self._coming.append(task)
        with self._changed:
            if self._closed:
                task.close()
            self._waiting.append(task)
            if self._idle < len(self._waiting) and len(self._hands) < self.host.most:
                name = f"{self.host.kind} {len(self._hands) + 1}"
                self._hands.append(threading.Thread(target=self._serve, name=name, daemon=True))
                self._hands[-1].start()
            self._changed.notify()

    def _take(self, task: _Task) -> Iterator[Any]:
        try:
            while not isinstance(part := task.channel.take(), WorkEnded):
                yield part
        except ChannelClosedError:
            raise FairtrialError(
                "the workers were ended.", fix="Run the same again, which continues from here."
            ) from None
        part.result()

    def _serve(self) -> None:
        """Have one worker do pieces as long as there are any."""
        link: WorkerLink | None = None
        try:
            while (task := self._next()) is not None:
                try:
                    link = self._do(task, link)
                except NoPlaceError as error:
                    self._give_back(task, error)
                    return
                except Exception as error:
                    task.end(WorkEnded(error=error))
                    return
        except ChannelClosedError:
            return
        finally:
            if link is not None:
                self._end(link)

    def _next(self) -> _Task | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._idle -= 1
            return None if self._closed else self._waiting.popleft()

    def _do(self, task: _Task, link: WorkerLink | None) -> WorkerLink:
        """Do a piece; return the worker that did it, which may be another one."""
        unready = 0
        while True:
            was_ready = link is not None
            try:
                link = link or self._start()
                was_ready = True
                link.send(task.piece)
                known = 0
                while not isinstance(part := link.receive(), WorkEnded):
                    known += 1
                    if known > task.given:  # what is told again after a loss is known
                        task.channel.put(part)
                        task.given += 1
                task.end(part)
                return link
            except ChannelClosedError:
                if link is not None:
                    self._end(link)
                raise
            except NoPlaceError:
                raise
            except LostWorkerError as error:
                if link is not None:
                    self._end(link)
                link = None
                if self._closed:
                    raise ChannelClosedError from None
                task.losses += was_ready
                unready += not was_ready
                if LOSSES in (task.losses, unready):
                    raise self._explain(task, error, was_ready) from None

    def _start(self) -> WorkerLink:
        link = self.host.start(self.work)
        with self._changed:
            if self._closed:
                link.close()
                raise ChannelClosedError
            self._links.add(link)
        return link

    def _end(self, link: WorkerLink) -> None:
        with self._changed:
            self._links.discard(link)
        link.close()

    def _give_back(self, task: _Task, error: NoPlaceError) -> None:
        """Leave a piece to other workers, if there are any, where there was no place for one more."""
        with self._changed:
            if self._links:
                self._waiting.appendleft(task)
                self._changed.notify()
                return
        task.end(WorkEnded(error=EngineError(f"a worker {error}.", fix=error.fix)))

    def _explain(self, task: _Task, error: LostWorkerError, was_ready: bool) -> FairtrialError:
        if not was_ready:
            return FairtrialError(
                f"a worker {error} before it was ready, and so it went {LOSSES} times.",
                fix=MEMORY,
            )
        return FairtrialError(
            f"a worker {error}, and so it went {task.losses} times with this work.",
            where=self.work.name(task.piece),
            fix=f"{MEMORY} What was stored stays, and the same command continues from there.",
        )

    def close(self) -> None:
        """End the workers; whoever waits is told that nothing more comes."""
        with self._changed:
            self._closed = True
            links, tasks = list(self._links), [*self._coming, *self._waiting]
            tasks += [self._current] if self._current else []
            self._links.clear()
            self._changed.notify_all()
        for link in links:
            link.kill()
        for task in tasks:
            task.close()
