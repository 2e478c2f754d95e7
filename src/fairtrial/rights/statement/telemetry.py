"""Uses as events of Content Telemetry 1.0 (SPUR Coalition, 2026-09-02): a session document for each answer.

An answer is a session of one turn.  The ledger knows one moment of it, when it was stored, so all of its events have
that one.  The archive is an index: what was found in it is `content_retrieved` with the role ``index``; what the model
was shown is `content_grounded`, an event for each passage with the hash of its words; what the answer names is
`content_cited`.  Nobody was shown an answer of a trial, so there is no `content_presented`.  No words of a question, an
answer or a document are told (privacy level ``minimal``).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from fairtrial.records.passages import PassageUse
from fairtrial.rights.statement.uses import AnsweredWith

VERSION: Final = "1.0"
AGENT: Final = "fairtrial"
TURN: Final = "1"
OUTPUT: Final = "response:1"
_NAMES: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://contenttelemetry.org/schema/v1/telemetry-session.json")

_Event = dict[str, Any]


def make_sessions(answers: Iterable[AnsweredWith]) -> Iterator[dict[str, Any]]:
    """Yield a session document for each answer, as JSON values; the same answer gives the same document."""
    for answer in answers:
        used = tuple(use for use in answer.passages if not use.denied)
        if used:
            yield _make_session(replace(answer, passages=used))


def _make_session(answer: AnsweredWith) -> dict[str, Any]:
    moment = _write(answer.at)
    session = uuid.uuid5(_NAMES, f"{answer.candidate_id}/{answer.request_id}")
    events = _make_events(answer.passages, session)
    retrieved = list(dict.fromkeys(use.uri for use in answer.passages if _is_address(use.uri)))
    cited = list(dict.fromkeys(use.uri for use in answer.passages if use.cited and _is_address(use.uri)))
    turn = {
        "privacy_level": "minimal",
        "content_urls_retrieved": retrieved,
        "content_urls_cited": cited,
        "query_tokens": answer.tokens_in,
        "response_tokens": answer.tokens_out,
    }
    begin: _Event = {"type": "turn_started", "turn_id": TURN, "turn": {"privacy_level": "minimal"}}
    done: _Event = {"type": "turn_completed", "turn_id": TURN, "turn": turn}
    listed = [begin, *events, done]
    return {
        "document_type": "session",
        "schema_version": VERSION,
        "conformance_level": "citation",
        "session_id": str(session),
        "agent_id": f"{AGENT}:{answer.candidate}",
        "started_at": moment,
        "ended_at": moment,
        "events": [
            {"id": str(uuid.uuid5(session, str(number))), "timestamp": moment, **event}
            for number, event in enumerate(listed)
        ],
    }


def _make_events(uses: tuple[PassageUse, ...], session: uuid.UUID) -> list[_Event]:
    found: list[_Event] = []
    for document, mode in dict.fromkeys((use.document, use.mode) for use in uses):
        first = next(use for use in uses if (use.document, use.mode) == (document, mode))
        retrieved = {"media_type": "text", "purpose": "inference"}
        if mode != "search":
            retrieved["mode"] = mode
        found.append({"type": "content_retrieved", "source_role": "index", **_name(first), "data": retrieved})
    grounded = dict.fromkeys((use.document, use.start, use.end, use.sha256) for use in uses if use.shown)
    for document_id, start, end, sha256 in grounded:
        use = next(
            u for u in uses if u.shown and (u.document, u.start, u.end, u.sha256) == (document_id, start, end, sha256)
        )
        data = {
            "scope": "turn",
            "cached": True,
            "chars_ingested": max(0, use.end - use.start),
            "content_version": use.document,
            "content_hash": f"sha256:{use.sha256}",
            "media_type": "text",
        }
        found.append({"type": "content_grounded", "turn_id": TURN, **_name(use), "data": data})
    for use in uses:
        if use.cited:
            kind = "direct_quote" if use.quoted else "unclassified"
            data = {"citation_type": kind, "position": "unclassified", "content_hash": f"sha256:{use.sha256}"}
            if use.quoted:
                data["quoted_words"] = use.quoted
            found.append({"type": "content_cited", "turn_id": TURN, "output_id": OUTPUT, **_name(use), "data": data})
    return found


def _identify(use: PassageUse) -> str:
    return use.uri or use.document


def _name(use: PassageUse) -> _Event:
    """Return by what a document is known, and under which licence it was used."""
    named: _Event = {"content_url": use.uri} if _is_address(use.uri) else {"content_id": _identify(use)}
    return {**named, "license_ref": use.licence} if use.licence else named


def _is_address(uri: str) -> bool:
    """Whether it is an address of the web that fits where the standard wants a URI."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"} and bool(parts.netloc) and uri.isascii() and not set(uri) & set(' "<>\\^`{|}')
    )


def _write(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
