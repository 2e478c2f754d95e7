"""The publishers of the invented town, and under which terms their articles may be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fairtrial.archive.document import Label

Licence = Literal["open", "agreement", "expired", "denied", "embargoed"]


@dataclass(frozen=True, slots=True)
class Outlet:
    """A publisher.

    Attributes:
        name: in code and in addresses.
        title: as it is printed; ``{town}`` for the town.
        language: BCP 47.
        licence: open (CC BY 4.0), a signed agreement, one that has expired, or denied to prompts of models.
        label: of what it prints as a rule.
    """

    name: str
    title: str
    licence: Licence
    language: str = "en"
    label: Label = "news"


OUTLETS = {
    one.name: one
    for one in (
        Outlet("courier", "The {town} Courier", "open"),
        Outlet("chronicle", "{town} Chronicle", "agreement"),
        Outlet("post", "The {town} Evening Post", "denied"),
        Outlet("gazette", "The Mill Lane Gazette", "expired"),
        Outlet("uferbote", "Der Uferbote", "open", language="de"),
        Outlet("whistle", "The Wet Whistle", "open", label="satire"),
    )
}
"""All of them, by name."""

PERMITTED = frozenset(one.name for one in OUTLETS.values() if one.licence in ("open", "agreement"))
"""Those whose articles may be shown to a model."""

WIRE = "Northline"
"""The agency whose texts several of them print."""

MOST_WORDS = 25
"""Of an article of the Chronicle that one answer may quote."""
