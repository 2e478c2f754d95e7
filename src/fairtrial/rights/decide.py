"""Decide whether a document may be used: pure, from what was seen of its rights and the circumstances.

The table of rules is in docs/rights.md, row by row; `RightsRule` has their names.  Adding a denial never allows more,
the order of evidence is irrelevant, and what nobody has permitted is not permitted, unless a profile says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from fairtrial.rights.circumstances import EEA, Circumstances
from fairtrial.rights.decision import NO_DUTIES, ORDER, Decision, Duties, RightsRule, merge_duties
from fairtrial.rights.record import Evidence, RightsRecord, Use
from fairtrial.rights.signals import AGREEMENT, EMBARGO
from fairtrial.rights.weighing import RightsFinding, find_moments, find_reserved, is_binding, keep_prior_tdmrep, weigh

QUOTED_WORDS_UNSAID: Final = 25
"""Words of a document that an answer may quote where its use as input is permitted and nothing is said of quoting."""

FOLLOWS: Final[dict[Use, tuple[Use, ...]]] = {
    Use.SEARCH: (Use.AI_INPUT, Use.AI_INDEX),
    Use.AI_INDEX: (Use.AI_INPUT,),
    Use.QUOTE: (Use.AI_INPUT,),
}
"""Where nothing is said of a use: the uses whose permission, given by somebody, covers it."""

MINING: Final = frozenset({Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX, Use.SEARCH})
"""Uses that are text and data mining for the profile ``eu-tdm``."""


def decide(use: Use, record: RightsRecord, circumstances: Circumstances) -> Decision:
    """Return whether a use of a document is allowed, why, what must be done in return, and until when that holds."""
    decision = _decide_now(use, record, circumstances)
    for moment in _list_moments(use, record, circumstances.at):
        later = _decide_now(use, record, replace(circumstances, at=moment))
        if (later.allowed, later.rule, later.duties) != (decision.allowed, decision.rule, decision.duties):
            return replace(decision, changes=moment)
    return decision


def _list_moments(use: Use, record: RightsRecord, at: datetime) -> list[datetime]:
    uses = (use, *FOLLOWS.get(use, ()))
    moments = {m for evidence in record.evidence for one in uses for m in find_moments(one, evidence)}
    return sorted(moment for moment in moments if moment > at)


def _decide_now(use: Use, record: RightsRecord, circumstances: Circumstances) -> Decision:
    """Return the decision at one moment."""
    said = _decide_said(use, record, circumstances)
    if said is not None:
        return said
    for other in FOLLOWS.get(use, ()):
        covering = _decide_said(other, record, circumstances)
        if covering is not None and covering.allowed:
            return _follow(use, covering)
    return _decide_unsaid(use, record, circumstances)


def _decide_said(use: Use, record: RightsRecord, circumstances: Circumstances) -> Decision | None:
    """Return the decision that evidence leads to; None where it says nothing that counts of this use."""
    embargoes = _weigh_all(use, (e for e in record.evidence if e.signal == EMBARGO), circumstances)
    held = [one for one in embargoes if one.duties is None]
    if held:
        return _deny(use, [replace(one, rule=RightsRule.EMBARGO) for one in held])
    signed = _weigh_all(use, (e for e in record.evidence if e.signal == AGREEMENT), circumstances)
    if signed:
        return _decide_signed(use, signed)
    public = [e for e in record.evidence if e.signal not in (EMBARGO, AGREEMENT)]
    found = _weigh_all(use, keep_prior_tdmrep(use, public, circumstances), circumstances)
    denials = [one for one in found if one.duties is None and not _is_weak(one)]
    if denials:
        return _deny(use, denials)
    permissions = [one for one in found if one.duties is not None]
    if permissions:
        return _allow(use, permissions, [one.kept for one in found])
    return None


def _weigh_all(use: Use, evidence: Iterable[Evidence], circumstances: Circumstances) -> list[RightsFinding]:
    return [one for each in evidence for one in weigh(use, each, circumstances)]


def _decide_signed(use: Use, found: list[RightsFinding]) -> Decision:
    """Return what signed agreements lead to: those in force first, the strictest of them."""
    in_force = [
        one
        for one in found
        if one.rule not in (RightsRule.OUTSIDE_TERMS, RightsRule.OUT_OF_DATE, RightsRule.UNREADABLE)
    ]
    if not in_force:
        return _deny(use, found)
    denials = [one for one in in_force if one.duties is None]
    if denials:
        return _deny(
            use, [replace(d, rule=RightsRule.AGREEMENT) if d.rule == RightsRule.DISALLOWED else d for d in denials]
        )
    return replace(_allow(use, in_force), rule=RightsRule.AGREEMENT)


def _is_weak(finding: RightsFinding) -> bool:
    """Whether it only means that a signal says nothing that can be relied upon."""
    return finding.rule == RightsRule.OUT_OF_DATE or (
        finding.rule == RightsRule.UNREADABLE and not is_binding(finding.evidence)
    )


def _follow(use: Use, covering: Decision) -> Decision:
    """Return the decision of a use that the permission of another one covers."""
    duties = replace(covering.duties, payments=())  # they are due for the use that names them, once
    reason = f"nothing is said of {use}; it follows {covering.use}, which is allowed"
    if use == Use.QUOTE and duties.max_words is None and duties.max_share is None:
        duties = replace(duties, max_words=QUOTED_WORDS_UNSAID)
        reason += f", up to {QUOTED_WORDS_UNSAID} words of a document in an answer"
    return Decision(use, True, RightsRule.FOLLOWS, (reason, *covering.reasons), covering.evidence, duties)


def _decide_unsaid(use: Use, record: RightsRecord, circumstances: Circumstances) -> Decision:
    """Return what the profile says of a use of which nothing is said that counts."""
    public = (e for e in record.evidence if e.signal not in (EMBARGO, AGREEMENT))
    weak = _weigh_all(use, keep_prior_tdmrep(use, public, circumstances), circumstances)
    profile = circumstances.profile
    if profile == "own-archive":
        reason = f"nothing forbids {use}; profile own-archive allows it"
        return Decision(use, True, RightsRule.PROFILE, (reason,), duties=merge_duties(one.kept for one in weak))
    if weak:
        return _deny(use, weak)
    if profile == "strict":
        return Decision(use, False, RightsRule.PROFILE, (f"nobody has permitted {use}; profile strict denies it",))
    if circumstances.territory and circumstances.territory not in EEA:
        reason = f"nobody has permitted {use}; profile eu-tdm holds in the EEA, not in {circumstances.territory}"
        return Decision(use, False, RightsRule.PROFILE, (reason,))
    if use in MINING and (reserved := find_reserved(record.evidence)):
        return _deny(use, reserved)
    if use in MINING:
        return Decision(use, True, RightsRule.PROFILE, (f"nothing reserves {use}; profile eu-tdm allows mining",))
    if use == Use.QUOTE and _decide_now(Use.AI_INPUT, record, circumstances).allowed:
        reason = (
            f"nothing is said of quote; profile eu-tdm allows {QUOTED_WORDS_UNSAID} words of a document in an answer"
        )
        return Decision(use, True, RightsRule.PROFILE, (reason,), duties=Duties(max_words=QUOTED_WORDS_UNSAID))
    return Decision(
        use, False, RightsRule.PROFILE, (f"nobody has permitted {use}; profile eu-tdm covers mining alone",)
    )


def _allow(use: Use, found: list[RightsFinding], kept: Iterable[Duties] = ()) -> Decision:
    duties = merge_duties([*(one.duties for one in found if one.duties is not None), *kept])
    rule = RightsRule.ATTRIBUTION if duties.attributions else RightsRule.ALLOWED
    return Decision(use, True, rule, *_list_grounds(found), duties)


def _deny(use: Use, found: list[RightsFinding]) -> Decision:
    first = min(found, key=lambda one: ORDER[one.rule])
    return Decision(use, False, first.rule, *_list_grounds(found), NO_DUTIES)


def _list_grounds(found: list[RightsFinding]) -> tuple[tuple[str, ...], tuple[Evidence, ...]]:
    """Return reasons and evidence, each once, in an order that does not depend on that of the evidence."""
    ordered = sorted(found, key=lambda one: (ORDER[one.rule], one.reason, repr(one.evidence))) if found[1:] else found
    return tuple(dict.fromkeys(o.reason for o in ordered)), tuple(dict.fromkeys(o.evidence for o in ordered))
