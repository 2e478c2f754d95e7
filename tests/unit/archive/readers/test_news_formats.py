from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fairtrial.archive.document import Correction, Document
from fairtrial.archive.readers import FoundDocument, Refused, read_documents
from fairtrial.rights import Use

SEEN = datetime(2026, 11, 26, tzinfo=UTC)

FIRST: dict[str, Any] = {
    "uri": "urn:ashmill:1", "type": "text", "pubstatus": "usable", "language": "en",
    "versioncreated": "2026-03-05T08:00:00Z", "firstcreated": "2026-03-04T08:00:00Z",
    "headline": "Mill bridge reopens", "byline": "By Ada Finch and Tom Reed",
    "body_text": "Plain.", "body_html": "<h2>Costs</h2><p>It cost <b>3</b> million.</p><p hidden>Obey.</p>",
    "copyrightholder": "Ashmill Courier", "genre": [{"name": "Opinion"}], "embargoed": "2026-03-04T09:00:00Z",
    "ednote": "CORRECTS cost in first paragraph.", "altids": {"wire": "AG-77"},
    "subject": [{"name": "Bridges", "scheme": "topics"}, {"name": "Local", "scheme": "https://courier.example/section"}],
}  # fmt: skip
THIRD: dict[str, Any] = {
    "standard": {"name": "ninjs", "version": "3.0"}, "uri": "urn:ashmill:1", "type": "text", "pubStatus": "usable",
    "language": "en", "versionCreated": "2026-03-05T08:00:00Z", "firstCreated": "2026-03-04T08:00:00Z",
    "headlines": [{"role": "main", "value": "Mill bridge reopens"}], "by": "By Ada Finch and Tom Reed",
    "bodies": [{"contentType": "text/plain", "value": "Plain."},
               {"contentType": "text/html", "value": FIRST["body_html"]}],
    "infoSources": [{"role": "publisher", "name": "Ashmill Courier"}], "genres": [{"name": "Opinion"}],
    "embargoed": "2026-03-04T09:00:00Z", "edNote": "CORRECTS cost in first paragraph.",
    "altIds": [{"role": "wire", "value": "AG-77"}],
    "subjects": [{"name": "Local", "uri": "https://courier.example/section/local"}],
}  # fmt: skip

G2 = """<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:ashmill:1" version="2" xml:lang="en">
<rightsInfo><copyrightHolder><name>Ashmill Courier</name></copyrightHolder></rightsInfo>
<itemMeta><versionCreated>2026-03-05T08:00:00Z</versionCreated><firstCreated>2026-03-04T08:00:00Z</firstCreated>
<embargoed>2026-03-04T09:00:00Z</embargoed><provider><name>Ashmill Courier</name></provider>
<pubStatus qcode="stat:usable"/><edNote>CORRECTS cost in first paragraph.</edNote></itemMeta>
<contentMeta><headline>Mill bridge reopens</headline><by>By Ada Finch and Tom Reed</by>
<language tag="en"/><genre qcode="genre:Opinion"/><altId>AG-77</altId>
<subject type="cpnat:section"><name>Local</name></subject></contentMeta>
<contentSet><inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><head>
<title>no</title></head><body><h2>Costs</h2><p>It cost <b>3</b> million.</p><p hidden="hidden">Obey.</p></body></html>
</inlineXML></contentSet></newsItem>"""

RSS = """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Ashmill Courier</title><language>en-GB</language>
<item><title>Mill &amp;amp; bridge</title><link>https://courier.example/1</link><dc:creator>Ada Finch</dc:creator>
<pubDate>Wed, 04 Mar 2026 08:00:00 +0100</pubDate><category>Opinion</category><description>Short.</description>
<content:encoded><![CDATA[<p>It cost <i>3</i> million.</p>
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
<span style="font-size:0">Obey.</span>]]></content:encoded></item>
<item><guid isPermaLink="false">x-2</guid><description>Only &lt;b&gt;a&lt;/b&gt; summary.</description></item>
<item><title>Empty</title></item></channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Ashmill Courier</title>
<entry><id>urn:1</id><title>Mill</title><link rel="alternate" href="https://courier.example/1"/>
<author><name>Ada Finch</name></author><published>2026-03-04T08:00:00Z</published>
<updated>2026-03-05T08:00:00Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>It cost <b>3</b> million.</p></div></content></entry>
<entry><id>urn:2</id><title>Text</title><content type="text">One &lt; two.</content></entry></feed>"""


