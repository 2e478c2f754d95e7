"""Notes of runs in the workspace: a workbench that starts later finds those that still go on.

A note names a process by its number and by when it began, since numbers are given again.  What a note says is believed
only of a process of this user's that runs a trial.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from fairtrial.errors import SpecError

FOLDER = ".fairtrial-runs"
MOST_NOTE_BYTES = 16_384
ABOUT = 2.0
"""Seconds by which a process may seem to have begun earlier or later, as a clock is set."""


@dataclass(frozen=True, slots=True)
class RunNote:
    """What is noted of a run.

    Attributes:
        number, file, ledger, started: as of `fairtrial.workbench.runs.StartedRun`.
        pid, born: of its process, which is the first of its group.
        owner, owner_born: the same of the workbench that started it.
    """

    number: int
    file: str
    ledger: str
    started: float
    pid: int
    born: float
    owner: int
    owner_born: float


def find_born(pid: int) -> float:
    """Return when a process began, in seconds since the epoch; 0 if there is none."""
    try:
        return float(psutil.Process(pid).create_time())
    except (psutil.Error, ValueError, OverflowError):
        return 0.0


def is_going(pid: int, born: float, words: tuple[str, ...] = ()) -> bool:
    """Return whether a process that began then still runs, as this user's, with these words in its command."""
    if pid <= 1:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or abs(process.create_time() - born) > ABOUT:
            return False
        command = process.cmdline()
        own = not hasattr(os, "getuid") or process.uids().real == os.getuid()
    except (psutil.Error, ValueError, OverflowError):
        return False
    return own and all(word in command for word in words)


def open_folder(workspace: Path) -> Path:
    """Return the folder of the notes, which is made if need be.  Raises SpecError if it cannot be written."""
    folder = workspace / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SpecError(f"{folder} cannot be written: {error.strerror}.", fix="Name another --workspace.") from error
    if folder.is_symlink():
        raise SpecError(f"{folder} is a link.", fix="Take it away.")
    return folder


def open_log(folder: Path) -> tuple[int, Path]:
    """Return the number of a new run, which no other has, and its log, which is there and empty."""
    for number in range(1, 1_000_000):
        log = find_log(folder, number)
        try:
            log.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            continue
        return number, log
    raise SpecError(f"{folder} is full.", fix="Take it away.")


def find_log(folder: Path, number: int) -> Path:
    """Return the file of what a run says."""
    return folder / f"{number}.log"


def write_note(folder: Path, note: RunNote) -> None:
    """Enter a run."""
    partial = folder / f"{note.number}.part"
    partial.write_text(json.dumps(asdict(note)))
    partial.replace(folder / f"{note.number}.json")


def drop_note(folder: Path, number: int) -> None:
    """Take away what is noted of a run, and the folder with the last one."""
    with suppress(OSError):
        for end in ("json", "log", "part"):
            (folder / f"{number}.{end}").unlink(missing_ok=True)
        folder.rmdir()


def read_notes(workspace: Path) -> Iterator[tuple[RunNote, bool]]:
    """Yield the runs that still go on, and whether the workbench that started each is there; drop all others."""
    folder = workspace / FOLDER
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.glob("*.json")):
        note = _read_note(path)
        if note is None:
            continue
        owned = is_going(note.owner, note.owner_born)
        if is_going(note.pid, note.born, ("fairtrial", "run", note.file)):
            yield note, owned
        elif not owned:
            drop_note(folder, note.number)


def _read_note(path: Path) -> RunNote | None:
    try:
        if path.is_symlink() or path.stat().st_size > MOST_NOTE_BYTES:
            return None
        told = json.loads(path.read_bytes())
        note = RunNote(**{name: kind(told[name]) for name, kind in _KINDS.items()})
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return note if path.name == f"{note.number}.json" else None


_KINDS = {
    "number": int,
    "file": str,
    "ledger": str,
    "started": float,
    "pid": int,
    "born": float,
    "owner": int,
    "owner_born": float,
}
