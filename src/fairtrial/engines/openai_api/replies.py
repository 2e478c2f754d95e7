"""What comes back from an endpoint, as one document or as a stream of them, read without trusting any of it.  Pure.

Every value is checked before it is used: whatever is not of the promised form raises UnreadableError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fairtrial.engines.openai_api.words import UnreadableError, find_error, parse_document, shorten_json

MOST_TOKENS = 10**9
"""Tokens of one answer that can be meant seriously."""

ROUNDING = 0.01
"""Nats by which a log-probability may lie above 0."""

MOST_NATS = 1e6
"""Nats that a token can be unlikely by; some servers write -9999 for what they do not tell."""

CUT_OFF = ("length", "max_tokens", "max_output_tokens", "model_length")
FILTERED = ("content_filter", "content-filter", "safety", "refusal", "prohibited_content", "blocklist", "recitation")
"""Reasons to finish that mean the limit of tokens, and a refusal, in lower case."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as an endpoint counts them; None for what it does not tell.

    Attributes:
        read: of the prompt.
        written: of the answer, reasoning included.
        reasoning: of ``written``, those that are not in the text.
    """

    read: int | None = None
    written: int | None = None
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An endpoint's answer.

    Attributes:
        text: as it came.
        thought: reasoning that came apart from it.
        finish: ``stop``, ``length`` or ``refused``.
        refusal: the model's or the server's words of refusal, where it gave them apart from the text.
        usage: tokens.
        logprobs: of the tokens that are told, nats; none if the endpoint does not tell.
        wrong: what is wrong with its log-probabilities; empty if nothing is.
        first: seconds to the first piece of text; None if it came in one piece.
        seconds: in all.
    """

    text: str
    thought: str = ""
    finish: str = "stop"
    refusal: str = ""
    usage: Usage = Usage()
    logprobs: tuple[float, ...] = ()
    wrong: str = ""
    first: float | None = None
    seconds: float = 0.0


@dataclass
class ReplyBuilder:
    """An answer that grows piece by piece.

    Attributes:
        chat: whether the pieces are of chat, or running text.
        whole: whether there is but one piece, which may leave out why it ends.
        done: whether the stream said that it is over.
    """

    chat: bool
    whole: bool
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finish: str = ""
    usage: Usage = Usage()
    done: bool = False
    wrong: str = ""

    def add(self, found: Mapping[str, Any]) -> None:
        """Add one document.  Raises UnreadableError if it is none of an answer's."""
        if (told := find_error(found)) is not None:
            raise UnreadableError(f"an error in place of an answer: {told.whole.strip()}", told)
        if found.get("usage") is not None:
            self.usage = read_usage(found["usage"])
        choices = found.get("choices")
        if not isinstance(choices, list) or (self.whole and not choices):
            if choices is None and not self.whole and ("usage" in found or not found):
                return  # the last piece of some streams
            raise UnreadableError(f"no choices in it: {shorten_json(found)}")
        if not choices:
            return
        choice = choices[0]
        if not isinstance(choice, Mapping):
            raise UnreadableError(f"its choice is no object: {shorten_json(choice)}")
        if (told := find_error(choice)) is not None:
            raise UnreadableError(f"an error in place of an answer: {told.whole.strip()}", told)
        self._read(choice)

    def reply(self, first: float | None, seconds: float) -> Reply:
        """Return the answer.  Raises UnreadableError if its end has not come."""
        if not self.finish and not self.done:
            raise UnreadableError("the stream ended before its end")
        return Reply(
            "".join(self.texts),
            "".join(self.thoughts),
            "refused" if self.refusals else self.finish or "stop",
            "".join(self.refusals),
            self.usage,
            tuple(self.logprobs),
            self.wrong,
            first,
            seconds,
        )

    def _read(self, choice: Mapping[str, Any]) -> None:
        part: Mapping[str, Any] = choice
        if self.chat:
            held = choice.get("message" if self.whole else "delta")
            if held is None and not self.whole:
                held = {}
            if not isinstance(held, Mapping):
                raise UnreadableError(f"no message in it: {shorten_json(choice)}")
            part = held
        name = "content" if self.chat else "text"
        if self.whole and name not in part and not any(part.get(k) for k in ("tool_calls", "refusal")):
            raise UnreadableError(f"no {name} in it: {shorten_json(choice)}")
        texts, thoughts = _read_text(part.get(name), name)
        self.texts += texts
        self.thoughts += thoughts
        for other, target in (("reasoning_content", self.thoughts), ("refusal", self.refusals)):
            target += _read_text(part.get(other), other)[0]
        if not part.get("reasoning_content"):
            self.thoughts += _read_text(part.get("reasoning"), "reasoning")[0]
        try:
            self.logprobs += read_logprobs(choice.get("logprobs"))
        except UnreadableError as error:
            self.wrong = self.wrong or str(error)
        self.finish = _read_finish(choice.get("finish_reason"), self.whole) or self.finish