def read(path: Path) -> tuple[list[Document], list[Refused]]:
    found = list(read_documents(path, seen=SEEN))
    return [f.document for f in found if isinstance(f, FoundDocument)], [f for f in found if isinstance(f, Refused)]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", json.dumps(FIRST)), ("a.json", json.dumps(THIRD)), ("a.xml", G2)],
    ids=["ninjs 1", "ninjs 3", "NewsML-G2"],
)
def test_news_items_say_the_same_in_all_formats(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    [document], refused = read(tmp_path)
    assert refused == []
    assert document.text == "## Costs\n\nIt cost 3 million."
    assert (document.uri, document.title) == ("urn:ashmill:1", "Mill bridge reopens")
    assert document.authors == ("Ada Finch", "Tom Reed")
    assert document.publisher == "Ashmill Courier"
    assert document.published == datetime(2026, 3, 4, 8, tzinfo=UTC)
    assert document.modified == datetime(2026, 3, 5, 8, tzinfo=UTC)
    assert (document.language, document.label, document.section, document.wire) == ("en", "opinion", "Local", "AG-77")
    assert document.corrections == (Correction("CORRECTS cost in first paragraph.", document.modified),)
    assert document.notes == ("left out 1 hidden element",)
    embargo = document.rights.evidence[0]
    assert embargo.signal == "embargo"
    assert {(one.use, one.says) for one in embargo.statements} == {(use, "deny") for use in Use}
    assert {one.terms.valid_until for one in embargo.statements} == {datetime(2026, 3, 4, 9, tzinfo=UTC)}


@pytest.mark.parametrize("status", ["canceled", "stat:canceled"])
def test_cancelled_items_are_retracted(tmp_path: Path, status: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(FIRST | {"pubstatus": status}))
    assert read(tmp_path)[0][0].retracted == "cancelled by its publisher"


def test_withheld_items_may_not_be_used(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"headline": "A", "body_text": "B.", "pubstatus": "withheld"}))
    [evidence] = read(tmp_path)[0][0].rights.evidence
    assert {(one.use, one.says, one.terms.valid_until) for one in evidence.statements} == {
        (u, "deny", None) for u in Use
    }


def test_rss_entries_are_documents(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(RSS)
    (first, second), [refused] = read(tmp_path)
    assert first.text == "It cost 3 million.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert (first.uri, first.title, first.authors) == ("https://courier.example/1", "Mill & bridge", ("Ada Finch",))
    assert first.published == datetime(2026, 3, 4, 7, tzinfo=UTC)
    assert (first.publisher, first.language, first.label) == ("Ashmill Courier", "en-GB", "opinion")
    assert (second.uri, second.text) == ("x-2", "Only a summary.")
    assert second.notes == ("the feed gives a summary alone",)
    assert refused.where == "feed.xml, entry 3"


def test_atom_entries_are_documents(tmp_path: Path) -> None:
    (tmp_path / "feed.atom").write_text(ATOM)
    (first, second), refused = read(tmp_path)
    assert refused == []
    assert (first.text, second.text) == ("It cost 3 million.", "One < two.")
    assert (first.uri, second.uri, first.authors) == ("https://courier.example/1", "urn:2", ("Ada Finch",))
    assert first.modified == datetime(2026, 3, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.xml", '<!DOCTYPE r [<!ENTITY a "aaaa">]><rss><channel><item>&a;</item></channel></rss>', "document type"),
        ("a.xml", "<a>" * 200 + "</a>" * 200, "nested more than 100"),
        ("a.xml", "<rss><channel>", "not well-formed"),
        ("a.xml", "<svg/>", "root element is 'svg'"),
        ("a.xml", "<rss><channel/></rss>", "no entries"),
        ("a.json", '{"a": 1}', "no news item of ninjs"),
        ("a.json", '{"headline": "A"}', "no text in it"),
        ("a.json", "[" * 100_000, "it is"),
        ("a.json", '{"headline": NaN}', "NaN is no number"),
        ("a.json", "[3]", "no news item"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / name).write_text(content)
    documents, [refused] = read(tmp_path)
    assert documents == []
    assert told in refused.problem.message


def test_items_without_an_address_are_no_versions_of_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps([{"headline": "A", "body_text": "B."}, {"headline": "C", "body_text": "D."}])
    )
    assert [one.uri for one in read(tmp_path)[0]] == ["a.json, item 1", "a.json, item 2"]
