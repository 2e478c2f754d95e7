"""What holds of every decision, whatever was seen: no way of adding evidence turns a no into an unwarranted yes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtrial.rights import (
    Attribution,
    Circumstances,
    Decision,
    Duties,
    Evidence,
    Payment,
    Proof,
    Reporting,
    RightsRecord,
    RightsRule,
    Statement,
    Terms,
    Use,
    combine_decisions,
    decide,
)
from fairtrial.rights.circumstances import OPERATORS, PROFILES
from fairtrial.rights.decide import FOLLOWS

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
CODES = ("DE", "US")
DENSE = (Use.AI_INPUT, Use.SEARCH, Use.QUOTE)
"""Few uses, signals and places, so that pieces of evidence meet."""
MOMENTS = st.integers(-3, 3).map(lambda days: AT + timedelta(days=days))
TERRITORIES = st.frozensets(st.sampled_from(CODES), max_size=2)
PAYMENTS = st.builds(
    Payment, st.sampled_from(["use", "purchase", "free", "attribution"]), proof=st.sampled_from(["", "invoice"])
)
TERMS = st.one_of(
    st.just(Terms()),
    st.builds(
        Terms,
        attribution=st.none() | st.builds(Attribution, st.sampled_from(["A", "B"])),
        max_words=st.none() | st.integers(0, 3),
        verbatim_only=st.booleans(),
        valid_from=st.none() | MOMENTS,
        valid_until=st.none() | MOMENTS,
        territories=st.none() | TERRITORIES,
        territories_denied=st.just(frozenset[str]()) | TERRITORIES,
        operators=st.none() | st.frozensets(st.sampled_from(OPERATORS), max_size=2),
        payment=st.none() | PAYMENTS,
        reporting=st.none() | st.builds(Reporting, st.sampled_from(["p", "q"])),
    ),
)
STATEMENTS = st.builds(
    Statement, st.sampled_from(DENSE), st.sampled_from(["allow", "deny", "conditional"]), st.just("said"), TERMS
)
EVIDENCE = st.builds(
    Evidence,
    st.sampled_from(
        ["agreement", "embargo", "rsl", "rsl", "tdmrep-file", "tdmrep-html", "content-usage", "licence", "robots.txt"]
    ),
    st.sampled_from(["here", "there"]),
    st.just(""),
    st.just(""),
    MOMENTS,
    st.none() | st.sampled_from([0.0, 1.0, 2.0, 1e300, float("nan")]),
    st.lists(STATEMENTS, max_size=3).map(tuple),
    st.sampled_from(["", "", "", "damaged"]),
)
RECORDS = st.lists(EVIDENCE, max_size=4).map(tuple).map(RightsRecord)
CIRCUMSTANCES = st.builds(
    Circumstances,
    st.just(AT),
    st.sampled_from(["", *CODES]),
    st.sampled_from(["", *OPERATORS]),
    st.sampled_from(PROFILES),
    st.sampled_from([(), (Proof("here", "letter"),)]),
    st.sampled_from([frozenset[str](), frozenset({"p"})]),
)
USES = st.sampled_from(DENSE)
EASY = settings(max_examples=40, deadline=None)


@EASY
@given(USES, RECORDS, CIRCUMSTANCES, EVIDENCE, STATEMENTS, st.integers(0, 5))
def test_adding_a_denial_never_allows_more(
    use: Use, record: RightsRecord, now: Circumstances, other: Evidence, said: Statement, place: int
) -> None:
    denial = replace(said, use=use, says="deny")
    alone = replace(other, statements=(denial,))
    added = [RightsRecord((*record.evidence, alone))]
    if record.evidence:  # the denial may also stand beside other statements of one signal
        at = place % len(record.evidence)
        more = replace(record.evidence[at], statements=(*record.evidence[at].statements, denial))
        added.append(RightsRecord((*record.evidence[:at], more, *record.evidence[at + 1 :])))
    before = decide(use, record, now).allowed
    assert all(before or not decide(use, one, now).allowed for one in added)


@EASY
@given(USES, RECORDS, CIRCUMSTANCES, st.randoms())
def test_the_order_of_evidence_and_statements_is_irrelevant(
    use: Use, record: RightsRecord, now: Circumstances, random: object
) -> None:
    evidence = list(record.evidence)
    random.shuffle(evidence)  # type: ignore[attr-defined]
    turned = RightsRecord(tuple(evidence))
    assert decide(use, turned, now) == decide(use, record, now)


@EASY
@given(USES, RECORDS, CIRCUMSTANCES)
def test_a_decision_holds_until_it_changes_and_changes_then(use: Use, record: RightsRecord, now: Circumstances) -> None:
    decision = decide(use, record, now)
    end = decision.changes or AT + timedelta(days=400)
    moments = [AT + timedelta(hours=6 * step) for step in range(4 * 8) if AT + timedelta(hours=6 * step) < end]
    seen = [decide(use, record, replace(now, at=moment)) for moment in moments]
    assert all(_outcome(one) == _outcome(decision) for one in seen)
    assert all(one.changes == decision.changes for one in seen)
    then = decide(use, record, replace(now, at=decision.changes)) if decision.changes else None
    assert then is None or _outcome(then) != _outcome(decision)


@EASY
@given(USES, RECORDS, CIRCUMSTANCES)
def test_a_stricter_profile_never_allows_more(use: Use, record: RightsRecord, now: Circumstances) -> None:
    allowed = [decide(use, record, replace(now, profile=profile)).allowed for profile in PROFILES]
    assert allowed == sorted(allowed)


@EASY
@given(USES, RECORDS, CIRCUMSTANCES)
def test_not_knowing_who_or_where_never_allows_more(use: Use, record: RightsRecord, now: Circumstances) -> None:
    now = replace(now, profile="strict")
    unknown = decide(use, record, replace(now, territory="", operator=""))
    assert not unknown.allowed or decide(use, record, now).allowed


@EASY
@given(USES, RECORDS, CIRCUMSTANCES)
def test_the_strict_profile_allows_nothing_that_nobody_said(use: Use, record: RightsRecord, now: Circumstances) -> None:
    decision = decide(use, record, replace(now, profile="strict"))
    uses = {use, *FOLLOWS.get(use, ())}
    said = [s for e in decision.evidence for s in e.statements if s.use in uses and s.says != "deny"]
    assert not decision.allowed or said
    assert decision.reasons
    assert decision.allowed or decision.duties == type(decision.duties)()


@EASY
@given(USES, RECORDS, CIRCUMSTANCES)
def test_nothing_is_allowed_during_an_embargo(use: Use, record: RightsRecord, now: Circumstances) -> None:
    held = Evidence("embargo", "x", "", "", AT, statements=(Statement(use, "deny", "x", Terms(valid_until=AT)),))
    before = replace(now, at=AT - timedelta(seconds=1))
    decision = decide(use, RightsRecord((*record.evidence, held)), before)
    assert (decision.allowed, decision.rule) == (False, RightsRule.EMBARGO)


@EASY
@given(USES, st.lists(RECORDS, min_size=1, max_size=4), CIRCUMSTANCES)
def test_what_is_made_of_several_documents_is_as_strict_as_the_strictest(
    use: Use, records: list[RightsRecord], now: Circumstances
) -> None:
    decisions = [decide(use, record, now) for record in records]
    whole = combine_decisions(decisions)
    assert whole.allowed == all(one.allowed for one in decisions)
    assert combine_decisions(reversed(decisions)) == whole == combine_decisions([*decisions, *decisions])
    assert whole.changes == min((one.changes for one in decisions if one.changes), default=None)
    assert _limits(whole) <= min(_limits(one) for one in decisions) or not whole.allowed
    credits = {credit for one in decisions for credit in one.duties.attributions}
    assert not whole.allowed or set(whole.duties.attributions) == credits


@EASY
@given(USES, RECORDS, CIRCUMSTANCES, EVIDENCE)
def test_evidence_that_grows_old_never_allows_more(
    use: Use, record: RightsRecord, now: Circumstances, other: Evidence
) -> None:
    fresh = decide(use, RightsRecord((*record.evidence, replace(other, ttl_days=None))), now)
    old = decide(use, RightsRecord((*record.evidence, replace(other, ttl_days=0.0))), now)
    assert fresh.allowed or not old.allowed or now.profile == "own-archive"
    assert not old.allowed or set(fresh.duties.attributions) <= set(old.duties.attributions)


def _outcome(decision: Decision) -> tuple[bool, RightsRule, Duties]:
    return decision.allowed, decision.rule, decision.duties


def _limits(decision: Decision) -> float:
    words = decision.duties.max_words
    return float("inf") if words is None else words


def test_decisions_of_several_uses_are_not_combined() -> None:
    now = Circumstances(AT)
    with pytest.raises(ValueError, match="one use"):
        combine_decisions([decide(use, RightsRecord(), now) for use in Use])
    with pytest.raises(ValueError, match="at least one"):
        combine_decisions([])
