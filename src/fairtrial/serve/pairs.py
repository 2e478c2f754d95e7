"""Pairs of candidates that were drawn for a blind comparison and were not voted on yet."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from fairtrial.records import GenerateRequest
from fairtrial.serve.errors import ApiError
from fairtrial.serve.served import Served
from fairtrial.serve.tickets import AnsweredRequest

PREFIX = "blind/"
SIDES = ("left", "right")
KEPT_SECONDS = 3600.0
MOST_PAIRS = 1000


@dataclass
class BlindPair:
    """Two candidates on their sides.

    Attributes:
        sides: left and right.
        prompt: hash of what the first of them was asked; empty before.
        answers: of the sides that have ended: request, answer, seconds.
        asked: sides that were asked.
        made: seconds of the clock.
    """

    sides: tuple[Served, Served]
    prompt: str = ""
    answers: dict[int, tuple[GenerateRequest, AnsweredRequest, float]] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    made: float = field(default_factory=time.monotonic)


@dataclass
class BlindPairs:
    """Pairs that were drawn and not voted on yet; the oldest go first, and all after an hour."""

    held: OrderedDict[str, BlindPair] = field(default_factory=OrderedDict)

    def draw(self, served: tuple[Served, ...]) -> str:
        """Return the name of a new pair; every two candidates, and both orders of them, are equally likely."""
        now = time.monotonic()
        while self.held and (len(self.held) >= MOST_PAIRS or next(iter(self.held.values())).made < now - KEPT_SECONDS):
            self.held.popitem(last=False)
        left, right = secrets.SystemRandom().sample(served, 2)
        token = secrets.token_urlsafe(12)
        self.held[token] = BlindPair((left, right))
        return token

    def find(self, token: str) -> BlindPair:
        """Return a pair.  Raises ApiError if there is none of that name."""
        found = self.held.get(token)
        if found is None or found.made < time.monotonic() - KEPT_SECONDS:
            raise ApiError(404, "there is no such pair, or it was voted on, or is too old.", code="pair_unknown")
        return found
