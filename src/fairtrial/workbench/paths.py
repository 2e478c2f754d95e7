"""Paths in a trial file that is run from a page: none leads out of the workspace, not by its words and not by links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from fairtrial.errors import SpecError

MOST_NODES = 100_000
MOST_FILES = 50
"""Files of candidates that a trial names, and that are looked through too."""
MOST_FILE_BYTES = 1 << 20
LONGEST_PATH = 4096

PREFIX = re.compile(r"^[a-z]+:")
OUTSIDE = re.compile(r"^(?:[a-z]+:)?(?:/|~|\\|[A-Za-z]:\\)|(?:^|[/:\\])\.\.(?:[/\\]|$)")
"""How a path begins, or what is in it, that leads out of a folder."""

ADDRESS = re.compile(r"https?://[^/\s]+(?:/|$)")
"""How the address of a server begins.  It is no path: whoever starts a trial may ask any server."""


def check_paths(text: str, known: set[str], workspace: Path) -> None:
    """Raise SpecError if a trial file names a path out of its folder that is not among the known names.

    What is no YAML is left to `fairtrial plan`, which says what is wrong with it.
    """
    folder = workspace.resolve()
    there = {path.name for path in folder.iterdir()}
    waiting, seen = [text], 0
    done: set[Path] = set()
    while waiting and seen < MOST_FILES:
        seen += 1
        for found in _walk_texts(_read_document(waiting.pop())):
            if found in known:
                continue
            path = _find_inside(found, folder, there)
            if path is not None and path.suffix in (".yaml", ".yml") and path not in done:
                done.add(path)
                waiting.extend(_read_small(path))


def _find_inside(text: str, folder: Path, there: set[str]) -> Path | None:
    """Return the file that a text names, None if it names none.  Raises SpecError if it is not in the folder."""
    fix = "Put the file into the folder, or run this trial from the command line."
    if ADDRESS.match(text) and "/.." not in text:
        return None
    if OUTSIDE.search(text):
        raise SpecError(f"{text[:120]!r} leads out of the folder that this workbench works in.", fix=fix)
    if len(text) > LONGEST_PATH or "\n" in text or "\0" in text:
        return None
    for name in {text, PREFIX.sub("", text)}:
        if not name or Path(name).parts[:1] == () or Path(name).parts[0] not in there:
            continue
        try:
            real = (folder / name).resolve()
        except (OSError, RuntimeError, ValueError):
            continue
        if not real.is_relative_to(folder):
            told = f"{text[:120]!r} is a link, or leads over one, out of the folder that this workbench works in."
            raise SpecError(told, fix=fix)
        if real.is_file():
            return real
    return None


def _read_small(path: Path) -> Iterator[str]:
    try:
        if path.stat().st_size <= MOST_FILE_BYTES:
            yield path.read_text("utf-8", "replace")
    except OSError:
        return


def _read_document(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _walk_texts(document: Any) -> Iterator[str]:
    waiting, seen = [document], 0
    known: set[int] = set()
    while waiting and seen < MOST_NODES:
        one = waiting.pop()
        seen += 1
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict | list) and id(one) not in known:
            known.add(id(one))
            waiting.extend([*one.keys(), *one.values()] if isinstance(one, dict) else one)
    if waiting:
        raise SpecError(f"the file holds more than {MOST_NODES:,} values.", fix="Run it from the command line.")
