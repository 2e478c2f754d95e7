"""Policies of RightsML in XML: the same decisions as their JSON, and nothing permitted that is not understood."""

from __future__ import annotations

import json
import time

import pytest

from fairtrial.rights import Evidence, Use
from fairtrial.rights.readers import read_signals
from tests.unit.rights.readers.telling import place, said

O = "http://www.w3.org/ns/odrl/2/"  # noqa: E741
ASSET = f'<o:asset uid="urn:newsml:brinkmoor.example:20261127:1" relation="{O}target"/>'


def policy(inner: str, **attributes: str) -> str:
    written = "".join(f' {name}="{value}"' for name, value in {"type": f"{O}Set", "uid": "urn:p", **attributes}.items())
    return f'<o:Policy xmlns:o="{O}"{written}>{inner}</o:Policy>'


def action(name: str) -> str:
    return f'<o:action name="{O}{name}"/>'


def read(inner: str, **attributes: str) -> tuple[Evidence, ...]:
    return read_signals(policy(inner, **attributes).encode(), "odrl", place())


def test_permissions_and_prohibitions_are_those_of_the_same_policy_in_json() -> None:
    same = {
        "@type": "Set",
        "uid": "urn:p",
        "assigner": "urn:gazette",
        "permission": [{"action": "display", "target": "urn:newsml:brinkmoor.example:20261127:1"}],
        "prohibition": [{"action": "index"}],
    }
    party = f'<o:party uid="urn:gazette" function="{O}assigner"/>'
    found = read(
        f"<o:permission>{ASSET}{action('display')}{party}</o:permission>"
        f"<o:prohibition>{ASSET}{action('index')}</o:prohibition>"
    )
    as_json = read_signals(json.dumps(same).encode(), "odrl", place())
    assert said(found) == said(as_json) == {"odrl display allow", "odrl ai-index deny", "odrl search deny"}
    assert found[0].holder == as_json[0].holder == "urn:gazette"
    assert [one.statements for one in found] == [one.statements for one in as_json]


def test_constraints_and_duties_become_terms() -> None:
    constraints = (
        f'<o:constraint name="{O}dateTime" operator="{O}lt" rightOperand="2026-12-01T00:00:00Z"/>'
        f'<o:constraint name="{O}spatial" operator="{O}isAnyOf" rightOperand="iso3166-1a2:DE iso3166-1a2:CH"/>'
        '<o:constraint name="odrl:count" operator="odrl:lteq" rightOperand="40" unit="odrl:word"/>'
    )
    duty = f'<o:duty>{action("attribute")}<o:party uid="Brinkmoor Gazette" function="{O}attributedParty"/></o:duty>'
    (found,) = read(f"<o:permission>{ASSET}{action('extract')}{constraints}{duty}</o:permission>")
    (statement,) = found.statements
    terms = statement.terms
    assert (statement.use, statement.says) == (Use.QUOTE, "allow")
    assert (terms.max_words, terms.territories) == (40, frozenset({"DE", "CH"}))
    assert terms.valid_until is not None and terms.valid_until.isoformat() == "2026-12-01T00:00:00+00:00"
    assert terms.attribution is not None and terms.attribution.text == "Brinkmoor Gazette"


@pytest.mark.parametrize(
    "more",
    [
        '<x:mood xmlns:x="urn:x" level="high"/>',
        f'<o:constraint name="{O}purpose" operator="{O}eq" rightOperand="education"/>',
        f"<o:duty>{action('nextPolicy')}</o:duty>",
        '<o:duty idref="elsewhere"/>',
        f'<o:party uid="urn:somebody" function="{O}assignee"/>',
        "<o:asset/>" * 250,
    ],
)
def test_what_is_not_understood_is_for_somebody_to_read(more: str) -> None:
    found = read(f"<o:permission>{action('display')}{ASSET}{more}</o:permission>")
    assert said(found) == {"odrl display conditional"}


@pytest.mark.parametrize(
    ("inner", "attributes"), [("<o:obligation/>", {}), ("<x/>", {}), ("", {"inheritFrom": "urn:another"})]
)
def test_a_policy_with_more_than_its_rules_is_a_problem(inner: str, attributes: dict[str, str]) -> None:
    found = read(f"<o:permission>{ASSET}{action('display')}</o:permission>{inner}", **attributes)
    assert all(one.problem for one in found) and len(found) == 1


def test_a_part_that_stands_elsewhere_is_found_by_its_id() -> None:
    first = f'<o:prohibition><o:asset id="a" uid="urn:x"/><o:action id="d" name="{O}display"/></o:prohibition>'
    found = read(f'{first}<o:prohibition><o:asset idref="a"/><o:action idref="d"/></o:prohibition>')
    assert said(found) == {"odrl display deny"}


def test_a_policy_in_a_news_item() -> None:
    inner = policy(f"<o:prohibition>{ASSET}<o:action name='tdm:mine'/></o:prohibition>")
    info = f'<rightsInfo><rightsExpressionXML langid="{O}">{inner}</rightsExpressionXML></rightsInfo>'
    item = f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/">{info}</newsItem>'
    mined = {"ai-train deny", "ai-input deny", "ai-index deny"}
    assert said(read_signals(item.encode(), "newsml", place())) == {f"newsml-g2 {one}" for one in mined}
    ninjs = {"rightsInfo": {"langid": O, "encodedRights": inner}}
    assert said(read_signals(json.dumps(ninjs).encode(), "ninjs", place())) == {f"ninjs {one}" for one in mined}


@pytest.mark.parametrize(
    "hostile",
    [
        f'<!DOCTYPE p [<!ENTITY a "b">]>{policy("")}',
        "<o:Policy",
        "<a>" * 200,
        policy("<o:permission>" * 90 + "</o:permission>" * 90).replace("o:Policy", "o:Nothing"),
        "<policy/>",
    ],
)
def test_hostile_files_are_problems(hostile: str) -> None:
    assert said(read_signals(hostile.encode(), "odrl", place())) == {"odrl problem"}


def test_parts_that_lead_to_each_other_end() -> None:
    duty = '<o:duty id="d"><o:duty idref="d"/><o:constraint id="c" idref="c"/></o:duty>' * 3000
    begun = time.process_time()
    found = read(f"<o:permission>{action('display')}{duty}</o:permission>" * 5)
    assert time.process_time() - begun < 5
    assert said(found) == {"odrl display conditional"}
