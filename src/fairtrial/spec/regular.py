"""Reads small files that somebody else may have put there: pipes, devices and endless files are refused, not read."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "it is a folder"), (stat.S_ISFIFO, "it is a named pipe"), (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"), (stat.S_ISBLK, "it is a device"),
)  # fmt: skip


def read_regular(path: str | Path, most: int) -> bytes:
    """Return a file's bytes.

    Args:
        path: of the file; links are followed.
        most: bytes that are read at most.

    Raises OSError, whose ``strerror`` says why, if it cannot be read, is no regular file, or has more bytes.
    """
    with open_regular(path) as stream:
        found = b""
        while len(found) <= most:  # a file of /proc has no size, and one read may give less than there is
            part = stream.read(most + 1 - len(found))
            if not part:
                return found
            found += part
    raise OSError(errno.EFBIG, f"it has more than {most:,} bytes")


def open_regular(path: str | Path) -> FileIO:
    """Return a file that is open to be read, without a buffer; links are followed.

    Raises OSError, whose ``strerror`` says why, if it cannot be read or is no regular file.
    """
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "its name holds a NUL character")
    stream = FileIO(str(path), "rb", opener=_open)
    mode = os.fstat(stream.fileno()).st_mode
    if not stat.S_ISREG(mode):
        stream.close()
        raise OSError(errno.EINVAL, next((kind for test, kind in _KINDS if test(mode)), "it is no regular file"))
    return stream


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe that nobody writes to is no reason to wait
