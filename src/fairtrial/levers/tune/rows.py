"""Rows of a training set as they stand in a file: conversations, plain texts, preferences.

One JSON object a line.  A row that cannot be read is refused by file and line, and the rest goes on.  Knows nothing of
tokens.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.errors import SpecError
from fairtrial.records import Message, TextPart, content_hash
from fairtrial.records.content import ROLES

LONGEST_LINE = 4_000_000
"""Bytes of a line that is read."""
MOST_ROWS = 2_000_000
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said; the assistant's messages are to be learned."""

    id: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text to be learned whole."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Preference:
    """Two answers to the same, of which one is the better."""

    id: str
    messages: tuple[Message, ...]
    chosen: str
    rejected: str


TuningRow = Conversation | PlainText | Preference


@dataclass
class ReadRows:
    """What a file gave.

    Attributes:
        rows: in the file's order.
        refused: place of each row that could not be read, and why.
        beside: how many rows have more than what is learned of them, by what that is.
    """

    rows: list[TuningRow] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    beside: Counter[str] = field(default_factory=Counter)

    def describe(self) -> list[str]:
        """Return what a reader must know of the file, in sentences."""
        told = [line] if (line := self.describe_refused()) else []
        counted = [(f"{count:,} row{' has' if count == 1 else 's have'}", what) for what, count in self.beside.items()]
        return [*told, *sorted(f"{rows} {what}" for rows, what in counted)]

    def describe_refused(self) -> str:
        """Return in a sentence how many rows were refused and the first of them; empty if none was."""
        if not self.refused:
            return ""
        shown = "; ".join(f"{place}: {why}" for place, why in self.refused[:SHOWN])
        more = f"; and {len(self.refused) - SHOWN} more" if len(self.refused) > SHOWN else ""
        return f"{len(self.refused)} of {len(self.rows) + len(self.refused)} rows refused: {shown}{more}."


def read_rows(path: Path) -> ReadRows:
    """Return the rows of a JSONL file.

    Raises SpecError if the file cannot be opened, has too many rows, or none that can be read.
    """
    found = ReadRows()
    try:
        with path.open("rb") as file:
            for number, line in _walk_lines(file):
                place = f"{path.name} line {number}"
                try:
                    found.rows.append(parse_row(line, found.beside))
                except ValueError as error:
                    found.refused.append((place, str(error)))
                if len(found.rows) > MOST_ROWS:
                    raise SpecError(
                        f"tune: {path.name} has more than {MOST_ROWS:,} rows.", fix="Train on some of them."
                    )
    except OSError as error:
        raise SpecError(f"tune: the file {str(path)!r} cannot be read: {error.strerror}.") from error
    if not found.rows:
        raise SpecError(
            f"tune: {path.name} has no row to learn from. {found.describe_refused()}".rstrip(),
            fix='A row is a JSON object a line: {"messages": [{"role": "user", "content": ...}, {"role": "assistant", '
            '"content": ...}]}, or {"text": ...}, or {"prompt": ..., "chosen": ..., "rejected": ...}. `fairtrial '
            "curate` reads other forms.",
        )
    return found


def _walk_lines(file: Any) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        whole = line
        while not whole.endswith(b"\n") and len(whole) > LONGEST_LINE:  # read on to its end, and keep none of it
            whole = file.readline(LONGEST_LINE + 1)
            if not whole:
                break
        if line.strip():
            yield number, line


def parse_row(line: bytes, beside: Counter[str] | None = None) -> TuningRow:
    """Return the row that a line holds; raises ValueError that says what is wrong with it.

    Args:
        line: of the file.
        beside: counts rows that say more than what is learned of them.
    """
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it is longer than {LONGEST_LINE:,} bytes")
    try:
        given = json.loads(line, object_pairs_hook=_refuse_doubled)
    except DoubledKeyError:
        raise ValueError("a key stands twice in one object") from None
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON object") from None
    if not isinstance(given, dict):
        raise ValueError(f"it is no JSON object but {type(given).__name__}")
    kept = {
        key: given[key] for key in ("messages", "text", "prompt", "chosen", "rejected", "completion") if key in given
    }
    own = str(given["id"])[:64] if isinstance(given.get("id"), str | int) else content_hash(_clean(kept))
    forms = [name for name in ("messages", "chosen", "completion", "text") if given.get(name)]
    if beside is not None and len(forms) > 1:
        beside[f"{' and '.join(map(repr, forms[1:]))} beside {forms[0]!r}, which alone is learned"] += 1
    if "messages" in given:
        return Conversation(own, _check_conversation(given["messages"]))
    if "chosen" in given or "rejected" in given:
        return Preference(
            own, _read_prompt(given), _read_answer(given.get("chosen")), _read_answer(given.get("rejected"))
        )
    if "completion" in given:
        answer = Message("assistant", (TextPart(_read_answer(given["completion"])),))
        return Conversation(own, (*_read_prompt(given), answer))
    if "text" in given:
        return PlainText(own, _check_text(given["text"], "text"))
    raise ValueError(
        f"it has none of messages, text, chosen, completion; it has {', '.join(map(repr, list(given)[:6]))}"
    )


class DoubledKeyError(ValueError):
    """A key stands twice in an object, so that nothing says which of its values is meant."""


def _refuse_doubled(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DoubledKeyError
    return found


def _clean(value: Any) -> Any:
    """Return JSON values with numbers that JSON does not have as text, so that they can be hashed."""
    return json.loads(json.dumps(value), parse_constant=str)


def _check_conversation(value: Any) -> tuple[Message, ...]:
    messages = _read_messages(value)
    if messages[-1].role != "assistant":
        raise ValueError(f"its last message is the {messages[-1].role}'s: there is no answer to learn")
    if messages[0].role == "assistant":
        raise ValueError("its first message is the assistant's: nothing was asked")
    return messages


def _read_messages(value: Any) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("messages must be a list of at least one message")
    found: list[Message] = []
    for number, one in enumerate(value):
        if not isinstance(one, Mapping):
            raise ValueError(f"message {number + 1} is no object")
        role = one.get("role")
        if role not in ROLES:
            raise ValueError(f"message {number + 1} has the role {str(role)[:40]!r}; roles are {', '.join(ROLES)}")
        if role == "system" and number:
            raise ValueError("a system message stands at the beginning only")
        if found and found[-1].role == role:
            raise ValueError(f"messages {number} and {number + 1} are both the {role}'s")
        found.append(Message(role, (TextPart(_check_text(one.get("content"), f"message {number + 1}")),)))
    return tuple(found)


def _read_prompt(given: Mapping[str, Any]) -> tuple[Message, ...]:
    prompt = given.get("prompt")
    if isinstance(prompt, str):
        return (Message("user", (TextPart(_check_text(prompt, "prompt")),)),)
    messages = _read_messages(prompt)
    if messages[-1].role != "user":
        raise ValueError("the prompt must end with what the user says")
    return messages


def _read_answer(value: Any) -> str:
    """Return an answer: a text, or a list of one message of the assistant's."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping):
        value = value[0].get("content")
    return _check_text(value, "an answer")


def _check_text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is no text but {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"{what} is empty")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError(f"{what} has half a character (a lone surrogate)")
    return value
