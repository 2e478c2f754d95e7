"""All readers against damaged, mixed and random input: no exception, nothing unprintable, something to decide by."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtrial.rights import Evidence, RightsRecord, Use
from fairtrial.rights.circumstances import Circumstances
from fairtrial.rights.decide import decide
from fairtrial.rights.readers import SITE_FILES, SignalFileKind, Site, read_signals
from fairtrial.rights.signals import SIGNALS
from tests.unit.rights.readers.telling import SEEN, place

HOST = "https://brinkmoor.example/"

SAMPLES = [
    b'<rsl xmlns="https://rslstandard.org/rsl" max-age="3"><content url="/" server="https://l.example"><license>'
    b'<permits type="usage">search</permits><prohibits type="geo">US</prohibits><payment type="use"><amount '
    b'currency="EUR">1</amount></payment></license><copyright>G</copyright></content></rsl>',
    b'[{"location": "/news/*", "tdm-reservation": 1, "tdm-policy": "https://brinkmoor.example/p"}]',
    b"License: https://brinkmoor.example/license.xml\nUser-agent: GPTBot\nDisallow: /\nUser-agent: *\n"
    b"Content-Usage: /news/ train-ai=n, search=y\nContent-Signal: ai-train=no\n",
    b'<html><head><meta name="tdm-reservation" content="1"><link rel=license href="https://creativecommons.org/'
    b'licenses/by/4.0/"><script type="application/ld+json">{"@type":"Article","license":"MIT","expires":"2027-01-01"}'
    b"</script></head><body itemscope><a itemprop=license href=x>y</a></body></html>",
    b'\xff\xd8\xff<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:p="http://ns.useplus.org/ldf/xmp/1.0/" p:DataMining='
    b'"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"/></x:xmpmeta>Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0a'
    b"\x1c\x02\x74\0\x05hello",
    b'{"@type": "Offer", "permission": [{"action": "tdm:mine", "duty": [{"action": "compensate"}], "constraint": '
    b'[{"leftOperand": "spatial", "operator": "eq", "rightOperand": "DE"}]}], "prohibition": {"action": "index"}}',
    b'{"uri": "x", "copyrightholder": "G", "rightsInfo": [{"langid": "o", "linkedRights": "https://x.example"}]}',
    b'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/"><rightsInfo><copyrightHolder literal="G"/>'
    b'<dataMining uri="http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"/></rightsInfo></newsItem>',
    b'<rss xmlns:rsl="https://rslstandard.org/rsl"><channel><item><rsl:content url="/"><rsl:license/></rsl:content>'
    b"<license>CC-BY-4.0</license></item></channel></rss>",
]
PIECES = [
    b"\0", b"\xff\xfe", b"<", b">", b'"', b"{", b"[" * 2000, b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"*" * 500,
    b"\r\n", b"%", b"$", b"9" * 5000, b"\xed\xa0\x80", b"\\ud800", "\u202e\u200b".encode(), b"\x1b[31m",
    b" a='" + b"x" * 9000,
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sample with pieces taken out of it, doubled, or put into it from elsewhere."""
    data = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        other = draw(st.sampled_from([*PIECES, *SAMPLES, data[start:end] * 2]) | st.binary(max_size=8))
        data = data[:start] + other + data[end:]
    return data


WORDS = [
    "https://creativecommons.org/licenses/by/4.0/", "odrl:use", "tdm:mine", "eq", "spatial", "dateTime", "2026-01-01",
]  # fmt: skip
KEYS = [
    "@type", "@id", "@graph", "license", "rightsInfo", "encodedRights", "linkedRights", "permission", "prohibition",
    "action", "duty", "constraint", "leftOperand", "operator", "rightOperand", "location", "tdm-reservation", "expires",
    "copyrightHolder", "isAccessibleForFree", "rdf:value", "refinement", "assigner", "target", "uid",
]  # fmt: skip

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)


def check(found: tuple[Evidence, ...]) -> None:
    for one in found:
        lines = (one.where, one.problem, one.holder, one.licence, one.terms_url, *(s.because for s in one.statements))
        assert all(text.isprintable() and len(text) <= 500 for text in lines)
        json.dumps(one.raw).encode()
        one.raw.encode("utf-8")
        assert one.signal in SIGNALS and len(one.sha256) == 64 and one.seen == SEEN
        for statement in one.statements:
            credit = statement.terms.attribution
            assert credit is None or (credit.text + credit.link).isprintable() or not credit.text + credit.link
    at = Circumstances(SEEN, "DE", "commercial")
    for use in Use:
        decide(use, RightsRecord(found), at)


@pytest.mark.parametrize("kind", get_args(SignalFileKind))
@settings(max_examples=40, deadline=None)
@given(data=damaged() | st.binary(max_size=200))
def test_documents(kind: SignalFileKind, data: bytes) -> None:
    check(read_signals(data, kind, place()))


@pytest.mark.parametrize("kind", ["ninjs", "odrl", "html"])
@settings(max_examples=60, deadline=None)
@given(value=values)
def test_json_of_any_shape(kind: SignalFileKind, value: object) -> None:
    text = json.dumps(value)
    data = f'<script type="application/ld+json">{text}</script>' if kind == "html" else text
    check(read_signals(data.encode(), kind, place()))


@pytest.mark.parametrize("name", SITE_FILES)
@settings(max_examples=40, deadline=None)
@given(data=damaged() | st.binary(max_size=200))
def test_files_of_a_site(name: str, data: bytes) -> None:
    site = Site(None, SEEN)
    assert site.add(HOST + name, data, name, SEEN)
    check(read_signals(b"", "text", place(), site))


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(
        ["tdm-reservation", "tdm-policy", "content-usage", "content-signal", "x-robots-tag", "link", "x"]
    ),
    value=st.text(max_size=60)
    | st.text(alphabet='train-ai=yn,;"?:@() search<>/.', max_size=60)
    | st.sampled_from(['<a>; rel="license"; type="application/rsl+xml"', "<" * 5000, "a=" * 3000, ";" * 9000]),
)
def test_headers(name: str, value: str) -> None:
    check(read_signals(b"", "text", place(**{name: value})))


@settings(max_examples=60, deadline=None)
@given(url=st.text(max_size=40), path=st.text(alphabet="ab/.\\\0%é\ud800", max_size=20))
def test_addresses_and_paths(url: str, path: str) -> None:
    site = Site(None, SEEN)
    site.add(url, SAMPLES[0], "x", SEEN)
    check(read_signals(SAMPLES[3], "html", place(url, path), site))


@settings(max_examples=40, deadline=None)
@given(path=st.text(alphabet="ab/.\\\0%é\ud800", max_size=20), address=st.text(max_size=20))
def test_paths_in_a_folder(tmp_path_factory: pytest.TempPathFactory, path: str, address: str) -> None:
    site = Site(tmp_path_factory.getbasetemp(), SEEN)
    page = f'<link rel=license type="application/rsl+xml" href="{address}">'.encode("utf-8", "replace")
    check(read_signals(page, "html", place("", path), site))


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, len(SAMPLES[0]) - 1))
def test_a_licence_that_is_cut_off_permits_nothing(cut: int) -> None:
    site = Site(None, SEEN)
    site.add(HOST + "license.xml", SAMPLES[0][:cut], "license.xml", SEEN)
    found = read_signals(b"", "text", place(), site)
    assert [one.problem != "" for one in found] == [True] and not found[0].statements
