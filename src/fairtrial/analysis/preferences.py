"""What votes say of candidates: of each pair a net preference, whether sides were preferred, strengths of several.

All of it may be looked at after every vote.  Votes of one session are one voter's: where there are several sessions,
what is claimed of other voters counts each session once, when it has ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from fairtrial.ledger import Ledger
from fairtrial.ledger.votes import Vote, read_voted, read_votes
from fairtrial.stats.arrays import Floats
from fairtrial.stats.bradley_terry import StrengthEstimate, estimate_strengths
from fairtrial.stats.preferences import NetPreference, average_sessions, estimate_net

PAUSE = timedelta(minutes=30)
"""Without a vote, after which a session has ended; what comes later is another one."""
MARGIN = 0.1
"""Net preference within which two candidates count as tied."""
CONFIDENCE = 0.95

PreferenceVerdict = Literal["preferred", "not preferred", "tied", "undecided"]


@dataclass(frozen=True, slots=True)
class PairPreference:
    """What votes say of two candidates.

    Attributes:
        a, b: their ids.
        wins, losses: votes for a and for b, where the answers differed.
        good, bad: votes that both were good, or bad, where the answers differed.
        identical: votes on answers that were the same; they count as ties.
        sessions: how many gave these votes.
        by_votes: net preference of a over b, each vote counted.
        by_sessions: each session that has ended counted once; None where all votes are of one session.
        verdict: of a over b: by sessions where there are several, else by votes.
    """

    a: str
    b: str
    wins: int
    losses: int
    good: int
    bad: int
    identical: int
    sessions: int
    by_votes: NetPreference
    by_sessions: NetPreference | None
    verdict: PreferenceVerdict

    @property
    def votes(self) -> int:
        """How many there are."""
        return self.wins + self.losses + self.good + self.bad + self.identical


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the votes of a ledger say.

    Attributes:
        names: of candidates, by their ids.
        votes, sessions: how many.
        largest: votes of the session that gave the most.
        pairs: each two that were voted on.
        sides: votes for the left less votes for the right, among those that decide.
        strengths: of all candidates, in the order of ``names``; None for fewer than three.
        confidence: of the intervals of all pairs together, of sides, and of strengths.
        margin: see `MARGIN`.
    """

    names: dict[str, str]
    votes: int
    sessions: int
    largest: int
    pairs: tuple[PairPreference, ...]
    sides: NetPreference
    strengths: StrengthEstimate | None
    confidence: float = CONFIDENCE
    margin: float = MARGIN


def find_preferences(ledger: Ledger, now: datetime, margin: float = MARGIN) -> Preferences:
    """Return what the votes of a ledger say by now."""
    return weigh_votes(read_votes(ledger), read_voted(ledger), now, margin)


def weigh_votes(
    votes: Sequence[Vote], names: dict[str, str], now: datetime, margin: float = MARGIN, confidence: float = CONFIDENCE
) -> Preferences:
    """Return what votes say.

    Args:
        votes: in the order in which they were given.
        names: of candidates, by their ids.
        now: when it is asked; a session without a vote for `PAUSE` has ended.
        margin: net preference within which two are tied.
        confidence: of all pairs' intervals together, and of the others each.
    """
    sessions, ended = split_sessions(votes, now)
    held: dict[tuple[str, str], list[int]] = {}
    for number, vote in enumerate(votes):
        a, b = sorted((vote.left, vote.right))
        held.setdefault((a, b), []).append(number)
    each = 1 - (1 - confidence) / max(1, len(held))
    pairs = tuple(
        _weigh_pair(pair, [votes[i] for i in at], [sessions[i] for i in at], [ended[i] for i in at], (margin, each))
        for pair, at in sorted(held.items())
    )
    order = sorted(names)
    decided = np.array([1.0 if one.choice == "left" else -1.0 for one in votes if one.choice in ("left", "right")])
    return Preferences(
        {one: names[one] for one in order},
        len(votes),
        len(set(sessions)),
        max(Counter(sessions).values(), default=0),
        pairs,
        estimate_net(decided, confidence),
        estimate_strengths(_count_wins(pairs, order), confidence) if len(order) > 2 else None,
        confidence,
        margin,
    )


def split_sessions(votes: Sequence[Vote], now: datetime) -> tuple[list[tuple[str, int]], list[bool]]:
    """Return each vote's session, split where nobody voted for a while, and whether it has ended by now."""
    last: dict[str, tuple[datetime, int]] = {}
    found = []
    for vote in votes:
        at = datetime.fromisoformat(vote.at)
        before, part = last.get(vote.session, (at, 0))
        part += at - before > PAUSE
        last[vote.session] = (max(at, before), part)
        found.append((vote.session, part))
    going = {(name, part) for name, (at, part) in last.items() if now - at <= PAUSE}
    return found, [one not in going for one in found]


def _weigh_pair(
    pair: tuple[str, str],
    votes: Sequence[Vote],
    sessions: Sequence[tuple[str, int]],
    ended: Sequence[bool],
    rule: tuple[float, float],
) -> PairPreference:
    margin, confidence = rule
    values = np.array([_value(vote, pair[0]) for vote in votes])
    counts = Counter("identical" if one.identical else one.choice for one in votes)
    by_votes = estimate_net(values, confidence)
    several = len(set(sessions)) > 1
    by_sessions = estimate_net(average_sessions(values, sessions, ended), confidence) if several else None
    return PairPreference(
        *pair,
        wins=int((values > 0).sum()),
        losses=int((values < 0).sum()),
        good=counts["both good"],
        bad=counts["both bad"],
        identical=counts["identical"],
        sessions=len(set(sessions)),
        by_votes=by_votes,
        by_sessions=by_sessions,
        verdict=_judge(by_sessions or by_votes, margin),
    )


def _value(vote: Vote, a: str) -> float:
    """Return a vote as 1 for a candidate, -1 against it, 0 for neither."""
    if vote.identical or vote.choice not in ("left", "right"):
        return 0.0
    return 1.0 if (vote.left if vote.choice == "left" else vote.right) == a else -1.0


def _judge(found: NetPreference, margin: float) -> PreferenceVerdict:
    if found.low > 0:
        return "preferred"
    if found.high < 0:
        return "not preferred"
    return "tied" if -margin < found.low and found.high < margin else "undecided"


def _count_wins(pairs: Sequence[PairPreference], order: Sequence[str]) -> Floats:
    place = {one: number for number, one in enumerate(order)}
    wins = np.zeros((len(order), len(order)))
    for one in pairs:
        wins[place[one.a], place[one.b]] += one.wins
        wins[place[one.b], place[one.a]] += one.losses
    return wins
