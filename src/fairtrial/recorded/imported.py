"""Another tool's log, or a table, as a record of answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairtrial.errors import ModelError
from fairtrial.recorded.base import Said
from fairtrial.recorded.formats import kind_of, rows_of, said_of
from fairtrial.recorded.matching import Matcher
from fairtrial.spec.recorded import Recorded
from fairtrial.thoughts import TAGS, Tags

SUFFIXES = (".jsonl", ".json", ".eval", ".csv")

NAMES = {"lm-eval": "samples_", "helm": "scenario_state"}
"""Of a folder, the files whose names begin so are the log; where none do, and for the other kinds, all are."""


def files_of(path: Path, how: Recorded) -> list[Path]:
    """Return the files of a log, sorted by name; links that lead out of a folder are left out.

    Raises ModelError if there is none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ModelError(f"recorded answers: there is no file or folder {path}.")
    root = path.resolve()
    every = sorted(
        p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file() and p.resolve().is_relative_to(root)
    )
    beginnings = tuple(NAMES.values()) if how.format == "auto" else (NAMES.get(how.format, ""),)
    named = [p for p in every if p.name.startswith(beginnings)]
    found = named or (every if how.format == "auto" else [])
    if not found:
        kinds = ", ".join(SUFFIXES)
        begun = f" whose name begins {beginnings[0]!r}" if how.format in NAMES else ""
        raise ModelError(f"recorded answers: the folder {path} holds none of {kinds}{begun}.")
    return found


def imported_record(path: Path, how: Recorded, tags: Tags = TAGS) -> Matcher:
    """Read a log, whose texts may hold thoughts between some of ``tags``.

    Raises ModelError: nothing to read, a row that is not what its format promises (with its line), no answers at all.
    """
    kinds: dict[str, str] = {}

    def said() -> Iterator[Said]:
        for file in files_of(path, how):
            kind = kinds[file.name] = how.format if how.format != "auto" else kind_of(file)
            if kind == "table" and not (how.key and how.answer):
                raise ModelError(
                    f"{file.name} is no log of a known format.",
                    fix="Say which columns hold question and answer, e.g. "
                    "recorded: {format: table, key: question, answer: output}.",
                )
            for where, row in rows_of(file, how, kind):
                if (one := said_of(where, row, how, kind)) is not None:
                    yield one

    facts: dict[str, object] = {}
    found = Matcher(said(), facts, tags)
    facts |= {"format": ", ".join(sorted(set(kinds.values()))), "files": len(kinds)}
    if found.size == 0:
        raise ModelError(f"{path.name} holds no answers{' that `only` lets through' if how.only else ''}.")
    return found
