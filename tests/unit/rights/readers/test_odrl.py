import json
from datetime import UTC, datetime

import pytest

from fairtrial.rights import Evidence, Use
from fairtrial.rights.readers.odrl import read_odrl
from tests.unit.rights.readers.telling import said, source

ADDRESS = "https://brinkmoor.example/a"


def tell(**policy: object) -> list[Evidence]:
    value = {
        "@context": "http://www.w3.org/ns/odrl.jsonld",
        "@type": "Set",
        "uid": "https://brinkmoor.example/p",
        **policy,
    }
    return read_odrl(json.dumps(value), source(), "policy", ADDRESS)


def permit(action: str, **rule: object) -> list[Evidence]:
    return tell(permission=[{"target": ADDRESS, "action": action, **rule}])


def test_the_policy_of_tdmrep() -> None:
    found = tell(
        **{"@type": "Offer"},
        profile="http://www.w3.org/ns/tdmrep",
        assigner={"uid": "https://brinkmoor.example", "vcard:fn": "Brinkmoor Gazette"},
        permission=[{"action": "tdm:mine", "duty": [{"action": "obtainConsent"}]}],
    )
    assert said(found) == {"odrl ai-train conditional", "odrl ai-input conditional", "odrl ai-index conditional"}
    assert found[0].holder == "Brinkmoor Gazette" and found[0].licence == "https://brinkmoor.example/p"


def test_permissions_and_prohibitions() -> None:
    found = tell(
        permission=[{"action": "http://www.w3.org/ns/odrl/2/display", "target": ADDRESS}],
        prohibition=[{"action": ["odrl:index", "tdm:mine"]}],
    )
    assert said(found) == {
        "odrl display allow", "odrl ai-index deny", "odrl search deny", "odrl ai-train deny", "odrl ai-input deny",
    }  # fmt: skip


def test_what_is_permitted_of_something_else_is_not_permitted_here() -> None:
    assert said(tell(permission=[{"action": "use", "target": "https://other.example/"}])) == set()


def test_constraints_become_terms() -> None:
    (found,) = permit(
        "extract",
        constraint=[
            {"leftOperand": "dateTime", "operator": "gteq", "rightOperand": {"@value": "2026-11-01T00:00:00Z"}},
            {"leftOperand": "odrl:dateTime", "operator": "odrl:lt", "rightOperand": "2026-12-01T00:00:00+00:00"},
            {"leftOperand": "spatial", "operator": "isAnyOf", "rightOperand": ["urn:iso:3166:DE", "CH"]},
            {"leftOperand": "spatial", "operator": "neq", "rightOperand": "CH"},
            {"leftOperand": "count", "operator": "lteq", "unit": "word", "rightOperand": 40},
        ],
        duty=[{"action": "attribute", "attributedParty": "Brinkmoor Gazette"}],
    )
    (statement,) = found.statements
    terms = statement.terms
    assert statement.use == Use.QUOTE and statement.says == "allow"
    assert (terms.valid_from, terms.valid_until) == (
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    )
    assert terms.territories == {"DE", "CH"} and terms.territories_denied == {"CH"} and terms.max_words == 40
    assert terms.attribution is not None and terms.attribution.text == "Brinkmoor Gazette"


def test_payment() -> None:
    amount = {"leftOperand": "payAmount", "operator": "eq", "rightOperand": 12.5, "unit": "http://dbpedia.org/EUR"}
    (found,) = permit("display", duty=[{"action": "compensate", "constraint": [amount]}])
    (statement,) = found.statements
    assert statement.says == "conditional" and statement.terms.payment is not None
    assert (statement.terms.payment.amount, statement.terms.payment.currency) == (12.5, "EUR")
    refined = [{"rdf:value": {"@id": "odrl:compensate"}, "refinement": [amount]}]
    assert permit("display", duty=[{"action": refined}])[0].statements[0].terms.payment == statement.terms.payment


@pytest.mark.parametrize(
    "rule",
    [
        {"constraint": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": "tdm:research"}]},
        {"constraint": [{"leftOperand": "dateTime", "operator": "lt", "rightOperand": "soon"}]},
        {"constraint": [{"or": [1, 2]}]},
        {"constraint": "odd"},
        {"duty": [{"action": "inform"}]},
        {"duty": [3]},
        {"assignee": "https://other.example/them"},
    ],
)
def test_what_is_not_understood_makes_a_permission_conditional(rule: dict[str, object]) -> None:
    assert said(permit("display", **rule)) == {"odrl display conditional"}


def test_a_prohibition_counts_whatever_its_constraints() -> None:
    rule = {"action": "mine", "constraint": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": "x"}]}
    assert "odrl ai-train deny" in said(tell(prohibition=rule))


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", "{", "[" * 100_000, '{"@type": "Cat"}', "\x00"])
def test_what_is_no_policy_is_a_problem(text: str) -> None:
    assert said(read_odrl(text, source(), "policy")) == {"odrl problem"}


@pytest.mark.parametrize(
    "part", [3, "x", [3], {"action": 3}, {"action": {}}, {"action": [[]]}, {"action": {"rdf:value": 3}}]
)
def test_odd_rules_permit_nothing(part: object) -> None:
    assert said(tell(permission=part, prohibition=part)) == set()
