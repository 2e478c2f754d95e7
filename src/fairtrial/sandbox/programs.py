"""Programs that a model wrote, run to see whether they are right; only where the user has allowed it.

Each runs in a process of its own: an empty scratch folder, no environment, seconds of processor time and by the clock,
memory, size and number of files limited; no network and no other processes where the system can refuse them (Linux).
These are limits, not a virtual machine: a program can read, change and delete what its user can, outside its folder,
too.  One that wants to look right can.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fairtrial.errors import SpecError
from fairtrial.sandbox.process import make_command, make_environment

VARIABLE = "FAIRTRIAL_ALLOW_CODE"
"""Environment variable that allows it when it is 1."""

_PROGRAM = Path(__file__).with_name("program.py")
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class ProgramOutcome:
    """How a program ended.

    Attributes:
        passed: it came to its end without an error.
        reason: why not; empty if it did.
    """

    passed: bool
    reason: str = ""


def allow_programs() -> None:
    """Allow programs of models to run, in this process and those that it starts."""
    os.environ[VARIABLE] = "1"


def are_programs_allowed() -> bool:
    """Whether the user has allowed programs of models to run."""
    return os.environ.get(VARIABLE) == "1"


def check_programs_allowed(what: str) -> None:
    """Raise SpecError, saying how to allow it, unless programs of models may run.

    Args:
        what: what wants to run them, e.g. ``the grader code``.
    """
    if not are_programs_allowed():
        raise SpecError(
            f"{what} runs programs that models write, and nobody has allowed that.",
            fix=f"Allow it with --allow-code-execution (or {VARIABLE}=1), best on a machine with nothing to lose: "
            "each program has limits of time and memory, and on Linux no network, but is in no virtual machine: "
            "it can read, change and delete the files that you can.",
        )


@lru_cache(maxsize=4096)
def run_program(source: str, seconds: float) -> ProgramOutcome:
    """Run a Python program and return how it ended; the same program is run once only.

    Raises SpecError if programs may not run.
    """
    check_programs_allowed("this")
    token = secrets.token_hex(16)
    folders = [path for path in sys.path if path and Path(path).is_dir()]
    message = {"source": source, "token": token, "seconds": seconds, "folders": folders, "beside": str(_PROGRAM.parent)}
    with tempfile.TemporaryDirectory(prefix="fairtrial-", ignore_cleanup_errors=True) as scratch:
        process = subprocess.Popen(
            [*make_command(_PROGRAM)[:1], "-s", "-S", "-X", "utf8", "-B", str(_PROGRAM)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=scratch,
            env=make_environment({"HOME": scratch, "TMPDIR": scratch}), start_new_session=True,
        )  # fmt: skip
        try:
            out, _ = process.communicate(json.dumps(message).encode() + b"\n", timeout=2 * seconds + 5)
        except subprocess.TimeoutExpired:
            return ProgramOutcome(False, f"it takes more than {2 * seconds + 5:g} s")
        finally:
            _end(process)
    said = out[:_LONGEST].decode("utf-8", "replace").strip()
    if said == token:
        return ProgramOutcome(True)
    if process.returncode == -signal.SIGXCPU or (not said and process.returncode == -signal.SIGKILL):
        return ProgramOutcome(False, f"it takes more than {seconds:g} s of processor time")
    return ProgramOutcome(False, said or f"its process ended with {process.returncode}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
    process.wait()
