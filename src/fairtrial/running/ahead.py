"""What is asked before its turn, so that no engine waits: chunks that come next, begun while others are being answered.

Outcomes are still taken in the order in which one machine would have asked, so the ledger is the same.  What is begun
early is what will be needed for certain; with early stopping or a budget also what may be needed, but for answers that
are made elsewhere, which may cost money.  What a budget does not allow is not begun, counting what is under way as
spent.  What turns out to be needed no more is cancelled.  Knows no verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from fairtrial.planning.base import PlannedCandidate, PlannedTask
from fairtrial.planning.plan import Plan
from fairtrial.planning.requests import ItemRequests
from fairtrial.running.budget import BudgetTracker, UnpaidItems
from fairtrial.running.chunks import BegunChunk, begin_chunk
from fairtrial.running.rounds import RoundPart, TaskRounds
from fairtrial.running.runners.base import Runner
from fairtrial.running.storing import LedgerWriter

FARTHEST = 256
"""Rounds ahead of the one that is being asked, at most."""

ChunkPlace = tuple[str, str, str, int]
"""Names of the candidate and of the task, the first item's id and its repeat: which chunk it is."""


@dataclass(frozen=True, slots=True)
class ComingChunk:
    """A chunk that may be begun.

    Attributes:
        task: whose items they are.
        candidate: who is to answer.
        chunk: the items.
        sure: it will be needed.
        owed: what it has to pay for, judges included, as far as that is known.
    """

    task: PlannedTask
    candidate: PlannedCandidate
    chunk: Sequence[ItemRequests]
    sure: bool
    owed: tuple[UnpaidItems, ...] = ()

    @property
    def place(self) -> ChunkPlace:
        """Return which chunk it is."""
        return find_place(self.task, self.candidate, self.chunk)


def find_place(task: PlannedTask, candidate: PlannedCandidate, chunk: Sequence[ItemRequests]) -> ChunkPlace:
    """Return which chunk it is."""
    return candidate.name, task.name, chunk[0].item.id, chunk[0].repeat


