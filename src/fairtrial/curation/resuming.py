"""The folder of a run that is not finished: what it is a run of, and files that are there whole or not at all.

A killed run leaves its folder; the same run goes on from it, and another one begins anew.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal

from filelock import FileLock, Timeout

from fairtrial.errors import FairtrialError

STATE = "state.json"
LOCK = "lock"
UNPACKED = "unpacked"
"""What readers unpacked to learn what the run is."""


@contextmanager
def write_whole(path: Path, mode: Literal["wb"] = "wb") -> Iterator[IO[bytes]]:
    """Open a file that takes its name once it is written to the end; of several writers of the same, one wins."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with partial.open(mode) as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON document, whole or not at all."""
    with write_whole(path) as file:
        file.write(json.dumps(value, sort_keys=True).encode())


def read_json(path: Path) -> Any:
    """Return what `write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def lock_work(work: Path) -> Iterator[None]:
    """Keep the folder to this process.  Raises FairtrialError if another one has it."""
    work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise FairtrialError(
            f"another process is making {work.name.removesuffix('.part')!r} at this moment.",
            fix="Wait for it, or name another folder with --out.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def read_moment(work: Path, files: str) -> datetime | None:
    """Return the moment for which an unfinished run decides rights; None, with the folder cleared, if there is none.

    Args:
        work: the folder.
        files: what the run is told by before anything is read; see `resume`.
    """
    try:
        state = read_json(work / STATE)
        if state["files"] == files:
            return datetime.fromisoformat(state["at"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    _clear(work)
    return None


def resume(work: Path, identity: str, at: datetime, files: str) -> bool:
    """Return whether the folder holds an unfinished run of this identity; else begin one, in an empty folder.

    Args:
        work: the folder.
        identity: of all that the run makes its files from.
        at: the moment for which it decides rights.
        files: a hash of the settings and of what the system tells of the files that they name.
    """
    try:
        if read_json(work / STATE)["identity"] == identity:
            return True
    except (OSError, ValueError, KeyError, TypeError):
        pass
    _clear(work, but=UNPACKED)
    write_json(work / STATE, {"identity": identity, "at": at.isoformat(), "files": files})
    return False


def _clear(work: Path, but: str = "") -> None:
    for path in work.iterdir():
        if path.is_dir() and path.name != but:
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_file() and path.name != LOCK:
            path.unlink(missing_ok=True)
