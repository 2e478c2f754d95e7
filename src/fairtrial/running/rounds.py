"""Which round comes next.  A round is the next chunk of one task, for all candidates that are still asked it.

Without early stopping and without a budget, tasks are asked one after the other.  With a budget alone they take turns:
what is asked must then not depend on what was answered.  With early stopping the money goes where a question can be
settled:

1. every task gets a first round;
2. rounds that the ledger can answer cost nothing and come first;
3. every fourth round that costs something goes to the open task that has had the fewest rounds, so that none starves;
4. all others go to the task that has the open question with the smallest expected cost to its verdict: items that it
   still needs, times what an item costs the two candidates, in seconds or in the scarcest quantity of the budget.

A chunk is the same whenever it is asked, so the order changes nothing but what a budget leaves undone.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from fairtrial.analysis.verdicts import TrialQuestion, Verdict
from fairtrial.ledger import Ledger
from fairtrial.planning.judges import Judges, Judging
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import ItemRequests, make_chunks
from fairtrial.running.budget import BudgetTracker, UnpaidItems
from fairtrial.running.chunks import count_unanswered, known_answers
from fairtrial.running.judging import count_unjudged
from fairtrial.running.progress import Tally

TURN = 4
"""One round in so many goes to the task that was asked least."""


CountBegun = Callable[[PlannedCandidate, Sequence[ItemRequests]], int | None]
"""Returns how many items of a chunk are being paid for already; None if it was not begun."""


@dataclass(frozen=True, slots=True)
class RoundPart:
    """One candidate's chunk of a round: who judges it, and how many items of each must be paid for."""

    candidate: PlannedCandidate
    chunk: Sequence[ItemRequests]
    owed: UnpaidItems
    judging: tuple[tuple[Judging, UnpaidItems], ...] = ()

    @property
    def all_owed(self) -> list[UnpaidItems]:
        """What it has to pay for, judges included."""
        return [self.owed, *(owed for _, owed in self.judging)]


class ChunkStream:
    """The chunks of a task for one candidate, each made when it is first looked at."""

    def __init__(self, chunks: Iterator[list[ItemRequests]]) -> None:
        self._chunks = chunks
        self._seen: deque[list[ItemRequests]] = deque()

    def take(self) -> list[ItemRequests] | None:
        """Return the next chunk, and have done with it; None at the end."""
        found = self.look(0)
        if found is not None:
            self._seen.popleft()
        return found

    def look(self, ahead: int) -> list[ItemRequests] | None:
        """Return the chunk that comes after so many others; None if there is none."""
        while len(self._seen) <= ahead:
            chunk = next(self._chunks, None)
            if chunk is None:
                return None
            self._seen.append(chunk)
        return self._seen[ahead]


@dataclass
class TaskRounds:
    """How far one task has got.

    Attributes:
        task: the task.
        candidates: all candidates of the trial that are asked it.
        questions: what the trial asks about this task.
        judges: who judges its answers.
        open: those of them that are not settled.
        looks: the last look at each question, by candidate and measure.
        dropped: names of candidates that are asked no more because they are certainly not the best.
        rounds: rounds asked so far.
        tallies: what to show of each candidate.
    """

    task: PlannedTask
    candidates: Sequence[PlannedCandidate]
    questions: Sequence[TrialQuestion]
    judges: Judges = field(default_factory=Judges)
    open: list[TrialQuestion] = field(init=False)
    looks: dict[tuple[str, str], Verdict] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    rounds: int = 0

    def __post_init__(self) -> None:
        self.open = list(self.questions)
        self.streams = {c.name: ChunkStream(make_chunks(self.task, c)) for c in self.candidates}
        self.tallies = {c.name: Tally(len(self.task.items) * self.task.entry.repeats) for c in self.candidates}
        self.coming: list[RoundPart] | None = None
        self.count_begun: CountBegun = lambda *_: None

    @property
    def asked(self) -> list[PlannedCandidate]:
        """Return the candidates that are still asked: those with an open question, and the baseline."""
        settled = {q.a.name for q in self.questions} - {q.a.name for q in self.open}
        return [c for c in self.candidates if c.name not in settled and c.name not in self.dropped]

    @property
    def live(self) -> list[TrialQuestion]:
        """Return the open questions that more items can settle."""
        return [q for q in self.open if q.a.name not in self.dropped]

    def next_round(self, ledger: Ledger) -> list[RoundPart]:
        """Return the parts of the next round; none when nothing is left to ask."""
        if self.coming is None:
            self.coming = []
            if self.live or not self.questions:
                for candidate in self.asked:
                    chunk = self.streams[candidate.name].take()
                    if chunk is not None:
                        begun = self.count_begun(candidate, chunk)
                        missing = count_unanswered(candidate, chunk, ledger) if begun is None else begun
                        owed = UnpaidItems((candidate.id, self.task.id), missing)
                        self.coming.append(
                            RoundPart(candidate, chunk, owed, self._list_judging(candidate, chunk, ledger))
                        )
        return self.coming

    def _list_judging(
        self, candidate: PlannedCandidate, chunk: Sequence[ItemRequests], ledger: Ledger
    ) -> tuple[tuple[Judging, UnpaidItems], ...]:
        """Return who judges a chunk, and how many items that is about."""
        judgings = self.judges.of(self.task, candidate)
        known = known_answers(candidate, chunk, ledger) if judgings else {}
        return tuple(
            (one, UnpaidItems((one.judge.id, one.id), count_unjudged(one, chunk, known, ledger))) for one in judgings
        )

    def round_is_over(self, left_out: list[RoundPart]) -> None:
        """Count a round; what was left out of it is what comes next."""
        self.rounds += 1
        self.coming = left_out or None

    def to_verdict(self, tracker: BudgetTracker) -> tuple[float, int]:
        """Return what the open question nearest to its verdict will probably cost, and the items that it needs."""
        quantity = tracker.find_scarcest()
        left = max(1, max((t.total - t.done for t in self.tallies.values()), default=1))
        found = []
        for question in self.live:
            look = self.looks.get((question.a.name, question.measure.name))
            needed = left if look is None else int(min(left, estimate_needed(look)))
            pair = [UnpaidItems((candidate.id, self.task.id), needed) for candidate in (question.a, question.b)]
            found.append((tracker.estimate_costs(quantity, pair), needed))
        return min(found, default=(0.0, left))


