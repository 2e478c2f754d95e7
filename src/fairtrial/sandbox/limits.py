"""Limits that a process sets on itself before it runs somebody else's code.

Used by small programs that are started in an interpreter of their own (see `fairtrial.sandbox.process`); it uses
nothing but Python itself.  The limits are those of the operating system: seconds of processor time, memory, size of
files, open files, processes; on Linux also a filter of system calls (seccomp), which no code in the process can take
off again.  They are no virtual machine: code that may open files can read whatever its user can read.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterable

SECONDS_AFTER = 2
"""Seconds of processor time between the signal that ends a process and the one that it cannot catch."""

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _REFUSE, _ARGUMENT = 0x7FFF0000, 0x00050000 | 1, 16
_THREAD = 0x00010000

_NUMBERS: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (0xC000003E, {
        "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "socketpair": 53, "clone": 56,
        "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "ptrace": 101, "execveat": 322, "clone3": 435,
        "open": 2, "openat": 257, "openat2": 437, "creat": 85, "unlink": 87, "unlinkat": 263, "rename": 82,
        "renameat": 264, "renameat2": 316, "mkdir": 83, "mkdirat": 258, "rmdir": 84, "symlink": 88, "symlinkat": 266,
        "link": 86, "linkat": 265, "chmod": 90, "fchmodat": 268, "chown": 92, "truncate": 76, "mount": 165,
        "tkill": 200, "tgkill": 234, "process_vm_readv": 310, "process_vm_writev": 311, "io_uring_setup": 425,
        "bpf": 321, "memfd_create": 319, "prlimit64": 302, "setrlimit": 160,
    }),
    "aarch64": (0xC00000B7, {
        "socket": 198, "connect": 203, "accept": 202, "bind": 200, "listen": 201, "socketpair": 199, "clone": 220,
        "execve": 221, "kill": 129, "ptrace": 117, "execveat": 281, "clone3": 435, "openat": 56, "openat2": 437,
        "unlinkat": 35, "renameat": 38, "renameat2": 276, "mkdirat": 34, "symlinkat": 36, "linkat": 37,
        "fchmodat": 53, "fchownat": 54, "truncate": 45, "mount": 40, "tkill": 130, "tgkill": 131,
        "process_vm_readv": 270, "process_vm_writev": 271, "io_uring_setup": 425, "bpf": 280, "memfd_create": 279,
        "prlimit64": 261, "setrlimit": 164,
    }),
}  # fmt: skip

NETWORK = ("socket", "connect", "accept", "bind", "listen", "socketpair", "io_uring_setup")
PROCESSES = ("clone", "fork", "vfork", "clone3", "execve", "execveat", "ptrace", "bpf",
             "process_vm_readv", "process_vm_writev", "mount")  # fmt: skip
SIGNALS = ("kill", "tkill", "tgkill")
LIMITS = ("prlimit64", "setrlimit")
FILES = ("open", "openat", "openat2", "creat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir",
         "mkdirat", "rmdir", "symlink", "symlinkat", "link", "linkat", "chmod", "fchmodat", "chown", "fchownat",
         "truncate", "memfd_create")  # fmt: skip


def set_limits(*, memory: int, files: int | None = None, file_size: int = 0, processes: bool = False) -> list[str]:
    """Set limits that hold for the rest of this process's life; return names of those that this system lacks.

    Args:
        memory: bytes of address space.
        files: most open files; None allows those that are open now and no other.
        file_size: bytes that any one file may grow to.
        processes: whether other processes may be started.
    """
    missing: list[str] = []
    try:
        import resource
    except ImportError:
        return ["memory", "file_size", "files", "processes"]
    wanted = {
        "core": (resource.RLIMIT_CORE, 0),
        "memory": (resource.RLIMIT_AS, memory),
        "file_size": (resource.RLIMIT_FSIZE, file_size),
        "files": (resource.RLIMIT_NOFILE, _count_open() if files is None else files),
    }
    if not processes and hasattr(resource, "RLIMIT_NPROC"):
        wanted["processes"] = (resource.RLIMIT_NPROC, 0)
    for name, (kind, value) in wanted.items():
        try:
            hard = resource.getrlimit(kind)[1]
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            missing.append(name)
    return missing


def limit_time(seconds: float) -> None:
    """Let the system end this process when it has used so much processor time from now on."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        soft = int(used + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _count_open() -> int:
    """Return one more than the highest file that is open, which is what the limit counts."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError, ValueError):
            return max(3, 1 + max(n for n in map(int, os.listdir(folder)) if _is_open(n)))  # noqa: PTH208
    return 3


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def refuse_calls(names: Iterable[str]) -> bool:
    """Have the system refuse these system calls from now on; return whether it does.

    Threads may still be started where ``clone`` is refused.  False on other systems than Linux, and on processors whose
    numbers of calls are not known here.
    """
    if not sys.platform.startswith("linux") or os.uname().machine not in _NUMBERS:
        return False
    architecture, numbers = _NUMBERS[os.uname().machine]
    program = _make_filter(architecture, [(name, numbers[name]) for name in names if name in numbers])
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            return False
        instructions = ctypes.create_string_buffer(program, len(program))
        header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
        return bool(library.prctl(_SET_SECCOMP, _FILTER, ctypes.create_string_buffer(header, len(header)), 0, 0) == 0)
    except (OSError, AttributeError, ValueError):
        return False


def _make_filter(architecture: int, calls: list[tuple[str, int]]) -> bytes:
    """Return the filter as the kernel takes it: it refuses with EPERM; other architectures are refused all."""
    steps = [(_LOAD, 0, 0, 4), (_JUMP_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, 0)]
    for name, number in calls:
        if name == "clone":  # a thread is no process
            steps += [(_JUMP_EQUAL, 0, 4, number), (_LOAD, 0, 0, _ARGUMENT), (_JUMP_BITS, 1, 0, _THREAD)]
            steps += [(_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
        elif name == "clone3":  # its arguments cannot be looked at: as if the kernel did not have it
            steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, 0x00050000 | 38)]
        else:
            steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    if architecture == _NUMBERS["x86_64"][0]:  # the numbers of the x32 interface
        steps[4:4] = [(0x35, 0, 1, 0x40000000), (_RETURN, 0, 0, _REFUSE)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)
