"""What a trial has spent, what its next chunks will probably cost, and whether that fits its budget.

A price is what one item answer costs one candidate on one task, in each quantity that a budget may limit.  It is read
from the observations in the ledger and from the chunks of this run.  Knows nothing of verdicts, nor of which chunk is
next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fairtrial.errors import BudgetError
from fairtrial.images import examine
from fairtrial.ledger import Ledger
from fairtrial.ledger.costs import read_chunk_costs, sum_spending
from fairtrial.measures.cost import find_price
from fairtrial.measures.image_tokens import find_image_ceiling
from fairtrial.planning.judges import Judging
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import make_requests, settle_request
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, ImagePart, Item, Prompt, Request
from fairtrial.spec.budget import UNITS, Budget
from fairtrial.spec.stated import StatedMachine
from fairtrial.tasks.base import NeedsJudge, Task, list_images

MEASURED = {"minutes": ("seconds", 1 / 60), "usd": ("usd", 1.0), "joules": ("joules", 1.0)}
"""Quantity of a budget: the measure that counts it, and how much of it one unit of the measure is."""

TEMPLATE = 256
"""Tokens that an endpoint's chat template may add to a prompt."""

TURN = 32
"""Tokens that it may add to each turn of an example."""

ANSWER_BYTES = 8
"""Bytes of an answer's token, at most: a judge reads the answer in tokens of its own, none of them below a byte."""

NO_IMAGES: Mapping[ImagePart, int] = {}

_Key = tuple[str, str]
"""Candidate id and task id."""


@dataclass
class ItemPrice:
    """What an item answer has cost one candidate on one task, in one quantity, chunk by chunk."""

    total: float = 0.0
    items: int = 0
    dearest: float = 0.0

    def add(self, cost: float, items: int) -> None:
        """Count a chunk."""
        self.total += cost
        self.items += items
        self.dearest = max(self.dearest, cost / items)

    @property
    def mean(self) -> float:
        """Return the mean cost of an item answer."""
        return self.total / self.items


@dataclass(frozen=True, slots=True)
class UnpaidItems:
    """Item answers that are still to be paid for: of which candidate and task, and how many."""

    key: _Key
    items: int


@dataclass
class BudgetTracker:
    """A budget, what is spent of it, and the prices known so far.

    Attributes:
        limits: quantity to the most that may be spent, all runs of the trial together.
        spent: quantity to what is spent; of minutes, by earlier runs.
        prices: (quantity, candidate and task) to price.
        ceilings: of candidates that are paid by the token, the most US dollars that an item answer can cost.
        clock: seconds, from any moment on.
    """

    limits: Mapping[str, float]
    spent: dict[str, float] = field(default_factory=dict)
    prices: dict[tuple[str, _Key], ItemPrice] = field(default_factory=dict)
    ceilings: Mapping[_Key, float] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.started = self.clock()

    def sum_used(self, quantity: str) -> float:
        """Return what is spent of a quantity by now."""
        running = (self.clock() - self.started) / 60 if quantity == "minutes" else 0.0
        return self.spent.get(quantity, 0.0) + running

    def find_price(self, quantity: str, key: _Key) -> ItemPrice | None:
        """Return a price, or that of the cheapest chunks that come nearest: of the candidate, else of any; or None."""
        if (own := self.prices.get((quantity, key))) is not None:
            return own
        known = [(k, p) for (q, k), p in self.prices.items() if q == quantity]
        near = [p for k, p in known if k[0] == key[0]] or [p for _, p in known]
        return min(near, key=lambda price: price.mean, default=None)

    def estimate_costs(self, quantity: str, all_owed: Iterable[UnpaidItems]) -> float:
        """Return what they will cost if each item costs what those of the dearest chunk so far have cost.

        Where this candidate has not been asked this task yet, the mean price that comes nearest stands in.  Of dollars
        for tokens the most that is possible counts, so that a limit on them is never crossed.
        """
        if quantity == "items":
            return float(sum(owed.items for owed in all_owed))
        total = 0.0
        for owed in all_owed:
            if quantity == "usd" and owed.key in self.ceilings:
                total += owed.items * self.ceilings[owed.key]
                continue
            price = self.find_price(quantity, owed.key)
            if price is not None and owed.items:
                own = (quantity, owed.key) in self.prices
                total += owed.items * (price.dearest if own else price.mean)
        return total

    def list_crossed(self, all_owed: Sequence[UnpaidItems]) -> list[str]:
        """Return the limits that paying for them would probably cross; none if there is nothing to pay."""
        if not any(owed.items for owed in all_owed):
            return []
        return [
            quantity
            for quantity, limit in self.limits.items()
            if self.sum_used(quantity) >= limit
            or self.sum_used(quantity) + self.estimate_costs(quantity, all_owed) > limit
        ]

    def pay(self, owed: UnpaidItems, costs: Mapping[str, float]) -> None:
        """Count a chunk: its items, and the sum of each measure of what it cost."""
        if not owed.items:
            return
        self.spent["items"] = self.spent.get("items", 0.0) + owed.items
        for quantity, (measure, scale) in MEASURED.items():
            if measure in costs:
                cost = scale * costs[measure]
                self.prices.setdefault((quantity, owed.key), ItemPrice()).add(cost, owed.items)
                if quantity != "minutes":
                    self.spent[quantity] = self.spent.get(quantity, 0.0) + cost

    def find_scarcest(self) -> str:
        """Return the limited quantity of which the largest share is spent; minutes where nothing is limited."""
        return max(self.limits, key=lambda q: self.sum_used(q) / self.limits[q], default="minutes")


