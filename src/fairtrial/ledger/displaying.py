"""Words of passages that may no longer be displayed: which a ledger has, and taking them out.

A row of ``passages`` without text says by ``display_until`` what became of it: null where it was never to be displayed,
or is not any more; a moment where the answers were looked through for the document's words as well, and when.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fairtrial.ledger.passages import PassageKey
from fairtrial.ledger.shape import read_mapping
from fairtrial.ledger.store import Ledger

IS_OVER = "text IS NOT NULL AND julianday(display_until) <= julianday(?)"
_QUOTABLE = """
SELECT DISTINCT json_extract(p.value, '$.document')
FROM answers a, json_each(a.answer, '$.trace') t, json_each(t.value, '$.passages') p
WHERE json_extract(p.value, '$.withheld') IS NULL AND json_extract(p.value, '$.max_words') IS NOT 0
AND json_extract(p.value, '$.document') IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True)
class KeptPassage:
    """What a ledger has of a passage.

    Attributes:
        key: of the passage.
        has_words: whether its words are there.
        until: when displaying them ends; empty if no end is known, or there are none.
        cleared: whether the answers were looked through for its document's words, and these taken out.
    """

    key: PassageKey
    has_words: bool
    until: str
    cleared: bool


def list_kept(ledger: Ledger) -> list[KeptPassage]:
    """Return what a ledger has of all passages that its answers were made from."""
    rows = ledger.read("SELECT sha256, document, text IS NOT NULL, display_until FROM passages ORDER BY 1, 2")
    return [
        KeptPassage((sha256, document), bool(words), until if words and until else "", bool(until) and not words)
        for sha256, document, words, until in rows
    ]


def list_quotable(ledger: Ledger, documents: Collection[str]) -> list[str]:
    """Return those of some documents whose words an answer was permitted to repeat when it was given."""
    return sorted(row[0] for row in ledger.read(_QUOTABLE, (json.dumps(sorted(documents)),)))


def list_settings(ledger: Ledger, lever: str) -> list[Mapping[str, Any]]:
    """Return the different settings of a lever among all candidates of a ledger, wherever it stands in them."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, spec in ledger.read("SELECT name, spec FROM candidates ORDER BY id"):
        for settings in _walk(read_mapping(spec, "the specification of a candidate", name), lever):
            found.setdefault(json.dumps(settings, sort_keys=True), settings)
    return list(found.values())


def _walk(value: Any, lever: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        if isinstance(own := value.get(lever), str | dict):
            yield own if isinstance(own, dict) else {}
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _walk(one, lever)


def limit_display(ledger: Ledger, until: Mapping[PassageKey, str], denied: Collection[PassageKey]) -> int:
    """Take out the words and titles of passages, and put the end of display right of others; return how many went.

    The bytes are gone once `fairtrial.ledger.withdrawing.clean_file` has followed.

    Args:
        ledger: the caller holds its writer lock.
        until: when display ends of passages that stay; empty where no end is known.
        denied: passages whose words go.

    Raises:
        LedgerError: the file cannot be written.
    """
    ledger.connection.execute("PRAGMA secure_delete = ON")
    with ledger.transaction() as db:
        gone = db.executemany(
            "UPDATE passages SET text = NULL, title = NULL, display_until = NULL "
            "WHERE sha256 = ? AND document = ? AND text IS NOT NULL",
            sorted(denied),
        ).rowcount
        rows = [(moment or None, *key) for key, moment in until.items()]
        db.executemany("UPDATE passages SET display_until = ? WHERE sha256 = ? AND document = ?", rows)
    return max(gone, 0)


def end_display(db: sqlite3.Connection, at: datetime) -> int:
    """Take out the words of passages whose time has come, inside a transaction; return how many passages."""
    return db.execute(
        f"UPDATE passages SET text = NULL, title = NULL, display_until = NULL WHERE {IS_OVER}", (at.isoformat(),)
    ).rowcount
