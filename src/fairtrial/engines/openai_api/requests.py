"""What is sent for a text and what comes back, in one piece or as a stream."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.engines.openai_api.calls import CutShortError
from fairtrial.records import GenerateRequest, Prompt

MOST_STOPS = 4
"""Stop strings that OpenAI's API takes; the others are looked for in the answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An endpoint's answer.

    Attributes:
        text: as it came.
        finish: the reason it gives, ``stop`` or ``length`` as a rule.
        prompt_tokens, tokens: as it counts them; None if it does not say.
        reasoning_tokens: of ``tokens``, those that are not in the text.
        first: seconds to the first piece of text; None if it came in one piece.
        seconds: in all.
        logprobs: of the tokens that are told, nats; none if the endpoint does not tell.
    """

    text: str
    finish: str
    prompt_tokens: int | None
    tokens: int | None
    reasoning_tokens: int
    first: float | None
    seconds: float
    logprobs: tuple[float, ...] = ()


def messages(prompt: Prompt, system: str) -> list[dict[str, str]]:
    """Return a prompt as messages; the task's own beginning of the answer ends the user's."""
    before = "\n\n".join(part for part in (system, prompt.system.strip()) if part)
    head = [{"role": "system", "content": before}] if before else []
    return [*head, {"role": "user", "content": prompt.user + prompt.assistant}]


def request_body(
    model: str, told: str | Sequence[Mapping[str, str]], request: GenerateRequest, logprobs: bool
) -> dict[str, Any]:
    """Return the arguments of a call; with ``logprobs`` it asks for those of the text that comes back."""
    body: dict[str, Any] = {"model": model, "max_tokens": request.max_tokens, "temperature": request.temperature}
    body |= {"prompt": told} if isinstance(told, str) else {"messages": told}
    if logprobs:
        body["logprobs"] = 1 if isinstance(told, str) else True
    if request.stop:
        body["stop"] = list(request.stop[:MOST_STOPS])
    if request.temperature > 0:
        body |= {"top_p": request.top_p, "seed": request.seed % 2**31}
        if request.top_k:
            body["extra_body"] = {"top_k": request.top_k}
    return body


def read(client: Any, body: Mapping[str, Any], streams: bool, begun: float) -> Reply:
    """Send a request and read the answer.  Raises CutShortError if it ends before it is whole."""
    chat = "messages" in body
    create = client.chat.completions.create if chat else client.completions.create
    if streams:
        return streamed(create(**body, stream=True, stream_options={"include_usage": True}), chat, begun)
    found = create(**body)
    if not getattr(found, "choices", None):
        raise CutShortError("no choices in it")
    choice = found.choices[0]
    text = choice.message.content if chat else choice.text
    seconds = time.perf_counter() - begun
    values = tuple(told_logprobs(choice.logprobs))
    return Reply(text or "", choice.finish_reason or "stop", *used(found), None, seconds, values)


def streamed(pieces: Iterator[Any], chat: bool, begun: float) -> Reply:
    """Return the answer that comes in pieces."""
    texts: list[str] = []
    values: list[float] = []
    finish, usage, first = "", (None, None, 0), None
    for piece in pieces:
        if getattr(piece, "usage", None) is not None:
            usage = used(piece)  # type: ignore[assignment]
        if not piece.choices:
            continue
        choice = piece.choices[0]
        text = (choice.delta.content if chat else choice.text) or ""
        if text and first is None:
            first = time.perf_counter() - begun
        texts.append(text)
        values += told_logprobs(choice.logprobs)
        finish = choice.finish_reason or finish
    if not finish:
        raise CutShortError("the stream ended before its end")
    return Reply("".join(texts), finish, *usage, first, time.perf_counter() - begun, tuple(values))


def told_logprobs(told: Any) -> list[float]:
    """Return the log-probabilities of tokens that an endpoint wrote; none if it does not tell them.

    Completions list the numbers, chat lists tokens that have one each; llama-server does the second for both.
    """
    values = getattr(told, "token_logprobs", None)
    if values is None:
        tokens = getattr(told, "content", None) or []
        values = [t.get("logprob") if isinstance(t, Mapping) else getattr(t, "logprob", None) for t in tokens]
    return [float(value) for value in values if value is not None]


def used(found: Any) -> tuple[int | None, int | None, int]:
    """Return tokens read, tokens written, and of these the ones spent on reasoning."""
    usage = getattr(found, "usage", None)
    if usage is None:
        return None, None, 0
    details = getattr(usage, "completion_tokens_details", None)
    hidden = getattr(details, "reasoning_tokens", None) or 0
    return usage.prompt_tokens, usage.completion_tokens, hidden


def size_of(body: Mapping[str, Any]) -> int:
    """Return the bytes of a request's body."""
    return len(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))
