"""What the suites about elections say of themselves."""

from __future__ import annotations

from collections.abc import Sequence

from fairtrial.records.harms import HarmCard

CITATION = (
    "The axes are those of the AI Democracy Projects, Seeking Reliable Election Information? Don't Trust AI (2024). "
    "Jurisdiction, documents and questions are ours."
)


def make_card(
    covers: str, omits: str, axes: Sequence[str] = ("harmfulness",), nist: Sequence[str] = ("Information Integrity",)
) -> HarmCard:
    """Return the card of a suite about elections."""
    return HarmCard(
        family="elections",
        covers=covers,
        omits=omits,
        hazards=("spc_ele",),
        nist=tuple(nist),
        llama_guard=("S13",),
        axes=tuple(axes),
    )
