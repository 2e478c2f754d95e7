"""Taking the rows of withdrawn documents out of a training set; what is left is marked, and not trained on any more."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from fairtrial.archive.tainting import mark_tainted
from fairtrial.errors import ArchiveError

FILES = ("train.jsonl", "validation.jsonl")


def clear_training_set(folder: Path, documents: Collection[str]) -> int:
    """Take the rows of documents out of a training set, mark it, and return how many rows there were.

    Raises:
        ArchiveError: a file cannot be read or written; the set is marked all the same.
    """
    mark_tainted(folder, documents)
    gone = set(documents)
    try:
        return sum(_clear_file(folder / name, gone) for name in FILES if (folder / name).is_file())
    except OSError as error:
        raise ArchiveError(f"its rows cannot be cleared: {error.strerror}.", where=str(folder)) from error


def _clear_file(path: Path, gone: set[str]) -> int:
    """Write a file anew without the rows of documents that are gone; one that has none of them stays as it is."""
    count = 0
    part = path.with_suffix(".part")
    with path.open("rb") as rows, part.open("wb") as kept:
        for line in rows:
            if _find_document(line) in gone:
                count += 1
            else:
                kept.write(line)
    if count:
        part.replace(path)
    else:
        part.unlink()
    return count


def _find_document(line: bytes) -> str:
    """Return the id of the document that a row was made of; empty if it was made of none, or is no row."""
    try:
        source = json.loads(line)["source"]
        return str(source.get("document", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
