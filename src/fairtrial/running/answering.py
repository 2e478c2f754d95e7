"""Answering: a candidate and its requests in; answers, what they cost, and what could not be measured out.

Touches no ledger, and what goes in and comes out are plain values: a thread, another process or another machine can do
it.  `fairtrial.running.storing` keeps what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real

from fairtrial.engines.base import Capabilities, Engine, MayLeaveOut, StreamsAnswers
from fairtrial.engines.finite import find_flaw, make_nan_error
from fairtrial.errors import CapabilityError, EngineError, PluginError
from fairtrial.measures import Probe, Whole, is_watcher, watch_all
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Observation,
    Request,
    ScoreAnswer,
    ScoreRequest,
    list_images,
)
from fairtrial.records.cells import NO_CELLS, ReadyCells
from fairtrial.records.packing import PackedRequests, pack_requests, unpack_requests
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
        failed: request id to why it has no answer, in words, where the trial goes on without it.
        machine: number of the machine that it was done on, among those that the record of the run lists; None where
            there is but one.
        cells: of the ledger, as far as they were made where the answers were.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    costs: Sequence[Sequence[Observation]] = ()
    absences: Mapping[str, str] = field(default_factory=dict)
    wholes: Mapping[str, Whole] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    machine: int | None = None
    cells: ReadyCells = NO_CELLS


@dataclass(frozen=True, slots=True)
class AnswerItems:
    """Work for a runner: a candidate answers the requests of some items; see `answer_items`.

    Attributes:
        candidate: who answers.
        items: the requests of each item.
        place: what they are of, for errors.
    """

    candidate: PlannedCandidate
    items: Sequence[Sequence[Request]]
    place: str = ""

    @property
    def who(self) -> tuple[PlannedCandidate, ...]:
        """Return whose engine it needs."""
        return (self.candidate,)

    @property
    def label(self) -> str:
        """Return what it is, for errors."""
        first = next((request.label for requests in self.items for request in requests if request.label), "")
        return f"candidate {self.candidate.name}, {self.place or f'the items from {first}'}"

    def __reduce__(self) -> tuple[Callable[..., AnswerItems], tuple[object, ...]]:
        """Return what is sent to another process."""
        counts = [len(requests) for requests in self.items]
        packed = pack_requests([request for requests in self.items for request in requests])
        return _unpack_items, (type(self), self.candidate, packed, counts, self.place)

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> Answered:
        """Return the answers and what they cost."""
        return answer_items(self.candidate, self.items, pool, on_answer)

    def without(self, answers: Mapping[str, Answer]) -> AnswerItems:
        """Return the work that is left when some requests, by id, are answered."""
        return replace(self, items=[[r for r in requests if r.id not in answers] for requests in self.items])

    def join(self, answers: Mapping[str, Answer], outcome: Answered) -> Answered:
        """Return the outcome with answers that were there before; what those took is lost with who gave them."""
        return replace(outcome, answers={**answers, **outcome.answers})


def _unpack_items(
    kind: type[AnswerItems], candidate: PlannedCandidate, packed: PackedRequests, counts: Sequence[int], place: str
) -> AnswerItems:
    """Return work as it was sent."""
    coming = iter(unpack_requests(packed))
    return kind(candidate, [[next(coming) for _ in range(count)] for count in counts], place)


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
    engine = pool.get_engine(candidate)
    probes = pool.list_probes(candidate)
    watchers = [probe for probe in probes if is_watcher(probe)]
    failed: dict[str, str] = {}
    with watch_all(watchers):
        answers = answer_requests(engine, requests, candidate.name, on_answer, failed)
    by_item = [[answers[r.id] for r in requests if r.id not in failed] for requests in items]
    seen = [
        observe_items(probe, by_item) for probe, watches in zip(probes, map(is_watcher, probes), strict=True) if watches
    ]
    return Answered(
        answers,
        [[observation for costs in seen for observation in costs[i]] for i in range(len(items))],
        {measure: why for probe in probes for measure, why in probe.absences().items()},
        pool.list_wholes(candidate),
        failed,
    )


def observe_items(probe: Probe, by_item: Sequence[Sequence[Answer]]) -> Sequence[Sequence[Observation]]:
    """Return what a probe observed of each item's answers.  Raises PluginError if that is not one row an item."""
    seen = probe.observe(by_item)
    if len(seen) != len(by_item):
        name = f"{type(probe).__module__}.{type(probe).__qualname__}"
        raise PluginError(f"the probe {name} observed {len(seen)} items where {len(by_item)} were answered.")
    return seen


