"""Tables of signed agreements: what they say, which documents they cover, and what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.errors import RightsError
from fairtrial.rights import (
    Attribution,
    Circumstances,
    Evidence,
    Payment,
    Reporting,
    RightsRecord,
    RightsRule,
    Statement,
    Terms,
    Use,
    decide,
)
from fairtrial.rights.agreements import AgreementTable, load_agreements
from fairtrial.rights.agreements.matching import match_address, match_pattern

SEEN = datetime(2026, 11, 1, tzinfo=UTC)

YAML = """
agreements:
  - id: harbour-2026
    holder: Harbour Press Ltd
    addresses: ["*.harbour.example", harbour.example/news/*]
    publishers: [Harbour Courier, Harbour*Evening]
    allow: [ai-input, ai-index, search, quote]
    deny: ai-train
    max_words: 40
    max_share: 10%
    verbatim_only: yes
    attribution: Harbour Courier
    attribution_link: https://harbour.example/
    valid_from: 2026-01-01
    valid_until: 2026-12-31
    timezone: Europe/Berlin
    territories: [NO, SE]
    operators: commercial
    payment: use
    amount: 0.02
    currency: eur
    proof: contract 2025-118
    reporting: content-telemetry
    reporting_endpoint: https://harbour.example/telemetry
"""

CSV = (
    "id;holder;addresses;publishers;allow;deny;max_words;attribution;valid_until;territories\r\n"
    "a;Harbour Press;*;Harbour Courier|Harbour, Evening;ai-input quote;ai-train;40;Harbour Courier;2026-12-31;EU US\r\n"
    ";;;;;;;;;\r\n"
)


def write(folder: Path, text: str, name: str = "agreements.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def load(folder: Path, text: str, name: str = "agreements.yaml") -> AgreementTable:
    return load_agreements(write(folder, text, name))


def test_everything_that_can_be_agreed_is_read(tmp_path: Path) -> None:
    (one,) = load(tmp_path, YAML).agreements
    said = {s.use: s for s in one.statements}
    terms = said[Use.AI_INPUT].terms
    begin, end = terms.valid_from, terms.valid_until
    assert begin and begin.isoformat() == "2026-01-01T00:00:00+01:00"
    assert end and end.isoformat() == "2027-01-01T00:00:00+01:00"  # the last day is part of the time
    assert terms == Terms(
        Attribution("Harbour Courier", "https://harbour.example/"),
        40,
        0.1,
        True,
        begin,
        end,
        frozenset({"NO", "SE"}),
        frozenset(),
        frozenset({"commercial"}),
        Payment("use", 0.02, "EUR", "contract 2025-118"),
        Reporting("content-telemetry", "https://harbour.example/telemetry"),
    )
    assert {use for use, s in said.items() if s.says == "allow"} == {Use.AI_INPUT, Use.AI_INDEX, Use.SEARCH, Use.QUOTE}
    denied = said[Use.TRAIN]
    assert denied.says == "deny" and denied.terms.payment is None and denied.terms.valid_until == end
    assert (one.holder, one.licence) == ("Harbour Press Ltd", "LicenseRef-harbour-2026")


def test_a_table_of_a_spreadsheet_says_the_same(tmp_path: Path) -> None:
    (one,) = load(tmp_path, "\ufeff" + CSV, "table.csv").agreements
    assert one.coverage.publishers == ("Harbour Courier", "Harbour, Evening")
    said = {s.use: s.says for s in one.statements}
    assert said == {Use.AI_INPUT: "allow", Use.QUOTE: "allow", Use.TRAIN: "deny"}
    territories = one.statements[1].terms.territories
    assert territories and {"DE", "US"} < territories and "NO" not in territories


def test_an_agreement_wins_over_what_the_page_says(tmp_path: Path) -> None:
    table = load(tmp_path, YAML)
    public = Evidence("content-signal", "robots.txt", "", "", SEEN, statements=(Statement(Use.AI_INPUT, "deny", "no"),))
    signed = table.find("https://www.harbour.example/x", "harbour  courier", "dump", SEEN)
    record = RightsRecord((public, *signed))
    now = Circumstances(SEEN, "NO", "commercial", reporting=frozenset({"content-telemetry"}))
    decision = decide(Use.AI_INPUT, record, now)
    assert (decision.allowed, decision.rule) == (True, RightsRule.AGREEMENT)
    assert decision.duties.max_words == 40
    assert decision.evidence == signed
    assert signed[0].where == "agreements.yaml, harbour-2026" and len(signed[0].sha256) == 64
    assert decide(Use.AI_INPUT, record, Circumstances(SEEN, "FR", "commercial")).rule == RightsRule.OUTSIDE_TERMS


@pytest.mark.parametrize(
    ("uri", "publisher", "found"),
    [
        ("https://www.harbour.example/a", "Harbour Courier", True),
        ("http://HARBOUR.example/news/1", "harbour times evening", True),
        ("https://harbour.example/premium/1", "Harbour Courier", False),
        ("https://harbour.example/news/../premium/1", "Harbour Courier", False),
        ("https://harbour.example/news/%2e%2e/premium/1", "Harbour Courier", False),
        ("https://www.harbour.example/a", "Another", False),
        ("https://evil.example/https://www.harbour.example/", "Harbour Courier", False),
        ("https://www.harbour.example@evil.example/", "Harbour Courier", False),
        ("https://notharbour.example/news/1", "Harbour Courier", False),
        ("https://www.harbour.example:8443/a", "Harbour Courier", False),
        ("articles/1.md", "Harbour Courier", False),
        ("https://[", "Harbour Courier", False),
    ],
)
def test_all_kinds_of_patterns_must_match(tmp_path: Path, uri: str, publisher: str, found: bool) -> None:
    assert bool(load(tmp_path, YAML).find(uri, publisher, "dump", SEEN)) == found


@pytest.mark.parametrize(
    ("pattern", "uri", "found"),
    [
        ("*", "articles/1.md", True),
        ("https://x.example", "https://x.example", True),
        ("https://x.example", "http://x.example/", False),
        ("x.example/a b", "https://x.example/a%20b", True),
        ("bücher.example/*", "https://xn--bcher-kva.example/1", True),
        ("x.example/*/end", "https://x.example/1/2/end", True),
        ("x.example/*/end", "https://x.example/end", False),
        ("x.example/a?id=*", "https://x.example/a?id=7", True),
    ],
)
def test_addresses_are_compared_as_addresses(pattern: str, uri: str, found: bool) -> None:
    assert match_address(pattern, uri) == found


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [("a*b*c", "abc", True), ("a*b", "ab", True), ("ab*ba", "aba", False), ("", "", True), ("a", "ab", False)],
)
def test_a_star_stands_for_any_characters(pattern: str, text: str, found: bool) -> None:
    assert match_pattern(pattern, text) == found


