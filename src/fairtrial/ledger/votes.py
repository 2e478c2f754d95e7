"""Votes of people between answers of two candidates: who stood on which side, and which answer was better.

No word of a question or an answer is here: a hash of the question tells which votes are about one and the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from fairtrial.ledger.shape import guard_reading, make_damage_error
from fairtrial.ledger.store import Ledger

VoteChoice = Literal["left", "right", "both good", "both bad"]


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote.

    Attributes:
        left, right: ids of the candidates, by where their answers stood.
        choice: which answer was better, or what both were.
        identical: whether both answers were the same, word for word.
        prompt: hash of the conversation that was answered.
        session: whose vote it is, as far as the server can tell.
        at: when, ISO 8601 with a time zone.
    """

    left: str
    right: str
    choice: VoteChoice
    identical: bool
    prompt: str
    session: str
    at: str


def add_vote(ledger: Ledger, vote: Vote) -> None:
    """Keep a vote; the caller holds the ledger's writer lock, and its candidates are in the ledger."""
    with ledger.transaction() as db:
        db.execute(
            "INSERT INTO votes (left_id, right_id, choice, identical, prompt, session, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (vote.left, vote.right, vote.choice, int(vote.identical), vote.prompt, vote.session, vote.at),
        )


def read_votes(ledger: Ledger) -> list[Vote]:
    """Return all votes in the order in which they were given.  Raises LedgerError for one that is none."""
    rows = ledger.read("SELECT left_id, right_id, choice, identical, prompt, session, at FROM votes ORDER BY id")
    names = ("left_id", "right_id", "choice", "identical", "prompt", "session", "at")
    return [make_vote(dict(zip(names, row, strict=True))) for row in rows]


def make_vote(row: Mapping[str, Any]) -> Vote:
    """Return the vote of a row.  Raises LedgerError if it is none."""
    if row["choice"] not in get_args(VoteChoice):
        raise make_damage_error(f"a vote says {str(row['choice'])[:40]!r}")
    if row["left_id"] == row["right_id"]:
        raise make_damage_error("a vote is between a candidate and itself")
    moment = guard_reading(lambda: datetime.fromisoformat(row["at"]), "the time of a vote")
    if moment.tzinfo is None:
        raise make_damage_error("the time of a vote has no time zone")
    texts = [str(row[name]) for name in ("prompt", "session", "at")]
    return Vote(row["left_id"], row["right_id"], row["choice"], bool(row["identical"]), *texts)


def read_voted(ledger: Ledger) -> dict[str, str]:
    """Return the names of the candidates that were voted on, by their ids."""
    rows = ledger.read(
        "SELECT id, name FROM candidates WHERE id IN (SELECT left_id FROM votes UNION SELECT right_id FROM votes)"
    )
    return dict(rows)
