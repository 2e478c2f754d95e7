"""Tell why a document may be used or not: what was decided of each use, what must be done in return, what was seen.

In words for people, and as JSON values.  Holds no word of the document but its title.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from fairtrial.rights.circumstances import Circumstances
from fairtrial.rights.decide import decide
from fairtrial.rights.decision import Decision, Duties, RightsRule
from fairtrial.rights.record import Attribution, Evidence, Payment, RightsRecord, Statement, Terms, Use
from fairtrial.rights.signals import name_signal

USES: Final[dict[Use, str]] = {
    Use.TRAIN: "train or tune a model on it",
    Use.AI_INPUT: "show it to a model in a prompt",
    Use.AI_INDEX: "make vectors of it",
    Use.SEARCH: "keep its words in an index",
    Use.QUOTE: "repeat its words in an answer",
    Use.DISPLAY: "show its text to people",
}
"""What a use is, in words."""

RULES: Final[dict[RightsRule, str]] = {
    RightsRule.EMBARGO: "the document is held back, or its time is over",
    RightsRule.AGREEMENT: "a signed agreement says so",
    RightsRule.OUTSIDE_TERMS: "what permits it does not hold here and now",
    RightsRule.DISALLOWED: "a signal disallows it",
    RightsRule.TDM_RESERVED: "text and data mining is reserved",
    RightsRule.NOT_LISTED: "the licence lists other uses and not this one",
    RightsRule.UNREADABLE: "terms were set that cannot be read",
    RightsRule.REPORTING: "reports are asked for that nobody sends",
    RightsRule.PAYMENT: "it is to be paid for, and no proof says that it was",
    RightsRule.TO_BE_SETTLED: "a condition is not settled",
    RightsRule.ATTRIBUTION: "permitted, with credit",
    RightsRule.ALLOWED: "permitted",
    RightsRule.OUT_OF_DATE: "what permits it was seen too long ago",
    RightsRule.FOLLOWS: "another permitted use covers it",
    RightsRule.PROFILE: "nobody permits or denies it; the profile decides",
}
"""What a row of the table means, in words."""


_BEFORE_USE = "allows|denies|list|permitted|forbids|reserves|of"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is decided of one document, or of one of its pictures.

    Attributes:
        name: its address or path.
        title: of the document; of a picture its place in it.
        publisher: of the document.
        decisions: use by use.
        evidence: everything that was seen.
        id: of a document of an archive; empty for others.
        hash_only: whether the archive keeps its hash and this evidence alone.
    """

    name: str
    title: str
    publisher: str
    decisions: tuple[Decision, ...]
    evidence: tuple[Evidence, ...]
    id: str = ""
    hash_only: bool = False


def explain(
    name: str,
    record: RightsRecord,
    circumstances: Circumstances,
    uses: Iterable[Use],
    *,
    title: str = "",
    publisher: str = "",
) -> Explanation:
    """Decide uses of a document and return why."""
    decisions = tuple(decide(use, record, circumstances) for use in uses)
    return Explanation(name, title, publisher, decisions, record.evidence)


def describe_duties(duties: Duties) -> list[str]:
    """Return what must be done in return for a use, a phrase each."""
    credit = [f"credit {_name_credit(one)}" for one in duties.attributions]
    limits = []
    if duties.max_words is not None:
        limits.append(f"quote {duties.max_words:,} words of it in an answer at most")
    if duties.max_share is not None:
        limits.append(f"quote {duties.max_share:.3g} of its words in an answer at most")
    if duties.verbatim_only:
        limits.append("quote it unchanged")
    paid = [describe_payment(one) for one in duties.payments]
    told = [f"report uses by {one.profile}{f' to {one.endpoint}' if one.endpoint else ''}" for one in duties.reporting]
    return [*credit, *limits, *paid, *told]


def describe_payment(payment: Payment) -> str:
    """Return what a use costs, and whether that is settled."""
    price = "at a price to be agreed" if payment.amount is None else f"{payment.amount:g} {payment.currency}".rstrip()
    each = " for each use" if payment.type == "use" else f" ({payment.type})"
    return f"pay {price}{each}, {f'proof: {payment.proof}' if payment.proof else 'no proof of payment'}"


def describe_terms(terms: Terms) -> list[str]:
    """Return the conditions of a statement, a phrase each."""
    told = []
    if terms.valid_from:
        told.append(f"from {write_moment(terms.valid_from)}")
    if terms.valid_until:
        told.append(f"until {write_moment(terms.valid_until)}")
    if terms.territories is not None:
        told.append(f"in {_list_codes(terms.territories) or 'no territory'}")
    if terms.territories_denied:
        told.append(f"not in {_list_codes(terms.territories_denied)}")
    if terms.operators is not None:
        told.append(f"for {', '.join(sorted(terms.operators)) or 'nobody'}")
    credit = (terms.attribution,) if terms.attribution else ()
    payments = (terms.payment,) if terms.payment else ()
    reporting = (terms.reporting,) if terms.reporting else ()
    duties = Duties(credit, terms.max_words, terms.max_share, terms.verbatim_only, payments, reporting)
    return [*told, *describe_duties(duties)]


