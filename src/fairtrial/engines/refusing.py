"""Requests that no model can answer, found before the first is paid for: what has nothing to score, what does not fit.

Knows numbers of tokens; nothing of how they are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fairtrial.errors import CapabilityError, DataError, TooLongError
from fairtrial.records import Request, ScoreRequest, list_images

BLIND = "Ask a candidate that sees images, or leave the task out."


class RequestLimits(NamedTuple):
    """What a request has to keep to.

    Attributes:
        context: tokens that are allowed.
        truncates: whether prompts are cut.
        label: names the item.
    """

    context: int
    truncates: bool
    label: str


def refuse_empty(request: ScoreRequest, counts: Sequence[int]) -> None:
    """Raise DataError, naming item and choice, if a continuation has no tokens: its score would be that of nothing.

    Args:
        request: whose continuations they are.
        counts: tokens of each, or characters where tokens are not known.
    """
    for number, (pair, count) in enumerate(zip(request.pairs, counts, strict=True), 1):
        if count < 1:
            what = "the document" if request.rolling else f"choice {number} of {len(request.pairs)}"
            raise DataError(
                f"{what}, {pair.continuation!r}, has no tokens, so there is nothing to score: a log-probability of 0 "
                "would win against every other one.",
                fix="Mend the task's data, or leave the item out.",
                where=request.label,
            )


def refuse_images(request: Request, why: str = "") -> None:
    """Raise CapabilityError, naming the item, if a request shows an image; ``why`` says why the model cannot see."""
    if list_images(request):
        told = f"the model is shown an image and cannot see it{f': {why}' if why else ''}."
        raise CapabilityError(told, where=request.label, fix=BLIND)


def count_characters(request: ScoreRequest) -> list[int]:
    """Return the characters of each continuation as it is scored in running text, with white space before it."""
    counts = []
    for pair in request.pairs:
        prompt = "" if request.rolling else pair.prompt.plain()
        tail = prompt[len(prompt.rstrip()) :]
        counts.append(len(tail + ("" if request.rolling else request.delimiter) + pair.continuation))
    return counts


def make_long_choice_error(prompt: int, choice: int, limits: RequestLimits) -> TooLongError:
    """Return the error about a continuation that does not fit, of so many tokens after a prompt of so many."""
    if choice >= limits.context:
        return _make_no_room_error(f"A choice of {choice} tokens", "leave the item out", limits)
    return _make_too_long_error(f"{prompt} tokens of prompt and {choice} of a choice", limits)


def make_long_answer_error(prompt: int, answer: int, limits: RequestLimits) -> TooLongError:
    """Return the error about a prompt that leaves too little room for an answer of up to so many tokens."""
    if answer >= limits.context:
        return _make_no_room_error(f"An answer of up to {answer} tokens", "set a smaller `max_tokens`", limits)
    return _make_too_long_error(f"{prompt} tokens of prompt and {answer} of answer", limits)


def make_lost_image_error(tokens: int, limits: RequestLimits) -> TooLongError:
    """Return the error about a prompt of so many tokens that only fits without the image that is asked about."""
    told = (
        f"A request of {tokens} tokens is cut to fit into {limits.context}, and the image that it asks about would be "
        "lost with what is cut off."
    )
    return TooLongError(told, fix=f"{LARGER}, or fewer shots.", where=limits.label)


def make_long_sight_error(tokens: int, window: int, label: str) -> TooLongError:
    """Return the error about a request of so many tokens, images among them, beyond a model's window."""
    return TooLongError(
        f"A request with an image has {tokens} tokens; beyond the {window} that every layer of this model attends to, "
        "images are not computed right.",
        fix="Ask with fewer shots or smaller images, or use llama.cpp.",
        where=label,
    )


def make_long_text_error(tokens: int, context: int) -> TooLongError:
    """Return the error about a text that does not fit."""
    return TooLongError(f"A text has {tokens} tokens; {context} are allowed.", fix=f"{LARGER}.")


LARGER = "Set a larger `context` for the candidate (up to what the model was trained with)"


def _make_no_room_error(what: str, otherwise: str, limits: RequestLimits) -> TooLongError:
    told = f"{what} leaves no room for a prompt in a context of {limits.context}; only prompts can be cut."
    return TooLongError(told, fix=f"{LARGER}, or {otherwise}.", where=limits.label)


def _make_too_long_error(seen: str, limits: RequestLimits) -> TooLongError:
    cut = "" if limits.truncates else ", or `overflow: truncate`"
    told = f"A request has {seen}; {limits.context} are allowed."
    return TooLongError(told, fix=f"{LARGER}, fewer shots{cut}.", where=limits.label)
