"""Tools of a client: given to a model whose chat template has a place for them, and its calls as OpenAI's API has them.

A call is only told, never made.  No trial has tested a candidate with tools; that is told beside the answer.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from fairtrial.engines.live import ReadsTools, ToolTalk
from fairtrial.engines.tool_prompts import ToolCall
from fairtrial.records.conversation import join_texts
from fairtrial.serve.bodies import ChatBody, ChatMessage
from fairtrial.serve.calling import ToolChoice, is_name, read_choice, write_tools
from fairtrial.serve.conversation import BETWEEN
from fairtrial.serve.errors import ApiError
from fairtrial.serve.served import Served

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}


async def read_talk(served: Served, body: ChatBody) -> tuple[ToolTalk | None, ToolChoice]:
    """Return the conversation as a template with tools reads it, and what may be called.

    The first is None where there are neither tools nor calls.

    Raises ApiError where this candidate cannot be given tools, and says why.
    """
    if body.functions:
        raise ApiError(400, "functions: use `tools`.", param="functions", code="tools_unsupported")
    choice = read_choice(body)
    if not choice.tools and not any(one.role == "tool" or one.tool_calls for one in body.messages):
        return None, choice
    if why := await _explain(served, body):
        raise ApiError(400, f"tools cannot be used: {why}. Leave `tools` out.", param="tools", code="tools_unsupported")
    told = write_tools(choice)
    messages = await asyncio.to_thread(_list_messages, body.messages, served.spec.system)
    try:
        written = json.dumps(messages, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise ApiError(400, "messages: a number is too large.", param="messages") from None
    return ToolTalk(written, told, choice.loose, choice.several), choice


async def _explain(served: Served, body: ChatBody) -> str:
    live = served.desk.live
    if not isinstance(live, ReadsTools):
        return "they are for plain models that llama.cpp runs here, since levers do not see what is called"
    if served.spec.prompt:
        return "this candidate has a prompt of its own around each question"
    if body.response_format is not None and body.response_format.type != "text":
        return "response_format holds all of the answer to one form"
    return await served.desk.call(live.explain_no_tools)


def _list_messages(sent: Sequence[ChatMessage], system: str) -> list[dict[str, Any]]:
    """Return messages as a template reads them, the system's first: the candidate's own before the client's.

    Results stand in the order of their calls, since templates do not tell which is which otherwise.
    """
    found: list[dict[str, Any]] = []
    heads: list[str] = []
    called: dict[str, dict[str, Any]] = {}
    for number, one in enumerate(sent):
        where = f"messages.{number}"
        if one.role not in ROLES:
            raise ApiError(400, f"{where}: roles are {', '.join(ROLES)}; got {one.role!r:.40}.", param="messages")
        text = _read_text(one, where)
        if ROLES[one.role] == "system":
            if found:
                raise ApiError(400, f"{where}: a system message must stand before all others.", param="messages")
            heads.append(text)
            continue
        if one.role != "tool":
            _check_answered(called, where)
            called = {}
        message: dict[str, Any] = {"role": ROLES[one.role], "content": text}
        if one.role == "tool":
            _place_result(one, message, called, where)
            continue
        found.append(message)
        if one.tool_calls:
            message["tool_calls"] = [_read_sent_call(call, where) for call in one.tool_calls]
            for call in one.tool_calls:
                called[_read_id(call, called, where)] = result = {"role": "tool"}
                found.append(result)
    _check_answered(called, f"messages.{len(sent)}")
    if not found:
        raise ApiError(400, "messages: there is no message of the user's.", param="messages")
    head = join_texts(system, BETWEEN.join(filter(None, heads)))
    return [*([{"role": "system", "content": head}] if head else []), *found]


def _read_id(call: Any, called: Mapping[str, Any], where: str) -> str:
    found = call.get("id")
    if not isinstance(found, str) or found in called:
        told = "each call needs an id of its own, by which a result says whose it is"
        raise ApiError(400, f"{where}.tool_calls: {told}; got {found!r:.60}.", param="messages")
    return found


def _place_result(
    one: ChatMessage, message: Mapping[str, Any], called: Mapping[str, dict[str, Any]], where: str
) -> None:
    """Put a result where its call wants it."""
    if one.tool_call_id is None or one.tool_call_id not in called:
        there = f"there is: {', '.join(called)[:200]}" if called else "none stands right before it"
        told = f"tool_call_id must be that of a call before it; got {one.tool_call_id!r:.60}, {there}"
        raise ApiError(400, f"{where}: {told}.", param="messages")
    if "content" in called[one.tool_call_id]:
        raise ApiError(400, f"{where}: the call {one.tool_call_id!r:.60} has two results.", param="messages")
    called[one.tool_call_id].update(message)


def _check_answered(called: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Raise ApiError unless all calls of a message have their results."""
    missing = [name for name, result in called.items() if "content" not in result]
    if missing:
        told = f"the call {missing[0]!r:.60} has no result: a message of the role tool with its tool_call_id"
        raise ApiError(400, f"{where}: {told}, is missing before it.", param="messages")


def _read_text(one: ChatMessage, where: str) -> str:
    if one.content is None:
        if one.role == "assistant" and one.tool_calls:
            return ""
        raise ApiError(400, f"{where}: a message needs a content; got null.", param="messages")
    if isinstance(one.content, str):
        return one.content
    texts = [part.get("text") for part in one.content if part.get("type") == "text"]
    if len(texts) < len(one.content) or not all(isinstance(text, str) for text in texts):
        raise ApiError(400, f"{where}: beside tools, parts of a message are text.", param="messages")
    return "".join(str(text) for text in texts)


def _read_sent_call(call: Any, where: str) -> dict[str, Any]:
    """Return a call that a client sends back; its arguments are JSON values for a template."""
    function = call.get("function") if isinstance(call, dict) else None
    try:
        assert isinstance(function, dict) and is_name(function.get("name"))
        arguments = function.get("arguments") or "{}"
        values = json.loads(arguments) if isinstance(arguments, str) else arguments
        assert isinstance(values, dict)
    except (AssertionError, ValueError, RecursionError):
        told = 'a call is {"id": ..., "type": "function", "function": {"name": ..., "arguments": "{...}"}}'
        raise ApiError(400, f"{where}.tool_calls: {told}.", param="messages") from None
    return {"type": "function", "function": {"name": function["name"], "arguments": values}}


def describe_calls(calls: Sequence[ToolCall], *, places: bool = False) -> list[dict[str, Any]]:
    """Return calls as chat completions have them; with their places, as chunks of a stream have them."""
    return [
        {
            **({"index": number} if places else {}),
            "id": f"call_{secrets.token_hex(12)}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for number, call in enumerate(calls)
    ]
