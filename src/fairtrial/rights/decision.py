"""What was decided of one use: allowed or not, by which rule, for which reasons, and what must be done in return."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from fairtrial.rights.record import Attribution, Evidence, Payment, Reporting, Use

_T = TypeVar("_T")


class RightsRule(StrEnum):
    """The rows of the table of decisions, in the order in which they are tried; see docs/rights.md."""

    EMBARGO = "embargo"
    AGREEMENT = "agreement"
    OUTSIDE_TERMS = "outside-terms"
    DISALLOWED = "disallowed"
    TDM_RESERVED = "tdm-reserved"
    NOT_LISTED = "not-listed"
    UNREADABLE = "unreadable"
    REPORTING = "reporting"
    PAYMENT = "payment"
    TO_BE_SETTLED = "to-be-settled"
    ATTRIBUTION = "attribution"
    ALLOWED = "allowed"
    FOLLOWS = "follows"
    OUT_OF_DATE = "out-of-date"
    PROFILE = "profile"


ORDER: Final = {rule: place for place, rule in enumerate(RightsRule)}


@dataclass(frozen=True, slots=True)
class Duties:
    """What must be done where a use is allowed; empty where it is not.

    Attributes:
        attributions: credits that must stand beside what was made, in a fixed order; one with an empty text means the
            publisher's name and the document's title.
        max_words: quoted of a document in one answer at most.
        max_share: of a document's words quoted in one answer at most, from 0 to 1.
        verbatim_only: whether quotations must be unchanged.
        payments: that are due, or that a proof shows to have been made.
        reporting: who must be told of the use.
    """

    attributions: tuple[Attribution, ...] = ()
    max_words: int | None = None
    max_share: float | None = None
    verbatim_only: bool = False
    payments: tuple[Payment, ...] = ()
    reporting: tuple[Reporting, ...] = ()


NO_DUTIES: Final = Duties()


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of one use.

    Attributes:
        use: that was decided.
        allowed: whether it may be done.
        rule: the row of the table that decided.
        reasons: why, a sentence each; never a document's text.
        evidence: what decided, in a fixed order; empty where nothing was said.
        duties: what must be done in return.
        changes: the next moment at which result, rule or duties are others for the same record; None if no clock
            changes them.
    """

    use: Use
    allowed: bool
    rule: RightsRule
    reasons: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    duties: Duties = NO_DUTIES
    changes: datetime | None = None

    @property
    def result(self) -> str:
        """``allow`` or ``deny``."""
        return "allow" if self.allowed else "deny"


def merge_duties(duties: Iterable[Duties]) -> Duties:
    """Return the strictest of all: every credit, payment and report, the lowest limits."""
    all_ = list(duties)
    return Duties(
        _sorted_once(a for one in all_ for a in one.attributions),
        min((one.max_words for one in all_ if one.max_words is not None), default=None),
        min((one.max_share for one in all_ if one.max_share is not None), default=None),
        any(one.verbatim_only for one in all_),
        _sorted_once(p for one in all_ for p in one.payments),
        _sorted_once(r for one in all_ for r in one.reporting),
    )


def combine_decisions(decisions: Iterable[Decision]) -> Decision:
    """Return the decision for what is made of several documents, or of a document and its picture: the strictest.

    All decisions must be of one use; raises ValueError for none at all or for several uses.
    """
    all_ = list(decisions)
    if not all_ or len({one.use for one in all_}) > 1:
        raise ValueError("decisions of one use are combined, at least one")
    denied = [one for one in all_ if not one.allowed]
    deciding = denied or all_
    first = min(deciding, key=lambda one: (ORDER[one.rule], one.reasons))
    duties = NO_DUTIES if denied else merge_duties(one.duties for one in all_)
    return replace(
        first,
        reasons=tuple(dict.fromkeys(r for one in sorted(deciding, key=_place) for r in one.reasons)),
        evidence=tuple(dict.fromkeys(e for one in sorted(deciding, key=_place) for e in one.evidence)),
        duties=duties,
        changes=min((one.changes for one in all_ if one.changes is not None), default=None),
    )


def _place(decision: Decision) -> tuple[int, tuple[str, ...], str]:
    return ORDER[decision.rule], decision.reasons, repr(decision.evidence)


def _sorted_once(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(sorted(set(values), key=repr))
