"""Documents whose use is denied, one for each way in which somebody can deny it, with sentences planted in them.

The words are made up, so that no five of them in a row can stand anywhere but in a copy of the document.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from tests.support.planting import Planted
from tests.unit.archive.readers.files import make_pdf, make_record, write_lines

RSL = '<rsl xmlns="https://rslstandard.org/rsl" max-age="36500"><content url="/"><license>{}</license></content></rsl>'
USES = '<permits type="usage">{}</permits>'


@dataclass(frozen=True)
class Way:
    """One way to deny a use.

    Attributes:
        name: of it.
        files: of its folder: name to bytes.
        told: whether people may not be shown it either.
        rule: by which input is denied.
        agreement: its row of the table of signed agreements.
    """

    name: str
    files: dict[str, bytes] = field(repr=False)
    told: bool
    rule: str
    agreement: str = ""

    @property
    def planted(self) -> Planted:
        return Planted(self.name)


def write_md(name: str, fields: str = "") -> bytes:
    """Return an article in Markdown with some more fields."""
    one = Planted(name)
    front = f"uri: {one.uri}\ntitle: {one.title}\npublished: 2026-03-01T08:00:00Z\nlabel: news\n{fields}"
    return f"---\n{front}---\n## {one.heading}\n\n{one.body}\n\n![{one.caption}](a.png)\n".encode()


def write_html(name: str, head: str = "") -> bytes:
    """Return a page with something more in its head."""
    one = Planted(name)
    return (
        f'<!doctype html><html lang="en"><head><title>{one.title}</title><link rel="canonical" href="{one.uri}">'
        f"{head}</head><body><article><h1>{one.title}</h1><h2>{one.heading}</h2><p>{one.body}</p>"
        f'<figure><img src="a.png" alt=""><figcaption>{one.caption}</figcaption></figure></article></body></html>'
    ).encode()


def write_linked(name: str, fields: dict[str, object]) -> bytes:
    """Return a page with JSON-LD, which repeats the whole text."""
    one = Planted(name)
    told = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": one.title, "url": one.uri}
    linked = json.dumps(told | {"articleBody": one.body, "description": one.caption} | fields)
    return write_html(name, f'<script type="application/ld+json">{linked}</script>')


def write_ninjs(name: str, fields: dict[str, object]) -> bytes:
    """Return an item of ninjs."""
    one = Planted(name)
    told = {"uri": one.uri, "type": "text", "headlines": [{"value": one.title}]}
    body = {"bodies": [{"contenttype": "text/plain", "value": f"{one.heading}\n\n{one.body}\n\n{one.caption}"}]}
    return json.dumps(told | body | fields).encode()


def write_newsml(name: str, rights: str = "", management: str = "") -> bytes:
    """Return an item of NewsML-G2."""
    one = Planted(name)
    return (
        f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="{one.uri}">{rights}'
        f"<itemMeta>{management}</itemMeta><contentMeta><headline>{one.title}</headline></contentMeta><contentSet>"
        f'<inlineData contenttype="text/plain">{one.heading}. {one.body} {one.caption}</inlineData>'
        "</contentSet></newsItem>"
    ).encode()


def write_feed(name: str, item: str = "", channel: str = "") -> bytes:
    """Return a feed with one item."""
    one = Planted(name)
    return (
        '<rss version="2.0" xmlns:rsl="https://rslstandard.org/rsl" '
        f'xmlns:cc="http://web.resource.org/cc/"><channel><title>Gazette</title>{channel}'
        f"<item><link>{one.uri}</link><title>{one.title}</title><description>{one.heading}. {one.body} {one.caption}"
        f"</description>{item}</item></channel></rss>"
    ).encode()


def write_row(name: str, fields: dict[str, object]) -> bytes:
    """Return a line of JSONL."""
    one = Planted(name)
    told = {"uri": one.uri, "title": one.title, "text": f"# {one.heading}\n\n{one.body} {one.caption}"}
    return (json.dumps(told | fields) + "\n").encode()


def write_warc(name: str, header: str) -> bytes:
    """Return the record of a crawl with a header of HTTP."""
    return make_record(Planted(name).uri, write_html(name), f"Content-Type: text/html\r\n{header}")


def write_pdf(name: str) -> bytes:
    """Return a PDF file."""
    one = Planted(name)
    return make_pdf(write_lines(one.heading, one.body, one.caption, size=6), title=one.title)


def make_expired_picture() -> bytes:
    """Return a picture that says in its IPTC records that its time is over."""
    fields = b"\x1c\x02" + bytes([37]) + struct.pack(">H", 8) + b"20200101"
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(fields)) + fields + b"\0" * (len(fields) % 2)
    segment = b"Photoshop 3.0\0" + resource
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "olive").save(out, "JPEG")
    data = out.getvalue()
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def write_pictured(name: str) -> dict[str, bytes]:
    """Return an article that may be used, and a picture in it that may not be: its caption is planted."""
    own, front = Planted(name), f"uri: {Planted(name).uri}\ntitle: A pier\nrights: allow\n"
    text = f"---\n{front}---\nThe pier of the town is open.\n\n![{own.caption}](b.jpg)\n"
    return {"a.md": text.encode(), "b.jpg": make_expired_picture()}


def write_copy(name: str) -> dict[str, bytes]:
    """Return another print of an open article, with its own title and caption, of which nothing is permitted."""
    return {
        "a.md": write_md(name, "rights: deny\n").replace(Planted(name).body.encode(), Planted("openmd").body.encode())
    }


def make_png(shade: str) -> bytes:
    """Return a small picture."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), shade).save(out, "PNG")
    return out.getvalue()


