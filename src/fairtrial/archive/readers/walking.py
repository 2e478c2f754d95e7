"""The files of a folder, in a fixed order, and within it: links that lead out of it are not followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from fairtrial.archive.readers.beir import JUDGEMENTS, QUERIES, hold_corpus
from fairtrial.errors import ArchiveError
from fairtrial.rights.readers import SITE_FILES
from fairtrial.spec.regular import read_regular

MOST_FILES = 2_000_000


def list_files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, by their names; hidden ones and those about the whole site are left out.

    So are the questions and judgements of a retrieval set beside its documents.
    """
    seen = 0
    for place, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        seen += len(names)
        if seen > MOST_FILES:
            raise ArchiveError(f"there are more than {MOST_FILES:,} files in it.", where=str(root),
                               fix="Add its folders one by one.")  # fmt: skip
        others = {*SITE_FILES}
        if hold_corpus(names):
            folders[:] = [one for one in folders if one != JUDGEMENTS]
            others |= {*QUERIES}
        for name in sorted(names):
            if not name.startswith(".") and name not in others:
                yield Path(place, name)


def is_within(path: Path, root: Path) -> bool:
    """Return whether a file, its links followed, lies in a folder."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def read_beside(root: Path, folder: Path, name: str, most: int) -> bytes | None:
    """Return the bytes of a file that another one names; None if it is not there, too large or not in ``root``.

    Args:
        root: what was added.
        folder: of the file that names it.
        name: a relative path, as in ``images/mill.jpg``; addresses are not fetched.
        most: bytes.
    """
    if not name or "\0" in name or ":" in name or name.startswith(("/", "\\")) or len(name) > 1_000:
        return None
    try:
        path = folder / name
        return read_regular(path, most) if is_within(path, root) else None
    except (OSError, ValueError):
        return None
