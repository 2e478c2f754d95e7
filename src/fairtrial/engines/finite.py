"""Numbers that are none: what is wrong with an answer whose log-probabilities are not numbers, and the error about it.

Damaged weights, a type too small for a network's values, or a faulty endpoint give NaN.  An engine hands such an answer
over as it is, and at most that: what a network computes beside it may be spoilt too, so local engines ask again, one
request at a time.  Whoever asked refuses it.  Knows answers only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from fairtrial.errors import EngineError
from fairtrial.records import Answer, GenerateAnswer, Request, ScoreAnswer

A = TypeVar("A", ScoreAnswer, GenerateAnswer)
R = TypeVar("R", bound=Request)


def find_flaw(answer: Answer) -> str:
    """Return what is wrong with the numbers of an answer, in words; empty if nothing is.

    Minus infinity is the log-probability of what is impossible; that every continuation is impossible tells nothing.
    """
    values = answer.logprobs if isinstance(answer, ScoreAnswer) else (answer.logprob,)
    told = [value for value in values if value is not None]
    for value in told:
        if math.isnan(value) or value == math.inf:
            return f"a log-probability is {value}"
    if told and max(told) == -math.inf:
        return "a log-probability is -inf" if len(told) == 1 else "every log-probability is -inf"
    counts = [*(answer.tokens if isinstance(answer, ScoreAnswer) else (answer.tokens,)), answer.prompt_tokens]
    if min(counts) < 0:
        return f"a number of tokens is {min(counts)}"
    return ""


def make_nan_error(candidate: str, label: str, wrong: str, *, local: bool = True) -> EngineError:
    """Return the error about an answer that cannot be used.

    Args:
        candidate: whose answer it is.
        label: names the item.
        wrong: what is wrong, as `find_flaw` says it.
        local: whether the numbers were computed here, and not by an endpoint.
    """
    fix = (
        "Its weights may be damaged: get the file again. Or its values are too large for its type: try `dtype: float32`"
        " with transformers, or a file of another type."
        if local
        else "The server gave it so; look at its log."
    )
    where = f"candidate {candidate}, {label}" if label else f"candidate {candidate}"
    return EngineError(f"the model computes something that is not a number: {wrong}.", fix=fix, where=where)


def retry_singly(requests: Sequence[R], together: Sequence[A], ask: Callable[[R], A]) -> Sequence[A]:
    """Return answers to requests that were asked together, asked one by one if any of them has a flaw.

    Memory that requests share carries what is not a number from one to the others; alone, only those that cannot be
    answered have a flaw.
    """
    if not any(find_flaw(answer) for answer in together):
        return together
    return [ask(request) for request in requests]
