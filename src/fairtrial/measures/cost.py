"""US dollars: an hour of this machine, or the price of a token for answers that are made elsewhere.

No price has a default, and unknown is never 0.  Knows nothing of engines.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairtrial.measures.sharing import count_tokens_in, count_tokens_out, share_out
from fairtrial.records import Answer, Measure, Observation
from fairtrial.spec.stated import StatedMachine

USD = Measure("usd", unit="USD", higher_is_better=False, bounds=None)


@dataclass(frozen=True, slots=True)
class Price:
    """What answering costs.

    Attributes:
        per_second: US dollars for a second of wall time, or None.
        per_token: US dollars for a token read and for one generated, or None.
        unknown: why there is no price; empty if there is one.
        parts: where several models answer for one candidate, the price of each by its name in the answers' traces; the
            machine's second is then paid once.
    """

    per_second: float | None = None
    per_token: tuple[float, float] | None = None
    unknown: str = ""
    parts: Mapping[str, Price] = field(default_factory=dict)

    def of_part(self, name: str) -> Price:
        """Return the price of the model that a trace names: a part, or a part of one, as ``PART/PART``."""
        if not self.parts:
            return self
        first, slash, rest = name.partition("/")
        return self.parts[first].of_part(rest) if slash else self.parts[first]


def find_price(record: Mapping[str, object], stated: StatedMachine) -> Price:
    """Return a candidate's price.

    Args:
        record: facts about the candidate.  ``usd_per_input_token`` and ``usd_per_output_token`` are its price where it
            has one of its own; ``elsewhere: true`` says that the answers are not made on this machine.
        stated: what the user states about this machine.
    """
    parts = record.get("parts")
    if isinstance(parts, Mapping):
        prices = {name: find_price(part, stated) for name, part in parts.items()}
        unknown = [f"{name}: {price.unknown}" for name, price in prices.items() if price.unknown]
        seconds = [price.per_second for price in prices.values() if price.per_second is not None]
        return Price(per_second=seconds[0] if seconds else None, unknown="; ".join(unknown), parts=prices)
    names = ("usd_per_input_token", "usd_per_output_token")
    given = [name for name in names if record.get(name) is not None]
    if given:
        read, new = (_read_amount(record.get(name)) for name in names)
        if read is None or new is None:
            wrong = [name for name, price in zip(names, (read, new), strict=True) if price is None]
            return Price(unknown=f"the candidate's record has no valid {' and no valid '.join(wrong)}")
        return Price(per_token=(read, new))
    if record.get("elsewhere"):
        why = record.get("price_unknown")
        told = f": {why}" if isinstance(why, str) and why else ""
        return Price(unknown=f"the price of a token of this candidate is not known{told}")
    if stated.usd_per_hour is None:
        return Price(unknown="the trial file states no machine.usd_per_hour")
    return Price(per_second=stated.usd_per_hour / 3600)


def _read_amount(value: object) -> float | None:
    """Return a price as a number, or None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def make_cost_probe(price: Price) -> CostProbe | TokenCostProbe:
    """Return the probe of US dollars at a price."""
    return CostProbe(price) if price.per_token is None else TokenCostProbe(price.per_token)


class TokenCostProbe:
    """US dollars of each item's own tokens."""

    measures: tuple[Measure, ...] = (USD,)

    def __init__(self, per_token: tuple[float, float]) -> None:
        self.read, self.new = per_token

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return US dollars per item with new answers."""
        costs = [
            sum(self.read * count_tokens_in(a) + self.new * count_tokens_out(a) for a in group) for group in answers
        ]
        pairs = zip(answers, costs, strict=True)
        return [[Observation("usd", cost, unit="USD")] if group else [] for group, cost in pairs]

    def absences(self) -> Mapping[str, str]:
        """Return nothing: every answer has its counts."""
        return {}


class CostProbe:
    """US dollars of a batch: its wall time at the machine's price, shared by tokens."""

    measures: tuple[Measure, ...] = (USD,)

    def __init__(self, price: Price) -> None:
        self.price = price
        self._started = self._seconds = 0.0

    def start(self) -> None:
        """Begin to watch."""
        self._started = time.perf_counter()

    def stop(self) -> None:
        """End watching."""
        self._seconds = time.perf_counter() - self._started

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return US dollars per item with new answers, if there is a price."""
        if self.price.unknown:
            return [[] for _ in answers]
        if self.price.parts:
            return self._observe_joint(answers)
        if self.price.per_second is not None:
            return share_out(self.price.per_second * self._seconds, "usd", "USD", answers)
        return [[] for _ in answers]

    def _observe_joint(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return US dollars per item where several models answer: each one's tokens, and the machine's time."""
        hour = share_out((self.price.per_second or 0.0) * self._seconds, "usd", "USD", answers)
        found = []
        for group, time_of in zip(answers, hour, strict=True):
            usd = sum(observation.value for observation in time_of)
            for step in (step for answer in group for step in answer.trace if step.is_call):
                read, new = self.price.of_part(step.by).per_token or (0.0, 0.0)
                usd += read * (step.tokens_in or 0) + new * (step.tokens_out or 0)
            found.append([Observation("usd", usd, unit="USD")] if group else [])
        return found

    def absences(self) -> Mapping[str, str]:
        """Return why there are no dollars."""
        return {"usd": self.price.unknown} if self.price.unknown else {}
