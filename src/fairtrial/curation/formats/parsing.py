"""A row of a file, as JSON values, to what is trained on: the forms in which training data is passed on.

Pure.  A row that is not of its form, or holds what cannot be kept as it is meant, is refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, get_args

from fairtrial.curation.base import ConversationTurn
from fairtrial.spec.curate import Form

FORMS: tuple[Form, ...] = tuple(form for form in get_args(Form) if form != "auto")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ROLES = {
    "system": "system", "developer": "system",
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant", "chatgpt": "assistant", "bot": "assistant",
    "bing": "assistant", "bard": "assistant", "claude": "assistant",
}  # fmt: skip
_TOOLS = frozenset(["tool", "function", "function_call", "function_response", "observation", "ipython", "tool_call"])
_ASKED, _GIVEN, _ANSWERED = ("instruction", "prompt", "question"), ("input", "context"), (
    "output", "response", "completion", "answer",
)  # fmt: skip
_TEXTS = ("text", "content", "markdown")


class NotThisFormError(ValueError):
    """A row is not of its form; the message is the reason, without the row's words."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a row holds: a conversation, a text, or a prompt with two answers; see `TrainingRow`.

    Attributes:
        note: what was left out of it; empty if nothing.
    """

    messages: tuple[ConversationTurn, ...] = ()
    text: str = ""
    chosen: str = ""
    rejected: str = ""
    note: str = ""


def find_form(row: Mapping[str, Any]) -> Form | None:
    """Return the form of a row by its columns; None where it has those of none."""
    if ("chosen" in row and "rejected" in row) or "preferred_output" in row:
        return "fairtrial" if isinstance(row.get("source"), Mapping) else "preference"
    if isinstance(row.get("source"), Mapping) and "id" in row and ("messages" in row or "text" in row):
        return "fairtrial"
    if isinstance(row.get("messages"), list):
        return "openai"
    if any(isinstance(row.get(name), list) for name in ("conversations", "conversation")):
        return "sharegpt"
    if _find(row, _ASKED) and _find(row, _ANSWERED):
        return "alpaca"
    return "text" if _find(row, _TEXTS) else None


def parse_row(row: Mapping[str, Any], form: Form) -> Parsed:
    """Return what a row holds.  Raises NotThisFormError."""
    parsed = _mend_halves(_PARSERS[form](row))
    beside = "" if parsed.text else _find(row, _TEXTS)
    if not beside or not str(row[beside]).strip():
        return parsed
    return replace(
        parsed, note="; ".join(filter(None, (parsed.note, f"left out '{beside}', which stands beside what is learned")))
    )


def _parse_openai(row: Mapping[str, Any]) -> Parsed:
    for name in ("tools", "functions"):
        if row.get(name):
            raise NotThisFormError(f"it offers tools ('{name}'), which are not trained on")
    return _make_chat(_read_turns(row.get("messages"), "messages", "role", "content"))


def _parse_sharegpt(row: Mapping[str, Any]) -> Parsed:
    name = "conversations" if "conversations" in row else "conversation"
    told = row.get(name)
    first = told[0] if isinstance(told, list) and told and isinstance(told[0], Mapping) else {}
    by, said = ("from", "value") if "from" in first else ("role", "content")
    turns = _read_turns(told, name, by, said)
    system = _read_text(row.get("system") or "", "system")
    return _make_chat([ConversationTurn("system", system), *turns] if system else turns)


def _parse_alpaca(row: Mapping[str, Any]) -> Parsed:
    asked, answered = _find(row, _ASKED), _find(row, _ANSWERED)
    if not asked or not answered:
        missing = "instruction" if not asked else "output"
        raise NotThisFormError(f"there is no '{missing}'")
    question = _read_text(row[asked], asked)
    given = next((name for name in _GIVEN if row.get(name)), "")
    if given:
        question = "\n\n".join(one for one in (question, _read_text(row[given], given)) if one)
    turns = [ConversationTurn("system", _read_text(row["system"], "system"))] if row.get("system") else []
    for pair in row.get("history") or ():
        if not (isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2):
            raise NotThisFormError("'history' is no list of pairs of question and answer")
        turns += [
            ConversationTurn("user", _read_text(pair[0], "history")),
            ConversationTurn("assistant", _read_text(pair[1], "history")),
        ]
    return _make_chat(
        [*turns, ConversationTurn("user", question), ConversationTurn("assistant", _read_text(row[answered], answered))]
    )


def _parse_preference(row: Mapping[str, Any]) -> Parsed:
    if "preferred_output" in row:
        asked = row.get("input")
        prompt: Any = asked.get("messages") if isinstance(asked, Mapping) else None
        chosen, rejected = row.get("preferred_output"), row.get("non_preferred_output")
    else:
        prompt = next((row[name] for name in _ASKED if row.get(name)), None)
        chosen, rejected = row.get("chosen"), row.get("rejected")
    sides = [_read_side(chosen, "chosen"), _read_side(rejected, "rejected")]
    if prompt is None:
        shared = _count_shared(*sides)
        prompt_turns = sides[0][:shared]
        sides = [side[shared:] for side in sides]
    else:
        prompt_turns = _read_prompt(prompt)
        sides = [side[len(prompt_turns) :] if side[: len(prompt_turns)] == prompt_turns else side for side in sides]
    for name, side in zip(("chosen", "rejected"), sides, strict=True):
        if len(side) != 1 or side[0].role != "assistant" or not side[0].content.strip():
            raise NotThisFormError(f"'{name}' is not one answer of an assistant's after the prompt")
    if not prompt_turns or prompt_turns[-1].role != "user":
        raise NotThisFormError("there is no prompt that ends with a question of a user's")
    if sides[0] == sides[1]:
        raise NotThisFormError("both answers are the same")
    return Parsed(_check_order(prompt_turns), chosen=sides[0][0].content, rejected=sides[1][0].content)


def _read_prompt(prompt: Any) -> list[ConversationTurn]:
    if isinstance(prompt, str):
        return [ConversationTurn("user", prompt)]
    return _read_turns(prompt, "prompt", "role", "content")


def _read_side(side: Any, name: str) -> list[ConversationTurn]:
    if isinstance(side, str):
        return _split_dialogue(side)
    if isinstance(side, Mapping):
        side = [side]
    return _read_turns(side, name, "role", "content")


_SPEAKER = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")


def _split_dialogue(text: str) -> list[ConversationTurn]:
    """Return a text as an answer, or as the dialogue that it is: ``Human:`` and ``Assistant:`` stand before turns."""
    if not text.lstrip().startswith("Human:"):
        return [ConversationTurn("assistant", text)]
    _, *parts = _SPEAKER.split("\n\n" + text.lstrip())
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [ConversationTurn("user" if by == "Human" else "assistant", said.strip()) for by, said in pairs]


def _count_shared(one: list[ConversationTurn], other: list[ConversationTurn]) -> int:
    """Return how many turns both begin with, the last one of the shorter left out."""
    most = min(len(one), len(other)) - 1
    return next((at for at in range(most) if one[at] != other[at]), max(0, most))


def _parse_text(row: Mapping[str, Any]) -> Parsed:
    name = _find(row, _TEXTS)
    if not name:
        raise NotThisFormError(f"there is no text in a column {', '.join(_TEXTS)}")
    text = _read_text(row[name], name)
    if not text.strip():
        raise NotThisFormError("the text is empty")
    return Parsed(text=text)


def _parse_own(row: Mapping[str, Any]) -> Parsed:
    if "chosen" in row:
        return _parse_preference(row)
    return _parse_openai(row) if row.get("messages") else _parse_text(row)


def _find(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the first of these columns that holds a text; empty if none does."""
    return next((name for name in names if isinstance(row.get(name), str)), "")


