"""Scores of given text from an endpoint: the completions API with ``echo`` and ``logprobs``, once it is seen to work.

Some servers take ``echo`` and ignore it, or score only what they write themselves; graded as if they had answered,
every model is at chance.  So the first thing that is asked is a text whose answer is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fairtrial.engines.openai_api.calls import Caller
from fairtrial.engines.openai_api.requests import size_of
from fairtrial.errors import EngineError
from fairtrial.records import Pair, Prompt

QUESTION, LIKELY, ABSURD = "One, two, three, four,", "five", "potato"


@dataclass(frozen=True, slots=True)
class Scored:
    """A continuation's score: log-probability in nats, whether greedy, tokens of it and of its prompt, bytes sent."""

    logprob: float
    greedy: bool
    tokens: int
    prompt_tokens: int
    sent: int


def trusted(caller: Caller) -> str:
    """Return why an endpoint's scores cannot be trusted; empty if they can."""
    try:
        likely, absurd = (
            score_pair(caller, Pair(Prompt(QUESTION), text), " ", "the check of its scores")
            for text in (LIKELY, ABSURD)
        )
    except NotEchoedError as error:
        return str(error)
    except EngineError as error:
        if error.fix.startswith(("Set", "Check the environment")) or "attempts" in error.message:
            raise
        return f"it refuses to echo a prompt with scores: {error.message}"
    if not likely.logprob > absurd.logprob:
        return f"it finds {ABSURD!r} as likely as {LIKELY!r} after {QUESTION!r}, so its scores are not of that text"
    return ""


class NotEchoedError(Exception):
    """The endpoint's answer does not hold the scores of the prompt's tokens."""


def score_pair(caller: Caller, pair: Pair, delimiter: str, label: str) -> Scored:
    """Return the score of one continuation.  Raises NotEchoedError if it is not in the answer, else EngineError."""
    context = pair.prompt.plain()
    text = context + delimiter + pair.continuation
    body = {"model": caller.model, "prompt": text, "max_tokens": 1, "echo": True, "logprobs": 1, "temperature": 0}

    sent = 0

    def work() -> Any:
        nonlocal sent
        sent += size_of(body)
        return caller.client.completions.create(**body)

    found = caller.call(work, label)
    if not getattr(found, "choices", None):
        raise NotEchoedError("its answers hold no choices")
    choice = found.choices[0]
    told = choice.logprobs
    if not (choice.text or "").startswith(text):
        raise NotEchoedError("it ignores `echo`")
    offsets, values = getattr(told, "text_offset", None), getattr(told, "token_logprobs", None)
    if not offsets or not values or len(offsets) != len(values):
        raise NotEchoedError("it gives no log-probabilities of the prompt's tokens")
    tops, tokens = getattr(told, "top_logprobs", None) or [], told.tokens or []
    ends = [*offsets[1:], len(choice.text)]
    own = [i for i, (at, end) in enumerate(zip(offsets, ends, strict=True)) if end > len(context) and at < len(text)]
    if not own or any(values[i] is None for i in own):
        raise NotEchoedError("it gives no log-probabilities of the prompt's tokens")
    greedy = all(i < len(tops) and tops[i] and tokens[i] == max(tops[i], key=tops[i].get) for i in own)
    return Scored(float(sum(values[i] for i in own)), greedy, len(own), own[0], sent)
