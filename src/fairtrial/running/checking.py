"""Before anything is paid for: can every candidate answer every request, and how much of it is answered already?

Requests are looked at some at a time, so that a large task is never in memory as a whole, here or elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from fairtrial.ledger import Ledger
from fairtrial.planning.base import PlannedCandidate, PlannedTask
from fairtrial.planning.judges import Judging
from fairtrial.planning.plan import Plan
from fairtrial.planning.requests import ItemRequests, make_chunks
from fairtrial.records import Answer, Request
from fairtrial.running.answering import CheckRequests
from fairtrial.running.chunks import count_unanswered, known_answers
from fairtrial.running.examinations import check_judges
from fairtrial.running.judging import count_unjudged
from fairtrial.running.progress import OnProgress, Progress, name_judging
from fairtrial.running.runners.base import Promise, Runner

PIECE = 20
"""Chunks whose requests are looked at together."""

AHEAD = 8
"""Pieces that are looked at elsewhere at the same time, at least; or two of each candidate."""


@dataclass(frozen=True, slots=True)
class RequestPiece:
    """Some items of a task for one candidate, and the answers to them that the ledger has."""

    items: Sequence[ItemRequests]
    known: Mapping[str, Answer]

    @property
    def missing(self) -> list[Request]:
        """Return the requests without an answer."""
        return [r for item in self.items for r in item.requests if r.id not in self.known]


def list_pieces(task: PlannedTask, candidate: PlannedCandidate, ledger: Ledger) -> Iterator[RequestPiece]:
    """Yield all items of a task, some chunks at a time."""
    chunks = make_chunks(task, candidate)
    while items := list(chain.from_iterable(islice(chunks, PIECE))):
        yield RequestPiece(items, known_answers(candidate, items, ledger))


def check_all(plan: Plan, ledger: Ledger, runner: Runner, on_progress: OnProgress) -> None:
    """Raise before anything is paid for if some candidate cannot answer some request that is not answered yet."""
    done = total = judgements = 0
    if not runner.at_once:
        check_ahead(plan, ledger, runner)
    for task in plan.tasks:
        for candidate in plan.candidates:
            if candidate.name in task.unasked:
                continue
            judgings = plan.judges.of(task, candidate)
            items: list[ItemRequests] = []
            known: dict[str, Answer] = {}
            count = there = 0
            unseen: Sequence[Judging] = judgings
            for piece in list_pieces(task, candidate, ledger):
                missing = piece.missing
                if missing and runner.at_once:
                    runner.submit(CheckRequests(candidate, missing, task.name)).result()
                check_judges(unseen, missing, runner)
                unseen = () if missing else unseen
                count += len(piece.items)
                there += sum(all(r.id in piece.known for r in item.requests) for item in piece.items)
                if judgings:
                    items += piece.items
                    known |= piece.known
            shared = task.shares_answers(candidate.spec)
            on_progress(Progress("check", candidate.name, task.name, 0, count, reused=count if shared else there))
            if not shared:
                done, total = done + there, total + count
            for one in judgings:
                left = count_unjudged(one, items, known, ledger)
                on_progress(Progress("check", _name(one), task.name, 0, count, reused=count - left))
                judgements += left
    for exam in plan.judges.examinations:
        chunks = list(make_chunks(exam.task, exam.judge))
        left, count = sum(count_unanswered(exam.judge, one, ledger) for one in chunks), sum(map(len, chunks))
        on_progress(Progress("check", exam.judge.name, exam.task.name, 0, count, reused=count - left))
        judgements += left
    on_progress(Progress("start", done=done, total=total, judgements=judgements))


def check_ahead(plan: Plan, ledger: Ledger, runner: Runner) -> None:
    """Raise as `check_all` does; all candidates look at their requests at the same time."""
    looks: deque[Promise[None]] = deque()
    most = max(AHEAD, 2 * len(plan.candidates))
    for task in plan.tasks:
        for round_ in zip_longest(*(list_pieces(task, candidate, ledger) for candidate in plan.candidates)):
            for candidate, piece in zip(plan.candidates, round_, strict=True):
                if piece is None or not (missing := piece.missing):
                    continue
                while len(looks) >= most:
                    looks.popleft().result()
                looks.append(runner.submit(CheckRequests(candidate, missing, task.name)))
    for look in looks:
        look.result()


def _name(judging: Judging) -> str:
    return name_judging(judging.candidate.name, judging.use.measure.name, judging.judge.name)