def estimate_needed(look: Verdict) -> float:
    """Return about how many more items would settle a question; infinite if no verdict is in sight.

    By the verdict's own estimate, and by the interval: its width, which falls with the root of the number of items,
    must fall to the distance of the difference from 0, or from the margin.  The larger of the two counts: the first
    does not see that clusters are large.
    """
    if look.items_needed is None:
        return math.inf
    half = (look.high - look.low) / 2
    distance = max(abs(look.difference), look.margin - abs(look.difference))
    if distance <= 0 or not math.isfinite(half):
        return math.inf
    return max(look.items_needed, math.ceil(look.items_used * ((half / distance) ** 2 - 1)))


def list_asked(plan: Plan, task: PlannedTask) -> list[PlannedCandidate]:
    """Return the candidates that are asked a task."""
    return [candidate for candidate in plan.candidates if candidate.name not in task.unasked]


def make_task_rounds(plan: Plan, questions: Sequence[TrialQuestion]) -> list[TaskRounds]:
    """Return every task at its start; one that a limit is about is asked to its end, whatever is settled before."""
    limited = {task for limit in plan.limits for task in limit["tasks"]}
    return [
        TaskRounds(
            task,
            list_asked(plan, task),
            [q for q in questions if q.task.id == task.id and task.id not in limited],
            plan.judges,
        )
        for task in plan.tasks
    ]


def choose_task(
    ready: Sequence[TaskRounds], ledger: Ledger, tracker: BudgetTracker, stop_early: bool, turn: int
) -> TaskRounds | None:
    """Return the task that gets the next round, or None if no round fits the budget.

    Args:
        ready: tasks with a round to come; at least one.
        ledger: what is known already.
        tracker: prices and what is left.
        stop_early: whether the trial stops what is settled.
        turn: rounds so far that cost something.
    """
    fitting = [c for c in ready if not tracker.list_crossed(list_owed(c, ledger))]
    if not fitting or not (stop_early or tracker.limits):
        return fitting[0] if fitting else None
    if not stop_early:
        return min(fitting, key=lambda task_rounds: task_rounds.rounds)
    for task_rounds in fitting:
        if task_rounds.rounds == 0:
            return task_rounds
    for task_rounds in fitting:
        if not any(owed.items for owed in list_owed(task_rounds, ledger)):
            return task_rounds
    if turn % TURN == TURN - 1:
        return min(fitting, key=lambda task_rounds: task_rounds.rounds)
    return min(fitting, key=lambda task_rounds: task_rounds.to_verdict(tracker))


def list_owed(task_rounds: TaskRounds, ledger: Ledger) -> list[UnpaidItems]:
    """Return the items that a task's next round has to pay for."""
    return [owed for part in task_rounds.next_round(ledger) for owed in part.all_owed]