def answer_requests(
    engine: Engine,
    requests: Sequence[Request],
    candidate: str,
    on_answer: OnAnswer = keep_nothing,
    failed: dict[str, str] | None = None,
) -> dict[str, Answer]:
    """Return the answers to requests of either kind, by request id; see `answer_items`.

    Where ``failed`` is given, requests that the engine may leave out are entered there, with why.  Raises EngineError
    if an answer is not what was asked for, or its numbers are none.
    """
    answers: dict[str, Answer] = {}
    left_out: dict[str, str] = {} if failed is None else failed
    comes_one_by_one = isinstance(engine, StreamsAnswers)
    try:
        for request, got in _ask_engine(engine, requests, candidate, may_fail=failed is not None):
            if isinstance(got, str):
                left_out[request.id] = got
                continue
            if wrong := find_mismatch(request, got):
                raise _make_mismatch(candidate, wrong, request.label)
            answers[request.id] = got
            if comes_one_by_one and not find_flaw(got):
                on_answer(request, got)
    except SystemExit as error:  # of a plugin's code: a run does not end so
        raise _make_mismatch(candidate, f"it tried to end the program (exit code {error.code})") from error
    if missing := [request for request in requests if request.id not in answers and request.id not in left_out]:
        wrong = f"{len(requests) - len(missing)} answers came to {len(requests)} requests"
        raise _make_mismatch(candidate, wrong, missing[0].label)
    answered = [request for request in requests if request.id in answers]
    flawed = [(request, told) for request in answered if (told := find_flaw(answers[request.id]))]
    if flawed:
        for request in [] if comes_one_by_one else answered:
            if not find_flaw(got := answers[request.id]):
                on_answer(request, got)
        request, told = flawed[0]
        more = f"; so are {len(flawed) - 1} more of {len(requests)} answers" if len(flawed) > 1 else ""
        raise make_nan_error(candidate, request.label, told + more, local=not comes_one_by_one)
    return answers


def _ask_engine(
    engine: Engine, requests: Sequence[Request], candidate: str, may_fail: bool
) -> Iterator[tuple[Request, Answer | str]]:
    """Yield requests with their answers, or with why there is none, in the way in which the engine gives them."""
    if may_fail and isinstance(engine, MayLeaveOut):
        return engine.answer_or_tell(requests)
    if isinstance(engine, StreamsAnswers):
        return iter(engine.as_answered(requests))
    return _answer_together(engine, requests, candidate)


def _answer_together(engine: Engine, requests: Sequence[Request], candidate: str) -> Iterator[tuple[Request, Answer]]:
    """Yield requests with their answers, those that score first; ends early where answers are missing."""
    score = [r for r in requests if isinstance(r, ScoreRequest)]
    generate = [r for r in requests if isinstance(r, GenerateRequest)]
    if score:
        yield from _pair(score, engine.score(score), candidate)
    if generate:
        yield from _pair(generate, engine.generate(generate), candidate)


def _pair(requests: Sequence[Request], answers: Iterable[Answer], candidate: str) -> Iterator[tuple[Request, Answer]]:
    coming = iter(answers)
    yield from zip(requests, coming, strict=False)
    if next(coming, None) is not None:
        raise _make_mismatch(candidate, f"more answers came than the {len(requests)} requests")


SLACK = 0.01
"""Nats by which rounding may lift the log-probability of what is certain above 0."""


