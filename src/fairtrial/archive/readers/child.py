"""The program that parses files for `fairtrial.archive.readers.parsing`, in a process of its own with limits.

Started as ``child.py KIND PACKAGE_FOLDER [IMPORT_FOLDER ...]``.  It reads JSON lines ``{"data": BASE64, "arguments":
[...]}`` and answers each with what was found, or ``{"error": ...}``.  Libraries are imported first, then the limits
are set, and only then is a file looked at.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
import warnings
from base64 import b64decode
from collections.abc import Callable
from typing import Any

MEMORY = 2 << 30
"""Bytes of address space."""

SECONDS = 60


def _make_packages(folder: str) -> None:
    """Make fairtrial's packages known without running what they run when imported."""
    for name in ("", "archive", "archive/readers", "archive/hostile", "sandbox"):
        package = types.ModuleType(f"fairtrial.{name}".rstrip(".").replace("/", "."))
        package.__path__ = [os.path.join(folder, *name.split("/"))]  # noqa: PTH118
        sys.modules[package.__name__] = package


def _load(kind: str) -> Callable[..., dict[str, Any]]:
    """Return what parses a kind of file, after a first use, which imports what would be imported later."""
    if kind == "page":
        parse: Callable[..., dict[str, Any]] = importlib.import_module("fairtrial.archive.readers.page").parse_page
        paragraph = "<p>The mill opened on Monday, and its wheel has turned ever since.</p>"
        parse(f"<html><body><article><h1>Mill</h1>{paragraph * 5}</article></body></html>".encode())
        return parse
    module, name = {"pdf": ("pdf_text", "parse_pdf"), "warc": ("warc_records", "parse_warc")}[kind]
    found: Callable[..., dict[str, Any]] = getattr(importlib.import_module(f"fairtrial.archive.readers.{module}"), name)
    return found


def main() -> None:
    """Serve until the input ends."""
    _make_packages(sys.argv[2])
    sys.path += sys.argv[3:]
    sys.setrecursionlimit(3_000)
    warnings.simplefilter("ignore")
    source, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    parse = _load(sys.argv[1])
    limits = importlib.import_module("fairtrial.sandbox.limits")
    limits.set_limits(memory=MEMORY, files=64)
    limits.refuse_calls((*limits.NETWORK, *limits.PROCESSES, *limits.SIGNALS, *limits.LIMITS, *limits.FOREIGN))

    def look(asked: dict[str, Any]) -> dict[str, Any]:
        try:
            return parse(b64decode(asked["data"]), *asked["arguments"])
        except MemoryError:
            return {"error": "it takes more memory than it may."}
        except RecursionError:
            return {"error": "it is nested too deeply."}
        except Exception as error:  # hostile files make parsers raise nearly anything
            return {"error": f"it is damaged: the parser fails with {type(error).__name__}."}

    while line := source.readline():
        limits.limit_time(SECONDS)
        answer = json.dumps(look(json.loads(line))).encode("utf-8", "surrogatepass")
        out.write(answer + b"\n")
        out.flush()


if __name__ == "__main__":
    main()
