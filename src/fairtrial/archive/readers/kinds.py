"""Which reader reads a file: by the end of its name, and by its beginning where names are of no help."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from fairtrial.archive.readers.found import Draft, Refused, SourceFile
from fairtrial.archive.readers.html import read_html
from fairtrial.archive.readers.jsonl import read_jsonl
from fairtrial.archive.readers.markdown import read_markdown
from fairtrial.archive.readers.ninjs import read_ninjs
from fairtrial.archive.readers.pdf import read_pdf
from fairtrial.archive.readers.pictures import read_image_document
from fairtrial.archive.readers.plain import read_plain
from fairtrial.archive.readers.warc import read_warc
from fairtrial.archive.readers.xml_files import read_xml

_Reader = Callable[[SourceFile], Iterator[Draft | Refused]]

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".bmp"})

READERS: Mapping[str, _Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_plain,
    ".text": read_plain,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".json": read_ninjs,
    ".xml": read_xml,
    ".rss": read_xml,
    ".atom": read_xml,
    ".newsml": read_xml,
    ".pdf": read_pdf,
    ".warc": read_warc,
    ".warc.gz": read_warc,
    **dict.fromkeys(sorted(PICTURES), read_image_document),
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".jsonl.gz": read_jsonl,
    ".ndjson.gz": read_jsonl,
}
"""End of a file's name -> what reads it."""

OF_MANY = frozenset({".warc", ".warc.gz", ".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"})
"""Files of many records, which are read record by record, however large they are."""


def find_suffix(name: str) -> str:
    """Return the end of a name by which its reader is found; empty if there is no such reader."""
    lower = name.lower()
    return next((end for end in sorted(READERS, key=len, reverse=True) if lower.endswith(end)), "")
