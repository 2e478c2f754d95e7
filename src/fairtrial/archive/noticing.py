"""What tells that a file, or what it refers to, or the files about its site have changed since they were read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fairtrial.archive.readers.walking import is_within, read_beside
from fairtrial.rights.readers import SITE_FILES
from fairtrial.spec.regular import open_regular

MOST_SITE_BYTES = 16 << 20


def hash_content(path: Path) -> str:
    """Return the SHA-256 of a file's bytes.  Raises OSError if it cannot be read."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_site_files(root: Path, folder: Path) -> list[tuple[str, str, str]]:
    """Return folder, name and hash of the files about a whole site that hold for a folder: those in it and above it."""
    within = [one for one in (folder, *folder.parents) if one == root or root in one.parents]
    return [
        (place.relative_to(root).as_posix(), name, hashlib.sha256(data).hexdigest())
        for place in within
        for name in SITE_FILES
        if (data := read_beside(root, place, name, MOST_SITE_BYTES)) is not None
    ]


def describe_beside(path: Path, root: Path) -> tuple[int, int]:
    """Return size and time of change of a file in a folder; zeros where there is none."""
    try:
        if not is_within(path, root):
            return 0, 0
        found = path.stat()
    except (OSError, ValueError):
        return 0, 0
    return found.st_size, found.st_mtime_ns
