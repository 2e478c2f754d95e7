"""Scores of given text from an endpoint: the completions API with ``echo`` and ``logprobs``, once it is seen to work.

Some servers take ``echo`` and ignore it, and some give every token the score of the one after it; graded as if they had
answered, every model is at chance.  So the first things that are asked are texts whose scores are known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fairtrial.engines.openai_api.calls import Caller
from fairtrial.engines.openai_api.failures import RefusedError
from fairtrial.engines.openai_api.places import locate_tokens
from fairtrial.engines.openai_api.replies import read_logprob, read_logprobs, read_usage
from fairtrial.engines.openai_api.wire import encode_payload
from fairtrial.engines.openai_api.words import UnreadableError, find_error, shorten_json
from fairtrial.records import Pair, Prompt

QUESTION, LIKELY, ABSURD = "One, two, three, four,", "five", "potato"

NEAR = 0.5
"""Nats by which a token's score may differ between being written and being given; quantised weights round."""


@dataclass(frozen=True, slots=True)
class ContinuationScore:
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
class EchoCheck:
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


def check_echo(caller: Caller) -> EchoCheck:
    """Return whether an endpoint's scores can be trusted.  Raises EngineError if it does not answer at all."""
    label = "the check of its scores"
    try:
        likely, absurd = (score_pair(caller, Pair(Prompt(QUESTION), text), " ", label) for text in (LIKELY, ABSURD))
        if not likely.logprob > absurd.logprob:
            found = f"it finds {ABSURD!r} as likely as {LIKELY!r} after {QUESTION!r}"
            return EchoCheck(f"{found}, so its scores are not of that text")
        return EchoCheck(_explain_shift(caller, label), likely.begins, likely.greedy is not None)
    except NotEchoedError as error:
        return EchoCheck(str(error))
    except RefusedError as error:
        return EchoCheck(f"it refuses to echo a prompt with scores: {error.message}")


def _explain_shift(caller: Caller, label: str) -> str:
    """Return how the score of a token that the model writes differs from that of the same token given; empty if not.

    Nothing is found out where the endpoint does not tell the scores of what it writes.
    """
    body = {"model": caller.model, "prompt": QUESTION, "max_tokens": 1, "logprobs": 1, "temperature": 0}

    def work() -> tuple[str, list[float]]:
        choice = _read_choice(caller.document("completions", encode_payload(body)))
        return _read_choice_text(choice), read_logprobs(choice.get("logprobs"))

    written, values = caller.call(work, label)
    if len(values) != 1 or not written.strip():
        return ""
    given = score_pair(caller, Pair(Prompt(QUESTION), written), "", label)
    if given.tokens != 1 or abs(given.logprob - values[0]) <= NEAR:
        return ""
    return (
        f"it writes {caller.mask(written)!r} after {QUESTION!r} with a log-probability of {values[0]:.2f}, and gives "
        f"it one of {given.logprob:.2f} where it stands in a given text"
    )


def score_pair(caller: Caller, pair: Pair, delimiter: str, label: str) -> ContinuationScore:
    """Return the score of one continuation.  Raises NotEchoedError if it is not in the answer, else EngineError.

    White space at the end of the prompt belongs to the continuation, as in every engine.
    """
    context = pair.prompt.plain()
    text = context + delimiter + pair.continuation
    body = {"model": caller.model, "prompt": text, "max_tokens": 1, "echo": True, "logprobs": 1, "temperature": 0}
    payload = encode_payload(body)
    sent = 0

    def work() -> ContinuationScore:
        nonlocal sent
        sent += len(payload)
        return read_score(caller.document("completions", payload), text, len(context.rstrip()))

    return replace(caller.call(work, label), sent=sent)


def read_score(found: Mapping[str, Any], text: str, border: int) -> ContinuationScore:
    """Return the score of what follows the border in a text, out of an answer that echoes the text.

    Raises NotEchoedError if it does not, UnreadableError if what it holds are no scores.
    """
    choice = _read_choice(found)
    told = choice.get("logprobs")
    if not _read_choice_text(choice).startswith(text):
        raise NotEchoedError("it ignores `echo`")
    told = told if isinstance(told, Mapping) else {}
    tokens, values = told.get("tokens"), told.get("token_logprobs")
    if not isinstance(tokens, list) or not isinstance(values, list) or not tokens or len(tokens) != len(values):
        raise NotEchoedError("it gives no log-probabilities of the prompt's tokens")
    if not all(isinstance(token, str) for token in tokens):
        raise UnreadableError("the tokens that it scores are no texts")
    found_places = locate_tokens(tokens, text)
    if found_places is None:
        raise NotEchoedError("the tokens that it scores do not make up the prompt")
    before, spans = found_places
    own = [before + i for i, (start, end) in enumerate(spans) if end > border or start >= border]
    if not own or any(values[i] is None for i in own):
        raise NotEchoedError("it gives no log-probabilities of the prompt's tokens")
    logprobs = [read_logprob(values[i]) for i in own]
    usage = read_usage(found.get("usage"))
    paid = (usage.read or len(spans), 1 if usage.written is None else usage.written)
    return ContinuationScore(
        logprob=math.fsum(logprobs),
        greedy=is_greedy(told.get("top_logprobs"), own, logprobs),
        tokens=len(own),
        prompt_tokens=own[0],
        paid=paid,
        sent=0,
        begins=values[before] is not None,
    )


def is_greedy(tops: object, own: Sequence[int], logprobs: Sequence[float]) -> bool | None:
    """Return whether each of a continuation's tokens was the likeliest; None if the likeliest are not told."""
    if not isinstance(tops, list) or not all(i < len(tops) and isinstance(tops[i], Mapping) and tops[i] for i in own):
        return None
    best = [max(read_logprob(value) for value in tops[i].values()) for i in own]
    return all(value >= top for value, top in zip(logprobs, best, strict=True))


def _read_choice(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the choice that an answer holds.  Raises UnreadableError if it holds none."""
    if (told := find_error(found)) is not None:
        raise UnreadableError(f"an error in place of an answer: {told.whole.strip()}", told)
    choices = found.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise UnreadableError(f"no choices in it: {shorten_json(found)}")
    return choices[0]


def _read_choice_text(choice: Mapping[str, Any]) -> str:
    """Return the text of a choice.  Raises UnreadableError if it holds none."""
    text = choice.get("text")
    if not isinstance(text, str | None):
        raise UnreadableError(f"its text is no text: {shorten_json(text)}")
    return text or ""
