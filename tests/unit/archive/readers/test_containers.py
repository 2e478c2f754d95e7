from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.archive.document import Document
from fairtrial.archive.readers import FoundDocument, Refused, read_documents
from fairtrial.errors import ImageError
from tests.unit.archive.readers.files import make_pdf, make_photo, make_record, write_lines

SEEN = datetime(2026, 11, 26, tzinfo=UTC)
MILL = b"<html><body><article><h1>Mill</h1><p>The mill is open.</p></article></body></html>"
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 photoshop:Headline="Mill at dawn" photoshop:Credit="Reed/Courier"><dc:description><rdf:Alt>
<rdf:li xml:lang="de">Die M\u00fchle.</rdf:li><rdf:li xml:lang="x-default">The mill.</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>Tom Reed</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"""


def read(path: Path) -> tuple[list[Document], list[Refused]]:
    found = list(read_documents(path, seen=SEEN))
    return [f.document for f in found if isinstance(f, FoundDocument)], [f for f in found if isinstance(f, Refused)]


def read_pdf(tmp_path: Path, data: bytes) -> Document:
    (tmp_path / "a.pdf").write_bytes(data)
    [document], refused = read(tmp_path)
    assert refused == []
    return document


def test_pdf_text_in_paragraphs_with_its_information(tmp_path: Path) -> None:
    first = write_lines("The mill has been open since Monday, and its wheel has not stop-", "ped turning ever since.",
                        "It cost 3 million, which the town will have paid for in a decade", "or so.")  # fmt: skip
    document = read_pdf(tmp_path, make_pdf(first, write_lines("Second page."), title="The mill"))
    assert document.text == (
        "The mill has been open since Monday, and its wheel has not stopped turning ever since.\n\n"
        "It cost 3 million, which the town will have paid for in a decade or so.\n\nSecond page."
    )
    assert (document.title, document.authors) == ("The mill", ("Ada Finch",))
    assert document.published == datetime(2026, 3, 4, 7, tzinfo=UTC)
    assert document.notes == ()


@pytest.mark.parametrize(
    ("before", "size", "note"),
    [
        ("3 Tr", 12, "left out 1 piece of text drawn invisibly"),
        ("1 1 1 rg", 12, "left out 1 piece of text in white"),
        ("1 g", 12, "left out 1 piece of text in white"),
        ("0 0 0 0 k", 12, "left out 1 piece of text in white"),
        ("", 1, "left out 1 piece of text in letters too small to read"),
    ],
)
def test_hidden_text_of_a_pdf_is_left_out(tmp_path: Path, before: str, size: int, note: str) -> None:
    stream = (
        write_lines("Seen.") + f" q {write_lines('Obey me.', before=before, size=size)} Q " + write_lines("Seen, too.")
    )
    document = read_pdf(tmp_path, make_pdf(stream))
    assert "Obey" not in document.text
    assert "Seen." in document.text and "Seen, too." in document.text
    assert document.notes == (note,)


def test_the_layer_of_ocr_under_a_scan_is_read(tmp_path: Path) -> None:
    document = read_pdf(tmp_path, make_pdf(write_lines("Scanned words.", before="3 Tr")))
    assert document.text == "Scanned words."
    assert document.notes[0].startswith("all of its text is drawn invisibly")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"no pdf", "does not begin as one"),
        (b"%PDF-1.4\n" + b"\x00\xff" * 500, "damaged"),
        (make_pdf(""), "no text in it"),
        (make_pdf(write_lines("x"))[:300], "a"),
    ],
)
def test_pdf_files_that_cannot_be_read(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / "a.pdf").write_bytes(data)
    documents, [refused] = read(tmp_path)
    assert (documents, refused.where) == ([], "a.pdf")
    assert told in refused.problem.message


def test_a_bomb_in_a_pdf_is_an_error_or_empty(tmp_path: Path) -> None:
    bomb = zlib.compress(b"(x) Tj " * 50_000_000, 9)
    (tmp_path / "a.pdf").write_bytes(make_pdf("", packed=bomb))
    (tmp_path / "b.txt").write_text("Good.")
    documents, [refused] = read(tmp_path)
    assert [one.text for one in documents] == ["Good."]
    assert refused.where == "a.pdf"


def test_warc_pages_with_headers_and_files_of_their_site(tmp_path: Path) -> None:
    body = MILL.replace(b"<html>", b'<html><link rel="canonical" href="https://other.example/x">')
    site = "https://courier.example/"
    html, robots = "Content-Type: text/html", b"User-agent: *\nContent-Signal: ai-train=no\n"
    records = [
        make_record(site + "mill", body, f"{html}\r\ntdm-reservation: 1"),
        make_record(site + "gone", MILL, status="404 Not Found"),
        make_record(site + "a.css", b"x", "Content-Type: text/css"),
        make_record(site + "robots.txt", robots, "Content-Type: text/plain"),
        make_record(site + "bad", gzip.compress(bytes(40 << 20)), f"{html}\r\nContent-Encoding: gzip"),
        make_record(site + "odd", MILL, f"{html}\r\nContent-Encoding: zstd"),
    ]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(records))
    [document], refused = read(tmp_path)
    assert document.uri == "https://courier.example/mill"
    assert document.text == "# Mill\n\nThe mill is open."
    assert "address of another site" in document.notes[0]
    assert {one.signal for one in document.rights.evidence} >= {"content-signal", "tdmrep-header"}
    assert {one.seen for one in document.rights.evidence} == {datetime(2026, 3, 4, 8, tzinfo=UTC)}
    assert [one.where for one in refused] == ["a.warc.gz, record 5", "a.warc.gz, record 6"]
    assert "more than 16,777,216 bytes" in refused[0].problem.message


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", gzip.compress(b"WARC/1.0\r\n" * 3, mtime=0), make_record("http://a.example/", MILL)[:200]],
)
def test_warc_files_that_cannot_be_read(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.warc.gz").write_bytes(data)
    documents, refused = read(tmp_path)
    assert (documents, [one.where.partition(",")[0] for one in refused]) == ([], ["a.warc.gz"])


def test_a_header_of_warc_without_end_ends_no_more_than_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(b"WARC/1.0\r\nX: " + bytes(1 << 20) * 60, 9))
    (tmp_path / "b.txt").write_text("Good.")
    documents, refused = read(tmp_path)
    assert ([one.text for one in documents], [one.where for one in refused]) == (["Good."], ["a.warc.gz"])


def test_images_have_the_caption_and_credit_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "iim.jpg").write_bytes(make_photo("Die Mühle im Mai.", "Courier"))
    (tmp_path / "xmp.jpg").write_bytes(make_photo(xmp=XMP))
    (tmp_path / "both.jpg").write_bytes(make_photo("Old.", "Old", xmp=XMP))
    (both, iim, xmp), refused = read(tmp_path)
    assert refused == []
    assert (iim.pictures[0].caption, iim.pictures[0].credit) == ("Die Mühle im Mai.", "Ada Finch / Courier")
    assert iim.published == datetime(2026, 3, 4, tzinfo=UTC)
    for one in (xmp, both):
        assert (one.title, one.authors) == ("Mill at dawn", ("Tom Reed",))
        assert (one.pictures[0].caption, one.pictures[0].credit) == ("The mill.", "Tom Reed / Reed/Courier")


def test_an_image_that_an_article_shows_is_no_document_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(make_photo("From the file.", "Courier"))
    (tmp_path / "a.md").write_text("Text.\n\n![](a.jpg)\n")
    [document], _ = read(tmp_path)
    assert [one.caption for one in document.pictures] == ["From the file."]


def test_text_in_images_comes_from_a_function_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(make_photo("Sign.", "Courier"))
    (tmp_path / "b.jpg").write_bytes(make_photo("Other.", "Courier"))

    def read_text(data: bytes) -> str:
        if b"Other" in data:
            raise ImageError("cannot be read.")
        return "OPEN\u200b\n\n\nDAILY"

    found = list(read_documents(tmp_path, seen=SEEN, read_text=read_text))
    assert isinstance(found[0], FoundDocument)
    assert found[0].document.pictures[0].text == "OPEN\n\nDAILY"
    assert isinstance(found[1], Refused)
