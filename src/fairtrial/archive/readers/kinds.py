"""Which reader reads a file: by the end of its name, and by its beginning where names are of no help."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from fairtrial.archive.readers.found import Draft, Refused, Source
from fairtrial.archive.readers.jsonl import read_jsonl
from fairtrial.archive.readers.markdown import read_markdown
from fairtrial.archive.readers.plain import read_plain

Reader = Callable[[Source], Iterator[Draft | Refused]]

READERS: Mapping[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_plain,
    ".text": read_plain,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
}
"""End of a file's name -> what reads it."""

OF_MANY = frozenset({".jsonl", ".ndjson"})
"""Files of many records, which are read record by record, however large they are."""


def find_suffix(name: str) -> str:
    """Return the end of a name by which its reader is found; empty if there is no such reader."""
    lower = name.lower()
    return next((end for end in sorted(READERS, key=len, reverse=True) if lower.endswith(end)), "")
