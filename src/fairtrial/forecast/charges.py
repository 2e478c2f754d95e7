"""What answers that are paid by the token will cost, before any is asked: about so much, and so much at most.

The most is certain: no token is shorter than a byte, no answer longer than its limit.  An estimate counts prompts at
four bytes a token, and answers at what others have written on the same task; where nobody has, there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fairtrial.ledger import Ledger
from fairtrial.ledger.known import mean_tokens_written
from fairtrial.measures.cost import price_of
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import make_requests
from fairtrial.records import GenerateRequest, Request
from fairtrial.running.budget import worst
from fairtrial.spec.cascade import cascade_of
from fairtrial.spec.stated import StatedMachine

BYTES_A_TOKEN = 4.0
"""Of English text, roughly; other languages take more tokens."""


@dataclass(frozen=True, slots=True)
class Charge:
    """US dollars of one item answer.

    Attributes:
        about: an estimate; None if there is none.
        most: what it can cost at most; None without a price for tokens.
        unknown: why there is no price at all; empty if there is one.
    """

    about: float | None = None
    most: float | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Item answers that a cascade learns its threshold from; they enter no verdict, but are paid for.

    Attributes:
        cascade, task: names.
        answers: item answers still to be asked, of both its models together.
        costs: what they will cost, as far as that is known.
        most: US dollars at most, where tokens have a price.
        unknown: quantities of which part is not known.
    """

    cascade: str
    task: str
    answers: int
    costs: Mapping[str, float] = field(default_factory=dict)
    most: float | None = None
    unknown: tuple[str, ...] = ()


def charge(candidate: PlannedCandidate, task: PlannedTask, plan: Plan, ledger: Ledger | None) -> Charge:
    """Return what an answer to an item of a task costs a candidate."""
    machine = plan.trial.machine
    if unknown := price_of(candidate.model.record(), machine).unknown:
        return Charge(unknown=unknown)
    found = worst(candidate, task, machine)
    if not found:
        return Charge()
    return Charge(estimate(candidate, task, machine, ledger), sum(found) / len(found))


def estimate(
    candidate: PlannedCandidate, task: PlannedTask, machine: StatedMachine, ledger: Ledger | None
) -> float | None:
    """Return about what an item answer costs; None where nothing is known of how long answers get.

    Of a cascade the share that it promises to send on counts; without such a promise there is no estimate.
    """
    written = mean_tokens_written(ledger, task.id) if ledger else None
    form = task.for_candidate(candidate.spec)
    asked = [make_requests(form, candidate.spec, item)[0] for item in task.items]
    total = 0.0
    for part, share in shares(candidate):
        price = price_of(part.model.record(), machine).per_token
        if share is None or price is None:
            return None
        for requests in asked:
            each = None if written is None else written / len(requests)
            costs = [request_estimate(request, price, each) for request in requests]
            if None in costs:
                return None
            total += share * sum(cost or 0.0 for cost in costs)
    return total / max(1, len(asked))


def shares(candidate: PlannedCandidate) -> Iterator[tuple[PlannedCandidate, float | None]]:
    """Yield who answers for a candidate, and the share of questions that each is asked; None where it is not known."""
    if not candidate.parts:
        yield candidate, 1.0
        return
    settings = cascade_of(candidate.spec.levers)
    small, larger = candidate.parts.values()
    assert settings is not None
    yield small, 1.0 if settings.signal == "mean_logprob" else None
    yield larger, settings.learn.escalate if settings.learn else None


def request_estimate(request: Request, price: tuple[float, float], written: float | None) -> float | None:
    """Return about what a request costs in US dollars."""
    read, new = price
    if isinstance(request, GenerateRequest):
        if written is None:
            return None
        prompt = len(request.prompt.plain().encode()) / BYTES_A_TOKEN
        return read * prompt + new * min(written, request.max_tokens)
    texts = [pair.prompt.plain() + request.delimiter + pair.continuation for pair in request.pairs]
    return sum(read * len(text.encode()) / BYTES_A_TOKEN + new for text in texts)
