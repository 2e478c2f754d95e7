"""What an answer of a served candidate costs: its tokens at their price, and its share of the machine's time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from fairtrial.ledger.trials import SessionRow
from fairtrial.machine import describe_machine
from fairtrial.measures.cost import Price, find_price
from fairtrial.measures.sharing import count_tokens_in, count_tokens_out
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import GenerateAnswer
from fairtrial.serve.tickets import AnsweredRequest
from fairtrial.spec.stated import StatedMachine

SAME = ("architecture", "processor", "logical_cores")
"""Facts by which two machines are taken for alike."""


@dataclass(frozen=True, slots=True)
class HourPrice:
    """What an hour of the machine costs.

    Attributes:
        usd: US dollars; None: nobody has stated it.
        said: by whom it is stated.
        machine: for which machine, if that is not this one.
    """

    usd: float | None = None
    said: str = ""
    machine: str = ""


UNSTATED = HourPrice()


def read_hour_price(sessions: Sequence[SessionRow]) -> HourPrice:
    """Return what the latest run of a trial that states an hour's price has stated."""
    for session in reversed(sessions):
        stated = session.facts.get("stated")
        try:
            hour = StatedMachine.model_validate(stated).usd_per_hour if isinstance(stated, Mapping) else None
        except ValidationError:
            continue
        if hour is not None:
            return HourPrice(hour, "the trial", _name_other(session.facts))
    return UNSTATED


def _name_other(facts: Mapping[str, Any]) -> str:
    """Return what machine a run ran on; empty if it is like this one."""
    here = describe_machine()
    if all(facts.get(name) == here[name] for name in SAME):
        return ""
    return f"{facts.get('processor') or 'another machine'!s:.80}, {facts.get('logical_cores') or '?'!s:.5} cores"


def find_answer_price(
    candidate: PlannedCandidate, hour: HourPrice
) -> Callable[[AnsweredRequest], Mapping[str, Any]] | None:
    """Return what tells the US dollars of an answer, as JSON values; None where a price is not known.

    Models that answer elsewhere are paid by tokens, all others together by the machine's time.
    """
    models = list({one.id: one for one in candidate.models.values()}.values())
    stated = StatedMachine(usd_per_hour=hour.usd)
    price = find_price((models[0] if len(models) == 1 else candidate).model.record(), stated)
    if price.unknown:
        return None

    def tell(found: AnsweredRequest) -> Mapping[str, Any]:
        tokens = _count_dollars(price, found.answer)
        if tokens is None:
            return {}
        if price.per_second is None:
            return {"usd": tokens}
        told = {"usd": tokens + price.per_second * found.seconds, "machine_seconds": found.seconds}
        more = {"for_machine": hour.machine} if hour.machine else {}
        paid = {"tokens_usd": tokens} if tokens else {}
        return {**told, **paid, "usd_per_hour": hour.usd, "stated_by": hour.said, **more}

    return tell


def _count_dollars(price: Price, answer: GenerateAnswer) -> float | None:
    """Return US dollars of the tokens that have a price; None where it is not known who has answered."""
    if not price.parts:
        read, new = price.per_token or (0.0, 0.0)
        return read * count_tokens_in(answer) + new * count_tokens_out(answer)
    calls = [step for step in answer.trace if step.is_call]
    if not calls:
        return None
    each = [(price.of_part(step.by).per_token or (0.0, 0.0), step) for step in calls]
    return sum(read * (step.tokens_in or 0) + new * (step.tokens_out or 0) for (read, new), step in each)
