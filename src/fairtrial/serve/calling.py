"""Which tools may be called, and how often, as a client says it; and the grammar that holds calls to that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fairtrial.engines.tool_prompts import OPENS
from fairtrial.errors import SpecError
from fairtrial.serve.bodies import ChatBody
from fairtrial.serve.errors import ApiError
from fairtrial.serve.forms import write_call_form

MOST_TOOLS = 128
MOST_BYTES = 256 << 10
"""Of all tools, as JSON."""
NO_ARGUMENTS: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
"""What a function without parameters takes."""
CHOICES = (
    'tool_choice: "auto", "none", "required", {"type": "function", "function": {"name": ...}} or {"type": '
    '"allowed_tools", "allowed_tools": {"mode": "auto" or "required", "tools": [...]}}'
)


class ToolChoice(NamedTuple):
    """What may be called.

    Attributes:
        tools: all that the model is told of, as the client wrote them.
        names: of those that it may call.
        must: whether it must call one.
        several: whether it may call more than one.
    """

    tools: Sequence[Mapping[str, Any]] = ()
    names: Sequence[str] = ()
    must: bool = False
    several: bool = True

    @property
    def loose(self) -> tuple[str, ...]:
        """Names of those that may be called without tags, where nothing holds arguments to a schema."""
        strict = {tool["function"]["name"] for tool in self.tools if tool["function"].get("strict") is True}
        return tuple(name for name in self.names if name not in strict)


def read_choice(body: ChatBody) -> ToolChoice:
    """Return what may be called.  Raises ApiError for tools that are none, and for a choice of none of them."""
    tools = body.tools or []
    for number, tool in enumerate(tools):
        _check_tool(tool, f"tools.{number}")
    if len(tools) > MOST_TOOLS:
        raise ApiError(400, f"tools: at most {MOST_TOOLS}; got {len(tools):,}.", param="tools")
    every = [str(tool["function"]["name"]) for tool in tools]
    if twice := [name for name in every if every.count(name) > 1]:
        raise ApiError(400, f"tools: two have the name {twice[0]!r:.80}.", param="tools")
    names, mode = _read_mode(body.tool_choice, every)
    if mode == "none":
        return ToolChoice()
    return ToolChoice(tools, names, mode != "auto", mode != "named" and body.parallel_tool_calls is not False)


def _read_mode(choice: Any, every: list[str]) -> tuple[list[str], str]:
    """Return which tools may be called, and how: ``auto``, ``none``, ``required``, ``named``."""
    if choice is None or choice in ("auto", "none"):
        return every, choice or "auto"
    if choice == "required":
        names, mode = every, str(choice)
    elif isinstance(choice, Mapping) and choice.get("type") == "function":
        names, mode = [_name_of(choice)], "named"
    elif isinstance(choice, Mapping) and choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools")
        listed = allowed.get("tools") if isinstance(allowed, Mapping) else None
        mode = str(allowed.get("mode")) if isinstance(allowed, Mapping) else ""
        if not isinstance(listed, list) or not listed or mode not in ("auto", "required"):
            raise ApiError(400, f"{CHOICES}.", param="tool_choice")
        names = [_name_of(one) for one in listed]
    else:
        raise ApiError(400, f"{CHOICES}; got {choice!r:.60}.", param="tool_choice")
    if not every:
        raise ApiError(400, "tool_choice: there are no `tools` to choose from.", param="tool_choice")
    if odd := [name for name in names if name not in every]:
        there = ", ".join(every)
        raise ApiError(
            400, f"tool_choice: there is no tool {odd[0]!r:.80}; there is: {there:.400}.", param="tool_choice"
        )
    return names, mode


def _name_of(chosen: Any) -> str:
    function = chosen.get("function") if isinstance(chosen, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str):
        raise ApiError(400, f"{CHOICES}.", param="tool_choice")
    return name


def write_tools(choice: ToolChoice) -> str:
    """Return tools as JSON.  Raises ApiError if they are too long, or a number among them is none."""
    try:
        told = json.dumps(choice.tools, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise ApiError(400, "tools: a number is too large.", param="tools") from None
    if len(told.encode("utf-8", "replace")) > MOST_BYTES:
        raise ApiError(400, f"tools: at most {MOST_BYTES:,} bytes together.", param="tools")
    return told


def hold_calls(choice: ToolChoice) -> tuple[str, str]:
    """Return the grammar of calls, and the text of an answer behind which it holds; that is empty for all of an answer.

    Raises ApiError for a strict tool to whose schema calls cannot be held.
    """
    functions = [tool["function"] for tool in choice.tools if tool["function"]["name"] in choice.names]
    told = [[one["name"], one.get("parameters") or NO_ARGUMENTS, one.get("strict") is True] for one in functions]
    try:
        return write_call_form(json.dumps(told), choice.must, choice.several), "" if choice.must else OPENS
    except SpecError as error:
        raise ApiError(400, f"tools: {error.message}", param="tools") from None


def _check_tool(tool: Any, where: str) -> None:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or tool.get("type") != "function" or not is_name(function.get("name")):
        told = 'a tool is {"type": "function", "function": {"name": ..., "description": ..., "parameters": {...}}}'
        raise ApiError(400, f"{where}: {told}.", param="tools")


def is_name(name: Any) -> bool:
    """Return whether something may be the name of a tool."""
    return isinstance(name, str) and 0 < len(name) <= 256
