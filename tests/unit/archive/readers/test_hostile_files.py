"""All readers against files that nobody would write: documents, or errors that name the file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairtrial.archive.readers import FoundDocument, Refused, read_documents
from fairtrial.archive.readers.dates import read_date
from tests.unit.archive.readers.files import make_pdf, make_photo, make_record, write_lines

SEEN = datetime(2026, 11, 26, tzinfo=UTC)
FEED = (
    b'<rss version="2.0"><channel><title>T</title><item><title>A</title><description>B &lt;b&gt;</description></item>'
    b"</channel></rss>"
)
ITEM = (
    b'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="u"><contentSet><inlineData>Text.</inlineData>'
    b"</contentSet></newsItem>"
)
PAGE = (
    b"<html><head><title>A</title></head><body><article><h1>A</h1><p style='color:#fff'>B</p><p>C</p></article></body>"
    b"</html>"
)
SEEDS = {
    "a.md": b"---\ntitle: A\nrights: {search: allow}\n---\n# A\n\n![x](y.png) <b hidden>z</b> `c` [l](m)\n",
    "a.txt": "Zeile\u200b eins\n\nZwei".encode(),
    "a.jsonl": b'{"text": "A", "title": "B"}\n{"text": "C"}\n',
    "a.json": json.dumps({"headline": "A", "body_html": "<p>B</p>", "altids": {"wire": "x"}}).encode(),
    "a.xml": FEED,
    "b.xml": ITEM,
    "a.html": PAGE,
    "a.pdf": make_pdf(write_lines("Text.")),
    "a.warc": b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 10\r\n\r\n0123456789\r\n\r\n",
    "a.warc.gz": make_record("https://a.example/", b"<p>Text.</p>"),
    "a.jpg": make_photo("Caption", "Credit", xmp="<x><y/></x>"),
}


def read(folder: Path) -> list[FoundDocument | Refused]:
    return list(read_documents(folder, seen=SEEN))


@pytest.mark.parametrize("name", sorted(SEEDS))
@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_damaged_files_are_read_or_named(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    body = bytearray(SEEDS[name])
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(body)))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / name).write_bytes(bytes(body))
    first = read(folder)
    assert all(one.where.startswith(name) for one in first)
    assert [_describe(one) for one in read(folder)] == [_describe(one) for one in first]


def _describe(one: FoundDocument | Refused) -> object:
    return one.document if isinstance(one, FoundDocument) else (one.where, one.problem.message)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.md", b"---\n" + b"a: [" * 5_000 + b"\n---\n"),
        ("a.md", b"<b>" * 100_000),
        ("a.md", b"[" * 200_000),
        ("a.md", b"![](" * 100_000),
        ("a.md", b"**a" * 100_000),
        ("a.md", b"`" * 200_000),
        ("a.md", b"<!--" * 50_000),
        ("a.html", b"<div>" * 20_000 + b"x"),
        ("a.html", b"<p style='color:#fff" * 5_000),
        ("a.html", b"<style>" + b".a{" * 100_000 + b"</style><p>x</p>"),
        ("a.html", b"<table>" * 3_000 + b"x"),
        ("a.html", b"<script type='application/ld+json'>" + b"[" * 100_000 + b"</script><p>x</p>"),
        ("a.jsonl", b"[" * 100_000 + b"\n" + b'{"text": "' + b"\\u200b" * 10_000 + b'"}\n'),
        ("a.json", b'{"headline": "A", "body_text": {"a": 1}}'),
        ("a.xml", b"<rss><channel><item>" + b"<a>" * 90 + b"</a>" * 90 + b"</item></channel></rss>"),
        ("a.txt", b"\xff\xfe\x00"),
        ("a.txt", b"a" * 2_000_001),
        ("a.md", b"<b>*[a](b)* " * 400_000),
        ("a.json", b'{"headline": "A", "body_html": "' + b"<p>a" * 1_100_000 + b'"}'),
    ],
)
def test_enormous_and_nested_files_take_little_time(tmp_path: Path, name: str, body: bytes) -> None:
    (tmp_path / name).write_bytes(body)
    (tmp_path / "z.txt").write_text("Good.")
    *first, last = read(tmp_path)
    assert isinstance(last, FoundDocument) and last.document.text == "Good."
    assert first and all(one.where.startswith(name) for one in first)


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_date_with_a_zone_or_none(text: str) -> None:
    found = read_date(text)
    assert found is None or found.tzinfo is not None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-04", datetime(2026, 3, 4, tzinfo=UTC)),
        ("20260304T080000Z", datetime(2026, 3, 4, 8, tzinfo=UTC)),
        ("20260304", datetime(2026, 3, 4, tzinfo=UTC)),
        ("2026-03", datetime(2026, 3, 1, tzinfo=UTC)),
        ("Wed, 04 Mar 2026 08:00:00 GMT", datetime(2026, 3, 4, 8, tzinfo=UTC)),
        ("2026-03-04T08:00:00.123Z", datetime(2026, 3, 4, 8, 0, 0, 123000, tzinfo=UTC)),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("2026-13-01", None),
        ("soon", None),
    ],
)
def test_dates(text: str, found: datetime | None) -> None:
    assert read_date(text) == found
