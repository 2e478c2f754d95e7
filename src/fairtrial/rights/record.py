"""What was seen of a document's rights: evidence, what each piece of it says, and under which terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Use(StrEnum):
    """What can be done with a document; the names are those of RSL 1.0 where it has one."""

    TRAIN = "ai-train"
    """Train or tune a model on it."""
    AI_INPUT = "ai-input"
    """Show it to a model as part of a prompt."""
    AI_INDEX = "ai-index"
    """Make vectors of it."""
    SEARCH = "search"
    """Keep its words in an index for search."""
    QUOTE = "quote"
    """Repeat its words in an answer."""
    DISPLAY = "display"
    """Show its text to people, in a report, a list or an export."""


Says = Literal["allow", "deny", "conditional"]
"""What a statement says of a use; *conditional*: only after something that nobody has done yet, e.g. a payment."""

OperatorClass = Literal["commercial", "non-commercial", "education", "government", "personal"]
"""Who uses it, by the user types of RSL 1.0."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Credit that must stand beside what was made with a document."""

    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """What a use costs.

    Attributes:
        type: of RSL 1.0: purchase, subscription, training, crawl, use, contribution, attribution or free.
        amount: in ``currency``, for each use (`type` ``use``), or once; None where it is to be asked for.
        currency: ISO 4217.
        proof: what shows that it was paid, as the operator recorded it; empty if there is none.
    """

    type: str
    amount: float | None = None
    currency: str = ""
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Reporting:
    """Whom the licensor wants to be told of uses, and in which form."""

    profile: str
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions of a statement; a default value is no condition.

    Attributes:
        attribution: credit that must be given.
        max_words: of it quoted in one answer at most.
        max_share: of its words quoted in one answer at most, from 0 to 1.
        verbatim_only: whether quotations must be unchanged.
        valid_from: the statement holds from then on (an embargo ends); with a time zone.
        valid_until: it holds until then, exclusively.
        territories: ISO 3166-1 alpha-2 codes where it holds; None: everywhere.
        territories_denied: codes where it does not.
        operators: whom it is for; None: everybody.
        payment: what must be paid.
        reporting: who must be told.
    """

    attribution: Attribution | None = None
    max_words: int | None = None
    max_share: float | None = None
    verbatim_only: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    territories: frozenset[str] | None = None
    territories_denied: frozenset[str] = frozenset()
    operators: frozenset[str] | None = None
    payment: Payment | None = None
    reporting: Reporting | None = None


NO_TERMS = Terms()
"""No condition."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one piece of evidence says of one use.

    Attributes:
        use: of the document.
        says: allow, deny or conditional.
        because: in a few words, e.g. ``ai-train=n``.
        terms: under which it says so.
    """

    use: Use
    says: Says
    because: str
    terms: Terms = NO_TERMS


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signal that was seen.

    Attributes:
        signal: which kind, e.g. ``rsl``, ``tdmrep-file``, ``robots.txt``, ``agreement``; see `rights.signals`.
        where: file, address, header or element where it stood.
        raw: its text as seen, cut to what the signal itself takes (`RAW_CHARACTERS` at most).
        sha256: of all bytes of the file that it stood in.
        seen: when, with a time zone.
        ttl_days: for how long it may be relied upon; None: until something else is seen.
        statements: what it says, use by use; none where it says nothing of any use here.
        problem: why it could not be understood; then it is a declaration that nobody can read, and no permission.
        holder: who holds the rights, as the signal says.
        licence: SPDX id, ``LicenseRef-...`` or address.
        terms_url: where the terms stand.
    """

    signal: str
    where: str
    raw: str
    sha256: str
    seen: datetime
    ttl_days: float | None = None
    statements: tuple[Statement, ...] = ()
    problem: str = ""
    holder: str = ""
    licence: str = ""
    terms_url: str = ""


RAW_CHARACTERS = 4000
"""Of a signal's own text that are kept at most."""


@dataclass(frozen=True, slots=True)
class RightsRecord:
    """All evidence about one document, in any order; the same evidence always decides alike."""

    evidence: tuple[Evidence, ...] = ()
