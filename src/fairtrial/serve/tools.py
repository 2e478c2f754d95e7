"""Tools of a client: given to a model whose chat template has a place for them, and its calls as OpenAI's API has them.

A call is only told, never made.  No trial has tested a candidate with tools; that is told beside the answer.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from fairtrial.engines.live import ReadsTools, ToolTalk
from fairtrial.engines.tool_prompts import ToolCall
from fairtrial.records.conversation import join_texts
from fairtrial.serve.bodies import ChatBody, ChatMessage
from fairtrial.serve.conversation import BETWEEN
from fairtrial.serve.errors import ApiError
from fairtrial.serve.served import Served

MOST_TOOLS = 128
MOST_BYTES = 256 << 10
"""Of all tools, as JSON."""
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}


async def read_talk(served: Served, body: ChatBody) -> ToolTalk | None:
    """Return the conversation as a template with tools reads it; None where there are neither tools nor calls.

    Raises ApiError where this candidate cannot be given tools, and says why.
    """
    if body.functions:
        raise ApiError(400, "functions: use `tools`.", param="functions", code="tools_unsupported")
    tools = (body.tools or []) if body.tool_choice != "none" else []
    if not tools and not any(one.role == "tool" or one.tool_calls for one in body.messages):
        return None
    if body.tool_choice not in (None, "auto", "none"):
        raise ApiError(400, "tool_choice: auto or none; the model decides.", param="tool_choice")
    if why := await _explain(served, body):
        raise ApiError(400, f"tools cannot be used: {why}. Leave `tools` out.", param="tools", code="tools_unsupported")
    for number, tool in enumerate(tools):
        _check_tool(tool, f"tools.{number}")
    told = json.dumps(tools, ensure_ascii=False)
    if len(tools) > MOST_TOOLS or len(told.encode("utf-8", "replace")) > MOST_BYTES:
        raise ApiError(400, f"tools: at most {MOST_TOOLS}, with {MOST_BYTES:,} bytes together.", param="tools")
    return ToolTalk(json.dumps(_list_messages(body.messages, served.spec.system), ensure_ascii=False), told)


async def _explain(served: Served, body: ChatBody) -> str:
    live = served.desk.live
    if not isinstance(live, ReadsTools):
        return "they are for plain models that llama.cpp runs here, since levers do not see what is called"
    if served.spec.prompt:
        return "this candidate has a prompt of its own around each question"
    if body.response_format is not None and body.response_format.type != "text":
        return "response_format holds all of the answer to one form"
    return await served.desk.call(live.explain_no_tools)


def _check_tool(tool: Any, where: str) -> None:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or tool.get("type") != "function" or not _is_name(function.get("name")):
        told = 'a tool is {"type": "function", "function": {"name": ..., "description": ..., "parameters": {...}}}'
        raise ApiError(400, f"{where}: {told}.", param="tools")


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= 256


def _list_messages(sent: Sequence[ChatMessage], system: str) -> list[dict[str, Any]]:
    """Return messages as a template reads them, the system's first: the candidate's own before the client's."""
    found: list[dict[str, Any]] = []
    heads: list[str] = []
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
        message: dict[str, Any] = {"role": ROLES[one.role], "content": text}
        if one.tool_calls:
            message["tool_calls"] = [_read_sent_call(call, where) for call in one.tool_calls]
        found.append(message)
    if not found:
        raise ApiError(400, "messages: there is no message of the user's.", param="messages")
    head = join_texts(system, BETWEEN.join(filter(None, heads)))
    return [*([{"role": "system", "content": head}] if head else []), *found]


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
        assert isinstance(function, dict) and _is_name(function.get("name"))
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
