"""sha256 of weights: one file, a split model, or a folder.  Remembers the hashes of files that have not changed.

The memory is a JSON file in the user's cache folder.  A lost or damaged memory costs reading the files again, never a
wrong hash; so does a lost update when two processes write at once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from platformdirs import user_cache_path

from fairtrial.records import content_hash

HASH_CACHE = "file-hashes.json"
MOST_REMEMBERED = 2_000
POINTER = b"version https://git-lfs.github.com/spec"
"""Begins what Git leaves in place of a large file that has not been fetched."""
log = logging.getLogger(__name__)


def hash_file(path: Path) -> str:
    """Return a file's sha256, remembered by path, size, time and inode so that large files are read once."""
    stat = path.stat()
    key = content_hash([str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino])
    remembered = _read_hashes()
    if key in remembered:
        return remembered[key]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _write_hashes({**_read_hashes(), key: digest})
    return digest


def hash_parts(parts: Sequence[Path]) -> str:
    """Return the sha256 of a file, or for a split model one hash over those of its parts."""
    digests = [hash_file(part) for part in parts]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def hash_files(folder: Path, names: Iterable[str]) -> str:
    """Return one hash over the names and hashes of some files in ``folder``, given relative to it."""
    listed = "\n".join(f"{hash_file(folder / name)} {name}" for name in sorted(names, key=Path))
    return hashlib.sha256(listed.encode()).hexdigest()


def _read_hashes() -> dict[str, str]:
    """Return the remembered hashes; a missing or damaged memory is an empty one."""
    try:
        found = json.loads((user_cache_path("fairtrial") / HASH_CACHE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and all(_is_digest(value) for value in found.values()) else {}


def _is_digest(value: object) -> bool:
    """Return whether ``value`` is a sha256 in hexadecimal."""
    return isinstance(value, str) and len(value) == 64 and all(digit in "0123456789abcdef" for digit in value)


def _write_hashes(hashes: Mapping[str, str]) -> None:
    """Remember the latest hashes; where the cache folder cannot be written they are computed again next time."""
    folder = user_cache_path("fairtrial")
    latest = dict(list(hashes.items())[-MOST_REMEMBERED:])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".hashes-", dir=folder) as scratch:
            written = Path(scratch) / HASH_CACHE
            written.write_text(json.dumps(latest), encoding="utf-8")
            written.replace(folder / HASH_CACHE)
    except OSError as error:
        log.info("hashes of model files are not remembered: %s", error)
