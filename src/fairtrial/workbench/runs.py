"""Trials that were started from the workbench: files in its folder, checked by `fairtrial plan`, then run.

Both are processes of their own, so that a run goes on whatever pages do, and can be stopped as by Ctrl-C.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from fairtrial.errors import FairtrialError, LedgerBusyError, SpecError, UnknownNameError
from fairtrial.ledger.locked import is_being_written
from fairtrial.spec.source import load_trial
from fairtrial.workbench.notes import (
    FOLDER,
    RunNote,
    drop_note,
    find_born,
    find_log,
    is_going,
    open_folder,
    open_log,
    read_notes,
    write_note,
)
from fairtrial.workbench.ready import ReadyCommand

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
TRIALS, EXCEL = (".yaml", ".yml"), ".xlsx"
DATA = (".csv", ".tsv", ".jsonl", ".json", EXCEL)
"""Ends of the names of files that may be saved: trials, and rows of own questions."""

CHECK_SECONDS = 180.0
MOST_RUNS = 4
"""That may go on at once."""
LAST_LINES = 60


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
        pid, born: number of the process that runs it, and when that began.
        log: file of what it says.
        process: the same where this workbench has started it; None: an earlier one has, and its exit code is not told.
        owned: whether it stops with this workbench; else the one that started it is still there.
        cancelled: whether it was told to stop.
    """

    number: int
    file: Path
    ledger: Path
    started: float
    pid: int
    born: float
    log: Path
    process: asyncio.subprocess.Process | None = None
    owned: bool = True
    cancelled: bool = False

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs, and where it is not told."""
        return None if self.process is None else self.process.returncode

    @property
    def going(self) -> bool:
        """Whether it goes on."""
        if self.process is not None:
            return self.process.returncode is None
        return is_going(self.pid, self.born)

    @property
    def state(self) -> str:
        """``running``, ``stopping``, ``done``, ``cancelled``, ``failed``, or ``ended`` where it is not told how."""
        if self.going:
            return "stopping" if self.cancelled else "running"
        if self.code is None:
            return "cancelled" if self.cancelled else "ended"
        if self.code == 0:
            return "done"
        return "cancelled" if self.cancelled else "failed"

    def read_words(self) -> str:
        """Return the last lines of what it said."""
        if self.log.is_symlink():
            return ""
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16_000))
            lines = file.read().decode("utf-8", "replace").replace("\r", "\n").splitlines()
            return "\n".join(lines[-LAST_LINES:])
        return ""


@dataclass(slots=True)
class RunTable:
    """The runs of this process and those of earlier ones that still go on, and the folder that their files are in.

    Attributes:
        workspace: that folder; nothing that a page names lies elsewhere.
        runs: by number.
        saved: names of files that were saved from here, and may be saved again.
        ready: runs checks.
    """

    workspace: Path
    runs: dict[int, StartedRun] = field(default_factory=dict)
    saved: set[str] = field(default_factory=set)
    ready: ReadyCommand = field(init=False)
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Find the runs that an earlier workbench has left."""
        self.ready = ReadyCommand(self.workspace, _environment())
        for note, owned in read_notes(self.workspace):
            log = find_log(self.workspace / FOLDER, note.number)
            place = (self.workspace / Path(note.file).name, Path(note.ledger))
            self.runs[note.number] = StartedRun(
                note.number, *place, note.started, note.pid, note.born, log, owned=not owned
            )

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
        """Return what `fairtrial plan` says of a trial file; what the file lacks is told without it, at once."""
        faults = await asyncio.get_running_loop().run_in_executor(None, self._find_faults, file)
        if faults:
            return CheckedFile(False, faults)
        words = ("plan", file.name, "--ledger", str(ledger.resolve()), "--quiet")
        code, said = await asyncio.get_running_loop().run_in_executor(None, self.ready.run, words, CHECK_SECONDS)
        self.ready.prepare()  # whoever has checked a file may well change it, and check again
        if code is None:
            return CheckedFile(False, f"The check has not ended within {CHECK_SECONDS:.0f} s.")
        return CheckedFile(code == 0, said)

    def _find_faults(self, file: Path) -> str:
        try:
            load_trial(file)
        except FairtrialError as error:
            return str(error).replace(f"{self.workspace}{os.sep}", "")
        return ""

    async def start(self, file: Path, ledger: Path) -> StartedRun:
        """Run a trial file, or return its run if it runs already.

        Raises SpecError if too many run already, LedgerBusyError if something else writes to the ledger.
        """
        async with self._starting:
            going = [run for run in self.runs.values() if run.going]
            for run in going:
                if (run.file, run.ledger.resolve()) == (file, ledger.resolve()):
                    return run
            if is_being_written(ledger) or any(run.ledger.resolve() == ledger.resolve() for run in going):
                raise LedgerBusyError(
                    f"another run writes to the ledger {ledger.name}.",
                    fix="Wait until it ends, stop it, or choose another ledger.",
                )
            if len(going) >= MOST_RUNS:
                raise SpecError(f"{MOST_RUNS} trials run already.", fix="Wait for one to end, or stop one.")
            return await self._start(file, ledger.resolve())

    async def _start(self, file: Path, ledger: Path) -> StartedRun:
        folder = open_folder(self.workspace)
        number, log = open_log(folder)
        started = time.time()
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *_command("run", file.name, "--ledger", str(ledger), "--no-report", "--no-wait"),
                cwd=self.workspace,
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        born, own = find_born(process.pid), os.getpid()
        self.runs[number] = StartedRun(number, file, ledger, started, process.pid, born, log, process)
        with suppress(OSError):
            note = RunNote(number, file.name, str(ledger), started, process.pid, born, own, find_born(own))
            write_note(folder, note)
        return self.runs[number]

    def find_run(self, number: str) -> StartedRun:
        """Return a run by its number.  Raises UnknownNameError."""
        if not number.isdigit() or int(number) not in self.runs:
            raise UnknownNameError("run", number[:20], [str(known) for known in self.runs])
        return self.runs[int(number)]

    def cancel(self, run: StartedRun) -> None:
        """Tell a run to stop as by Ctrl-C: what was answered is kept.  Told again, it ends at once."""
        if run.going:
            _signal(run.pid, signal.SIGTERM if run.cancelled else signal.SIGINT)
            run.cancelled = True

    def close(self) -> None:
        """Tell the runs to stop that are left to this workbench, and take the notes of those away that have ended."""
        self.ready.close()
        for run in self.runs.values():
            if run.owned and run.going:
                _signal(run.pid, signal.SIGINT)
            elif run.owned:
                drop_note(self.workspace / FOLDER, run.number)


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


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
