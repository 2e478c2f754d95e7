import json
from datetime import timedelta

import pytest

from fairtrial.rights import Evidence
from fairtrial.rights.readers import read_signals
from tests.unit.rights.readers.telling import place, said

CC = "https://creativecommons.org/licenses/by/4.0/"


def tell(value: object) -> tuple[Evidence, ...]:
    text = value if isinstance(value, str) else json.dumps(value)
    return read_signals(f'<script type="application/ld+json">{text}</script>'.encode(), "html", place())


def test_a_licence_with_its_holder() -> None:
    article = {
        "@type": "NewsArticle",
        "license": CC,
        "copyrightHolder": {"@type": "Organization", "name": "Brinkmoor Gazette"},
        "usageInfo": "https://brinkmoor.example/use",
        "creditText": "Gazette / I. Vale",
    }
    stated, licence = tell(article)
    assert (stated.holder, stated.terms_url) == ("Brinkmoor Gazette", "https://brinkmoor.example/use")
    credit = licence.statements[0].terms.attribution
    assert licence.licence == "CC-BY-4.0" and credit is not None and credit.text == "Gazette / I. Vale"


@pytest.mark.parametrize(
    "value",
    [
        [{"@type": "NewsArticle", "license": CC}],
        {"@graph": [{"@type": ["Article", "NewsArticle"], "license": {"@id": CC}}]},
        {"@type": "WebPage", "mainEntity": {"@type": "http://schema.org/Article", "license": {"url": CC}}},
    ],
)
def test_where_it_may_stand(value: object) -> None:
    assert "licence ai-input allow" in said(tell(value))


def test_the_rights_of_parts_are_not_those_of_the_page() -> None:
    assert tell({"@type": "ImageObject", "license": CC}) == ()
    assert said(tell({"@type": "NewsArticle", "image": {"@type": "ImageObject", "license": CC}})) == set()


@pytest.mark.parametrize("value", [False, "False", "http://schema.org/False", "https://schema.org/False"])
def test_behind_a_paywall_nothing_is_quoted_until_access_is_proved(value: object) -> None:
    found = tell({"@type": "NewsArticle", "isAccessibleForFree": value})
    assert said(found) == {"schema.org quote conditional", "schema.org display conditional"}


def test_an_end_without_a_time_zone_comes_as_early_as_it_can() -> None:
    found = [one for one in tell({"@type": "Article", "expires": "2026-12-01"}) if one.signal == "embargo"]
    end = found[0].statements[0].terms.valid_from
    assert end is not None and end.utcoffset() == timedelta(hours=14)
    assert {one.says for one in found[0].statements} == {"deny"} and len(found[0].statements) == 6


def test_microdata_of_the_page_itself() -> None:
    page = (
        b'<div itemscope itemtype="https://schema.org/NewsArticle"><a itemprop="license" href="'
        + CC.encode()
        + b'">x</a><span itemprop="copyrightHolder">Gazette</span>'
        b'<div itemscope itemprop="image"><div itemscope itemprop="author"><meta itemprop="isAccessibleForFree"'
        b' content="false"></div></div></div>'
    )
    found = read_signals(page, "html", place())
    assert "licence ai-input allow" in said(found) and "schema.org quote conditional" not in said(found)
    assert found[0].holder == "Gazette"


def test_links_with_rel_license() -> None:
    page = f'<link rel="license" href="{CC}"><a rel="nofollow license" href="https://brinkmoor.example/terms">x</a>'
    found = read_signals(page.encode(), "html", place())
    assert [one.licence for one in found] == ["CC-BY-4.0", "https://brinkmoor.example/terms"]


@pytest.mark.parametrize("text", ["{", "", "[" * 50_000, '{"@type": "Article",}', "NaN NaN", "9" * 10_000])
def test_malformed_json_ld_is_a_problem(text: str) -> None:
    assert said(tell(text)) == {"schema.org problem"}


@pytest.mark.parametrize(
    "value", [1, None, [[[[1]]]], {"@type": 3, "license": 4}, {"license": [{}, [], None]}, {"@graph": {"@graph": {}}}]
)
def test_odd_json_ld_says_nothing(value: object) -> None:
    assert not [one for one in tell(value) if one.statements]


def test_what_cannot_be_parsed_is_not_kept_for_it_may_hold_the_article() -> None:
    [problem] = tell('{"@type": "NewsArticle", "license": broken, "articleBody": "The miller wept all night."}')
    assert problem.problem and problem.raw == ""


def test_a_policy_of_odrl_in_a_page_counts() -> None:
    policy = {"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "prohibition": [{"action": "tdm:mine"}]}
    assert {"odrl ai-train deny", "odrl ai-input deny", "odrl ai-index deny"} <= set(said(tell(policy)))
    assert not tell({"@type": "Set", "name": "a set of chairs"})
