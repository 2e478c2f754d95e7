"""From an endpoint's reply to the answer that is kept: the key masked, stops cut, tokens counted where it does not.

Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fairtrial.engines.openai_api.masking import KeyMask
from fairtrial.engines.openai_api.replies import Reply
from fairtrial.engines.openai_api.requests import ServerQuirks
from fairtrial.engines.stopping import cut_at_stop, estimate_tokens
from fairtrial.records import GenerateAnswer, GenerateRequest
from fairtrial.thoughts import TAGS, Tags, separate

SHORT = 300
"""Characters of a refusal that are kept."""

MEANT = ("temperature", "top_p", "top_k", "seed", "stop", "system")
"""Parts of a request without which an answer is another one."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What is known of a request beside itself when its answer comes.

    Attributes:
        told: bytes of the prompt.
        mask: takes the key out of a text.
        tags: of thoughts that may begin the text.
        opened: the tag with which the prompt ends; empty if it opens no thought.
    """

    told: int
    mask: KeyMask
    tags: Tags = TAGS
    opened: str = ""


def make_answer(reply: Reply, request: GenerateRequest, asking: RequestContext) -> GenerateAnswer:
    """Return the answer that a reply holds."""
    mask = asking.mask
    whole, apart, said = mask(reply.text), mask(reply.thought), mask(reply.refusal)
    parts = separate(whole, asking.tags, asking.opened)
    text = cut_at_stop(parts.answer, request.stop)
    refused = reply.finish == "refused"
    over = reply.finish == "length" and text == parts.answer
    usage = reply.usage
    written, thought = usage.written, "\n\n".join(filter(None, (apart, parts.thought)))
    if not written:
        size = len(f"{apart}{whole}{said}".encode(errors="replace"))
        written = len(reply.logprobs) or estimate_tokens(size)
    hidden = usage.reasoning
    if not hidden and thought:
        hidden = round(written * len(thought) / (len(thought) + len(parts.answer)))
    if over and not text.strip():
        hidden = written  # none of them is in the text
    known = len(reply.logprobs)
    return GenerateAnswer(
        text="" if refused else text,
        tokens=written,
        finish="refused" if refused else "length" if over or not parts.ended else "stop",
        prompt_tokens=usage.read or estimate_tokens(asking.told),
        logprob=math.fsum(reply.logprobs) if known else None,
        logprob_tokens=known if known and known != written else None,
        reasoning_tokens=min(hidden, written),
        thought=thought,
        counted=not usage.read or (not usage.written and written > 0),
        masked=(whole, apart, said) != (reply.text, reply.thought, reply.refusal),
        said=(said or text)[:SHORT] if refused else "",
    )


def is_stopped_in_thought(reply: Reply, asking: RequestContext) -> bool:
    """Return whether a text ends inside its thought though no limit was met: a stop string has ended it there."""
    return reply.finish == "stop" and not separate(reply.text, asking.tags, asking.opened).ended


def make_refusal(words: str, told: int) -> GenerateAnswer:
    """Return the answer that stands for a refusal by the server, which may have read the prompt."""
    return GenerateAnswer(
        "", tokens=0, finish="refused", prompt_tokens=estimate_tokens(told), counted=True, said=words[:SHORT]
    )


def list_changes(manners: ServerQuirks, asked: Mapping[str, object], mask: KeyMask) -> tuple[tuple[str, str], ...]:
    """Return what of a request was changed in a way that changes what is answered, with the server's words.

    Args:
        manners: how the server wants to be asked.
        asked: the request as it would have been without them.
        mask: takes the key out of a text.
    """
    found = []
    for name, why in manners.changes.items():
        if name in MEANT and (name in asked or name == "system"):
            found.append((name, mask(why)[:SHORT]))
    return tuple(found)
