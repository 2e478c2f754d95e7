"""Where results are written: never over a ledger, a trial file or anything that is no plain file."""

from __future__ import annotations

from pathlib import Path

from fairtrial.errors import SpecError

SQLITE = b"SQLite format 3\x00"


def check_output(path: Path | None, *inputs: Path | None) -> Path | None:
    """Return a path that may be written, None for None.

    Args:
        path: where something is to be written.
        inputs: files that the same command reads.

    Raises SpecError if it is one of the inputs, a ledger or another SQLite file, a folder, or no plain file at all.
    """
    if path is None:
        return None
    try:
        if any(_is_same_place(path, other) for other in inputs if other is not None):
            raise SpecError(f"{path} is read by this command, and would be written over.", fix="Name another file.")
        if not path.exists():
            return path
        if path.is_dir():
            raise SpecError(f"{path} is a folder, not a file to write.", fix="Name a file in it.")
        if not path.is_file():
            raise SpecError(f"{path} is no plain file, and is not written over.", fix="Name another file.")
        with path.open("rb") as file:
            if file.read(len(SQLITE)) == SQLITE:
                raise SpecError(f"{path} is a ledger or another SQLite file, and is not written over.")
    except (OSError, ValueError, RuntimeError) as error:
        raise SpecError(f"{str(path)[:120]!r} cannot be written: {error}.") from error
    return path


def own_file(path: Path, trial_id: str) -> Path:
    """Return the path for a trial's report; with the beginning of the trial's id if another report or file is there."""
    try:
        theirs = path.exists() and trial_id[:16] not in path.read_text("utf-8", errors="replace")
    except OSError:
        return path  # which says what is wrong with it when it is written
    return path.with_stem(f"{path.stem}-{trial_id[:8]}") if theirs else path


def _is_same_place(path: Path, other: Path) -> bool:
    """Return whether two paths are one place."""
    if path.exists() and other.exists():
        return path.samefile(other)
    return path.absolute() == other.absolute()
