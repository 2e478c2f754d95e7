"""Conversations with tools: as a chat template writes them, and how a model's calls are told from its words.

Whether a template takes tools, and in which form its model calls them, is found by having it write one.  The form that
is read is that of Hermes and Qwen: a JSON object with ``name`` and ``arguments`` between ``<tool_call>`` tags.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fairtrial.engines.chat import ChatTemplate
from fairtrial.engines.live import ToolTalk
from fairtrial.engines.prompts import EncodedPrompt, Encoder
from fairtrial.engines.sampling import ThoughtFormat
from fairtrial.errors import CapabilityError, ModelError
from fairtrial.thoughts import opened_by

OPENS, CLOSES = "<tool_call>", "</tool_call>"
FENCES = ("```json\n", "```\n")
"""Of Markdown, longer ones first."""
NO_TOOLS = ToolTalk("[]", "[]")
_PROBE = "f6b1tool"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool: its name, and its arguments as JSON text."""

    name: str
    arguments: str


def explain_no_tools(template: ChatTemplate | None) -> str:
    """Return why a candidate cannot be given tools; empty if it can."""
    if template is None:
        return "this candidate is asked in running text, without a chat template"
    function = {"name": _PROBE, "description": "x", "parameters": {"type": "object", "properties": {}}}
    try:
        shown = template.render([{"role": "user", "content": "x"}], tools=[{"type": "function", "function": function}])
    except ModelError:
        return "its chat template refuses tools"
    if _PROBE not in shown:
        return "its chat template has no place for tools"
    if OPENS not in shown:
        return f"its chat template asks for calls in another form than {OPENS}, which is the one that is read here"
    return ""


def encode_with_tools(encoder: Encoder, talk: ToolTalk) -> EncodedPrompt:
    """Return a conversation with tools, up to the answer.

    No text of messages or tools stands for a special token, whatever it says.

    Raises CapabilityError if the candidate cannot be given tools, ModelError if the template refuses the messages.
    """
    template = encoder.asking.template
    if why := explain_no_tools(template):
        raise CapabilityError(f"{why}.")
    assert template is not None
    mark, encode = encoder.vocabulary.shield([])
    text = template.render(_mark_all(json.loads(talk.messages), mark), tools=_mark_all(json.loads(talk.tools), mark))
    tags = encoder.asking.tags
    tokens = encoder.vocabulary.with_bos(encode(text))
    return EncodedPrompt(tokens, 0, ThoughtFormat(tags, opened_by(text, tags), waits=True))


def _mark_all(value: Any, mark: Callable[[str], str]) -> Any:
    """Return JSON values with all their texts marked as such."""
    if isinstance(value, str):
        return mark(value)
    if isinstance(value, dict):
        return {mark(key): _mark_all(held, mark) for key, held in value.items()}
    if isinstance(value, list):
        return [_mark_all(one, mark) for one in value]
    return value


@dataclass
class ToolReader:
    """Tells calls from words in an answer as it grows.

    Attributes:
        talk: the conversation.
        text: all of it so far.
    """

    talk: ToolTalk
    text: str = ""
    _given: int = field(default=0, repr=False)

    def feed(self, piece: str) -> str:
        """Return what of the answer so far is words for certain, and was not given before."""
        self.text += piece
        end = self.text.find(OPENS)
        if end < 0:
            end = len(self.text) - max((n for n in range(1, len(OPENS)) if self.text.endswith(OPENS[:n])), default=0)
        end = len(self.text[:end].rstrip())  # white space before a call is no word
        if self.talk.loose and _may_be_loose(self.text):
            return ""
        new, self._given = self.text[self._given : max(end, self._given)], max(end, self._given)
        return new

    def end(self) -> tuple[str, tuple[ToolCall, ...]]:
        """Return the words that are left to be given, and the calls.

        What stands between the tags and is no call stays text, with all that follows.
        """
        words, calls = split_calls(self.text, self.talk)
        return words[self._given :], calls


def split_calls(text: str, talk: ToolTalk = NO_TOOLS) -> tuple[str, tuple[ToolCall, ...]]:
    """Return an answer's words and its calls.

    An answer that is nothing but calls, perhaps within a fence of Markdown, needs no tags: small models leave them out.
    Then all of them must name a tool that there is (``talk.loose``).

    >>> split_calls('Yes. <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>')
    ('Yes.', (ToolCall(name='f', arguments='{"x": 1}'),))
    """
    if OPENS not in text:
        loose = _read_loose(text, talk) if talk.loose else ()
        return ("", loose) if loose else (text, ())
    words, *rest = text.split(OPENS)
    calls = []
    for one in rest:
        body, closed, after = one.partition(CLOSES)
        call = _read_call(body)
        if call is None or (closed and after.strip()):
            return text, ()
        calls.append(call)
    return (words.rstrip() if calls else text), tuple(calls)


def _may_be_loose(text: str) -> bool:
    """Return whether an answer may yet become one that is nothing but calls."""
    begun = text.lstrip()
    return begun.startswith("{") or any(one.startswith(begun) or begun.startswith(one) for one in FENCES)


def _read_loose(text: str, talk: ToolTalk) -> tuple[ToolCall, ...]:
    """Return the calls that an answer is all of; none if it is not."""
    body = text.strip()
    fence = next((one for one in FENCES if body.startswith(one)), "")
    if fence:
        body = body.removeprefix(fence).removesuffix("```").strip()
    decoder, calls, at = json.JSONDecoder(), list[ToolCall](), 0
    while at < len(body):
        try:
            found, at = decoder.raw_decode(body, at)
        except (ValueError, RecursionError):
            return ()
        at += len(body[at:]) - len(body[at:].lstrip())
        call = _check_call(found)
        if call is None or call.name not in talk.loose or set(found) - {"name", "arguments", "parameters"}:
            return ()
        calls.append(call)
    return tuple(calls) if len(calls) == 1 or talk.several else ()


def _read_call(body: str) -> ToolCall | None:
    try:
        return _check_call(json.loads(body))
    except (ValueError, RecursionError):
        return None


def _check_call(found: Any) -> ToolCall | None:
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        return None
    arguments = found.get("arguments", found.get("parameters", {}))
    if not isinstance(arguments, dict):
        return None
    return ToolCall(found["name"], json.dumps(arguments, ensure_ascii=False))
