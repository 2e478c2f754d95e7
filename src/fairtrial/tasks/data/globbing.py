"""Files that a pattern of a task file means: inside the task's folder, and found within a limit of work."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from fairtrial.errors import DataError

MOST_ENTRIES = 100_000
"""Files and folders that are looked at."""


def find_matching_files(folder: Path, pattern: str) -> list[Path]:
    """Return the files under ``folder`` that a pattern matches, sorted; ``**`` stands for any number of folders.

    ``**`` follows no links to folders.  Raises DataError for a pattern that leaves the folder, or too large a folder.
    """
    wanted = PurePath(pattern).parts
    if not wanted or ".." in wanted:
        raise DataError(f"the pattern {pattern[:200]!r} leads out of the task's folder", where=str(folder))
    while len(wanted) > 1 and not set(wanted[0]) & set("*?["):
        folder, wanted = folder / wanted[0], wanted[1:]
    deepest = None if "**" in wanted else len(wanted)
    found: list[Path] = []
    seen = 0
    for place, folders, files in os.walk(folder, followlinks=deepest is not None):
        here = PurePath(os.path.relpath(place, folder)).parts
        seen += len(folders) + len(files)
        if seen > MOST_ENTRIES:
            raise DataError(
                f"the pattern {pattern[:200]!r} looks at more than {MOST_ENTRIES:,} files",
                fix="Name the files, or a folder nearer to them.",
                where=str(folder),
            )
        if deepest is not None and len(here) >= deepest - 1:
            folders.clear()
        found += [Path(place, name) for name in files if _matches((*here, name), wanted)]
    return sorted(found)


def _matches(parts: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether the parts of a path are what is wanted; takes time in proportion to the product of their numbers."""
    reached = {0}  # how many parts of the pattern may be used up
    for part in parts:
        reached = _add_skips(reached, wanted)
        reached = {n if wanted[n] == "**" else n + 1 for n in reached if n < len(wanted) and _fits(part, wanted[n])}
    return len(wanted) in _add_skips(reached, wanted)


def _add_skips(reached: set[int], wanted: tuple[str, ...]) -> set[int]:
    found = set(reached)
    for n in range(len(wanted)):
        if n in found and wanted[n] == "**":
            found.add(n + 1)
    return found


def _fits(part: str, wanted: str) -> bool:
    return wanted == "**" or fnmatchcase(part, wanted)
