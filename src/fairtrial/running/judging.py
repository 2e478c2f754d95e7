"""Judging: what judges are asked about a chunk of answers, and the grades that come of it.

A judge answers like any candidate: what it wrote before is read from the ledger, the rest is asked, and what that cost
is the judge's own cost.  An answer without text gets the worst value unread; what cannot be judged has no value, and
the reason stands in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fairtrial.errors import TooLongError
from fairtrial.ledger import Ledger
from fairtrial.measures import is_watcher
from fairtrial.planning.base import PlannedCandidate
from fairtrial.planning.judges import Judging
from fairtrial.planning.requests import ItemRequests, settle_request
from fairtrial.records import Answer, GenerateAnswer, Observation, Request
from fairtrial.running.answering import AnswerItems, OnAnswer, observe_items
from fairtrial.running.pool import EnginePool
from fairtrial.running.runners.base import Runner
from fairtrial.running.storing import AnswerKeeper, LedgerWriter
from fairtrial.tasks.base import NeedsJudge
from fairtrial.tasks.signs import PREFIX

UNREAD = "the judge's answer gives no grade"
REFUSED = "the judge's server refused to answer"
FAILED = "the judge failed: "
TOO_LONG = "the answer is too long for the judge's context"


OnJudged = Callable[[Judging, int, int], None]
"""Is told of items that a judge is done with, and of how many of them it had judged before."""


def tell_nobody(judging: Judging, items: int, reused: int) -> None:
    """Tell nobody how far a judge is."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one judge made of a chunk.

    Attributes:
        grades: of each item, none where it could not be judged.
        signs: of each item.
        absences: (item id, repeat, measure, reason).
        paid: items that needed a new answer of the judge's.
        costs: measure to its sum over these.
    """

    grades: Sequence[Sequence[Observation]]
    signs: Sequence[Sequence[Observation]]
    absences: Sequence[tuple[str, int, str, str]] = ()
    paid: int = 0
    costs: Mapping[str, float] = field(default_factory=dict)


def make_judge_requests(
    judging: Judging, chunk: Sequence[ItemRequests], answers: Mapping[str, Answer]
) -> list[Request | None]:
    """Return what a judge is asked about each item of a chunk, given all answers to it; None: nothing."""
    task = judging.task.for_candidate(judging.candidate.spec)
    assert isinstance(task, NeedsJudge)
    found: list[Request | None] = []
    for asked in chunk:
        given = [answers[request.id] for request in asked.requests]
        refused = any(isinstance(one, GenerateAnswer) and one.finish == "refused" for one in given)
        request = None if refused else task.judge_requests(asked.item, given)[judging.number]
        found.append(None if request is None else settle_request(request, judging.judge.spec, 0))
    return found


def count_unjudged(judging: Judging, chunk: Sequence[ItemRequests], known: Mapping[str, Answer], ledger: Ledger) -> int:
    """Return how many items of a chunk a judge must still be asked about; those without an answer as yet count."""
    ready = [asked for asked in chunk if all(request.id in known for request in asked.requests)]
    requests = [request.id for request in make_judge_requests(judging, ready, known) if request is not None]
    return len(chunk) - len(ready) + len(set(requests) - ledger.answers(judging.judge.id, requests).keys())


def judge_items(
    judging: Judging,
    chunk: Sequence[ItemRequests],
    answers: Mapping[str, Answer],
    runner: Runner,
    writer: LedgerWriter,
    on_judged: OnJudged = tell_nobody,
) -> Judged:
    """Have a chunk's answers judged, as far as the ledger lacks it, and store what the judge wrote and cost.

    Raises EngineError; what the judge has answered stays.
    """
    requests = make_judge_requests(judging, chunk, answers)
    known = writer.ledger.answers(judging.judge.id, [request.id for request in requests if request is not None])
    missing = [[request] if request is not None and request.id not in known else [] for request in requests]
    asked = [request for group in missing for request in group]
    too_long = runner.submit(FindTooLong(judging.judge, asked)).result() if asked else set()
    missing = [[request for request in group if request.id not in too_long] for group in missing]
    keeper = JudgementKeeper(writer.make_keeper(judging.judge.id), lambda: on_judged(judging, 1, 0))
    answered = runner.submit(AnswerItems(judging.judge, missing, f"task {judging.task.name}, judged"), keeper).result()
    rest, new = len(chunk) - len(keeper.told), len(answered.answers.keys() - keeper.told)
    on_judged(judging, rest, rest - new)
    told = {**known, **answered.answers}
    rows = [
        ItemRequests(asked.item, asked.repeat, (request,))
        for asked, request in zip(chunk, requests, strict=True)
        if request is not None and request.id in told
    ]
    costs = [
        costs
        for costs, request in zip(answered.costs, requests, strict=True)
        if request is not None and request.id in told
    ]
    probes = [probe for probe in runner.pool.list_probes(judging.judge) if not is_watcher(probe)]
    seen = [observe_items(probe, [[told[row.requests[0].id]] for row in rows]) for probe in probes]
    observed = [[*costs[i], *(o for one in seen for o in one[i])] for i in range(len(rows))]
    writer.write_chunk(judging.id, judging.judge.id, rows, answered, observed)
    sums: dict[str, float] = {}
    fresh = [[told[row.requests[0].id]] if row.requests[0].id in answered.answers else [] for row in rows]
    for group in (*answered.costs, *(group for probe in probes for group in observe_items(probe, fresh))):
        for observation in group:
            sums[observation.measure] = sums.get(observation.measure, 0.0) + observation.value
    reasons = {**dict.fromkeys(too_long, TOO_LONG), **{name: FAILED + why for name, why in answered.failed.items()}}
    return _read_grades(judging, chunk, requests, told, reasons, (len(answered.answers), sums))


class JudgementKeeper:
    """Keeps a judge's answers as they come, and tells of each."""

    def __init__(self, keeper: AnswerKeeper, tell: Callable[[], None]) -> None:
        self.keeper, self.tell = keeper, tell
        self.told: set[str] = set()

    def __call__(self, request: Request, answer: Answer) -> None:
        """Take an answer."""
        self.keeper(request, answer)
        self.told.add(request.id)
        self.tell()

    def flush(self) -> None:
        """Write what was taken."""
        self.keeper.flush()


