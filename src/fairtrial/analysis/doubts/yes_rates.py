"""Doubts about candidates that say yes, or no, to nearly everything."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.analysis.yes_rates import iterate_yes_rates
from fairtrial.ledger import Ledger, query

LEANS = 0.15
"""How far the whole interval of a yes-rate must be from the share of right yes."""

FEWEST = 20
"""Items below which nothing is said."""


def find_yes_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield who certainly leans to yes or to no: the score is then as much about the leaning as about seeing."""
    for one in iterate_yes_rates(ledger, trial.id):
        low, high = one.rate.low - one.right, one.rate.high - one.right
        if one.items < FEWEST or (low < LEANS and high > -LEANS):
            continue
        said = f"{one.candidate.name} says yes to {one.rate.mean:.0%} of what is asked on {one.task.name}"
        if low >= LEANS:
            text = f"{said}, and that is right for {one.right:.0%}: it sees what is not there."
        else:
            text = f"{said}, and that is right for {one.right:.0%}: it misses what is there."
        yield Doubt(
            "leans_to_yes" if low >= LEANS else "leans_to_no", text, one.task.name, one.candidate.name, headline=True
        )
