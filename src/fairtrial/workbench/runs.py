"""Trials that were started from the workbench: files in its folder, checked by `fairtrial plan`, then run.

Both are processes of their own, so that a run goes on whatever pages do, and can be stopped as by Ctrl-C.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from fairtrial.errors import SpecError, UnknownNameError

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
TRIALS, EXCEL = (".yaml", ".yml"), ".xlsx"
DATA = (".csv", ".tsv", ".jsonl", ".json", EXCEL)
"""Ends of the names of files that may be saved: trials, and rows of own questions."""

CHECK_SECONDS = 180.0
MOST_RUNS = 4
"""That may go on at once."""
LAST_LINES = 60
MOST_NODES = 100_000
OUTSIDE = re.compile(r"^(?:[a-z]+:)?(?:/|~|\\|[A-Za-z]:\\)|(?:^|[/:\\])\.\.(?:[/\\]|$)")
"""How a path begins, or what is in it, that leads out of a folder."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What `fairtrial plan` says of a trial file: whether it can be run, and its words."""

    good: bool
    words: str


@dataclass(slots=True)
class StartedRun:
    """A run of a trial file.

    Attributes:
        number: its own.
        file, ledger: what runs, and where its answers go.
        started: seconds since the epoch.
        process: that runs it.
        log: file of what it says.
        cancelled: whether it was told to stop.
    """

    number: int
    file: Path
    ledger: Path
    started: float
    process: asyncio.subprocess.Process
    log: Path
    cancelled: bool = False

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.process.returncode

    @property
    def state(self) -> str:
        """``running``, ``stopping``, ``done``, ``cancelled`` or ``failed``."""
        if self.code is None:
            return "stopping" if self.cancelled else "running"
        if self.code == 0:
            return "done"
        return "cancelled" if self.cancelled else "failed"

    def read_words(self) -> str:
        """Return the last lines of what it said."""
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16_000))
            lines = file.read().decode("utf-8", "replace").replace("\r", "\n").splitlines()
            return "\n".join(lines[-LAST_LINES:])
        return ""


