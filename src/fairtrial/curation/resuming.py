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


def read_moment(work: Path) -> datetime | None:
    """Return the moment for which an unfinished run decides rights; None if there is none."""
    try:
        return datetime.fromisoformat(read_json(work / STATE)["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def resume(work: Path, identity: str, at: datetime) -> bool:
    """Return whether the folder holds an unfinished run of this identity; else clear it for a new one.

    What steps have prepared stays: it is named by its content.
    """
    try:
        if read_json(work / STATE)["identity"] == identity:
            return True
    except (OSError, ValueError, KeyError, TypeError):
        pass
    for name in ("pieces", "bands", "written", "finished", "logs"):
        shutil.rmtree(work / name, ignore_errors=True)
    write_json(work / STATE, {"identity": identity, "at": at.isoformat()})
    return False
