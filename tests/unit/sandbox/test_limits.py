"""What the filters of system calls refuse, tried in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fairtrial.sandbox import limits
from fairtrial.sandbox.programs import VARIABLE, run_program

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.uname().machine != "x86_64",
    reason="numbers of calls are of x86-64 Linux",
)

TRIED = {
    "pidfd_open": "434, os.getppid(), 0", "pidfd_getfd": "438, 0, 0, 0", "pidfd_send_signal": "424, 0, 0, 0, 0",
    "mknodat": "259, -100, b'made-by-code', 0o10600, 0", "fsopen": "430, b'tmpfs', 0",
    "open_tree": "428, -100, b'/', 0",
    "fchmodat2": "452, -100, b'nothing', 0o777, 0", "unshare": "272, 0x10000000", "setns": "308, 0, 0",
    "open_by_handle_at": "304, -100, 0, 0", "name_to_handle_at": "303, -100, b'/', 0, 0, 0",
    "prlimit64": "302, os.getppid(), 7, 0, 0", "perf_event_open": "298, 0, 0, -1, -1, 0", "bpf": "321, 0, 0, 0",
    "io_uring_setup": "425, 1, 0", "process_vm_readv": "310, os.getppid(), 0, 0, 0, 0, 0", "ptrace": "101, 16, 0, 0, 0",
    "memfd_secret": "447, 0", "keyctl": "250, 0, 0", "own by fcntl": "72, 0, 8, os.getppid()",
}  # fmt: skip
CODE = """
import ctypes, os
call = ctypes.CDLL(None, use_errno=True).syscall
{close}
for name, done in {{{tried}}}.items():
    got = done()
    assert got == -1 and ctypes.get_errno() in (1, 38), (name, got, ctypes.get_errno())
"""
_ALL = ", ".join(f"{name!r}: lambda: call({given})" for name, given in TRIED.items())


def test_code_of_tasks_reaches_nothing_but_what_is_open() -> None:
    close = f"import sys; sys.path.insert(0, {str(Path(limits.__file__).parent)!r}); import limits\n"
    close += "assert limits.allow_only(limits.NEEDED); limits.limit_time(5); TRIED = None"
    code = CODE.format(close=close, tried=_ALL + ", 'open': lambda: call(2, b'/etc/hostname', 0)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_programs_of_models_reach_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    outcome = run_program(CODE.format(close="", tried=_ALL), 5.0)
    assert outcome.passed, outcome.reason
