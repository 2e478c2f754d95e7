"""Another tool's log, or a table, as a record of answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fairtrial.errors import ModelError
from fairtrial.recorded.base import Importer, RecordedAnswer
from fairtrial.recorded.formats import IMPORTERS, read_answer, read_log_rows, recognise_format
from fairtrial.recorded.matching import AnswerMatcher
from fairtrial.spec.recorded import Recorded
from fairtrial.thoughts import TAGS, Tags

MOST_ENTRIES = 100_000
"""Files and folders of a folder that are looked at."""


def find_files(path: Path, how: Recorded) -> list[Path]:
    """Return the files of a log, sorted by name; links that lead out of a folder are left out.

    Raises ModelError if there is none.
    """
    try:
        if path.is_file():
            return [path]
        if path.exists() and not path.is_dir():
            raise ModelError(f"recorded answers: {path} is a pipe, socket or device, not a file.")
    except (OSError, ValueError) as error:
        raise ModelError(f"recorded answers: {str(path)[:120]!r} cannot be read: {error}.") from error
    if not path.is_dir():
        raise ModelError(f"recorded answers: there is no file or folder {path}.")
    built_in = [IMPORTERS.find(kind) for kind in IMPORTERS.built_in]
    readers: list[Importer] = built_in if how.format == "auto" else [IMPORTERS.find(how.format)]
    suffixes = tuple(dict.fromkeys(suffix for reader in readers for suffix in reader.suffixes))
    every = sorted(_find_logs(path, path.resolve(), suffixes))
    beginnings = tuple(reader.begins for reader in readers if reader.begins)
    named = [p for p in every if p.name.startswith(beginnings or "")]
    found = named or (every if how.format == "auto" else [])
    if not found:
        begun = f" whose name begins {beginnings[0]!r}" if beginnings and how.format != "auto" else ""
        raise ModelError(f"recorded answers: the folder {path} holds none of {', '.join(suffixes)}{begun}.")
    return found


def _find_logs(path: Path, root: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files of a folder that may be logs.  Raises ModelError for a folder with too much in it."""
    try:
        for count, found in enumerate(path.rglob("*")):
            if count >= MOST_ENTRIES:
                raise ModelError(
                    f"recorded answers: the folder {path} has more than {MOST_ENTRIES:,} files and folders.",
                    fix="Name the folder of the log, or its file.",
                )
            if found.suffix in suffixes and found.is_file() and found.resolve().is_relative_to(root):
                yield found
    except OSError as error:
        raise ModelError(f"recorded answers: the folder {path} cannot be read: {error.strerror}.") from error


def read_log(path: Path, how: Recorded, tags: Tags = TAGS) -> AnswerMatcher:
    """Read a log, whose texts may hold thoughts between some of ``tags``.

    Raises ModelError: nothing to read, a row that is not what its format promises (with its line), no answers at all.
    """
    kinds: dict[str, str] = {}

    def said() -> Iterator[RecordedAnswer | None]:
        for file in find_files(path, how):
            kind = kinds[file.name] = how.format if how.format != "auto" else recognise_format(file)
            if kind == "table" and not (how.answer and (how.key or how.join != "question")):
                raise ModelError(
                    f"{file.name} is no log of a known format.",
                    fix="Say which columns hold question and answer, e.g. "
                    "recorded: {format: table, key: question, answer: output}.",
                )
            if how.join == "row" and len(kinds) > 1:
                raise ModelError(f"{path.name} has several files, whose rows cannot be numbered.", fix="Name one file.")
            importer = IMPORTERS.find(kind)
            for number, (where, row) in enumerate(read_log_rows(file, how, importer)):
                one = read_answer(where, row, how, importer)
                yield one if one is None or how.join != "row" else replace(one, key=str(number))

    facts: dict[str, object] = {}
    found = AnswerMatcher(said(), facts, how, tags)
    facts |= {"format": ", ".join(sorted(set(kinds.values()))), "files": len(kinds), "rows": found.rows}
    if found.size == 0:
        only = " that `only` lets through" if how.only else ""
        raise ModelError(f"{path.name} holds no answers{only}: {found.rows:,} rows, all without one.")
    return found
