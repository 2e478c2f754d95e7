"""A folder for everything temporary of one run of the tests: nothing stale is found in it, and nothing is left behind.

Processes that tests start inherit it.  What pytest itself keeps of failed tests stays in the machine's own folder.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psutil
import pytest

PREFIX = "fairtrial-tests-"
"""Of a name that is short, for paths of sockets may have some hundred characters, and Ray's own takes 70."""


def remove_abandoned(folder: Path) -> None:
    """Remove what runs left that were killed."""
    for one in folder.glob(f"{PREFIX}*"):
        owner = one.name.removeprefix(PREFIX)
        if owner.isdecimal() and (int(owner) == os.getpid() or not psutil.pid_exists(int(owner))):
            shutil.rmtree(one, ignore_errors=True)


def remove(folder: Path, owner: int) -> None:
    """Remove a folder at the end of the process that made it, not of one that was forked."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    usual = Path(tempfile.gettempdir())
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(usual))
        remove_abandoned(usual)
    made = usual / (worker or f"{PREFIX}{os.getpid()}")
    made.mkdir()
    made.chmod(0o711)  # a database's server, which runs as another user, must reach its own folder
    atexit.register(remove, made, os.getpid())  # comes after what is registered later: some clear up in it
    os.environ["TMPDIR"] = os.environ["RAY_TMPDIR"] = tempfile.tempdir = str(made)