def _site(name: str, file: str, text: str) -> dict[str, bytes]:
    return {"a.md": write_md(name), file: text.encode()}


def _robots(name: str, text: str) -> dict[str, bytes]:
    return _site(name, "robots.txt", text)


def _rsl(name: str, text: str) -> dict[str, bytes]:
    return _site(name, "rsl.xml", RSL.format(text))


def make_ways() -> list[Way]:
    """Return the ways to deny input by the profile ``own-archive``, in DE, for a commercial operator."""
    policy = {"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:p"}
    mine = json.dumps(policy | {"prohibition": [{"action": "tdm:mine"}]})
    every = json.dumps(policy | {"prohibition": [{"action": "use"}]})
    ever = "2099-01-01T00:00:00Z"
    past = "2020-01-01T00:00:00Z"
    tdm = json.dumps([{"location": "/", "tdm-reservation": 1}])
    noai = '<meta name="robots" content="noai">'
    allow = "ai-input ai-index search quote display"
    ways = [
        ("rsl", lambda n: _rsl(n, '<prohibits type="usage">ai-all</prohibits>'), False, "disallowed", ""),
        ("rslall", lambda n: _rsl(n, '<prohibits type="usage">all</prohibits>'), False, "disallowed", ""),
        ("rslunlisted", lambda n: _rsl(n, USES.format("ai-train")), False, "not-listed", ""),
        (
            "rslpaid",
            lambda n: _rsl(n, USES.format("all") + '<payment type="use"><amount currency="EUR">1</amount></payment>'),
            False, "payment", "",
        ),
        (
            "rslgeo",
            lambda n: _rsl(n, USES.format("all") + '<permits type="geo">US</permits>'),
            False, "outside-terms", "",
        ),
        (
            "rsluser",
            lambda n: _rsl(n, USES.format("all") + '<permits type="user">personal</permits>'),
            False, "outside-terms", "",
        ),
        ("rslbroken", lambda n: _site(n, "rsl.xml", "<rsl xmlns='https://rslstandard.org/rsl'><con"), True,
         "unreadable", ""),
        ("tdmrep", lambda n: _site(n, ".well-known/tdmrep.json", tdm), False, "tdm-reserved", ""),
        ("tdmmeta", lambda n: {"a.html": write_html(n, '<meta name="tdm-reservation" content="1">')}, False,
         "tdm-reserved", ""),
        ("tdmheader", lambda n: {"a.warc.gz": write_warc(n, "tdm-reservation: 1")}, False, "tdm-reserved", ""),
        ("robots", lambda n: _robots(n, "User-agent: PerplexityBot\nDisallow: /\n"), False, "disallowed", ""),
        ("usage", lambda n: _robots(n, "User-agent: *\nContent-Usage: ai-use=n, search=n\nAllow: /\n"), False,
         "disallowed", ""),
        ("usageheader", lambda n: {"a.warc.gz": write_warc(n, "Content-Usage: ai-use=n")}, False, "disallowed", ""),
        ("signal", lambda n: _robots(n, "User-agent: *\nContent-Signal: ai-input=no, search=no\nAllow: /\n"), False,
         "disallowed", ""),
        ("noai", lambda n: {"a.html": write_html(n, noai)}, False, "disallowed", ""),
        ("nosnippet", lambda n: {"a.html": write_html(n, noai.replace("noai", "nosnippet"))}, False, "disallowed", ""),
        ("xrobots", lambda n: {"a.warc.gz": write_warc(n, "X-Robots-Tag: noai")}, False, "disallowed", ""),
        ("signed", lambda n: {"a.md": write_md(n)}, True, "agreement", f",{allow},,,,,,"),
        ("pdf", lambda n: {"a.pdf": write_pdf(n), "robots.txt": b"User-agent: PerplexityBot\nDisallow: /\n"}, False,
         "disallowed", ""),
        ("ended", lambda n: {"a.md": write_md(n)}, True, "outside-terms", f"{allow},,,2025-12-31,,,,"),
        ("begins", lambda n: {"a.md": write_md(n)}, True, "outside-terms", f"{allow},,2098-01-01,,,,,"),
        ("abroad", lambda n: {"a.md": write_md(n)}, True, "outside-terms", f"{allow},,,,US,,,"),
        ("teachers", lambda n: {"a.md": write_md(n)}, True, "outside-terms", f"{allow},,,,,education,,"),
        ("unpaid", lambda n: {"a.md": write_md(n)}, True, "payment", f"{allow},,,,,,use,"),
        ("unreported", lambda n: {"a.md": write_md(n)}, True, "reporting", f"{allow},,,,,,,urn:reports"),
        ("front", lambda n: {"a.md": write_md(n, "rights: deny\n")}, True, "disallowed", ""),
        ("frontinput", lambda n: {"a.md": write_md(n, "rights: {ai-input: deny}\n")}, False, "disallowed", ""),
        ("settled", lambda n: {"a.md": write_md(n, "rights: conditional\n")}, True, "to-be-settled", ""),
        ("embargo", lambda n: {"a.md": write_md(n, f"embargo: {ever}\n")}, True, "embargo", ""),
        ("expired", lambda n: {"a.md": write_md(n, f"rights: allow\nexpires: {past}\n")}, True, "embargo", ""),
        ("signedover", lambda n: {"a.md": write_md(n, f"expires: {past}\n")}, True, "embargo", f",{allow},,,,,,"),
        ("ncsale", lambda n: {"a.md": write_md(n, "licence: CC-BY-NC-4.0\n")}, True, "outside-terms", ""),
        ("row", lambda n: {"a.jsonl": write_row(n, {"rights": "deny"})}, True, "disallowed", ""),
        ("rowembargo", lambda n: {"a.jsonl": write_row(n, {"embargo": ever})}, True, "embargo", ""),
        ("expires", lambda n: {"a.html": write_linked(n, {"expires": past})}, True, "embargo", ""),
        ("odrlpage", lambda n: {"a.html": write_html(n, f'<script type="application/ld+json">{every}</script>')},
         True, "disallowed", ""),
        ("ninjs", lambda n: {"a.json": write_ninjs(n, {"rightsInfo": {"encodedRights": mine}})}, False,
         "disallowed", ""),
        ("ninjslinked", lambda n: {"a.json": write_ninjs(n, {"rightsInfo": {"linkedRights": "https://t.example"}})},
         True, "to-be-settled", ""),
        ("ninjsheld", lambda n: {"a.json": write_ninjs(n, {"embargoed": ever})}, True, "embargo", ""),
        (
            "newsml",
            lambda n: {
                "a.xml": write_newsml(
                    n,
                    '<rightsInfo><copyrightHolder literal="G"/><dataMining '
                    'uri="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"/></rightsInfo>',
                )
            },
            False, "disallowed", "",
        ),
        ("newsmlheld", lambda n: {"a.xml": write_newsml(n, "", f"<embargoed>{ever}</embargoed>")}, True, "embargo", ""),
        (
            "feed",
            lambda n: {
                "a.rss": write_feed(
                    n,
                    '<rsl:content url="/1"><rsl:license><rsl:prohibits type="usage">ai-all</rsl:prohibits>'
                    "</rsl:license></rsl:content>",
                )
            },
            False, "disallowed", "",
        ),
        ("pictured", write_pictured, True, "embargo", ""),
        ("copied", write_copy, True, "disallowed", ""),
    ]  # fmt: skip
    made = []
    for name, write, told, rule, agreement in ways:
        files = {"a.png": make_png("navy"), **write(name)}
        made.append(Way(name, files, told, rule, agreement))
    return made