def open_tracker(
    plan: Plan, ledger: Ledger, chunk_items: int, clock: Callable[[], float] = time.monotonic
) -> BudgetTracker:
    """Return the trial's tracker: what its earlier runs have spent, and what the ledger knows of prices.

    The trial must be in the ledger, and the run that is about to begin must not.
    """
    limits = plan.trial.budget.limits()
    tracker = BudgetTracker(limits, ceilings=find_ceilings(plan) if "usd" in limits else {}, clock=clock)
    if limits:
        tracker.spent = sum_spending(ledger, plan.id)
    for candidate in plan.candidates:
        for task in plan.tasks:
            for quantity, (measure, scale) in MEASURED.items():
                key = (candidate.id, task.id)
                for cost, items in read_chunk_costs(ledger, plan.id, key, measure, chunk_items):
                    tracker.prices.setdefault((quantity, key), ItemPrice()).add(scale * cost, items)
    return tracker


def find_ceilings(plan: Plan) -> dict[_Key, float]:
    """Return the most that one item answer can cost, in US dollars, of each candidate that has a price for tokens.

    Those that a candidate asks are among them: where its lever learns, they answer for themselves, too.
    """
    found: dict[_Key, float] = {}
    for candidate in plan.candidates:
        for one in candidate.with_parts():
            for task in plan.tasks:
                costs = [] if candidate.name in task.unasked else find_worst(one, task, plan.trial.machine)
                if costs:
                    found[one.id, task.id] = max(costs)
    for judging in plan.judges.judgings:
        if costs := find_worst_judging(judging, plan.trial.machine):
            found[judging.judge.id, judging.id] = max(costs)
    return found


def find_worst_judging(judging: Judging, machine: StatedMachine) -> list[float]:
    """Return the most US dollars that judging each item's answer can cost; none without a price for tokens.

    The longest answer is taken to have `ANSWER_BYTES` a token.
    """
    price = find_price(judging.judge.model.record(), machine).per_token
    form = judging.task.for_candidate(judging.candidate.spec)
    if price is None or not isinstance(form, NeedsJudge):
        return []
    found = []
    for item in judging.task.items:
        [requests] = make_requests(form, judging.candidate.spec, item)
        longest = sum(one.max_tokens for one in requests if isinstance(one, GenerateRequest))
        given: list[Answer] = [GenerateAnswer("-", 1, "stop") for _ in requests]
        request = form.judge_requests(item, given)[judging.number]
        if request is not None:
            settled = settle_request(request, judging.judge.spec, 0)
            images = count_image_tokens(judging.judge.model.name, measure_images(form, item))
            found.append(find_request_ceiling(settled, price, ANSWER_BYTES * longest, images))
    return found


