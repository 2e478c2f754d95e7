"""The settings of decontamination: against which items training rows are checked, and how near is too near."""

from __future__ import annotations

from fairtrial.spec.section import Section

TRIAL = "trial"
"""In place of a file: the items of the trial's tasks."""


class Against(Section):
    """What training rows may not hold."""