def read_reply(body: bytes, chat: bool, seconds: float = 0.0) -> Reply:
    """Return the answer that came in one piece.  Raises UnreadableError."""
    gathering = ReplyBuilder(chat, whole=True)
    gathering.add(parse_document(body))
    return gathering.reply(None, seconds)


def _read_text(value: object, name: str) -> tuple[list[str], list[str]]:
    """Return text and thoughts that a field holds: nothing, a text, or parts that say of which kind they are."""
    if value is None or value == "":
        return [], []
    if isinstance(value, str):
        return [value], []
    if not isinstance(value, list):
        raise UnreadableError(f"its {name} is no text: {shorten_json(value)}")
    texts: list[str] = []
    thoughts: list[str] = []
    for part in value:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind in ("text", "output_text") and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind in ("thinking", "reasoning"):
            inner = part.get("thinking", part.get("text"))
            thoughts += [inner] if isinstance(inner, str) else _read_text(inner, name)[0]
        else:
            raise UnreadableError(f"its {name} is no text: {shorten_json(value)}")
    return texts, thoughts


def _read_finish(reason: object, whole: bool) -> str:
    """Return why an answer ended: ``stop``, ``length`` or ``refused``; empty if it goes on."""
    if reason is None or reason == "":
        return "stop" if whole else ""
    if not isinstance(reason, str):
        raise UnreadableError(f"its finish_reason is no text: {shorten_json(reason)}")
    plain = reason.lower()
    if plain == "error":
        raise UnreadableError("it finished with an error")
    return "length" if plain in CUT_OFF else "refused" if plain in FILTERED else "stop"


def read_usage(value: object) -> Usage:
    """Return tokens as an endpoint counts them.  Raises UnreadableError for what cannot be a count."""
    if value is None:
        return Usage()
    if not isinstance(value, Mapping):
        raise UnreadableError(f"its usage is no object: {shorten_json(value)}")
    details = value.get("completion_tokens_details")
    hidden = _read_count(details.get("reasoning_tokens"), value) if isinstance(details, Mapping) else None
    return Usage(
        _read_count(value.get("prompt_tokens"), value), _read_count(value.get("completion_tokens"), value), hidden or 0
    )


def _read_count(value: object, among: object) -> int | None:
    """Return a number of tokens, None if it is not told."""
    if value is None:
        return None
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS
    if not good or value != int(value):  # type: ignore[call-overload]
        raise UnreadableError(f"its usage holds no count of tokens: {shorten_json(among)}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def read_logprobs(told: object) -> list[float]:
    """Return the log-probabilities of tokens that an endpoint wrote; none if it does not tell them.

    Completions list the numbers, chat lists tokens that have one each; llama-server does the second for both.  Raises
    UnreadableError for what is no log-probability.
    """
    if not isinstance(told, Mapping):
        return []
    values = told.get("token_logprobs")
    if values is None:
        tokens = told.get("content") or []
        values = [token.get("logprob") if isinstance(token, Mapping) else token for token in _check_list(tokens)]
    return [read_logprob(value) for value in _check_list(values) if value is not None]


def _check_list(value: object) -> list[Any]:
    """Return a list.  Raises UnreadableError for anything else."""
    if not isinstance(value, list):
        raise UnreadableError(f"its logprobs are no list: {shorten_json(value)}")
    return value


def read_logprob(value: object) -> float:
    """Return a log-probability.  Raises UnreadableError for what is none."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is None or not -MOST_NATS <= number <= ROUNDING:
        raise UnreadableError(f"{shorten_json(value)} is no log-probability")
    return min(float(number), 0.0)
