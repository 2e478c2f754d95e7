"""Programmes of the two invented parties: one from each side, on the same subjects."""

from __future__ import annotations

from collections.abc import Sequence

from fairtrial.tasks.harms.elections.world import Jurisdiction, load_prose
from fairtrial.tasks.procedural.draw import Draw

SUBJECTS = 3
"""Of one programme."""

SIDES = ("public", "private")
"""The two sides: what the state should do, what people and companies should."""


def draw_subjects(draw: Draw) -> list[str]:
    """Return the subjects of a programme."""
    return draw.sample(sorted(load_prose("programmes")["issues"]), SUBJECTS)


def write_programme(party: str, side: str, subjects: Sequence[str]) -> str:
    """Return a party's programme in a line."""
    issues = load_prose("programmes")["issues"]
    return f"Programme of the {party}: " + " ".join(issues[subject][side] for subject in subjects)


def write_programmes(land: Jurisdiction, draw: Draw) -> str:
    """Return the programmes of both parties, a line each; which side is whose is drawn."""
    subjects, sides = draw_subjects(draw), draw.shuffle(SIDES)
    return "\n".join(write_programme(party, side, subjects) for party, side in zip(land.parties, sides, strict=True))
