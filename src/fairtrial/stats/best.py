"""Which of several candidates is the best: who is, who may be, and who is close to it whoever it is.

Multiple comparisons with the best (Hsu 1984, doi:10.1214/aos/1176346723), with the bounds that pairs have anyway in
place of normal ones: every two candidates are compared by bounds that each may fail with a chance of alpha / K.  Knows
arrays only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.stats.arrays import Floats


def compute_best_level(candidates: int, questions: int, alpha: float) -> float:
    """Return the error that each one-sided bound of a difference is allowed.

    A wrong answer needs one of K bounds to fail: those of the K - 1 others over one truly best candidate, which drop it
    or put another one before it; and, where it shares first place, that of itself over the one that it shares it with,
    by which it would be called the only best.  So alpha / K each, and for several questions (tasks) a part of it each.

    Args:
        candidates: K, all those of the trial.
        questions: at how many tasks and measures the best is asked for.
        alpha: chance that one or more of the answers are wrong.

    >>> compute_best_level(5, 2, 0.05)
    0.005
    """
    return alpha / (candidates * questions)


@dataclass(frozen=True, slots=True)
class BestAnswer:
    """What K candidates' differences say of the best.

    Attributes:
        best: the one that is certainly better than each other one; None if there is none.
        contenders: (K,) who may be the best: no other one is certainly better.
        close: (K,) who is certainly behind the best by less than the margin, whichever that is.
    """

    best: int | None
    contenders: NDArray[np.bool_]
    close: NDArray[np.bool_]


def find_best(lows: Floats, margins: Floats) -> BestAnswer:
    """Return who is the best, who may be, and who is close to it.

    Args:
        lows: (K, K) lower bound of "i less j", more being better, each at `compute_best_level`; minus infinity where
            nothing is known.  The diagonal is not read.
        margins: (K, K) how far behind does not matter.

    ``best`` and ``contenders`` hold together; ``close`` is a claim of its own, at the same error.

    >>> found = find_best(np.array([[0.0, 0.01, 0.02], [-0.09, 0.0, -0.02], [-0.1, -0.04, 0.0]]), np.full((3, 3), 0.05))
    >>> found.best, found.contenders.tolist(), found.close.tolist()
    (0, [True, False, False], [True, False, False])
    """
    count = len(lows)
    own = np.eye(count, dtype=bool)
    ahead = (lows > 0) & ~own
    contenders: NDArray[np.bool_] = np.asarray(~ahead.any(axis=0), dtype=np.bool_)
    sole = np.flatnonzero(ahead.sum(axis=1) == count - 1)
    best = int(sole[0]) if sole.size else None
    if best is None and contenders.sum() == 1:  # the others were beaten, but not all of them by the one that is left
        contenders = np.asarray(~ahead[contenders].any(axis=0), dtype=np.bool_)
    if not contenders.any():  # bounds that contradict each other
        contenders = np.ones(count, dtype=np.bool_)
    return BestAnswer(best, contenders, np.asarray(((lows > -margins) | own).all(axis=1), dtype=np.bool_))