def _read_turns(told: Any, name: str, by: str, said: str) -> list[ConversationTurn]:
    if told is None:
        raise NotThisFormError(f"there is no '{name}'")
    if not isinstance(told, list) or not told:
        raise NotThisFormError(f"'{name}' is no list of messages" if told != [] else f"'{name}' is empty")
    return [_read_turn(one, number, by, said) for number, one in enumerate(told, 1)]


def _read_turn(told: Any, number: int, by: str, said: str) -> ConversationTurn:
    if not isinstance(told, Mapping):
        raise NotThisFormError(f"message {number} is no JSON object")
    role = str(told.get(by) or "").strip().casefold()
    if role in _TOOLS or told.get("tool_calls") or told.get("function_call"):
        raise NotThisFormError(f"message {number} calls a tool or is what one returned, which is not trained on")
    if role not in _ROLES:
        raise NotThisFormError(f"message {number} has the role {role[:20]!r}; known are system, user and assistant")
    if told.get("weight", 1) != 1:
        raise NotThisFormError(f"message {number} is not to be learned (weight 0), which is not kept")
    return ConversationTurn(_ROLES[role], _read_content(told.get(said), number, said))


def _read_content(content: Any, number: int, said: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise NotThisFormError(f"message {number} has no text in '{said}'")
    texts = []
    for part in content:
        if not isinstance(part, Mapping) or part.get("type", "text") != "text" or not isinstance(part.get("text"), str):
            kind = str(part.get("type", "")) if isinstance(part, Mapping) else type(part).__name__
            raise NotThisFormError(f"message {number} has a part of the type {kind[:20]!r}; only text is trained on")
        texts.append(part["text"])
    return "".join(texts)


def _make_chat(turns: Sequence[ConversationTurn]) -> Parsed:
    """Return a conversation; what stands behind the last answer is left out, for nothing can be learned from it."""
    kept = list(turns)
    while kept and kept[-1].role != "assistant":
        kept.pop()
    if not kept:
        raise NotThisFormError("nothing in it is said by an assistant")
    note = f"left out {len(turns) - len(kept)} message(s) behind the last answer" if len(kept) < len(turns) else ""
    return Parsed(_check_order(kept), note=note)


def _check_order(turns: Sequence[ConversationTurn]) -> tuple[ConversationTurn, ...]:
    """Return the turns.  Raises NotThisFormError where no chat template could place them."""
    kept = tuple(turn for turn in turns if turn.role != "system" or turn.content.strip())
    spoken = [turn for turn in kept if turn.role != "system"]
    if any(turn.role == "system" for turn in kept[1:]):
        raise NotThisFormError("a system message stands behind the first message")
    if spoken[0].role != "user":
        raise NotThisFormError("it begins with an answer, to no question")
    for number, (one, following) in enumerate(pairwise(spoken), 1):
        if one.role == following.role:
            raise NotThisFormError(f"turns {number} and {number + 1} are both the {one.role}'s")
    empty = next((turn.role for turn in spoken if not turn.content.strip()), "")
    if empty:
        raise NotThisFormError(f"the {empty} says nothing in one of its turns")
    return kept


def _read_text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise NotThisFormError(f"'{name}' is no text but {type(value).__name__}")
    return value


def _mend_halves(parsed: Parsed) -> Parsed:
    """Return what can be written as UTF-8, and say so: half a surrogate pair is no character."""
    said = "".join((*(turn.content for turn in parsed.messages), parsed.text, parsed.chosen, parsed.rejected))
    if said.isascii() or not (halves := len(_SURROGATES.findall(said))):
        return parsed
    note = f"put U+FFFD for {halves} half character(s) (lone surrogates)"
    return Parsed(
        tuple(ConversationTurn(turn.role, _replace(turn.content)) for turn in parsed.messages),
        _replace(parsed.text),
        _replace(parsed.chosen),
        _replace(parsed.rejected),
        "; ".join(filter(None, (parsed.note, note))),
    )


def _replace(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text)


_PARSERS: Mapping[Form, Callable[[Mapping[str, Any]], Parsed]] = {
    "openai": _parse_openai,
    "sharegpt": _parse_sharegpt,
    "alpaca": _parse_alpaca,
    "preference": _parse_preference,
    "text": _parse_text,
    "fairtrial": _parse_own,
}
