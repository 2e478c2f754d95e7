"""Starts ``fairtrial`` in processes that have its modules already: what takes a second or two is imported once.

``python -m tests.support.command_server FD``: the other end of the socket ``FD`` asks (`tests.support.commands`).  Each
command is a process of its own, forked here, with its own folder, environment, arguments, files and exit code; it goes
through ``fairtrial/__main__.py`` like any other.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from fairtrial.cli.main import load_parser

FILES = 5
"""Of one request: itself as JSON, standard input, output and error, and where its process and exit code are told."""


def wait_for_requests(asking: socket.socket) -> dict[str, Any] | None:
    """Serve until nobody asks; in a process that is to be a command, return its request."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends who asks; then nobody asks
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    while True:
        _, files, _, _ = socket.recv_fds(asking, 1, FILES)
        if not files:
            return None
        if os.fork() == 0:
            asking.close()
            return mind(files)
        for file in files:
            os.close(file)


def mind(files: list[int]) -> dict[str, Any] | None:
    """Fork a command; here tell its process and its exit code, there return its request."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    *given, told = files
    child = os.fork()
    if child == 0:
        os.close(told)
        return take(given)
    for file in given:
        os.close(file)
    with suppress(BrokenPipeError):
        os.write(told, b"%d\n" % child)
        os.write(told, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os._exit(0)


def take(files: list[int]) -> dict[str, Any]:
    """Read a request and make its files, folder and environment those of this process."""
    for number, file in enumerate(files[1:]):
        os.dup2(file, number)
        os.close(file)
    with os.fdopen(files[0]) as asked:
        request: dict[str, Any] = json.load(asked)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    find_modules(request["folder"])
    return request


def find_modules(folder: str) -> None:
    """Find modules where ``python -m`` would: in its folder, then in those of the environment."""
    named = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:1] = [folder, *(path for path in named if path not in sys.path)]
    importlib.invalidate_caches()


if __name__ == "__main__":
    load_parser()  # imports every verb
    request = wait_for_requests(socket.socket(fileno=int(sys.argv[1])))
    if request is not None:
        sys.argv[1:] = request["arguments"]
        runpy.run_module("fairtrial", run_name="__main__", alter_sys=True)
