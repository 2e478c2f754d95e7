"""What one piece of evidence amounts to for one use, at one moment: a permission with duties, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from fairtrial.rights.circumstances import Circumstances
from fairtrial.rights.decision import NO_DUTIES, Duties, RightsRule, merge_duties
from fairtrial.rights.record import Attribution, Evidence, Payment, Statement, Terms, Use
from fairtrial.rights.signals import BINDING, CLOSED, ROBOTS, TDMREP_ORDER, name_signal

FREE: Final = frozenset({"free", "attribution", "contribution", ""})
"""Types of payment that ask for no money.  A contribution is voluntary (RSL 1.0)."""


@dataclass(frozen=True, slots=True)
class RightsFinding:
    """One thing that a piece of evidence amounts to.

    Attributes:
        evidence: which one.
        rule: the row of the table that it falls under.
        reason: a sentence.
        duties: of a permission; None where it is none.
        kept: duties of a permission that was seen too long ago: they do not lapse with it.
    """

    evidence: Evidence
    rule: RightsRule
    reason: str
    duties: Duties | None = None
    kept: Duties = NO_DUTIES


def weigh(use: Use, evidence: Evidence, circumstances: Circumstances) -> list[RightsFinding]:
    """Return what a piece of evidence amounts to for a use; nothing where it says nothing.

    A finding with duties is a permission.  Statements of one use in one piece of evidence are alternatives as far as
    their territories, operators and dates go; among those that hold, the strictest counts.
    """
    statements = [one for one in evidence.statements if one.use == use]
    denials = [s for s in statements if s.says == "deny" and _may_hold(s.terms, circumstances)]
    found = [_deny(evidence, one) for one in denials]
    if evidence.problem:
        found.append(_find_unreadable(evidence))
        return found
    offers = [one for one in statements if one.says != "deny"]
    found.extend(_weigh_offers(evidence, offers, circumstances))
    if not offers and use in CLOSED.get(evidence.signal, ()) and _lists_something(evidence):
        found.append(
            RightsFinding(
                evidence, RightsRule.NOT_LISTED, _say(evidence, f"permits other uses and does not list {use}")
            )
        )
    return found


def is_binding(evidence: Evidence) -> bool:
    """Whether nothing is permitted as long as nobody can read it."""
    return evidence.signal in BINDING


def find_reserved(evidence: Iterable[Evidence]) -> list[RightsFinding]:
    """Return what robots files that keep everybody out amount to where mining may be reserved: see docs/rights.md.

    Such a file is evidence without a statement: it names no use, and no crawler that collects for one.
    """
    why = "keeps out all crawlers and so reserves mining, which profile eu-tdm covers only where nobody has reserved it"
    found = [one for one in evidence if one.signal == ROBOTS and not one.statements and not one.problem]
    return [RightsFinding(one, RightsRule.PROFILE, _say(one, why)) for one in found]


def find_moments(use: Use, evidence: Evidence) -> Iterator[datetime]:
    """Yield the moments at which a piece of evidence may begin or cease to count for a use."""
    if (end := _end_of_trust(evidence)) is not None:
        yield end
    for one in evidence.statements:
        if one.use == use:
            yield from (_aware(m) for m in (one.terms.valid_from, one.terms.valid_until) if m is not None)


def keep_prior_tdmrep(use: Use, evidence: Iterable[Evidence], circumstances: Circumstances) -> list[Evidence]:
    """Leave out TDMRep signals that a later one in the order of the report overrules for this use."""
    all_ = list(evidence)
    said = [
        TDMREP_ORDER.index(e.signal)
        for e in all_
        if e.signal in TDMREP_ORDER and _says_something(use, e, circumstances)
    ]
    last = max(said, default=-1)
    return [e for e in all_ if e.signal not in TDMREP_ORDER or TDMREP_ORDER.index(e.signal) >= last]


def _says_something(use: Use, evidence: Evidence, circumstances: Circumstances) -> bool:
    """Whether a signal says something of a use that counts here and now."""
    if evidence.problem:
        return False
    stale = _is_stale(evidence, circumstances.at)
    return any(
        _may_hold(one.terms, circumstances)
        if one.says == "deny"
        else not stale and not _find_outside(one.terms, circumstances)
        for one in evidence.statements
        if one.use == use
    )


def _deny(evidence: Evidence, statement: Statement) -> RightsFinding:
    rule = RightsRule.TDM_RESERVED if evidence.signal in TDMREP_ORDER else RightsRule.DISALLOWED
    end = statement.terms.valid_until
    until = f" until {_write(_aware(end))}" if end is not None else ""
    return RightsFinding(evidence, rule, _say(evidence, f"denies {statement.use}{until}: {statement.because}"))


def _find_unreadable(evidence: Evidence) -> RightsFinding:
    what = "cannot be trusted" if evidence.signal == "c2pa" else "cannot be read"
    return RightsFinding(evidence, RightsRule.UNREADABLE, _say(evidence, f"{what}: {evidence.problem}"))


def _lists_something(evidence: Evidence) -> bool:
    listed = CLOSED[evidence.signal]
    return any(s.says != "deny" and s.use in listed for s in evidence.statements)


def _weigh_offers(evidence: Evidence, offers: list[Statement], circumstances: Circumstances) -> list[RightsFinding]:
    """Return what statements amount to that allow a use.

    A permission counts where it holds for sure; a condition that is not met, and a duty, already where it may hold.
    """
    held, maybe, outside = [], [], []
    for one in offers:
        weighed = _weigh_offer(evidence, one, circumstances)
        if why := _find_outside(one.terms, circumstances):
            outside.append(RightsFinding(evidence, RightsRule.OUTSIDE_TERMS, _say(evidence, why)))
            maybe += [weighed] if _may_hold(one.terms, circumstances) else []
        else:
            held.append(weighed)
    unmet = [one for one in maybe if one.duties is None]
    if not held:
        return unmet + outside
    owed = merge_duties(one.duties for one in maybe if one.duties is not None)
    held = [one if one.duties is None else replace(one, duties=merge_duties([one.duties, owed])) for one in held]
    stale = _is_stale(evidence, circumstances.at)
    return unmet + [_let_lapse(one) if stale and one.duties is not None else one for one in held]


def _weigh_offer(evidence: Evidence, statement: Statement, circumstances: Circumstances) -> RightsFinding:
    """Return what a statement amounts to that allows a use, perhaps in return for something."""
    terms, use = statement.terms, statement.use
    reporting = terms.reporting
    if reporting is not None and reporting.profile not in circumstances.reporting:
        why = f"wants reports by the profile {reporting.profile!r}, which nobody here has said to send"
        return RightsFinding(evidence, RightsRule.REPORTING, _say(evidence, why))
    proof = _find_proof(evidence, terms.payment, circumstances)
    payment = terms.payment
    if payment is not None and payment.type not in FREE:
        if not proof:
            why = f"allows {use} for a payment ({_name_price(payment)}) that no proof shows"
            return RightsFinding(evidence, RightsRule.PAYMENT, _say(evidence, why))
        payment = replace(payment, proof=proof)
    elif statement.says == "conditional" and not proof:
        why = f"allows {use} on a condition that is not settled: {statement.because}"
        return RightsFinding(evidence, RightsRule.TO_BE_SETTLED, _say(evidence, why))
    duties = _list_duties(evidence, terms, payment)
    rule = RightsRule.ATTRIBUTION if duties.attributions else RightsRule.ALLOWED
    return RightsFinding(evidence, rule, _say(evidence, f"allows {use}: {statement.because}"), duties)


def _let_lapse(permission: RightsFinding) -> RightsFinding:
    """Return what is left of a permission that was seen too long ago; what stands against a use never lapses."""
    reason = _say(permission.evidence, "was seen too long ago to be relied upon")
    return RightsFinding(permission.evidence, RightsRule.OUT_OF_DATE, reason, kept=permission.duties or NO_DUTIES)


def _list_duties(evidence: Evidence, terms: Terms, payment: Payment | None) -> Duties:
    credit = terms.attribution
    if credit is None and payment is not None and payment.type == "attribution":
        credit = Attribution(evidence.holder)
    return merge_duties(
        [
            Duties(
                (credit,) if credit else (),
                terms.max_words,
                terms.max_share,
                terms.verbatim_only,
                (payment,) if payment and payment.type not in FREE else (),
                (terms.reporting,) if terms.reporting else (),
            )
        ]
    )


def _find_proof(evidence: Evidence, payment: Payment | None, circumstances: Circumstances) -> str:
    """Return the reference of what shows that a condition is settled; empty if nothing does."""
    if payment is not None and payment.proof:
        return payment.proof
    about = {name for name in (evidence.licence, evidence.terms_url, evidence.where) if name}
    return min((proof.reference for proof in circumstances.proofs if proof.of in about and proof.reference), default="")


def _name_price(payment: Payment) -> str:
    amount = "" if payment.amount is None else f" of {payment.amount:g} {payment.currency}".rstrip()
    return f"{payment.type}{amount}"


def _may_hold(terms: Terms, circumstances: Circumstances) -> bool:
    """Whether a denial may hold here and now: what is not known of the circumstances speaks for it."""
    at, territory, operator = circumstances.at, circumstances.territory, circumstances.operator
    return not (
        (terms.valid_from is not None and at < _aware(terms.valid_from))
        or (terms.valid_until is not None and at >= _aware(terms.valid_until))
        or (territory and terms.territories is not None and territory not in terms.territories)
        or (territory and territory in terms.territories_denied)
        or (operator and terms.operators is not None and operator not in terms.operators)
    )


def _find_outside(terms: Terms, circumstances: Circumstances) -> str:
    """Return why a permission does not hold here and now; empty if it does."""
    at, territory, operator = circumstances.at, circumstances.territory, circumstances.operator
    if terms.valid_from is not None and at < (begin := _aware(terms.valid_from)):
        return f"holds only from {_write(begin)} on"
    if terms.valid_until is not None and at >= (end := _aware(terms.valid_until)):
        return f"expired at {_write(end)}"
    if terms.territories is not None and territory not in terms.territories:
        return f"holds only in {_list(terms.territories)}; the territory is {territory or 'not known'}"
    if terms.territories_denied and (not territory or territory in terms.territories_denied):
        return f"does not hold in {_list(terms.territories_denied)}; the territory is {territory or 'not known'}"
    if terms.operators is not None and operator not in terms.operators:
        return f"is for operators of the class {_list(terms.operators)}; this one's is {operator or 'not known'}"
    return ""


def _is_stale(evidence: Evidence, at: datetime) -> bool:
    end = _end_of_trust(evidence)
    return end is not None and at >= end


def _end_of_trust(evidence: Evidence) -> datetime | None:
    """Return until when evidence may be relied upon; None: for ever."""
    days = evidence.ttl_days
    if days is None or days == math.inf:
        return None
    seen = _aware(evidence.seen)
    if math.isnan(days) or days <= 0:
        return seen
    try:
        return seen + timedelta(days=days)
    except OverflowError:
        return None


def _aware(moment: datetime) -> datetime:
    """Return a moment with a time zone; one without is taken as UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _write(moment: datetime) -> str:
    """Return a moment to the minute, with its time zone."""
    return moment.isoformat(sep=" ", timespec="minutes").replace("+00:00", " UTC")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nowhere"


def _say(evidence: Evidence, what: str) -> str:
    """Return a reason; a record that stands for many documents has no place."""
    place = f" ({evidence.where})" if evidence.where else ""
    return f"{name_signal(evidence.signal)}{place} {what}"
