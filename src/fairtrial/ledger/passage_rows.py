"""Entering the words of passages that answers were made from, in their own table, as they come with the answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from fairtrial.records import Answer, PassageText, PassageUse

_ADD = """
INSERT INTO passages (sha256, document, source, display_until, title, text) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET source = excluded.source, display_until = excluded.display_until, title = excluded.title,
text = excluded.text
"""
"""What was decided last holds: words that may no longer be displayed go."""


def add_passages(db: sqlite3.Connection, answers: Iterable[Answer]) -> None:
    """Enter the passages of answers, each once; one that may not be displayed without its words."""
    rows = {
        (use.sha256, use.document): _make_row(use, kept)
        for answer in answers
        for step in answer.trace
        for use in step.passages
        if (kept := use.kept) is not None
    }
    db.executemany(_ADD, rows.values())


def _make_row(use: PassageUse, kept: PassageText) -> tuple[str | None, ...]:
    words = (kept.title or None, kept.text) if kept.text else (None, None)
    return use.sha256, use.document, kept.source, kept.until or None, *words