def find_mismatch(request: Request, answer: object) -> str:
    """Return in words how an answer is not one to its request; empty if it is.  Engines of plugins are not trusted."""
    wanted = ScoreAnswer if isinstance(request, ScoreRequest) else GenerateAnswer
    if not isinstance(answer, wanted):
        return f"a {wanted.__name__} was asked for, and a {type(answer).__name__} came"
    if isinstance(request, ScoreRequest) and isinstance(answer, ScoreAnswer):
        if {len(answer.logprobs), len(answer.greedy), len(answer.tokens)} != {len(request.pairs)}:
            counts = f" and {len(answer.tokens)} counts" if len(answer.tokens) != len(answer.logprobs) else ""
            return f"{len(answer.logprobs)} log-probabilities{counts} came for {len(request.pairs)} continuations"
        numbers: Sequence[object] = (*answer.logprobs, *answer.tokens)
    else:
        assert isinstance(answer, GenerateAnswer)
        if not isinstance(answer.text, str) or answer.finish not in ("stop", "length", "refused"):
            return f"its text is {answer.text!r:.40}, and finish is {answer.finish!r:.40}"
        numbers = (answer.tokens,)
    odd = [value for value in numbers if not isinstance(value, Real)]
    if odd:
        return f"{odd[0]!r:.40} came where a number belongs"
    above = [value for value in getattr(answer, "logprobs", ()) if value > SLACK]
    return f"a log-probability is {above[0]:.4g}, above 0" if above else ""


def _make_mismatch(candidate: str, wrong: str, label: str = "") -> EngineError:
    where = f"candidate {candidate}, {label}" if label else f"candidate {candidate}"
    fix = "The engine or a lever of the candidate is at fault; answers so far are kept."
    return EngineError(f"the answer is not what was asked for: {wrong}.", fix=fix, where=where)


def check_requests(candidate: PlannedCandidate, requests: Sequence[Request], task: str, pool: EnginePool) -> None:
    """Raise CapabilityError or TooLongError if a candidate cannot answer some of a task's requests."""
    engine = pool.get_engine(candidate)
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
        reason = engine.record.get("sees_no_images")
        raise CapabilityError(
            f"candidate {candidate.name!r} cannot see images, and {shown.label or 'a request'} shows one"
            f"{f': {reason}' if reason else ''}.",
            where=f"task {task}",
            fix="Leave the candidate or the task out, or write `blind: true` beside its model: then it answers without "
            "images.",
        )
    engine.check(requests)


@dataclass(frozen=True, slots=True)
class CheckRequests:
    """Work for a runner: see `check_requests`."""

    candidate: PlannedCandidate
    requests: Sequence[Request]
    task: str

    @property
    def who(self) -> tuple[PlannedCandidate, ...]:
        """Return whose engine it needs."""
        return (self.candidate,)

    @property
    def label(self) -> str:
        """Return what it is, for errors."""
        return f"candidate {self.candidate.name}, task {self.task}, looking at its requests"

    def __reduce__(self) -> tuple[Callable[..., CheckRequests], tuple[object, ...]]:
        """Return what is sent to another process."""
        return _unpack_check, (self.candidate, pack_requests(self.requests), self.task)

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> None:
        """Raise if the candidate cannot answer them."""
        check_requests(self.candidate, self.requests, self.task, pool)


def _unpack_check(candidate: PlannedCandidate, packed: PackedRequests, task: str) -> CheckRequests:
    """Return work as it was sent."""
    return CheckRequests(candidate, unpack_requests(packed), task)


@dataclass(frozen=True, slots=True)
class TellCapabilities:
    """Work for a runner: what a candidate's engine can do."""

    candidate: PlannedCandidate

    @property
    def who(self) -> tuple[PlannedCandidate, ...]:
        """Return whose engine it needs."""
        return (self.candidate,)

    @property
    def label(self) -> str:
        """Return what it is, for errors."""
        return f"candidate {self.candidate.name}, opening its engine"

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> Capabilities:
        """Return what the engine can do."""
        return pool.get_engine(self.candidate).can
