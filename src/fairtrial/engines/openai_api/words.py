"""A server's own words about a failure, and what kind of failure they tell of.  Pure.

Providers word the same thing in many ways; what is looked for here was collected from their documentation and answers.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEEPEST = 64
"""Levels of nested JSON in an answer; real ones have fewer than ten."""

MOST_PARTS = 300_000
"""Lists and objects in one JSON document: scores of a long prompt have one object a token."""

LONGEST_DOCUMENT = 16 * 2**20
"""Bytes of one JSON document."""

FILTERED = re.compile(
    r"content[\s_-]*(filter|polic|management|violation|moderation|exists risk|safety)|moderation|responsible[\s_]?ai"
    r"|\bflagged\b|safety (system|filter|polic|setting|reason)|violat\w*.{0,60}(polic|guideline|terms)"
    r"|(usage|use) polic|prohibited[\s_]content|harmful|inappropriate (content|input)|data_?inspection"
    r"|sensitive content|unsafe (content|prompt)|blocked by.{0,40}(filter|polic|safety)",
    re.IGNORECASE | re.DOTALL,
)
"""A prompt was refused for what it says."""

ACCOUNT = re.compile(
    r"\b(account|organi[sz]ation|api[\s_-]?key|credential|token|user|project|subscription|country|region|territory)\b",
    re.IGNORECASE,
)
"""It is not this prompt that is refused, but whoever asks."""

UNPAID = re.compile(
    r"insufficient[\s_](quota|balance|credit|funds)|billing|credit balance|exceeded your current quota"
    r"|payment required",
    re.IGNORECASE,
)
"""No money is left there."""

TOO_LONG = re.compile(
    r"context.{0,40}(length|size|window|exceed|maximum)|(length|size|exceed|maximum).{0,60}context|prompt is too long"
    r"|too many (input )?tokens|input is too long",
    re.IGNORECASE | re.DOTALL,
)
"""The prompt does not fit."""

LONGEST_WORDS = 2000
"""Characters of a server's words that are looked at."""

