"""What a trial may spend.  Knows no prices and no clock; `fairtrial.running.budget` keeps count.

A budget decides how far a trial gets, never what an answer is: it is no part of the trial's identity, and a trial that
it stopped goes on when the file allows more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from fairtrial.spec.section import Number, Positive, Section

Amount = Annotated[Number, Field(gt=0)]

UNITS: Mapping[str, str] = {"minutes": "minutes", "usd": "US dollars", "joules": "joules", "items": "item answers"}
"""What may be limited, in words."""


class Budget(Section):
    """What a trial may spend, all its runs together; what is left out is not limited."""

    minutes: Amount | None = Field(None, description="Wall time of the trial's runs.")
    usd: Amount | None = Field(
        None, description="US dollars: the measure 'usd' of the answers that the trial paid for."
    )
    joules: Amount | None = Field(None, description="Energy: the measure 'joules' of the answers that the trial made.")
    items: Positive | None = Field(None, description="Item answers, over all candidates and repeats.")

    def limits(self) -> dict[str, float]:
        """Return what is limited: name to amount."""
        amounts = {name: getattr(self, name) for name in UNITS}
        return {name: float(amount) for name, amount in amounts.items() if amount is not None}