ROW = "- {id: a, addresses: '*', allow: quote"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {id: a, addresses: '*', allow: quotes}", "allow: 'quotes' is none of"),
        ("- {id: a, allow: quote}", "covers"),
        ("- {id: a, addresses: '*'}", "neither allows nor denies"),
        ("- {id: a, addresses: '*', allow: all, deny: ai-train}", "both allows and denies ai-train"),
        ("- {addresses: '*', allow: all}", "has no id"),
        (f"{ROW}}}\n{ROW}}}", "agreement 2 has the id 'a' of agreement 1"),
        (f"{ROW}, alow: search}}", "Did you mean 'allow'"),
        (f"{ROW}, allow: search}}", "stands there twice"),
        (f"{ROW}, max_words: many}}", "max_words: 'many' is no whole number"),
        (f"{ROW}, max_share: 3}}", "max_share"),
        (f"{ROW}, territories: UK}}", "Write GB|not in ISO"),
        (f"{ROW}, territories: Germany}}", "'Germany'"),
        (f"{ROW}, operators: business}}", "operators: 'business'"),
        (f"{ROW}, valid_until: 31.12.2026}}", "valid_until: '31.12.2026' is no date"),
        (f"{ROW}, valid_from: 2027-01-01, valid_until: 2026-01-01}}", "not later"),
        (f"{ROW}, timezone: Berlin}}", "timezone"),
        (f"{ROW}, payment: use, amount: .nan, currency: EUR}}", "amount"),
        (f"{ROW}, payment: use, amount: -1, currency: EUR}}", "below 0"),
        (f"{ROW}, payment: use, amount: 1}}", "currency"),
        (f"{ROW}, amount: 1, currency: EUR}}", "payment is not"),
        (f"{ROW}, payment: monthly}}", "payment: 'monthly'"),
        (f"{ROW}, verbatim_only: perhaps}}", "verbatim_only"),
        (f"{ROW}, holder: [a, b]}}", "takes one"),
        (f"{ROW}, holder: {{a: b}}}}", "neither a text nor a list"),
        ("- {id: a, addresses: 'ftp://x.example/*', allow: quote}", "no pattern"),
        ("- {id: a, addresses: 'x.*.example', allow: quote}", "no pattern"),
        ("just words", "no list of agreements"),
        ("- &a [*a]", "recursive"),
        ("[" * 3000, "nested|YAML"),
        ("- {id: !!python/object:os.system a, addresses: '*', allow: quote, b: [}", "YAML"),
    ],
)
def test_a_table_with_a_mistake_is_refused_with_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RightsError, match=says) as caught:
        load(tmp_path, text)
    assert caught.value.where.endswith("agreements.yaml")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    rows = "".join(f"- {{id: a{n}, addresses: '*', allow: x}}\n" for n in range(20))
    with pytest.raises(RightsError, match=r"agreement 1 .*agreement 10 .*and 10 more"):
        load(tmp_path, rows)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("t.csv", b"id,allow\na\n", "row 2 has 1 cells"),
        ("t.csv", b"id,id\na,b\n", "same name"),
        ("t.csv", b'id,allow\n"a,b\n', "not CSV"),
        ("t.csv", b"id,allow\n\xff,b\n", "byte 9 is not UTF-8"),
        ("t.xlsx", b"", ".yaml or .csv"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(RightsError, match=says):
        load_agreements(path)


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RightsError, match="No such file"):
        load_agreements(tmp_path / "none.yaml")