HIDDEN = re.compile(r"<(script|style|head)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
TAG = re.compile(r"<[^<>]*>")


class UnreadableError(Exception):
    """What a server answered is no answer; the message says what is wrong with it, in its own words where it has any.

    Attributes:
        told: an error that came in place of an answer; None if it said nothing of the kind.
    """

    def __init__(self, message: str, told: ErrorDetails | None = None) -> None:
        super().__init__(message)
        self.told = told


@dataclass(frozen=True, slots=True)
class ErrorDetails:
    """What a server says about a failure.

    Attributes:
        message: for people.
        code: for programs; may be a status.
        param: the parameter that it is about.
    """

    message: str
    code: str = ""
    param: str = ""

    @property
    def whole(self) -> str:
        """All of it, to look for words in."""
        return f"{self.code} {self.message}"

    @property
    def filtered(self) -> bool:
        """Whether a prompt was refused for what it says."""
        return bool(FILTERED.search(self.whole)) or self.code == "invalid_prompt"

    @property
    def too_long(self) -> bool:
        """Whether the prompt does not fit."""
        return bool(TOO_LONG.search(self.whole))

    @property
    def unpaid(self) -> bool:
        """Whether there is no money left."""
        return bool(UNPAID.search(self.whole))

    @property
    def of_account(self) -> bool:
        """Whether it is about whoever asks, not about what is asked."""
        return bool(ACCOUNT.search(self.message))


def parse_document(body: bytes) -> dict[str, Any]:
    """Return a JSON object.  Raises UnreadableError, with what came instead."""
    if len(body) > LONGEST_DOCUMENT:
        raise UnreadableError(f"one document of {len(body):,} bytes")
    parts = body.count(b"[") + body.count(b"{")
    if parts > MOST_PARTS:
        raise UnreadableError(f"JSON of more than {MOST_PARTS:,} parts: {_summarise_body(body)}")
    try:
        text = body.decode()
        found = json.loads(text)
        if parts > DEEPEST:
            _check_depth(found)
    except UnicodeDecodeError:
        raise UnreadableError(f"it is no UTF-8: {_summarise_body(body)}") from None
    except RecursionError:
        raise UnreadableError(f"JSON too deep to be read: {_summarise_body(body)}") from None
    except ValueError:
        kind = "an HTML page" if _is_html(text) else "no JSON" if text.strip() else "nothing at all"
        raise UnreadableError(f"{kind}: {_summarise_body(body)}" if text.strip() else kind) from None
    if not isinstance(found, dict):
        raise UnreadableError(f"no JSON object: {_summarise_body(body)}")
    return found


def _check_depth(value: object) -> None:
    """Raise RecursionError for JSON that is nested too deep, found without recursion."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            part
            for parent in level
            if isinstance(parent, dict | list)
            for part in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(part, dict | list)
        ]
        if not level:
            return
    raise RecursionError


def find_error(found: Mapping[str, Any]) -> ErrorDetails | None:
    """Return the error that a document tells of; None if it tells none."""
    error = found.get("error")
    if error is None or error is False or error == "":
        return None
    return _parse_error(error)


def read_error(body: bytes) -> ErrorDetails:
    """Return what the body of an error status says."""
    try:
        found = parse_document(body)
    except UnreadableError:
        return ErrorDetails(_summarise_body(body)[:LONGEST_WORDS] or "no words")
    for name in ("error", "detail", "message", "errors"):
        if found.get(name):
            return _parse_error(found[name])
    return ErrorDetails(_summarise_body(body)[:LONGEST_WORDS])


def _parse_error(error: object) -> ErrorDetails:
    """Return an error as a document writes it: text, an object, or a list of them."""
    if isinstance(error, list) and error:
        return _parse_error(error[0])
    if not isinstance(error, dict):
        return ErrorDetails(str(error)[:LONGEST_WORDS] if isinstance(error, str | int | float) else shorten_json(error))
    first = next((error[name] for name in ("message", "msg", "detail", "error") if error.get(name)), None)
    message = first if isinstance(first, str) else shorten_json(error if first is None else first)
    inner = [error.get(name) for name in ("innererror", "metadata") if error.get(name)]
    code = " ".join(str(error[name]) for name in ("code", "type", "status") if _is_name(error.get(name)))
    loc = error.get("loc")
    param = error.get("param") or (loc[-1] if isinstance(loc, list) and loc else "")
    more = f" {shorten_json(inner)}" if inner else ""
    return ErrorDetails((message + more)[:LONGEST_WORDS], code, param[:80] if isinstance(param, str) else "")


def _is_name(value: object) -> bool:
    """Return whether a value is a code or a name."""
    return isinstance(value, int) or (isinstance(value, str) and 0 < len(value) <= 80)


def read_status(told: ErrorDetails) -> int | None:
    """Return the HTTP status that an error inside of an answer names; None if none."""
    found = re.match(r"([45]\d\d)\b", told.code)
    return int(found[1]) if found else None


def _is_html(text: str) -> bool:
    """Return whether a text is a web page."""
    return bool(re.match(r"\s*<(!doctype|html|head|body|\?xml|!--)", text[:200], re.IGNORECASE))


def _summarise_body(body: bytes | str) -> str:
    """Return a body's words in one line: of a web page what a person would read there."""
    text = body[:20_000].decode(errors="replace") if isinstance(body, bytes) else body[:20_000]
    if _is_html(text):
        title = TITLE.search(text)
        text = f"{title[1]} {HIDDEN.sub(' ', text)}" if title else HIDDEN.sub(" ", text)
        text = html.unescape(TAG.sub(" ", text))
    return " ".join(text.split())


def shorten_json(value: object) -> str:
    """Return the beginning of a JSON value as one line."""
    found, size = [], 0
    for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
        found.append(piece[:LONGEST_WORDS])
        size += len(piece)
        if size >= LONGEST_WORDS:
            break
    return "".join(found)[:LONGEST_WORDS]
