"""Do live answers still look like those of the trial?  A verdict that may be looked at after every answer.

Live answers have no grades, so what is compared is what can be seen of any answer: how long the prompt and the answer
are, how likely the answer's words were, how it ended, what a guard did.  Evidence is against the live answers being
drawn as the trial's were, questions included: users who ask something else are a drift, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np

from fairtrial.errors import LedgerError, SpecError, UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.ledger.stored import list_answering, read_written
from fairtrial.records import GenerateAnswer
from fairtrial.stats.exchangeability import bet_on_ranks, rank_sequentially

ALPHA = 0.05
"""Chance of at least one false alarm, at any look and among all signs."""
LEAST = 10
"""Answers of the trial, below which nothing is compared."""


def _surprisal(answer: GenerateAnswer) -> float | None:
    count = answer.logprob_tokens or answer.tokens
    return None if answer.logprob is None or not count else -answer.logprob / count


SIGNS: Mapping[str, Callable[[GenerateAnswer], float | None]] = {
    "prompt tokens": lambda answer: float(answer.prompt_tokens),
    "answer tokens": lambda answer: float(answer.tokens),
    "surprisal, nats a token": _surprisal,
    "cut at its longest": lambda answer: float(answer.finish == "length"),
    "guard acted": lambda answer: float(
        any(one.action != "pass" for step in answer.trace for one in step.interventions)
    ),
}
"""What is looked at, and how it is read; None where an answer does not tell."""


@dataclass(frozen=True, slots=True)
class SignDrift:
    """What one sign says.

    Attributes:
        sign: its name.
        tested, live: means in the trial and among live answers.
        answers: live ones that tell it.
        evidence: the largest capital so far of a bet against no drift, which began with 1.
        drifted: whether that is beyond what chance gives.
        at: number of the live answer at which that was first so; 0: it is not.
    """

    sign: str
    tested: float
    live: float
    answers: int
    evidence: float
    drifted: bool
    at: int = 0


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found of one candidate."""

    candidate: str
    name: str
    tested: int
    live: int
    signs: tuple[SignDrift, ...]
    skipped: tuple[str, ...] = ()

    @property
    def drifted(self) -> bool:
        """Whether any sign has drifted."""
        return any(one.drifted for one in self.signs)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values; docs/schemas/drift.schema.json describes them."""
        return {**asdict(self), "drifted": self.drifted, "alpha": ALPHA, "told": self.describe()}

    def describe(self) -> str:
        """Return it as a sentence."""
        if not self.drifted:
            told = "no drift is found" if self.signs else "nothing can be compared"
            return f"{self.name}: {told}, in {self.live:,} live answers beside {self.tested:,} of the trial."
        first = min((one for one in self.signs if one.drifted), key=lambda one: one.at)
        return (
            f"{self.name}: live answers are not like those of the trial: {first.sign} was {first.tested:.3g} and is "
            f"{first.live:.3g}, told from live answer {first.at:,} on."
        )


def find_drift(trial: Ledger, live: Ledger, name: str = "") -> Drift:
    """Compare the live answers of a candidate with those that the trial's ledger has of it.

    Raises:
        UnknownNameError: the live ledger has no such candidate.
        SpecError: it has several and none is named.
        LedgerError: the trial's ledger has too few written answers of it.
    """
    known = list_answering(live)
    chosen = [one for one in known if name in ("", one[1])]
    if not chosen:
        raise UnknownNameError("candidate", name, [one[1] for one in known])
    if len({one[0] for one in chosen}) > 1:
        names = ", ".join(dict.fromkeys(one[1] for one in chosen))
        raise SpecError(f"{live.path.name} has answers of several candidates ({names}).", fix="Give --candidate.")
    candidate, shown = chosen[0]
    tested, coming = list(read_written(trial, candidate)), list(read_written(live, candidate))
    if len(tested) < LEAST:
        raise LedgerError(
            f"{trial.path.name} has {len(tested)} written answers of {shown} (candidate {candidate[:12]}); at least "
            f"{LEAST} are needed to compare with.",
            fix="Give the ledger of a trial in which this very candidate wrote answers.",
        )
    pairs = {sign: (_values(tested, read), _values(coming, read)) for sign, read in SIGNS.items()}
    usable = {sign: both for sign, both in pairs.items() if len(both[0]) >= LEAST and both[1]}
    bound = math.log(len(usable) / ALPHA) if usable else 0.0
    found = tuple(_judge(sign, *both, bound) for sign, both in usable.items())
    skipped = tuple(sign for sign in pairs if sign not in usable)
    return Drift(candidate, shown, len(tested), len(coming), found, skipped)


def _values(answers: Sequence[GenerateAnswer], read: Callable[[GenerateAnswer], float | None]) -> list[float]:
    values = [read(answer) for answer in answers]
    return [value for value in values if value is not None and math.isfinite(value)]


def _judge(sign: str, tested: list[float], live: list[float], bound: float) -> SignDrift:
    path = bet_on_ranks(rank_sequentially(np.array(tested), np.array(live)))
    beyond = np.flatnonzero(path >= bound)
    evidence = float(np.exp(min(path.max(), 700.0)))
    at = int(beyond[0]) + 1 if beyond.size else 0
    return SignDrift(sign, fmean(tested), fmean(live), len(live), max(1.0, evidence), bool(at), at)
