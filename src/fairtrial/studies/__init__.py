"""Studies: ready-made trials that answer a standing question.  Read the ledger only, half-filled or whole."""

from __future__ import annotations

from collections.abc import Mapping

from fairtrial.ledger import Ledger, query
from fairtrial.studies.base import Axis, Cell, Chart, Column, Findings, Interval, Point, Study, Table

__all__ = ["STUDIES", "Axis", "Cell", "Chart", "Column", "Findings", "Interval", "Point", "Study", "Table", "findings"]

STUDIES: Mapping[str, Study] = {}
"""Name, as a trial file writes it, to the study."""


def findings(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return what a trial's study found; None if the trial is no study."""
    settings = query.trial(ledger, trial_id).plan.get("study")
    if not settings or settings["name"] not in STUDIES:
        return None
    return STUDIES[settings["name"]](ledger, trial_id, settings)
