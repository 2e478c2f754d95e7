"""Parsing files in a process of its own, with limits of time and memory: pages and PDF documents are hostile input.

What crashes, hangs or fills the memory ends that process, and becomes an error that names the file; the next file gets
a new process.  It can write no files and, on Linux, start no processes and reach no network.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from base64 import b64encode
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from fairtrial.errors import ArchiveError, MissingExtraError
from fairtrial.sandbox.process import LimitedProcess, ProcessEndedError, make_command

SECONDS = {"page": 20.0, "pdf": 60.0, "warc": 60.0}
"""Longest that one file may take, by its kind; the first one of a process also waits for the libraries."""

_PROGRAM = Path(__file__).with_name("child.py")
_NEEDS = {
    "page": ("Reading HTML", "archive", "trafilatura"),
    "pdf": ("Reading PDF", "pdf", "pypdf"),
    "warc": ("Reading WARC", "archive", "warcio"),
}
_Kind = Literal["page", "pdf", "warc"]


class _Parser:
    """The one process of its kind that this process has."""

    def __init__(self, kind: _Kind) -> None:
        self.kind: _Kind = kind
        self.lock = threading.Lock()
        self.process: LimitedProcess | None = None
        self.owner = 0

    def ask(self, data: bytes, arguments: tuple[Any, ...]) -> Any:
        with self.lock:
            if self.process is None or self.owner != os.getpid():
                folders = [path for path in sys.path if path and Path(path).is_dir()]
                package = str(_PROGRAM.parents[2])
                self.process = LimitedProcess(make_command(_PROGRAM, self.kind, package, *folders))
                self.owner = os.getpid()
                atexit.register(self.process.close)
            waits = 30.0 if not self.process.running else 0.0
            asked = {"data": b64encode(data).decode(), "arguments": list(arguments)}
            return self.process.ask(asked, SECONDS[self.kind] + waits)


_PARSERS: dict[_Kind, _Parser] = {"page": _Parser("page"), "pdf": _Parser("pdf"), "warc": _Parser("warc")}


def parse_file(kind: _Kind, data: bytes, *arguments: Any) -> dict[str, Any]:
    """Return what a file holds, as `page.parse_page` and `pdf_text.parse_pdf` tell.

    Raises:
        ArchiveError: it is damaged, or beyond the limits.
        MissingExtraError: the library is not installed.
    """
    what, extra, library = _NEEDS[kind]
    if find_spec(library) is None:
        raise MissingExtraError(what, extra)
    try:
        found = _PARSERS[kind].ask(data, arguments)
    except ProcessEndedError as error:
        raise ArchiveError(
            f"it cannot be read within the limits: {error}.", fix="Leave it out, or save it anew."
        ) from None
    if not isinstance(found, dict):
        raise ArchiveError("it makes its parser answer nonsense.")
    if "error" in found:
        raise ArchiveError(str(found["error"]))
    return found
