"""Every format's own rights signals reach the document, with the hash of the file that they stood in."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from fairtrial.archive.document import Document
from fairtrial.archive.readers import Refused, read_documents

SEEN = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
TEXT = "The ferry between the two banks runs again since Monday, the harbour office said."
MINING = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"


def read(folder: Path) -> list[Document]:
    found = list(read_documents(folder, seen=SEEN))
    assert not [one for one in found if isinstance(one, Refused)]
    return [one.document for one in found if not isinstance(one, Refused)]


def said(document: Document) -> set[str]:
    return {f"{e.signal} {s.use} {s.says}" for e in document.rights.evidence for s in e.statements}


def picture() -> bytes:
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" plus:DataMining="{MINING}"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "navy").save(out, "JPEG", xmp=xmp.encode())
    return out.getvalue()


def test_items_of_news(tmp_path: Path) -> None:
    policy = {"@type": "Set", "prohibition": [{"action": "tdm:mine"}]}
    item = {"uri": "urn:1", "headline": "Ferry", "body_text": TEXT, "rightsInfo": {"encodedRights": json.dumps(policy)}}
    (tmp_path / "a.json").write_text(json.dumps([item, {**item, "uri": "urn:2", "rightsInfo": {}}]))
    newsml = (
        '<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:3"><rightsInfo><copyrightHolder literal="G"/>'
        f'<dataMining uri="{MINING}"/></rightsInfo><contentMeta><headline>Ferry</headline></contentMeta>'
        f'<contentSet><inlineData contenttype="text/plain">{TEXT}</inlineData></contentSet></newsItem>'
    )
    (tmp_path / "b.xml").write_text(newsml)
    first, second, third = read(tmp_path)
    assert said(first) == {"ninjs ai-train deny", "ninjs ai-input deny", "ninjs ai-index deny"} and not said(second)
    assert said(third) == {"newsml-g2 ai-train deny"}
    hashes = {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("a.json", "b.xml")}
    assert {e.sha256 for one in (first, third) for e in one.rights.evidence} == hashes


def test_items_of_a_feed_and_what_holds_for_all_of_them(tmp_path: Path) -> None:
    feed = (
        '<rss version="2.0" xmlns:rsl="https://rslstandard.org/rsl" xmlns:cc="http://web.resource.org/cc/"><channel>'
        "<title>Gazette</title><cc:license>https://creativecommons.org/licenses/by/4.0/</cc:license>"
        f"<item><link>https://a.example/1</link><title>One</title><description>{TEXT}</description>"
        '<rsl:content url="/1"><rsl:license><rsl:prohibits type="usage">ai-all</rsl:prohibits></rsl:license>'
        f"</rsl:content></item><item><link>https://a.example/2</link><title>Two</title><description>{TEXT}!"
        "</description></item></channel></rss>"
    )
    (tmp_path / "feed.rss").write_text(feed)
    first, second = read(tmp_path)
    assert {"rsl ai-input deny", "licence ai-input allow"} <= said(first)
    assert "rsl ai-input deny" not in said(second) and "licence ai-input allow" in said(second)


def test_pictures_alone_and_within_an_article(tmp_path: Path) -> None:
    (tmp_path / "ferry.jpg").write_bytes(picture())
    (tmp_path / "ferry.md").write_text(f"# Ferry\n\n{TEXT}\n\n![The ferry at the quay](ferry.jpg)\n")
    (tmp_path / "other.jpg").write_bytes(picture()[:-2] + b"\0\xff\xd9")
    article, *_ = read(tmp_path)
    (shown,) = article.pictures
    assert said(article) == set()
    assert [(e.signal, s.use) for e in shown.rights.evidence for s in e.statements] == [("plus", "ai-train")]


def test_a_licence_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"---\nlicense: CC-BY-4.0\nattribution: Gazette\n---\n\n{TEXT}\n")
    (tmp_path / "b.md").write_text(f"---\nlicence: LicenseRef-house\n---\n\n{TEXT}!\n")
    first, second = read(tmp_path)
    credits = {s.terms.attribution.text for e in first.rights.evidence for s in e.statements if s.terms.attribution}
    assert "licence ai-input allow" in said(first) and credits == {"Gazette"} and said(second) == set()
