"""Scores of given text from an endpoint: the completions API with ``echo`` and ``logprobs``, once it is seen to work.

Some servers take ``echo`` and ignore it, and some give every token the score of the one after it; graded as if they had
answered, every model is at chance.  So the first things that are asked are texts whose scores are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fairtrial.engines.openai_api.calls import Caller, RefusedError
from fairtrial.engines.openai_api.places import places
from fairtrial.engines.openai_api.requests import size_of, told_logprobs, used
from fairtrial.records import Pair, Prompt

QUESTION, LIKELY, ABSURD = "One, two, three, four,", "five", "potato"

NEAR = 0.5
"""Nats by which a token's score may differ between being written and being given; quantised weights round."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A continuation's score.

    Attributes:
        logprob: nats.
        greedy: whether each of its tokens was the likeliest; None if the endpoint does not tell the likeliest.
        tokens: of the continuation.
        prompt_tokens: before it.
        paid: tokens read and written, as the endpoint counts them.
        sent: bytes.
        begins: whether the first token of the whole text has a score too.
    """

    logprob: float
    greedy: bool | None
    tokens: int
    prompt_tokens: int
    paid: tuple[int, int]
    sent: int
    begins: bool


@dataclass(frozen=True, slots=True)
class Trust:
    """What the check of an endpoint's scores found.

    Attributes:
        why_not: why they cannot be trusted; empty if they can.
        begins: whether a text is scored from its first token on, so that nothing need stand before it.
        likeliest: whether the likeliest tokens are told, too.
    """

    why_not: str
    begins: bool = False
    likeliest: bool = False


class NotEchoedError(Exception):
    """The endpoint's answer does not hold the scores of the prompt's tokens."""


def trusted(caller: Caller) -> Trust:
    """Return whether an endpoint's scores can be trusted.  Raises EngineError if it does not answer at all."""
    label = "the check of its scores"
    try:
        likely, absurd = (score_pair(caller, Pair(Prompt(QUESTION), text), " ", label) for text in (LIKELY, ABSURD))
        if not likely.logprob > absurd.logprob:
            found = f"it finds {ABSURD!r} as likely as {LIKELY!r} after {QUESTION!r}"
            return Trust(f"{found}, so its scores are not of that text")
        return Trust(why_shifted(caller, label), likely.begins, likely.greedy is not None)
    except NotEchoedError as error:
        return Trust(str(error))
    except RefusedError as error:
        return Trust(f"it refuses to echo a prompt with scores: {error.message}")


def why_shifted(caller: Caller, label: str) -> str:
    """Return how the score of a token that the model writes differs from that of the same token given; empty if not.

    Nothing is found out where the endpoint does not tell the scores of what it writes.
    """
    body = {"model": caller.model, "prompt": QUESTION, "max_tokens": 1, "logprobs": 1, "temperature": 0}
    found = caller.call(lambda: caller.client.completions.create(**body), label)
    choice = found.choices[0] if getattr(found, "choices", None) else None
    values = told_logprobs(choice.logprobs) if choice is not None else []
    if choice is None or len(values) != 1 or not choice.text.strip():
        return ""
    given = score_pair(caller, Pair(Prompt(QUESTION), choice.text), "", label)
    if given.tokens != 1 or abs(given.logprob - values[0]) <= NEAR:
        return ""
    return (
        f"it writes {choice.text!r} after {QUESTION!r} with a log-probability of {values[0]:.2f}, and gives it one of "
        f"{given.logprob:.2f} where it stands in a given text"
    )


def score_pair(caller: Caller, pair: Pair, delimiter: str, label: str) -> Scored:
    """Return the score of one continuation.  Raises NotEchoedError if it is not in the answer, else EngineError.

    White space at the end of the prompt belongs to the continuation, as in every engine.
    """
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
    tokens, values = getattr(told, "tokens", None), getattr(told, "token_logprobs", None)
    if not tokens or not values or len(tokens) != len(values):
        raise NotEchoedError("it gives no log-probabilities of the prompt's tokens")
    found_places = places(tokens, text)
    if found_places is None:
        raise NotEchoedError("the tokens that it scores do not make up the prompt")
    before, spans = found_places
    border = len(context.rstrip())
    own = [before + i for i, (start, end) in enumerate(spans) if end > border or start >= border]
    if not own or any(values[i] is None for i in own):
        raise NotEchoedError("it gives no log-probabilities of the prompt's tokens")
    tops = getattr(told, "top_logprobs", None) or []
    told_tops = all(i < len(tops) and tops[i] for i in own)
    greedy = all(values[i] >= max(tops[i].values()) for i in own) if told_tops else None
    read, new, _ = used(found)
    paid = (len(spans) if read is None else read, 1 if new is None else new)
    total = float(sum(values[i] for i in own))
    return Scored(total, greedy, len(own), own[0], paid, sent, values[before] is not None)
