"""Whether another process writes to a ledger, without getting in its way."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def is_being_written(path: Path) -> bool:
    """Return whether a process holds the writer lock of a ledger; False where that cannot be told."""
    lock = f"{path.resolve()}.lock"
    if fcntl is None:
        try:
            FileLock(lock).acquire(timeout=0).lock.release()
        except (Timeout, OSError):
            return True
        return False
    try:
        opened = os.open(lock, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(opened)  # which gives the lock back
    return False
