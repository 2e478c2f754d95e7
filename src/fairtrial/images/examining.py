"""Looking at image files that nobody has looked at yet: in a process of its own, with limits of time and memory.

Decoders are where hostile files break programs.  What crashes, hangs or fills the memory ends that process, and becomes
an error that names the file; the next file gets a new process.  On Linux the process can open no files and reach no
network.  A file that has passed is decoded again, in our own process, by the engine that shows it: these limits guard
against accidents and nuisance, not against an attack on a decoder that nobody has heard of.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from base64 import b64encode
from pathlib import Path

from fairtrial.errors import ImageError
from fairtrial.images.recognising import recognise
from fairtrial.records.hashing import hash_bytes
from fairtrial.records.images import ImageFacts
from fairtrial.sandbox.process import LimitedProcess, ProcessEndedError, make_command

SECONDS = 8.0
"""Longest that one file may take."""

_PROGRAM = Path(__file__).with_name("child.py")
_MOST_KEPT = 100_000


class _Examiner:
    """The one process of its kind that this process has, and what it has found."""

    def __init__(self) -> None:
        self.found: dict[str, ImageFacts] = {}
        self.lock = threading.Lock()
        self.process: LimitedProcess | None = None
        self.owner = 0

    def ask(self, data: bytes) -> dict[str, object]:
        """Return what the process says of a file; raises ProcessEndedError."""
        with self.lock:
            if self.process is None or self.owner != os.getpid():
                folders = [path for path in sys.path if path and Path(path).is_dir()]
                self.process = LimitedProcess(make_command(_PROGRAM, str(_PROGRAM.parents[1]), *folders))
                self.owner = os.getpid()
                atexit.register(self.process.close)
            said = self.process.ask({"image": b64encode(data).decode()}, SECONDS)
        if not isinstance(said, dict):
            raise ProcessEndedError("it answers with something else")
        return said


_EXAMINER = _Examiner()


def examine(data: bytes, where: str = "") -> ImageFacts:
    """Return what an image file is, without its pixels; the same bytes are looked at once.

    Args:
        data: the file.
        where: names it in errors.

    Raises:
        ImageError: it is of a kind that is not read, damaged, beyond the limits, or ends the process that looks at it.
    """
    kind = recognise(data, where)
    digest = hash_bytes(data)
    if (known := _EXAMINER.found.get(digest)) is not None:
        return known
    try:
        said = _EXAMINER.ask(data)
        if "error" in said:
            raise ImageError(str(said["error"]), where=where, fix=str(said.get("fix", "")))
        facts = ImageFacts.from_document(said)
    except ProcessEndedError as error:
        raise ImageError(
            f"the {kind.name} image cannot be decoded within the limits: {error}.",
            where=where,
            fix="Save it again as a plain PNG or JPEG, or leave it out.",
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ImageError(f"the {kind.name} image makes its decoder answer nonsense.", where=where) from error
    if len(_EXAMINER.found) < _MOST_KEPT:
        _EXAMINER.found[digest] = facts
    return facts
