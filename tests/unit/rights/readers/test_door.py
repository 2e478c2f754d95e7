from pathlib import Path

import pytest

from fairtrial.rights.readers import Place, Site, read_signals
from tests.unit.rights.readers.telling import SEEN, place, said

LICENSE = b'<license><permits type="usage">search</permits></license>'
RSL = b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/">' + LICENSE + b"</content></rsl>"
INLINE = b'<script type="application/rsl+xml">' + RSL.replace(b'url="/"', b'url=""') + b"</script>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site" / ".well-known").mkdir(parents=True)
    (tmp_path / "site" / "news").mkdir()
    return tmp_path / "site"


def test_files_beside_and_above_a_document_count(folder: Path) -> None:
    (folder / "robots.txt").write_text("User-agent: *\nContent-Signal: ai-train=no\n")
    (folder / ".well-known" / "tdmrep.json").write_text('[{"location": "/news/", "tdm-reservation": 1}]')
    (folder / "news" / "ai.txt").write_text("User-Agent: *\nDisallow: *.html\n")
    (folder.parent / "robots.txt").write_text("User-agent: *\nContent-Signal: search=no\n")
    found = read_signals(b"text", "text", Place("a", SEEN, path="news/a.html"), Site(folder, SEEN))
    assert said(found) == {
        "content-signal ai-train deny",
        "tdmrep-file ai-train deny",
        "tdmrep-file ai-input deny",
        "tdmrep-file ai-index deny",
        "ai.txt ai-train deny",
    }
    assert {one.where.partition(",")[0] for one in found} == {"robots.txt", ".well-known/tdmrep.json", "news/ai.txt"}


def test_a_link_out_of_the_folder_is_not_followed(folder: Path) -> None:
    (folder.parent / "outside.txt").write_text("User-agent: *\nContent-Signal: ai-train=no\n")
    (folder / "robots.txt").symlink_to(folder.parent / "outside.txt")
    assert read_signals(b"", "text", Place("a", SEEN, path="a.html"), Site(folder, SEEN)) == ()


def test_a_licence_that_is_declared_must_be_there(folder: Path) -> None:
    (folder / "robots.txt").write_text("License: https://brinkmoor.example/license.xml\nUser-agent: *\nAllow: /\n")
    assert said(read_signals(b"", "text", place(), Site(folder, SEEN))) == {"rsl problem"}
    (folder / "license.xml").write_bytes(RSL)
    assert said(read_signals(b"", "text", place(), Site(folder, SEEN))) == {"rsl search allow"}


def test_another_programs_license_file_counts_only_where_it_is_declared(folder: Path) -> None:
    (folder / "license.xml").write_text("<licence><product>Editor</product></licence>")
    assert read_signals(b"", "text", place(), Site(folder, SEEN)) == ()
    (folder / "robots.txt").write_text("License: https://brinkmoor.example/license.xml\n")
    assert said(read_signals(b"", "text", place(), Site(folder, SEEN))) == {"rsl problem"}
    (folder / "robots.txt").unlink()
    (folder / "license.xml").write_text("<licence>")
    assert said(read_signals(b"", "text", place(), Site(folder, SEEN))) == {"rsl problem"}


def test_a_licence_of_any_name_is_found_where_its_address_says(folder: Path) -> None:
    (folder / "licences").mkdir()
    (folder / "licences" / "main.xml").write_bytes(RSL)
    page = b'<link rel="license" type="application/rsl+xml" href="/licences/main.xml">'
    assert said(read_signals(page, "html", place(), Site(folder, SEEN))) == {"rsl search allow"}
    (folder.parent / "secret.xml").write_bytes(RSL)
    for address in ("../secret.xml", "/../../secret.xml", "https://brinkmoor.example/%00", "x" * 5000, "/"):
        page = f'<link rel="license" type="application/rsl+xml" href="{address}">'.encode()
        assert said(read_signals(page, "html", place(""), Site(folder, SEEN))) == {"rsl problem"}


def test_files_of_a_host_speak_for_its_documents_alone() -> None:
    site = Site(None, SEEN)
    assert site.add(
        "https://brinkmoor.example/robots.txt", b"User-agent: *\nContent-Signal: ai-input=no", "x.warc", SEEN
    )
    assert not site.add("https://brinkmoor.example/news/robots.txt", b"", "x.warc", SEEN)
    assert said(read_signals(b"", "text", place(), site)) == {"content-signal ai-input deny"}
    assert read_signals(b"", "text", place("https://other.example/"), site) == ()


def test_headers() -> None:
    found = read_signals(
        b"", "text", place(TDM_Reservation="1", content_usage="ai-use=y", x_robots_tag="noai, googlebot: noindex")
    )
    assert said(found) == {
        "tdmrep-header ai-train deny",
        "tdmrep-header ai-input deny",
        "tdmrep-header ai-index deny",
        "content-usage ai-input allow",
        "robots-tag ai-train deny",
        "robots-tag ai-input deny",
        "robots-tag ai-index deny",
        "robots-tag search deny",
    }


def test_of_two_headers_the_reservation_counts() -> None:
    there = Place("a", SEEN, headers=(("TDM-Reservation", "0"), ("tdm-reservation", "1")))
    assert "tdmrep-header ai-train deny" in said(read_signals(b"", "text", there))


def test_a_licence_that_a_header_links_to() -> None:
    there = place(Link='</license.xml>; rel="license"; type="application/rsl+xml"')
    assert said(read_signals(b"", "text", there)) == {"rsl problem"}
    site = Site(None, SEEN)
    site.add("https://brinkmoor.example/license.xml", RSL, "x.warc", SEEN)
    assert said(read_signals(b"", "text", there, site)) == {"rsl search allow"}


def test_a_page() -> None:
    page = (
        b"<head><meta name='TDM-Reservation' content='1'><meta name=robots content='nosnippet'>" + INLINE + b"</head>"
    )
    assert said(read_signals(page, "html", place())) == {
        "tdmrep-html ai-train deny",
        "tdmrep-html ai-input deny",
        "tdmrep-html ai-index deny",
        "robots-tag quote deny",
        "robots-tag ai-input deny",
        "rsl search allow",
    }


def test_a_licence_in_a_copy_of_a_page_holds_for_the_copy() -> None:
    inline = INLINE.replace(b'url=""', b'url="https://elsewhere.example/original"')
    assert (
        said(read_signals(inline, "html", place()))
        == said(read_signals(inline, "html", place("")))
        == {"rsl search allow"}
    )


def test_evidence_is_printable_and_has_the_hash_of_its_file() -> None:
    page = (
        "<meta name='tdm-reservation' content='1'><meta name='tdm-policy' content='https://x/\x1b[31m\u202e'>".encode()
    )
    (found,) = read_signals(page, "html", place())
    assert found.sha256 == __import__("hashlib").sha256(page).hexdigest() and found.seen == SEEN
    assert all(text.isprintable() for text in (found.terms_url, found.where, *found.raw.splitlines()))