@dataclass(slots=True)
class RunTable:
    """The runs of this process, and the folder that their files are in.

    Attributes:
        workspace: that folder; nothing that a page names lies elsewhere.
        runs: by number.
        saved: names of files that were saved from here, and may be saved again.
    """

    workspace: Path
    runs: dict[int, StartedRun] = field(default_factory=dict)
    saved: set[str] = field(default_factory=set)
    _logs: tempfile.TemporaryDirectory[str] | None = None

    def find_file(self, name: str, ends: tuple[str, ...] = TRIALS) -> Path:
        """Return the path of a file of the folder.  Raises SpecError for a name that is none."""
        if not FILE_NAME.fullmatch(name) or not name.lower().endswith(ends):
            raise SpecError(
                f"{name[:90]!r} is no name for a file here.",
                fix=f"Use letters, digits, '-', '_' and '.', and one of the ends {', '.join(ends)}.",
            )
        path = self.workspace / name
        if path.is_symlink() or path.resolve().parent != self.workspace.resolve():
            raise SpecError(f"{name} leads out of the folder {self.workspace}.", fix="Take another name.")
        return path

    def list_data(self) -> list[str]:
        """Return the names of files of rows in the folder."""
        with suppress(OSError):
            return sorted(
                path.name
                for path in self.workspace.iterdir()
                if FILE_NAME.fullmatch(path.name) and path.suffix.lower() in DATA and path.is_file()
            )[:200]
        return []

    def save(self, name: str, text: str) -> Path:
        """Write a file into the folder, or again where it was written from here.

        Raises SpecError for a name that is none, a file of somebody else, or a folder that cannot be written.
        """
        path = self.find_file(name, (*TRIALS, *DATA))
        try:
            content = decode_workbook(name, text) if name.lower().endswith(EXCEL) else text.encode()
            if path.exists() and name not in self.saved and path.read_bytes() != content:
                raise SpecError(f"{name} is there already, with other content.", fix="Take another name.")
            partial = path.with_name(f".{name}.part")
            partial.write_bytes(content)
            partial.replace(path)
        except (OSError, UnicodeEncodeError) as error:
            raise SpecError(f"{name} cannot be written: {getattr(error, 'strerror', None) or error}.") from error
        self.saved.add(name)
        return path

    async def check(self, file: Path, ledger: Path) -> CheckedFile:
        """Return what `fairtrial plan` says of a trial file."""
        process = await asyncio.create_subprocess_exec(
            *_command("plan", file.name, "--ledger", str(ledger.resolve()), "--quiet"),
            cwd=self.workspace,
            env=_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), CHECK_SECONDS)
        except TimeoutError:
            _signal(process, signal.SIGKILL)
            return CheckedFile(False, f"The check has not ended within {CHECK_SECONDS:.0f} s.")
        return CheckedFile(process.returncode == 0, said.decode("utf-8", "replace").strip())

    async def start(self, file: Path, ledger: Path) -> StartedRun:
        """Run a trial file.  Raises SpecError if too many run already."""
        if sum(run.code is None for run in self.runs.values()) >= MOST_RUNS:
            raise SpecError(f"{MOST_RUNS} trials run already.", fix="Wait for one to end, or stop one.")
        if self._logs is None:
            self._logs = tempfile.TemporaryDirectory(prefix="fairtrial-ui-")
        number = len(self.runs) + 1
        log = Path(self._logs.name) / f"{number}.log"
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *_command("run", file.name, "--ledger", str(ledger.resolve()), "--no-report", "--no-wait"),
                cwd=self.workspace,
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        self.runs[number] = StartedRun(number, file, ledger, time.time(), process, log)
        return self.runs[number]

    def find_run(self, number: str) -> StartedRun:
        """Return a run by its number.  Raises UnknownNameError."""
        if not number.isdigit() or int(number) not in self.runs:
            raise UnknownNameError("run", number[:20], [str(known) for known in self.runs])
        return self.runs[int(number)]

    def cancel(self, run: StartedRun) -> None:
        """Tell a run to stop as by Ctrl-C: what was answered is kept.  Told again, it ends at once."""
        if run.code is None:
            _signal(run.process, signal.SIGTERM if run.cancelled else signal.SIGINT)
            run.cancelled = True

    def close(self) -> None:
        """Tell all runs to stop, and take their logs away."""
        for run in self.runs.values():
            if run.code is None:
                _signal(run.process, signal.SIGINT)
        if self._logs is not None:
            self._logs.cleanup()


def decode_workbook(name: str, text: str) -> bytes:
    """Return a dropped Excel file, which forms send as Base64; how it can be had as CSV where it cannot be read.

    Raises SpecError if it is no workbook, or if the library that reads workbooks is not installed.
    """
    as_csv = "In Excel: File, Save as, CSV UTF-8; then drop that file."
    if find_spec("openpyxl") is None:
        raise SpecError(
            f"{name} is an Excel file, and what reads them is not installed.",
            fix=f"pip install 'fairtrial[excel]' and start the workbench again. Or, {as_csv[0].lower()}{as_csv[1:]}",
        )
    try:
        content = b64decode(text, validate=True)
    except ValueError:
        content = b""
    if not content.startswith(b"PK"):
        raise SpecError(
            f"{name} is no Excel workbook, or is locked with a password.", fix=f"Take the password away. {as_csv}"
        )
    return content


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "fairtrial", *words]


def _environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONUNBUFFERED": "1"}


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def check_paths(text: str, known: set[str]) -> None:
    """Raise SpecError if a trial file names a path out of its folder that is not among the known names.

    What is no YAML is left to `fairtrial plan`, which says what is wrong with it.
    """
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return
    for found in _walk_texts(document):
        if found not in known and OUTSIDE.search(found):
            raise SpecError(
                f"{found[:120]!r} leads out of the folder that this workbench works in.",
                fix="Put the file into the folder, or run this trial from the command line.",
            )


def _walk_texts(document: Any) -> Iterator[str]:
    waiting, seen = [document], 0
    known: set[int] = set()
    while waiting and seen < MOST_NODES:
        one = waiting.pop()
        seen += 1
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict | list) and id(one) not in known:
            known.add(id(one))
            waiting.extend([*one.keys(), *one.values()] if isinstance(one, dict) else one)
    if waiting:
        raise SpecError(f"the file holds more than {MOST_NODES:,} values.", fix="Run it from the command line.")