def group_decisions(decisions: Iterable[Decision]) -> list[list[Decision]]:
    """Return decisions in groups that differ in the use alone, in the order of their first ones."""
    groups: dict[Decision, list[Decision]] = {}
    for one in decisions:
        reasons = tuple(leave_out_use(reason, one.use) for reason in one.reasons)
        groups.setdefault(replace(one, use=Use.TRAIN, reasons=reasons), []).append(one)
    return list(groups.values())


def leave_out_use(reason: str, use: Use) -> str:
    """Return a reason with ``it`` in place of the use that it is about; what a signal itself says stays."""
    return re.sub(rf"\b({_BEFORE_USE}) {re.escape(use.value)}(?![\w=-])", r"\1 it", reason)


def group_statements(evidence: Evidence) -> list[tuple[str, list[Use], str, list[str]]]:
    """Return what evidence says, equal statements of several uses together: says, uses, because, terms."""
    groups: dict[tuple[str, str, Terms], list[Use]] = {}
    for one in evidence.statements:
        groups.setdefault((one.says, one.because, one.terms), []).append(one.use)
    return [(says, uses, because, describe_terms(terms)) for (says, because, terms), uses in groups.items()]


def write_moment(moment: datetime) -> str:
    """Return a moment to the minute, with its time zone."""
    zone = moment.strftime("%z")
    written = "UTC" if zone in ("+0000", "") else f"{zone[:3]}:{zone[3:5]}"
    return f"{moment:%Y-%m-%d %H:%M} {written}"


def _name_credit(credit: Attribution) -> str:
    text = credit.text or "the publisher and the title"
    return f"{text} <{credit.link}>" if credit.link else text


def _list_codes(codes: frozenset[str], most: int = 12) -> str:
    named = sorted(codes)
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more


def explanations_document(
    circumstances: Circumstances, explained: Iterable[Explanation], refused: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Return explanations as JSON values, with their circumstances and the files that could not be read, and why."""
    return {
        "circumstances": {
            "at": circumstances.at.isoformat(),
            "territory": circumstances.territory,
            "operator": circumstances.operator,
            "profile": circumstances.profile,
            "proofs": [{"of": one.of, "reference": one.reference} for one in circumstances.proofs],
            "reporting": sorted(circumstances.reporting),
        },
        "documents": [explanation_document(one) for one in explained],
        "refused": [{"where": where, "problem": problem} for where, problem in refused],
    }


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON values; evidence is referred to by its place in ``evidence``, from 0."""
    places = {one: place for place, one in reversed(list(enumerate(explanation.evidence)))}
    return {
        "name": explanation.name,
        "id": explanation.id,
        "hash_only": explanation.hash_only,
        "title": explanation.title,
        "publisher": explanation.publisher,
        "decisions": [_decision_document(one, places) for one in explanation.decisions],
        "evidence": [_evidence_document(one) for one in explanation.evidence],
    }


def _decision_document(decision: Decision, places: Mapping[Evidence, int]) -> dict[str, Any]:
    duties = decision.duties
    return {
        "use": decision.use.value,
        "result": decision.result,
        "rule": decision.rule.value,
        "reasons": list(decision.reasons),
        "evidence": sorted(places[one] for one in decision.evidence if one in places),
        "changes": decision.changes.isoformat() if decision.changes else None,
        "duties": {
            "attributions": [{"text": one.text, "link": one.link} for one in duties.attributions],
            "max_words": duties.max_words,
            "max_share": duties.max_share,
            "verbatim_only": duties.verbatim_only,
            "payments": [_payment_document(one) for one in duties.payments],
            "reporting": [{"profile": one.profile, "endpoint": one.endpoint} for one in duties.reporting],
        },
    }


def _payment_document(payment: Payment) -> dict[str, Any]:
    named = {"type": payment.type, "amount": payment.amount, "currency": payment.currency}
    return {**named, "proof": payment.proof}


def _evidence_document(evidence: Evidence) -> dict[str, Any]:
    return {
        "signal": evidence.signal,
        "named": name_signal(evidence.signal),
        "where": evidence.where,
        "seen": evidence.seen.isoformat(),
        "ttl_days": evidence.ttl_days,
        "sha256": evidence.sha256,
        "holder": evidence.holder,
        "licence": evidence.licence,
        "terms_url": evidence.terms_url,
        "problem": evidence.problem,
        "statements": [_statement_document(one) for one in evidence.statements],
        "raw": evidence.raw,
    }


def _statement_document(statement: Statement) -> dict[str, Any]:
    told = {"use": statement.use.value, "says": statement.says, "because": statement.because}
    return {**told, "terms": describe_terms(statement.terms)}
