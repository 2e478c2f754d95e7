"""The table of decisions, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fairtrial.errors import RightsError
from fairtrial.rights import (
    Attribution,
    Circumstances,
    Evidence,
    Payment,
    Profile,
    Proof,
    Reporting,
    RightsRecord,
    RightsRule,
    Says,
    Statement,
    Terms,
    Use,
    decide,
)
from fairtrial.rights.decide import QUOTED_WORDS_UNSAID

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def see(
    signal: str,
    *said: tuple[Use, Says] | tuple[Use, Says, Terms],
    ttl_days: float | None = None,
    problem: str = "",
    licence: str = "",
    holder: str = "",
) -> Evidence:
    statements = tuple(Statement(use, says, f"{use}={says}", *terms) for use, says, *terms in said)
    return Evidence(
        signal,
        f"https://example.org/{signal}",
        "raw",
        "0" * 64,
        AT - DAY,
        ttl_days,
        statements,
        problem,
        licence=licence,
        holder=holder,
    )


def now(profile: Profile = "strict", **other: object) -> Circumstances:
    return Circumstances(**{"at": AT, "profile": profile, **other})  # type: ignore[arg-type]


def rule(use: Use, *evidence: Evidence, given: Circumstances | None = None) -> tuple[bool, RightsRule]:
    decision = decide(use, RightsRecord(evidence), given or now())
    return decision.allowed, decision.rule


def test_nothing_said_is_no_unless_a_profile_says_otherwise() -> None:
    strict = {use: rule(use)[0] for use in Use}
    mining = {use: rule(use, given=now("eu-tdm"))[0] for use in Use}
    own = {use: rule(use, given=now("own-archive"))[0] for use in Use}
    assert not any(strict.values())
    assert mining == {use: use != Use.DISPLAY for use in Use}
    assert all(own.values())


def test_the_mining_exception_ends_at_the_border() -> None:
    assert rule(Use.TRAIN, given=now("eu-tdm", territory="DE")) == (True, RightsRule.PROFILE)
    assert rule(Use.TRAIN, given=now("eu-tdm", territory="US")) == (False, RightsRule.PROFILE)


def test_a_robots_file_that_keeps_everybody_out_reserves_mining_and_decides_nothing_else() -> None:
    closed, named = see("robots.txt"), see("robots.txt", (Use.TRAIN, "deny"))
    mining = {use: rule(use, closed, given=now("eu-tdm", territory="DE")) for use in Use}
    assert set(mining.values()) == {(False, RightsRule.PROFILE)}
    assert rule(Use.SEARCH, named, given=now("eu-tdm")) == (True, RightsRule.PROFILE)
    assert rule(Use.SEARCH, closed, given=now("own-archive")) == (True, RightsRule.PROFILE)
    assert rule(Use.AI_INPUT, closed, see("licence", (Use.AI_INPUT, "allow"))) == (True, RightsRule.ALLOWED)
    assert rule(Use.SEARCH, closed, see("licence", (Use.AI_INPUT, "allow")), given=now("eu-tdm")) == (
        True,
        RightsRule.FOLLOWS,
    )
    [reason] = decide(Use.TRAIN, RightsRecord((closed,)), now("eu-tdm")).reasons
    assert "keeps out all crawlers and so reserves mining" in reason


def test_any_denial_wins_over_permissions() -> None:
    yes, no = see("licence", (Use.TRAIN, "allow")), see("content-signal", (Use.TRAIN, "deny"))
    assert rule(Use.TRAIN, yes) == (True, RightsRule.ALLOWED)
    assert rule(Use.TRAIN, yes, no) == (False, RightsRule.DISALLOWED)


def test_a_signed_agreement_wins_over_public_signals_in_both_directions() -> None:
    public = see("content-signal", (Use.AI_INPUT, "deny"), (Use.SEARCH, "allow"))
    signed = see("agreement", (Use.AI_INPUT, "allow"), (Use.SEARCH, "deny"))
    assert rule(Use.AI_INPUT, public, signed) == (True, RightsRule.AGREEMENT)
    assert rule(Use.SEARCH, public, signed) == (False, RightsRule.AGREEMENT)


def test_an_embargo_wins_over_a_signed_agreement_until_it_ends() -> None:
    signed = see("agreement", (Use.AI_INPUT, "allow"))
    held = see("embargo", (Use.AI_INPUT, "deny", Terms(valid_until=AT + DAY)))
    decision = decide(Use.AI_INPUT, RightsRecord((signed, held)), now())
    assert (decision.allowed, decision.rule, decision.changes) == (False, RightsRule.EMBARGO, AT + DAY)
    assert rule(Use.AI_INPUT, signed, held, given=Circumstances(AT + DAY)) == (True, RightsRule.AGREEMENT)


def test_an_expired_agreement_denies_unless_another_is_in_force() -> None:
    old = see("agreement", (Use.AI_INPUT, "allow", Terms(valid_until=AT)))
    new = see("agreement", (Use.AI_INPUT, "allow", Terms(valid_from=AT)))
    assert rule(Use.AI_INPUT, old, see("licence", (Use.AI_INPUT, "allow"))) == (False, RightsRule.OUTSIDE_TERMS)
    assert rule(Use.AI_INPUT, old, new) == (True, RightsRule.AGREEMENT)


@pytest.mark.parametrize(
    ("terms", "given", "allowed"),
    [
        (Terms(territories=frozenset({"DE"})), {"territory": "DE"}, True),
        (Terms(territories=frozenset({"DE"})), {"territory": "FR"}, False),
        (Terms(territories=frozenset({"DE"})), {}, False),
        (Terms(territories_denied=frozenset({"US"})), {"territory": "DE"}, True),
        (Terms(territories_denied=frozenset({"US"})), {}, False),
        (Terms(operators=frozenset({"education"})), {"operator": "education"}, True),
        (Terms(operators=frozenset({"education"})), {"operator": "commercial"}, False),
        (Terms(operators=frozenset({"education"})), {}, False),
        (Terms(valid_from=AT), {}, True),
        (Terms(valid_from=AT + DAY), {}, False),
        (Terms(valid_until=AT), {}, False),
        (Terms(valid_until=AT + DAY), {}, True),
    ],
)
def test_a_permission_holds_within_its_terms_only(terms: Terms, given: dict[str, object], allowed: bool) -> None:
    found = rule(Use.AI_INPUT, see("licence", (Use.AI_INPUT, "allow", terms)), given=now(**given))  # type: ignore[arg-type]
    assert found == ((True, RightsRule.ALLOWED) if allowed else (False, RightsRule.OUTSIDE_TERMS))


def test_a_denial_for_some_holds_where_it_is_not_known_who_asks() -> None:
    no = see("odrl", (Use.TRAIN, "deny", Terms(operators=frozenset({"commercial"}))))
    assert rule(Use.TRAIN, no, given=now("own-archive")) == (False, RightsRule.DISALLOWED)
    assert rule(Use.TRAIN, no, given=now("own-archive", operator="education")) == (True, RightsRule.PROFILE)


def test_a_price_for_some_is_to_be_paid_where_it_is_not_known_who_asks() -> None:
    price = Terms(operators=frozenset({"commercial"}), payment=Payment("purchase"))
    offer = see("rsl", (Use.TRAIN, "allow"), (Use.TRAIN, "conditional", price))
    assert rule(Use.TRAIN, offer) == (False, RightsRule.PAYMENT)
    assert rule(Use.TRAIN, offer, given=now(operator="education")) == (True, RightsRule.ALLOWED)


def test_what_rsl_does_not_list_is_denied() -> None:
    permits = see("rsl", (Use.SEARCH, "allow"))
    assert rule(Use.AI_INPUT, permits, given=now("own-archive")) == (False, RightsRule.NOT_LISTED)
    prohibits = see("rsl", (Use.TRAIN, "deny"))
    assert rule(Use.AI_INPUT, prohibits, given=now("own-archive")) == (True, RightsRule.PROFILE)


def test_a_denial_for_others_lists_nothing() -> None:
    elsewhere = Terms(territories=frozenset({"US"}))
    permits = see("rsl", (Use.SEARCH, "allow"), (Use.AI_INPUT, "deny", elsewhere))
    assert rule(Use.AI_INPUT, permits, given=now("own-archive", territory="DE")) == (False, RightsRule.NOT_LISTED)


def test_terms_that_nobody_can_read_permit_nothing() -> None:
    broken = see("rsl", problem="not well-formed")
    assert rule(Use.SEARCH, broken, see("licence", (Use.SEARCH, "allow"))) == (False, RightsRule.UNREADABLE)


def test_a_preference_that_nobody_can_read_says_nothing_but_is_no_silence_either() -> None:
    broken = see("content-usage", problem="no dictionary")
    assert rule(Use.SEARCH, broken, see("licence", (Use.SEARCH, "allow"))) == (True, RightsRule.ALLOWED)
    assert rule(Use.SEARCH, broken, given=now("eu-tdm")) == (False, RightsRule.UNREADABLE)
    assert rule(Use.SEARCH, broken, given=now("own-archive")) == (True, RightsRule.PROFILE)


def test_reports_must_be_sent_where_they_are_asked_for() -> None:
    asked = see("rsl", (Use.AI_INPUT, "allow", Terms(reporting=Reporting("telemetry"))))
    assert rule(Use.AI_INPUT, asked) == (False, RightsRule.REPORTING)
    met = decide(Use.AI_INPUT, RightsRecord((asked,)), now(reporting=frozenset({"telemetry"})))
    assert met.allowed and met.duties.reporting == (Reporting("telemetry"),)


def test_a_payment_needs_a_proof() -> None:
    price = Payment("use", 0.02, "EUR")
    asked = see("rsl", (Use.AI_INPUT, "conditional", Terms(payment=price)), licence="LicenseRef-paid")
    assert rule(Use.AI_INPUT, asked) == (False, RightsRule.PAYMENT)
    paid = decide(Use.AI_INPUT, RightsRecord((asked,)), now(proofs=(Proof("LicenseRef-paid", "invoice 7"),)))
    assert paid.allowed and paid.duties.payments == (Payment("use", 0.02, "EUR", "invoice 7"),)


def test_what_must_be_read_first_is_denied_until_somebody_has() -> None:
    linked = see("plus", (Use.TRAIN, "conditional"))
    assert rule(Use.TRAIN, linked) == (False, RightsRule.TO_BE_SETTLED)
    read = now(proofs=(Proof(linked.where, "read by the legal desk"),))
    assert rule(Use.TRAIN, linked, given=read) == (True, RightsRule.ALLOWED)


def test_credit_is_a_duty() -> None:
    credit = see("licence", (Use.AI_INPUT, "allow", Terms(attribution=Attribution("The Courier"))))
    asked = see("rsl", (Use.AI_INPUT, "allow", Terms(payment=Payment("attribution"))), holder="Harbour Press")
    decision = decide(Use.AI_INPUT, RightsRecord((credit, asked)), now())
    assert (decision.allowed, decision.rule) == (True, RightsRule.ATTRIBUTION)
    assert decision.duties.attributions == (Attribution("Harbour Press"), Attribution("The Courier"))


def test_a_later_tdmrep_signal_overrules_an_earlier_one_and_absence_does_not() -> None:
    no, yes = see("tdmrep-file", (Use.TRAIN, "deny")), see("tdmrep-html", (Use.TRAIN, "allow"))
    assert rule(Use.TRAIN, no, see("tdmrep-header")) == (False, RightsRule.TDM_RESERVED)
    assert rule(Use.TRAIN, no, yes) == (True, RightsRule.ALLOWED)
    assert rule(Use.TRAIN, see("tdmrep-file", (Use.TRAIN, "allow")), see("tdmrep-xmp", (Use.TRAIN, "deny"))) == (
        False,
        RightsRule.TDM_RESERVED,
    )


def test_a_tdmrep_signal_for_others_overrules_nothing() -> None:
    elsewhere = Terms(territories=frozenset({"US"}))
    no, other = see("tdmrep-file", (Use.TRAIN, "deny")), see("tdmrep-html", (Use.TRAIN, "deny", elsewhere))
    assert rule(Use.TRAIN, no, other, given=now("eu-tdm", territory="DE")) == (False, RightsRule.TDM_RESERVED)


def test_what_follows_another_use_changes_with_it() -> None:
    record = RightsRecord((see("licence", (Use.AI_INPUT, "allow", Terms(valid_until=AT + DAY))),))
    decision = decide(Use.SEARCH, record, now())
    assert (decision.rule, decision.changes) == (RightsRule.FOLLOWS, AT + DAY)


def test_a_permission_is_relied_upon_for_as_long_as_it_says() -> None:
    yes = see("rsl", (Use.TRAIN, "allow"), ttl_days=2)
    decision = decide(Use.TRAIN, RightsRecord((yes,)), now())
    assert (decision.allowed, decision.changes) == (True, AT + DAY)
    assert rule(Use.TRAIN, yes, given=Circumstances(AT + DAY)) == (False, RightsRule.OUT_OF_DATE)
    no = see("rsl", (Use.TRAIN, "deny"), ttl_days=0)
    assert rule(Use.TRAIN, no, given=now("own-archive")) == (False, RightsRule.DISALLOWED)


def test_an_old_condition_is_no_less_a_condition_and_an_old_credit_no_less_due() -> None:
    priced = see("rsl", (Use.TRAIN, "conditional", Terms(payment=Payment("purchase"))), ttl_days=0)
    free = see("licence", (Use.TRAIN, "allow"))
    assert rule(Use.TRAIN, priced, free) == (False, RightsRule.PAYMENT)
    credit = see("rsl", (Use.TRAIN, "allow", Terms(attribution=Attribution("The Courier"))), ttl_days=0)
    decision = decide(Use.TRAIN, RightsRecord((credit, free)), now())
    assert decision.allowed and decision.duties.attributions == (Attribution("The Courier"),)


def test_input_covers_the_index_that_it_needs_and_short_quotations() -> None:
    yes = RightsRecord((see("content-signal", (Use.AI_INPUT, "allow")),))
    follows = {use: decide(use, yes, now()) for use in Use}
    assert {use for use, one in follows.items() if one.allowed} == {Use.AI_INPUT, Use.AI_INDEX, Use.SEARCH, Use.QUOTE}
    assert follows[Use.QUOTE].duties.max_words == QUOTED_WORDS_UNSAID
    by_profile = decide(Use.QUOTE, RightsRecord(), now())
    assert not by_profile.allowed


def test_a_robots_file_that_forbids_fetching_says_nothing_of_use() -> None:
    assert rule(Use.AI_INPUT, see("robots.txt"), see("licence", (Use.AI_INPUT, "allow"))) == (True, RightsRule.ALLOWED)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"at": datetime(2026, 1, 1)}, "has no time zone"),
        ({"territory": "UK"}, "Write GB"),
        ({"territory": "Germany"}, "is not a code of two capital letters"),
        ({"operator": "business"}, "operator 'business' is none of"),
        ({"profile": "lax"}, "profile 'lax' is none of"),
    ],
)
def test_circumstances_that_are_none_are_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(RightsError, match=told):
        now(**given)  # type: ignore[arg-type]
