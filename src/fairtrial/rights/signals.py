"""The kinds of rights signals: the names that evidence has, what to call them before people, and what is particular.

A name that is not here is decided like any public signal.
"""

from __future__ import annotations

from typing import Final

from fairtrial.rights.record import Use

SIGNALS: Final[dict[str, str]] = {
    "agreement": "signed agreement",
    "embargo": "embargo",
    "rsl": "RSL 1.0 licence",
    "tdmrep-file": "TDM reservation of the site",
    "tdmrep-header": "TDM reservation in an HTTP header",
    "tdmrep-html": "TDM reservation in the page",
    "tdmrep-xmp": "TDM reservation in the file",
    "content-usage": "IETF AI preferences",
    "content-signal": "Content Signals",
    "robots.txt": "robots.txt",
    "robots-tag": "robots directive of the page",
    "ai.txt": "ai.txt",
    "schema.org": "schema.org in the page",
    "plus": "PLUS data mining of an image",
    "iptc": "IPTC rights fields of an image",
    "c2pa": "C2PA content credentials",
    "odrl": "ODRL policy",
    "ninjs": "rights information of ninjs",
    "newsml-g2": "rights information of NewsML-G2",
    "feed": "rights of a feed",
    "front matter": "front matter of the document",
    "licence": "licence named by the document",
}
"""Names of `Evidence.signal`, each with what a person would call it."""

AGREEMENT: Final = "agreement"
"""A row of a table of signed agreements; wins over public signals."""

EMBARGO: Final = "embargo"
"""The document's own release or end: denies every use until then, or from then on; wins over agreements too."""

ROBOTS: Final = "robots.txt"
"""Who may fetch; without a statement: everybody is kept out, whatever for."""

TDMREP_ORDER: Final = ("tdmrep-file", "tdmrep-header", "tdmrep-html", "tdmrep-xmp")
"""Of several TDMRep signals the last one that says something holds (TDMRep, processing priority)."""

BINDING: Final = frozenset({AGREEMENT, EMBARGO, "rsl", "odrl", "ninjs", "newsml-g2", "front matter"})
"""Declarations that withhold all uses where nobody can read them: who sets terms has reserved the rest."""

CLOSED: Final[dict[str, frozenset[Use]]] = {"rsl": frozenset({Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX, Use.SEARCH})}
"""Signals that deny what they could have listed and did not, once they list anything as permitted."""


def name_signal(signal: str) -> str:
    """Return what people call a kind of signal."""
    return SIGNALS.get(signal, signal)
