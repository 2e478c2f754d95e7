"""The kinds of signals that evidence can come from, and what is particular to each of them.

A reader of a signal writes one of these names into `Evidence.signal`.  A name that is not here is decided like any
public signal.
"""

from __future__ import annotations

from typing import Final

from fairtrial.rights.record import Use

AGREEMENT: Final = "agreement"
"""A row of a table of signed agreements; wins over public signals."""
EMBARGO: Final = "embargo"
"""The document's own release or end: a denial until then, or from then on; wins over agreements too."""
RSL: Final = "rsl"
TDMREP_FILE: Final = "tdmrep-file"
TDMREP_HEADER: Final = "tdmrep-header"
TDMREP_META: Final = "tdmrep-meta"
TDMREP_EMBEDDED: Final = "tdmrep-embedded"
"""In the document itself, e.g. XMP of a PDF or an EPUB's package."""
AIPREF_HEADER: Final = "aipref-header"
AIPREF_ROBOTS: Final = "aipref-robots"
CONTENT_SIGNAL: Final = "content-signal"
ROBOTS: Final = "robots.txt"
"""Allow and Disallow: whether a page may be fetched.  Says nothing of its use, so its evidence has no statements."""
SCHEMA_ORG: Final = "schema.org"
IPTC_PLUS: Final = "iptc-plus"
"""Data mining property of PLUS in the metadata of an image or news item."""
RIGHTS_INFO: Final = "rights-info"
"""Rights of a news item in ninjs or NewsML-G2."""
C2PA: Final = "c2pa"
"""Training and mining assertion in a signed manifest."""
ODRL: Final = "odrl"
LICENCE: Final = "licence"
"""A licence by its SPDX id or address, e.g. of Creative Commons."""

TITLES: Final[dict[str, str]] = {
    AGREEMENT: "signed agreement",
    EMBARGO: "embargo",
    RSL: "RSL licence",
    TDMREP_FILE: "TDMRep file",
    TDMREP_HEADER: "TDMRep HTTP header",
    TDMREP_META: "TDMRep in the page",
    TDMREP_EMBEDDED: "TDMRep in the document",
    AIPREF_HEADER: "Content-Usage HTTP header",
    AIPREF_ROBOTS: "Content-Usage in robots.txt",
    CONTENT_SIGNAL: "Content-Signal in robots.txt",
    ROBOTS: "robots.txt",
    SCHEMA_ORG: "schema.org",
    IPTC_PLUS: "IPTC/PLUS data mining",
    RIGHTS_INFO: "rights of the news item",
    C2PA: "C2PA manifest",
    ODRL: "ODRL policy",
    LICENCE: "licence",
}
"""What people call them."""

TDMREP_ORDER: Final = (TDMREP_FILE, TDMREP_HEADER, TDMREP_META, TDMREP_EMBEDDED)
"""Of several TDMRep signals the last one that says something holds (TDMRep, processing priority)."""

BINDING: Final = frozenset({AGREEMENT, EMBARGO, RSL, ODRL, RIGHTS_INFO})
"""Declarations that withhold all uses where nobody can read them: who sets terms has reserved the rest."""

CLOSED: Final[dict[str, frozenset[Use]]] = {RSL: frozenset({Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX, Use.SEARCH})}
"""Signals that deny what they could have listed and did not, once they list anything as permitted."""


def name_signal(signal: str) -> str:
    """Return what people call a kind of signal."""
    return TITLES.get(signal, signal)