ALLOWED = {
    "openmd": {"a.md": write_md("openmd"), "a.png": make_png("red")},
    "openpage": {"a.html": write_linked("openpage", {}), "a.png": make_png("green")},
    "opencrawl": {"a.warc.gz": write_warc("opencrawl", "Server: x")},
    "openninjs": {"a.json": write_ninjs("openninjs", {})},
    "opennewsml": {"a.xml": write_newsml("opennewsml")},
    "openfeed": {"a.rss": write_feed("openfeed")},
    "openrow": {"a.jsonl": write_row("openrow", {})},
    "openpdf": {"a.pdf": write_pdf("openpdf")},
}
"""Documents in every form of which nothing is denied."""

COLUMNS = "id,addresses,allow,deny,valid_from,valid_until,territories,operators,payment,reporting"


def write_world(folder: Path, ways: Iterable[Way]) -> None:
    """Write all documents into a folder ``site``, and the table of agreements beside it."""
    rows = [COLUMNS]
    for name, files in [*((way.name, way.files) for way in ways), *ALLOWED.items()]:
        for file, data in files.items():
            place = folder / "site" / name / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    rows += [f"{way.name},https://{way.name}.example/*,{way.agreement}" for way in ways if way.agreement]
    (folder / "agreements.csv").write_text("\n".join(rows) + "\n")
