"""PDF: its text in paragraphs, its title, authors and dates from what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.archive.readers.dates import read_date
from fairtrial.archive.readers.found import Draft, SourceFile
from fairtrial.archive.readers.news import split_byline
from fairtrial.archive.readers.parsing import parse_file
from fairtrial.archive.readers.pdf_text import MOST_PAGES, join_lines, read_pdf_date
from fairtrial.errors import ArchiveError

_HIDDEN = {"invisible": "drawn invisibly", "white": "in white", "small": "in letters too small to read"}


def read_pdf(source: SourceFile) -> Iterator[Draft]:
    """Yield the document of a PDF file.

    Raises:
        ArchiveError: it cannot be read within the limits, or holds no text.
        MissingExtraError: the library is not installed.
    """
    if b"%PDF-" not in source.data[:1024]:
        raise ArchiveError("it is no PDF document: it does not begin as one.")
    found = parse_file("pdf", source.data)
    pages = [join_lines(page) for page in found["pages"]]
    text = "\n\n".join(page for page in pages if page)
    if not text:
        raise ArchiveError("there is no text in it, or none that a reader sees.",
                           fix="If its pages are scans, make images of them and add these with OCR.")  # fmt: skip
    info = found["info"]
    draft = Draft(
        where=source.path, text=text, title=info.get("Title", ""), authors=split_byline(info.get("Author", ""))
    )
    draft.published = read_date(read_pdf_date(info.get("CreationDate", "")))
    draft.modified = read_date(read_pdf_date(info.get("ModDate", "")))
    draft.raw, draft.kind = source.data, "pdf"
    for why, count in sorted(found["hidden"].items()):
        draft.notes.append(f"left out {count} piece{'s' * (count > 1)} of text {_HIDDEN.get(why, why)}")
    if found["layer"]:
        draft.notes.append("all of its text is drawn invisibly, as OCR does under a scan: it is as good as that OCR")
    if found["broken"]:
        draft.notes.append(f"{found['broken']} of its {found['count']} pages cannot be read, or not whole")
    if found["count"] > MOST_PAGES:
        draft.notes.append(f"only the first {MOST_PAGES:,} of its {found['count']:,} pages are read")
    yield draft