class Lookahead:
    """Begins chunks ahead of their turn, and hands them over when it has come.

    Args:
        plan: the trial.
        runner: has chunks answered.
        writer: of the ledger.
        tracker: what the budget allows.
        every: all tasks, as far as they are asked.
    """

    def __init__(
        self,
        plan: Plan,
        runner: Runner,
        writer: LedgerWriter,
        tracker: BudgetTracker,
        every: Sequence[TaskRounds],
    ) -> None:
        self.runner, self.writer, self.tracker, self.every = runner, writer, tracker, every
        self.uncertain = plan.trial.decide.stop_early or bool(tracker.limits)
        self.last_round: int | None = None
        self._begun: dict[ChunkPlace, tuple[BegunChunk, ComingChunk]] = {}
        self._known: set[ChunkPlace] = set()
        self._asked: dict[str, set[str]] = {}
        """Ids of the requests that are under way, by candidate id: none is asked twice at a time."""
        for rounds in every:
            rounds.count_begun = partial(self._count_begun, rounds.task)

    def fill(self, current: TaskRounds, parts: Sequence[RoundPart] = ()) -> None:
        """Begin what there is room for; ``parts`` are those of the round that is being asked that are still to come."""
        if self.runner.at_once:
            return
        room = {c.id: self.runner.count_room(c) for rounds in self.every for c in rounds.candidates}
        for coming in self._list_coming(current, parts):
            candidate = coming.candidate
            if not any(room.values()):
                return
            if room[candidate.id] <= 0 or coming.place in self._begun or coming.place in self._known:
                continue
            if self._begin(coming):
                room[candidate.id] -= coming.place in self._begun
            else:
                room[candidate.id] = 0  # what comes after it must not overtake it

    def _list_coming(self, current: TaskRounds, parts: Sequence[RoundPart]) -> Iterator[ComingChunk]:
        """Yield what comes next, the most certain first."""
        for part in parts:
            yield ComingChunk(current.task, part.candidate, part.chunk, True, tuple(part.all_owed))
        later = [rounds for rounds in self.every if rounds is not current]
        for rounds in (current, *later):
            if self.uncertain and self.tracker.limits and self._is_judged(rounds):
                continue
            if rounds is not current:
                for part in rounds.coming or ():
                    yield ComingChunk(rounds.task, part.candidate, part.chunk, not self.uncertain, tuple(part.all_owed))
            yield from self._list_rounds(rounds)

    def _list_rounds(self, rounds: TaskRounds) -> Iterator[ComingChunk]:
        """Yield the coming chunks of a task, round by round."""
        if rounds.questions and not rounds.live:
            return
        last = FARTHEST
        if self.last_round is not None:
            last = self.last_round - rounds.rounds - bool(rounds.coming)
        for ahead in range(last):
            found = False
            for candidate in rounds.asked:
                chunk = rounds.streams[candidate.name].look(ahead)
                if chunk is None:
                    continue
                found = True
                yield ComingChunk(rounds.task, candidate, chunk, not self.uncertain)
            if not found:
                return

    def _is_judged(self, rounds: TaskRounds) -> bool:
        return any(rounds.judges.of(rounds.task, candidate) for candidate in rounds.candidates)

    def _begin(self, coming: ComingChunk) -> bool:
        """Begin a chunk; return whether the next one of this candidate may be begun, too."""
        candidate = coming.candidate
        if not coming.sure and candidate.model.record().get("elsewhere"):
            return False
        asked = {request.id for one in coming.chunk for request in one.requests}
        under_way = self._asked.setdefault(candidate.id, set())
        if asked & under_way:
            return False
        if self.tracker.limits and not self._is_affordable(coming):
            return False
        begun = begin_chunk(coming.task, candidate, coming.chunk, self.runner, self.writer)
        if not begun.requests:
            self._known.add(coming.place)
            return True
        under_way |= asked
        self._begun[coming.place] = begun, coming
        return True

    def _is_affordable(self, coming: ComingChunk) -> bool:
        """Return whether the budget allows a chunk beside all that is under way."""
        owed = [one for _, other in self._begun.values() for one in self._list_owed(other)]
        return not self.tracker.list_crossed([*owed, *self._list_owed(coming)])

    def _list_owed(self, coming: ComingChunk) -> Sequence[UnpaidItems]:
        return coming.owed or [UnpaidItems((coming.candidate.id, coming.task.id), len(coming.chunk))]

    def take(self, task: PlannedTask, part: RoundPart) -> BegunChunk | None:
        """Return a chunk whose turn has come, if it was begun."""
        found = self._begun.pop(find_place(task, part.candidate, part.chunk), None)
        if found is None:
            self._cancel_overlapping(part)
            return None
        self._forget(found[1])
        return found[0]

    def _count_begun(self, task: PlannedTask, candidate: PlannedCandidate, chunk: Sequence[ItemRequests]) -> int | None:
        """Return how many items of a chunk were asked for when it was begun; None if it was not."""
        found = self._begun.get(find_place(task, candidate, chunk))
        return None if found is None else sum(map(bool, found[0].missing))

    def _cancel_overlapping(self, part: RoundPart) -> None:
        """Cancel what was begun too early: other chunks of a candidate that ask some of the same."""
        asked = {request.id for one in part.chunk for request in one.requests}
        if not asked & self._asked.get(part.candidate.id, set()):
            return
        for place, (begun, coming) in [*self._begun.items()]:
            if coming.candidate.id == part.candidate.id and asked & begun.requests:
                self.runner.cancel(begun.promise)
                del self._begun[place]
                self._forget(coming)

    def cancel_needless(self) -> None:
        """Cancel what is asked no more: of tasks that are settled, and of candidates that were dropped."""
        needed = {
            (rounds.task.name, candidate.name)
            for rounds in self.every
            if rounds.live or not rounds.questions
            for candidate in rounds.asked
        }
        for place, (begun, coming) in [*self._begun.items()]:
            if (coming.task.name, coming.candidate.name) not in needed:
                self.runner.cancel(begun.promise)
                del self._begun[place]
                self._forget(coming)

    def cancel_all(self) -> None:
        """Cancel whatever was begun."""
        for begun, coming in self._begun.values():
            self.runner.cancel(begun.promise)
            self._forget(coming)
        self._begun.clear()

    def _forget(self, coming: ComingChunk) -> None:
        gone = {request.id for one in coming.chunk for request in one.requests}
        self._asked[coming.candidate.id] -= gone
