"""Evidence that numbers which come one after the other are no longer drawn as others were; valid at any look.

A conformal test martingale (Vovk, Gammerman and Shafer 2022, Algorithmic Learning in a Random World, 2nd edition,
chapter 8).  Each new number gets the rank that it has among the reference and all that came before it, ties broken by
chance; while all of them are exchangeable the ranks are uniform and independent.  A capital that bets against that
grows beyond 1 / alpha with a chance of at most alpha, however often it is looked at (Ville's inequality).  Knows
arrays only.
"""

from __future__ import annotations

import numpy as np

from fairtrial.stats.arrays import Floats

STAKES: Floats = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
"""Slopes of bets: that ranks are low, that they are high, and that they are neither."""
JUMP = 0.01
"""Share of each stake's capital that is spread anew before each bet: the *simple jumper* (Vovk, Petej, Nouretdinov,
Ahlberg, Carlsson and Gammerman 2021, Retrain or not retrain, PMLR 152)."""


def rank_sequentially(reference: Floats, coming: Floats, seed: int = 0) -> Floats:
    """Return (n,) the rank of each coming number among the (m,) reference and those before it, in (0, 1).

    ``seed`` is that of the chance by which ties are broken.
    """
    draw = np.random.default_rng(seed)
    known = np.concatenate([reference, coming])
    ranks = np.empty(len(coming))
    for i, value in enumerate(coming):
        seen = known[: len(reference) + i + 1]
        ranks[i] = (np.sum(seen < value) + draw.random() * np.sum(seen == value)) / len(seen)
    return ranks


def bet_on_ranks(ranks: Floats) -> Floats:
    """Return (n,) the natural logarithm of the capital after each of (n,) ranks; it begins with 1.

    The bets are made before each rank is seen, so the capital is a martingale while ranks are uniform.
    """
    shares = np.full(STAKES.size, 1 / STAKES.size)
    path, grown = np.empty(len(ranks)), 0.0
    for i, rank in enumerate(ranks):
        shares = (1 - JUMP) * shares + JUMP / STAKES.size
        shares = shares * (1 + STAKES * (rank - 0.5))
        total = shares.sum()
        grown += float(np.log(total))
        shares = shares / total
        path[i] = grown
    return path
