"""Which of two is preferred, from votes that come one after the other: intervals that hold at any look.

A vote is 1 for the first, -1 for the second, 0 for neither.  Their mean is the *net preference*: the share of votes
for the first less the share for the second.  Bounded by betting (`fairtrial.stats.betting`), so that all looks together
miss the true one with probability at most 1 - confidence, whatever the share of ties is.  Votes of one session are not
independent; what is claimed of other voters rests on whole sessions, each counted once (`average_sessions`).

Which of the two stood on the left was drawn by chance for each vote.  So a voter who prefers the left side takes from
the net preference what is there, and adds nothing to it; whether sides are preferred at all is a mean of the same kind.

Knows arrays only.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Floats
from fairtrial.stats.betting import Units, compute_limits, log_wealth


@dataclass(frozen=True, slots=True)
class NetPreference:
    """A mean of votes with its interval.

    Attributes:
        units: what was counted: votes, or sessions.
        net: the mean, in [-1, 1].
        low, high: ends of the running intersection; -1 and 1 where nothing is known.
        confidence: of the interval, at all looks together.
        e_value: evidence against a mean of 0 by now; from 1 / (1 - confidence) on it is told.
    """

    units: int
    net: float
    low: float
    high: float
    confidence: float
    e_value: float


def estimate_net(values: Floats, confidence: float) -> NetPreference:
    """Return the mean of values in [-1, 1], in the order in which they came, with its interval.

    >>> found = estimate_net(np.ones(12), 0.95)
    >>> (found.net, found.low > 0, found.high)
    (1.0, True, 1.0)

    Raises ValueError for values out of [-1, 1].
    """
    if values.size == 0:
        return NetPreference(0, 0.0, -1.0, 1.0, confidence, 1.0)
    if not (np.abs(values) <= 1).all():
        raise ValueError("votes lie between -1 and 1")
    units = Units(values, np.ones(values.size))
    low, high = compute_limits(units, confidence)
    zero, last = np.zeros(1), np.array([values.size])
    both = np.logaddexp(log_wealth(units, zero, last), log_wealth(units.mirror(), zero, last))[0, 0] - np.log(2)
    return NetPreference(
        values.size, float(values.mean()), low, high, confidence, float(np.exp(min(700.0, float(both))))
    )


def average_sessions(values: Floats, sessions: Sequence[Hashable], ended: Sequence[bool]) -> Floats:
    """Return one mean a session, by the order in which sessions began, up to the first that may still go on.

    A session's mean is known when it has ended.  Those that began after one that goes on wait for it: else sessions
    that end early would be counted before others, and these may have other opinions.

    Args:
        values: (n,) votes in the order in which they came.
        sessions: (n,) whose they are.
        ended: (n,) whether their session has ended by now.
    """
    found: dict[Hashable, list[float]] = {}
    open_ones = {session for session, over in zip(sessions, ended, strict=True) if not over}
    for value, session in zip(values, sessions, strict=True):
        found.setdefault(session, []).append(float(value))
    means = []
    for session, held in found.items():
        if session in open_ones:
            break
        means.append(float(np.mean(held)))
    return np.array(means)
