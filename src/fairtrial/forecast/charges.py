"""What answers that are paid by the token will cost, before any is asked: about so much, and so much at most.

The most is certain: no token is shorter than a byte, no answer longer than its limit; of images see
`fairtrial.measures.image_tokens`.  An estimate counts prompts at four bytes a token, and answers at what others have
written on the same task; where nobody has, there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairtrial.ledger import Ledger
from fairtrial.ledger.known import read_mean_tokens_written
from fairtrial.measures.cost import find_price
from fairtrial.measures.image_tokens import estimate_image_tokens
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import make_requests
from fairtrial.records import GenerateRequest, ImagePart, Prompt, Request
from fairtrial.running.budget import NO_IMAGES, find_worst, measure_images
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


def estimate_charge(candidate: PlannedCandidate, task: PlannedTask, plan: Plan, ledger: Ledger | None) -> Charge:
    """Return what an answer to an item of a task costs a candidate."""
    machine = plan.trial.machine
    if unknown := find_price(candidate.model.record(), machine).unknown:
        return Charge(unknown=unknown)
    found = find_worst(candidate, task, machine)
    if not found:
        return Charge()
    return Charge(estimate_cost(candidate, task, machine, ledger), sum(found) / len(found))


def estimate_cost(
    candidate: PlannedCandidate, task: PlannedTask, machine: StatedMachine, ledger: Ledger | None
) -> float | None:
    """Return about what an item answer costs; None where nothing is known of how long answers get.

    There is none either where nobody can know how often a lever asks a model.
    """
    written = read_mean_tokens_written(ledger, task.id) if ledger else None
    form = task.for_candidate(candidate.spec)
    prices = {part.id: find_price(part.model.record(), machine).per_token for part in candidate.models.values()}
    total = 0.0
    for item in task.items:
        [requests] = make_requests(form, candidate.spec, item)
        sizes = measure_images(form, item)
        each = None if written is None else written / len(requests)
        for request in requests:
            for part, calls in candidate.count_calls(request):
                price = prices[part.id]
                shown = sizes if calls.images else {}
                images = {image: estimate_image_tokens(part.model.name, *size) for image, size in shown.items()}
                cost = None if price is None else estimate_request(request, price, each, images)
                if calls.about is None or cost is None:
                    return None
                total += calls.about * cost + calls.written * (price or (0.0, 0.0))[1]
    return total / max(1, len(task.items))


def estimate_request(
    request: Request, price: tuple[float, float], written: float | None, images: Mapping[ImagePart, int] = NO_IMAGES
) -> float | None:
    """Return about what a request costs in US dollars; ``images`` has the tokens of each."""
    read, new = price
    if isinstance(request, GenerateRequest):
        if written is None:
            return None
        return read * _estimate_prompt(request.prompt, "", images) + new * min(written, request.max_tokens)
    return sum(
        read * _estimate_prompt(pair.prompt, request.delimiter + pair.continuation, images) + new
        for pair in request.pairs
    )


def _estimate_prompt(prompt: Prompt, after: str, images: Mapping[ImagePart, int]) -> float:
    text = prompt.plain() + after
    return len(text.encode()) / BYTES_A_TOKEN + sum(images.get(image, 0) for image in prompt.images)
