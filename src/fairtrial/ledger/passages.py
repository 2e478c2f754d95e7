"""The words of passages that answers were made from: each once, apart from the answers, and only to be seen in time.

Answers' traces name passages by the hash of their words (`fairtrial.records.PassageUse`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fairtrial.ledger.shape import guard_reading, make_damage_error
from fairtrial.ledger.store import Ledger

PassageKey = tuple[str, str]
"""Hash of a passage's words, and id of its document: two documents may have the same words under other terms."""


@dataclass(frozen=True, slots=True)
class PassageWords:
    """A passage that may be displayed: its words and its document's title."""

    text: str
    title: str


def read_passages(ledger: Ledger, keys: Collection[PassageKey], at: datetime) -> dict[PassageKey, PassageWords]:
    """Return the words of those passages that may be displayed to people.

    Args:
        ledger: to read from.
        keys: of the passages.
        at: when they are displayed, with a time zone.
    """
    rows = ledger.read(
        "SELECT p.sha256, p.document, p.display_until, p.title, p.text FROM json_each(?) k JOIN passages p "
        "ON p.sha256 = json_extract(k.value, '$[0]') AND p.document = json_extract(k.value, '$[1]')",
        (json.dumps(sorted(set(keys))),),
    )
    return {
        (sha256, document): PassageWords(text, title or "")
        for sha256, document, until, title, text in rows
        if text and not _is_over(until, at)
    }


def check_passage(row: Mapping[str, Any]) -> None:
    """Raise LedgerError if a row of passages is not what it should be."""
    if row["text"] is not None and hash_text(row["text"]) != row["sha256"]:
        raise make_damage_error(f"the words of the passage {row['sha256'][:40]} are not those that its hash names")
    _is_over(row["display_until"], datetime.now().astimezone())


def hash_text(text: str) -> str:
    """Return the hash that names a passage by its words: SHA-256 of its UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _is_over(until: str | None, at: datetime) -> bool:
    if until is None:
        return False
    return guard_reading(lambda: datetime.fromisoformat(until) <= at, "the end of a permission to display")
