"""Answering: a candidate and its requests in; answers, what they cost, and what could not be measured out.

Touches no ledger, and what goes in and comes out are plain values: a thread, another process or another machine can do
it.  `fairtrial.running.storing` keeps what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fairtrial.engines.base import Engine, StreamsAnswers
from fairtrial.engines.finite import find_flaw, make_nan_error
from fairtrial.errors import CapabilityError
from fairtrial.measures import Watcher, Whole, watch_all
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import Answer, GenerateRequest, Observation, Request, ScoreRequest, list_images
from fairtrial.running.pool import EnginePool

OnAnswer = Callable[[Request, Answer], None]
"""Is given answers that must be kept whatever happens to the others."""


def keep_nothing(request: Request, answer: Answer) -> None:
    """Let an answer go: whoever asked has no use for single ones."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What answering some items came to.

    Attributes:
        answers: by request id.
        costs: what was observed of each item while it was answered.
        absences: measure to why it was not observed.
        wholes: what is known by now of those who answered, by candidate id.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    costs: Sequence[Sequence[Observation]] = ()
    absences: Mapping[str, str] = field(default_factory=dict)
    wholes: Mapping[str, Whole] = field(default_factory=dict)


def answer_items(
    candidate: PlannedCandidate,
    items: Sequence[Sequence[Request]],
    pool: EnginePool,
    on_answer: OnAnswer = keep_nothing,
) -> Answered:
    """Return a candidate's answers to the requests of some items, and what they cost.

    Args:
        candidate: who answers.
        items: the requests of each item; an item may have none.  A request of several items is answered once.
        pool: the engines that are open.
        on_answer: is given each answer of an engine that hands them over one by one, as it comes; and, where others
            are not numbers, the answers that are.

    Raises EngineError; what `on_answer` was given is answered.
    """
    requests = list({request.id: request for requests in items for request in requests}.values())
    if not requests:
        return Answered(costs=[()] * len(items))
    engine = pool.engine(candidate)
    probes = pool.probes(candidate)
    watchers = [probe for probe in probes if isinstance(probe, Watcher)]
    with watch_all(watchers):
        answers = answer_requests(engine, requests, candidate.name, on_answer)
    by_item = [[answers[request.id] for request in requests] for requests in items]
    seen = [probe.observe(by_item) for probe in probes if isinstance(probe, Watcher)]
    return Answered(
        answers,
        [[observation for costs in seen for observation in costs[i]] for i in range(len(items))],
        {measure: why for probe in probes for measure, why in probe.absences().items()},
        pool.wholes(candidate),
    )


def answer_requests(
    engine: Engine, requests: Sequence[Request], candidate: str, on_answer: OnAnswer = keep_nothing
) -> dict[str, Answer]:
    """Return the answers to requests of either kind, by request id; see `answer_items`.

    Raises EngineError if the numbers of an answer are none.
    """
    answers: dict[str, Answer] = {}
    comes_one_by_one = isinstance(engine, StreamsAnswers)
    if isinstance(engine, StreamsAnswers):
        for request, got in engine.as_answered(requests):
            answers[request.id] = got
            if not find_flaw(got):
                on_answer(request, got)
    else:
        score = [r for r in requests if isinstance(r, ScoreRequest)]
        generate = [r for r in requests if isinstance(r, GenerateRequest)]
        if score:
            answers.update((r.id, a) for r, a in zip(score, engine.score(score), strict=True))
        if generate:
            answers.update((r.id, a) for r, a in zip(generate, engine.generate(generate), strict=True))
    flawed = [(request, told) for request in requests if (told := find_flaw(answers[request.id]))]
    if flawed:
        for request in [] if comes_one_by_one else requests:
            if not find_flaw(got := answers[request.id]):
                on_answer(request, got)
        request, told = flawed[0]
        more = f"; so are {len(flawed) - 1} more of {len(requests)} answers" if len(flawed) > 1 else ""
        raise make_nan_error(candidate, request.label, told + more, local=not comes_one_by_one)
    return answers


def check_requests(candidate: PlannedCandidate, requests: Sequence[Request], task: str, pool: EnginePool) -> None:
    """Raise CapabilityError or TooLongError if a candidate cannot answer some of a task's requests."""
    engine = pool.engine(candidate)
    kinds = {type(request) for request in requests}
    if ScoreRequest in kinds and not engine.can.score:
        why = f" ({told})" if (told := engine.record.get("scores")) else ""
        raise CapabilityError(
            f"candidate {candidate.name!r} gives no token scores, which task {task!r} needs{why}.",
            fix="Ask for the letter of a choice with `ask: letter` beside the task, for all candidates alike; or use a "
            "task that asks for text.",
        )
    if GenerateRequest in kinds and not engine.can.generate:
        raise CapabilityError(f"candidate {candidate.name!r} generates no text, which task {task!r} needs.")
    if not engine.can.images and (shown := next((r for r in requests if list_images(r)), None)):
        raise CapabilityError(
            f"candidate {candidate.name!r} cannot see images, and {shown.label or 'a request'} shows one.",
            where=f"task {task}",
            fix="Leave the candidate or the task out.",
        )
    engine.check(requests)