@dataclass(frozen=True, slots=True)
class FindTooLong:
    """Work for a runner: which requests do not fit a judge's context."""

    judge: PlannedCandidate
    requests: Sequence[Request]

    @property
    def who(self) -> tuple[PlannedCandidate, ...]:
        """Return whose engine it needs."""
        return (self.judge,)

    @property
    def label(self) -> str:
        """Return what it is, for errors."""
        return f"judge {self.judge.name}, looking at its requests"

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> set[str]:
        """Return the ids of requests that are too long."""
        engine, found = pool.get_engine(self.judge), set()
        try:
            engine.check(self.requests)
        except TooLongError:
            for request in self.requests:
                try:
                    engine.check([request])
                except TooLongError:
                    found.add(request.id)
        return found


def _read_grades(
    judging: Judging,
    chunk: Sequence[ItemRequests],
    requests: Sequence[Request | None],
    told: Mapping[str, Answer],
    reasons: Mapping[str, str],
    spent: tuple[int, Mapping[str, float]],
) -> Judged:
    measure = judging.use.measure
    grades: list[list[Observation]] = []
    signs: list[list[Observation]] = []
    absences = []
    for asked, request in zip(chunk, requests, strict=True):
        value, why = 0.0, ""
        if request is None:
            bounds = measure.bounds or (0.0, 1.0)
            value = bounds[1] if measure.higher_is_better is False else bounds[0]
        elif request.id in reasons:
            why = reasons[request.id]
        else:
            answer = told[request.id]
            read = judging.use.read(answer)
            refused = isinstance(answer, GenerateAnswer) and answer.finish == "refused"
            value, why = (read, "") if read is not None else (0.0, REFUSED if refused else UNREAD)
        grades.append([] if why else [Observation(measure.name, value, 1.0, measure.unit)])
        signs.append([Observation(PREFIX + "unjudged", 1.0)] if why else [])
        if why:
            absences.append((asked.item.id, asked.repeat, measure.name, why))
    return Judged(grades, signs, absences, *spent)
