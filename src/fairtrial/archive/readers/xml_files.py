"""XML files: a feed or NewsML-G2, by their root element."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.archive.readers.feeds import is_feed, read_feed
from fairtrial.archive.readers.found import Draft, Refused, SourceFile
from fairtrial.archive.readers.newsml import is_newsml, read_newsml
from fairtrial.archive.readers.xml import find_name, parse_document_xml
from fairtrial.errors import ArchiveError


def read_xml(source: SourceFile) -> Iterator[Draft | Refused]:
    """Yield the documents of an XML file.  Raises ArchiveError if it is of another kind, or cannot be read."""
    root = parse_document_xml(source.data)
    if is_newsml(root):
        yield from read_newsml(root, source)
    elif is_feed(root):
        yield from read_feed(root, source)
    else:
        raise ArchiveError(f"its root element is {find_name(root)[:80]!r}; read are RSS, Atom and NewsML-G2.")
