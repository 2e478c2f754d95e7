"""Taking the words of withdrawn documents out of a ledger; hashes, decisions and grades stay.

Whatever repeats eight or more of their words in a row, in an answer, its thoughts or what was sent, gives way to its
hash: a verdict can still be checked against a copy of the answer that somebody else has.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fairtrial.errors import LedgerError
from fairtrial.ledger.encoding import dumps, pack, unpack
from fairtrial.ledger.opening import explain_sqlite_error
from fairtrial.ledger.passages import hash_text
from fairtrial.ledger.shape import guard_reading, make_damage_error, read_mapping
from fairtrial.ledger.store import Ledger
from fairtrial.rights.quoting.overlap import OverlapIndex

WORDS = frozenset({"text", "thought", "said", "prompt", "credits"})
"""Fields of answers and of their traces that hold words of people or models."""


MOMENT = "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was taken out of a ledger, in rows.

    Attributes:
        passages: whose words went.
        answers: that repeated withdrawn words.
        requests: likewise; what a judge was asked repeats the answer that it judges.
        items: of tasks that repeat withdrawn words and stay: they came from the tasks' own files.
    """

    passages: int = 0
    answers: int = 0
    requests: int = 0
    items: int = 0


def withdraw_words(
    ledger: Ledger, documents: Collection[str], texts: Mapping[str, str], displayed: Collection[str] = ()
) -> Withdrawn:
    """Take the words of documents out of a ledger, so that no byte of its files holds them any more.

    Args:
        ledger: to take them out of; the caller holds its writer lock.
        documents: their ids.
        texts: of each document, as far as there still is any; of answers that were made with a document without text
            here, all words go, unless its words were taken out before, while there was a text.
        displayed: documents whose passages stay, since they may be displayed, though not quoted.

    Raises:
        LedgerError: it cannot be written; or another process is reading: the rows are gone, their bytes may not be.
    """
    ids = json.dumps(sorted(documents))
    ledger.connection.execute("PRAGMA secure_delete = ON")
    with ledger.transaction() as db:
        of_these = "document IN (SELECT value FROM json_each(?))"
        told = db.execute(
            f"SELECT sha256, document, text, title, display_until FROM passages WHERE {of_these}", (ids,)
        ).fetchall()
        kept = {f"{document} {sha256}": text for sha256, document, text, _, _ in told if text}
        index = OverlapIndex({**texts, **kept})
        fresh = {document for _, document, text, _, until in told if text or not until}
        cleared = {document for _, document, _, _, _ in told} - fresh
        unknown = frozenset(documents) - texts.keys() - cleared
        answers = _withdraw_answers(db, index, unknown)
        requests = _withdraw_requests(db, index)
        items = sum(_repeats(read_mapping(body, "an item"), index) for (body,) in db.execute("SELECT body FROM items"))
        db.execute(  # the moment says that the answers were looked through, too; see `displaying`
            f"UPDATE passages SET text = NULL, title = NULL, display_until = {MOMENT} WHERE {of_these} "
            "AND document NOT IN (SELECT value FROM json_each(?))",
            (ids, json.dumps(sorted(displayed))),
        )
    passages = sum(bool(text or title) for _, document, text, title, _ in told if document not in displayed)
    if told or answers or requests:  # whatever went before may have been stopped between the rows and the file
        clean_file(ledger)
    return Withdrawn(passages, answers, requests, items)


def _withdraw_answers(db: sqlite3.Connection, index: OverlapIndex, unknown: frozenset[str]) -> int:
    """Put hashes in the place of words that answers repeat; return in how many."""
    changed = []
    for candidate, request, text in db.execute("SELECT candidate_id, request_id, answer FROM answers"):
        body = read_mapping(text, "an answer", request)
        whole = bool(unknown) and not unknown.isdisjoint(_list_shown(body))
        new = _replace(body, index, whole)
        if new != body:
            changed.append((dumps(new), candidate, request))
    db.executemany("UPDATE answers SET answer = ? WHERE candidate_id = ? AND request_id = ?", changed)
    return len(changed)


def _withdraw_requests(db: sqlite3.Connection, index: OverlapIndex) -> int:
    """Put hashes in the place of words that requests repeat; return in how many.

    Requests that start from one of these are packed anew, on their own.
    """
    packed = {name: (base, body) for name, base, body in db.execute("SELECT id, base, body FROM requests")}

    changed: dict[str, bytes] = {}
    for name in packed:
        body = read_mapping(_unpack(packed, name).decode("utf-8", "surrogatepass"), "a request", name)
        new = _replace(body, index, False, every=True)
        if new != body:
            changed[name] = pack(dumps(new).encode())
    resting = [name for name, (base, _) in packed.items() if base in changed and name not in changed]
    alone = {name: pack(_unpack(packed, name)) for name in resting}
    rows = [(body, name) for name, body in (changed | alone).items()]
    db.executemany("UPDATE requests SET body = ?, base = NULL WHERE id = ?", rows)
    return len(changed)


def _unpack(packed: Mapping[str, tuple[str | None, bytes]], name: str) -> bytes:
    """Return a request as it was before it was packed; raises LedgerError if it is damaged."""
    base, body = packed[name]
    if base is not None and base not in packed:
        raise make_damage_error(f"the request that it starts from, {base[:40]}, is not there", name)
    start = _unpack(packed, base) if base is not None else b""
    return guard_reading(lambda: unpack(body, start), "a request", name)


def _replace(value: Any, index: OverlapIndex, whole: bool, every: bool = False) -> Any:
    """Return JSON values with hashes in the place of texts that repeat withdrawn words.

    Args:
        value: to look through.
        index: of the withdrawn texts.
        whole: all words go, whether they repeat any or not.
        every: any text may have words of people or models, not only those of `WORDS`.
    """
    if isinstance(value, dict):
        return {
            name: _replace(held, index, whole, every or name in WORDS) if not _is_hash_only(name) else held
            for name, held in value.items()
        }
    if isinstance(value, list):
        return [_replace(held, index, whole, every) for held in value]
    if isinstance(value, str) and every and value and (whole or index.find(value)):
        return value if value.startswith(MARK) else f"{MARK}{hash_text(value)}]"
    return value


MARK = "[withdrawn: sha256 "


def _is_hash_only(name: str) -> bool:
    """Return whether a field of an answer or request never has words."""
    return name in ("passages", "quotes", "kind")


def _list_shown(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield the documents that an answer was made with."""
    for step in answer.get("trace", ()):
        for use in step.get("passages", ()):
            if not use.get("withheld"):
                yield use["document"]


def _repeats(body: dict[str, Any], index: OverlapIndex) -> bool:
    return bool(_replace(body, index, False, every=True) != body)


def clean_file(ledger: Ledger) -> None:
    """Write the file anew from what is left in it, and empty its log.

    Raises LedgerError where that is not possible: the rows are changed, and bytes of what went may still be there.
    """
    try:
        for _ in range(2):
            busy = ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if busy:
                raise LedgerError(
                    f"another process is reading {ledger.path.name}: what was taken out may still be in its files.",
                    fix="End it, and do the same again.",
                )
            ledger.connection.execute("VACUUM")
        ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        failed = explain_sqlite_error(error, ledger.path, "made smaller")
        raise LedgerError(f"the rows are changed, but {failed.message}", fix=failed.fix) from error
