"""The licence that the files of a model or an adapter state, in their own words."""

from __future__ import annotations

from pathlib import Path

from fairtrial.models.gguf import GgufError, read_header
from fairtrial.spec.regular import read_regular

LONGEST_LICENCE = 300
_CARD = "README.md"
_MOST_BYTES = 5_000_000
_LONGEST_HEAD = 100_000


def read_stated_licence(path: Path) -> str:
    """Return the licence that a file or folder states; empty if it states none.

    Of a GGUF file its ``general.license``; of a folder the ``license`` at the head of its ``README.md``, or where that
    is ``other``, the ``license_name`` there.
    """
    if path.is_file():
        try:
            return str(read_header(path).values.get("general.license") or "")[:LONGEST_LICENCE]
        except (GgufError, OSError):
            return ""
    try:
        text = read_regular(path / _CARD, _MOST_BYTES)[:_LONGEST_HEAD].decode("utf-8", "replace")
    except OSError:
        return ""
    head = text.split("\n---", 1)[0] if text.startswith("---") else ""
    lines = (line.partition(":") for line in head.splitlines())
    told = {key: value.strip().strip("'\"")[:LONGEST_LICENCE] for key, _, value in lines}
    licence = told.get("license", "")
    return told.get("license_name", licence) if licence == "other" else licence