def find_worst(candidate: PlannedCandidate, task: PlannedTask, machine: StatedMachine) -> list[float]:
    """Return the most US dollars that each item answer can cost, those to learn from included; none without a price for
    tokens.

    Every call counts that a lever may make of any model.
    """
    prices = {part.id: find_price(part.model.record(), machine).per_token for part in candidate.models.values()}
    if not any(price is not None for price in prices.values()):
        return []
    form = task.for_candidate(candidate.spec)
    found = []
    for item in (*task.items, *task.tuning):
        [requests] = make_requests(form, candidate.spec, item)
        sizes = measure_images(form, item)
        asked = [(request, part, calls) for request in requests for part, calls in candidate.count_calls(request)]
        found.append(
            sum(
                calls.most
                * find_request_ceiling(
                    request,
                    prices[one.id],
                    calls.added,
                    count_image_tokens(one.model.name, sizes) if calls.images else {},
                )
                + calls.written * (prices[one.id] or (0.0, 0.0))[1]
                for request, one, calls in asked
            )
        )
    return found


def measure_images(task: Task, item: Item) -> dict[ImagePart, tuple[int, int]]:
    """Return the width and height in pixels of each image that the requests about an item show."""
    facts = {
        image: examine(data, f"task {task.card.name} item {item.doc_id}") for image, data in list_images(task, item)
    }
    return {image: (one.width, one.height) for image, one in facts.items()}


def count_image_tokens(model: str, sizes: Mapping[ImagePart, tuple[int, int]]) -> dict[ImagePart, int]:
    """Return the most tokens that a model at an endpoint can be charged for each image."""
    return {image: find_image_ceiling(model, *size) for image, size in sizes.items()}


def find_request_ceiling(
    request: Request, price: tuple[float, float] | None, added: int = 0, images: Mapping[ImagePart, int] = NO_IMAGES
) -> float:
    """Return the most US dollars that a request can cost: no token is shorter than a byte, no answer over its limit.

    A chat template adds a few tokens of its own; they are counted as `TEMPLATE` and `TURN`.

    Args:
        request: what is asked.
        price: of a token read and of one written; None is free.
        added: bytes that a lever adds to each prompt.
        images: tokens of each image at most; one that is not among them is not sent.
    """
    read, new = price or (0.0, 0.0)
    if isinstance(request, GenerateRequest):
        return read * (find_prompt_ceiling(request.prompt, images) + added) + new * request.max_tokens
    return sum(
        read
        * (find_prompt_ceiling(pair.prompt, images) + added + len((request.delimiter + pair.continuation).encode()))
        + new
        for pair in request.pairs
    )


def find_prompt_ceiling(prompt: Prompt, images: Mapping[ImagePart, int] = NO_IMAGES) -> int:
    """Return the most tokens of a prompt, those included that a chat template puts around each turn."""
    shown = sum(images.get(image, 0) for image in prompt.images)
    return len(prompt.plain().encode()) + shown + TEMPLATE + TURN * (len(prompt.examples) // 2)


MENDS: Mapping[str, str] = {
    "usd": "Say what an hour of this machine costs (`machine: {usd_per_hour: 0.40}`, or 0), or an endpoint's `prices`",
    "joules": "Limit minutes instead",
}
"""What can be done about a limited quantity that has no values, as the beginning of a sentence."""


def check_measured(budget: Budget, candidate: str, missing: Mapping[str, str]) -> None:
    """Raise BudgetError if a limited quantity is not measured for a candidate.

    Args:
        budget: what is limited.
        candidate: its name.
        missing: measure to why it has no values.
    """
    for quantity in budget.limits():
        measure = MEASURED.get(quantity, ("", 0.0))[0]
        if measure in missing:
            raise BudgetError(
                f"the budget limits {quantity}, but candidate {candidate!r} has no values of the measure {measure!r}: "
                f"{missing[measure].rstrip('.')}.",
                fix=f"{MENDS.get(quantity, 'Mend what is missing')}, or take {quantity} out of the budget.",
            )


def describe_amounts(limits: Mapping[str, float], names: Sequence[str]) -> str:
    """Return limits in words: ``10 minutes and 2,000 item answers``."""
    return " and ".join(f"{format_amount(limits[name])} {UNITS[name]}" for name in names)


def format_amount(value: float) -> str:
    """Return an amount as people write it, without an exponent."""
    return f"{value:,.9f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"
