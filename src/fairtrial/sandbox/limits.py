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
from collections.abc import Callable, Iterable

SECONDS_AFTER = 2
"""Seconds of processor time between the signal that ends a process and the one that it cannot catch."""

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_JUMP_AT_LEAST = 0x35
_ALLOW, _REFUSE, _UNKNOWN, _ARGUMENT = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 16
_THREAD = 0x00010000

_NUMBERS: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (0xC000003E, {
        "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "socketpair": 53, "clone": 56,
        "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "ptrace": 101, "execveat": 322, "clone3": 435,
        "open": 2, "openat": 257, "openat2": 437, "creat": 85, "unlink": 87, "unlinkat": 263, "rename": 82,
        "renameat": 264, "renameat2": 316, "mkdir": 83, "mkdirat": 258, "rmdir": 84, "symlink": 88, "symlinkat": 266,
        "link": 86, "linkat": 265, "chmod": 90, "fchmodat": 268, "chown": 92, "truncate": 76, "mount": 165,
        "tkill": 200, "tgkill": 234, "process_vm_readv": 310, "process_vm_writev": 311, "io_uring_setup": 425,
        "bpf": 321, "memfd_create": 319, "prlimit64": 302, "setrlimit": 160, "fcntl": 72,
        "mknod": 133, "mknodat": 259, "unshare": 272, "setns": 308, "open_by_handle_at": 304, "name_to_handle_at":
        303, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190,
        "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "lchown": 94, "fchown": 93, "fchownat": 260,
        "umount2": 166, "pivot_root": 155, "chroot": 161, "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname":
        170, "setdomainname": 171, "init_module": 175, "finit_module": 313, "delete_module": 176, "quotactl": 179,
        "acct": 163, "settimeofday": 164, "clock_settime": 227, "adjtimex": 159, "clock_adjtime": 305, "iopl": 172,
        "ioperm": 173, "personality": 135, "kcmp": 312, "setpriority": 141, "sched_setparam": 142,
        "sched_setscheduler": 144, "sched_setattr": 314, "migrate_pages": 256, "move_pages": 279, "mq_open": 240,
        "shmget": 29, "semget": 64, "msgget": 68, "syslog": 103, "fanotify_init": 300, "add_key": 248, "request_key":
        249, "keyctl": 250, "perf_event_open": 298, "kexec_load": 246, "kexec_file_load": 320, "userfaultfd": 323,
        "accept4": 288,
        "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
        "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "readv": 19, "writev": 20, "sched_yield": 24,
        "mremap": 25, "madvise": 28, "nanosleep": 35, "getitimer": 36, "alarm": 37, "setitimer": 38, "getpid": 39,
        "exit": 60, "gettimeofday": 96, "getrlimit": 97, "getrusage": 98, "times": 100, "sigaltstack": 131, "gettid":
        186, "time": 201, "futex": 202, "sched_getaffinity": 204, "restart_syscall": 219, "clock_gettime": 228,
        "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "set_robust_list": 273, "getrandom": 318,
        "membarrier": 324, "rseq": 334,
    }),
    "aarch64": (0xC00000B7, {
        "socket": 198, "connect": 203, "accept": 202, "bind": 200, "listen": 201, "socketpair": 199, "clone": 220,
        "execve": 221, "kill": 129, "ptrace": 117, "execveat": 281, "clone3": 435, "openat": 56, "openat2": 437,
        "unlinkat": 35, "renameat": 38, "renameat2": 276, "mkdirat": 34, "symlinkat": 36, "linkat": 37,
        "fchmodat": 53, "fchownat": 54, "truncate": 45, "mount": 40, "tkill": 130, "tgkill": 131,
        "process_vm_readv": 270, "process_vm_writev": 271, "io_uring_setup": 425, "bpf": 280, "memfd_create": 279,
        "prlimit64": 261, "setrlimit": 164, "fcntl": 25,
        "mknodat": 33, "unshare": 97, "setns": 268, "open_by_handle_at": 265, "name_to_handle_at": 264,
        "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240, "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7,
        "removexattr": 14, "lremovexattr": 15, "fremovexattr": 16, "fchown": 55, "umount2": 39, "pivot_root": 41,
        "chroot": 51, "swapon": 224, "swapoff": 225, "reboot": 142, "sethostname": 161, "setdomainname": 162,
        "init_module": 105, "finit_module": 273, "delete_module": 106, "quotactl": 60, "acct": 89, "settimeofday":
        170, "clock_settime": 112, "adjtimex": 171, "clock_adjtime": 266, "personality": 92, "kcmp": 272,
        "setpriority": 140, "sched_setparam": 118, "sched_setscheduler": 119, "sched_setattr": 274, "migrate_pages":
        238, "move_pages": 239, "mq_open": 180, "shmget": 194, "semget": 190, "msgget": 186, "syslog": 116,
        "fanotify_init": 262, "add_key": 217, "request_key": 218, "keyctl": 219, "perf_event_open": 241, "kexec_load":
        104, "kexec_file_load": 294, "userfaultfd": 282, "accept4": 242,
        "read": 63, "write": 64, "close": 57, "fstat": 80, "lseek": 62, "mmap": 222, "mprotect": 226, "munmap": 215,
        "brk": 214, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "readv": 65, "writev": 66,
        "sched_yield": 124, "mremap": 216, "madvise": 233, "nanosleep": 101, "getitimer": 102, "setitimer": 103,
        "getpid": 172, "exit": 93, "gettimeofday": 169, "getrlimit": 163, "getrusage": 165, "times": 153,
        "sigaltstack": 132, "gettid": 178, "futex": 98, "sched_getaffinity": 123, "restart_syscall": 128,
        "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115, "exit_group": 94, "set_robust_list": 99,
        "getrandom": 278, "membarrier": 283, "rseq": 293,
    }),
}  # fmt: skip

NETWORK = ("socket", "connect", "accept", "bind", "listen", "socketpair", "accept4")
PROCESSES = ("clone", "fork", "vfork", "clone3", "execve", "execveat", "ptrace", "bpf",
             "process_vm_readv", "process_vm_writev", "mount")  # fmt: skip
SIGNALS = ("kill", "tkill", "tgkill")
LIMITS = ("prlimit64", "setrlimit")
FOREIGN = (  # what reaches other processes, the kernel or the whole machine
    "mknod", "mknodat", "unshare", "setns", "open_by_handle_at", "name_to_handle_at", "rt_sigqueueinfo",
    "rt_tgsigqueueinfo", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
    "lchown", "fchown", "fchownat", "umount2", "pivot_root", "chroot", "swapon", "swapoff", "reboot", "sethostname",
    "setdomainname", "init_module", "finit_module", "delete_module", "quotactl", "acct", "settimeofday",
    "clock_settime", "adjtimex", "clock_adjtime", "iopl", "ioperm", "personality", "kcmp", "setpriority",
    "sched_setparam", "sched_setscheduler", "sched_setattr", "migrate_pages", "move_pages", "mq_open", "shmget",
    "semget", "msgget", "syslog", "fanotify_init", "add_key", "request_key", "keyctl", "perf_event_open",
    "kexec_load", "kexec_file_load", "userfaultfd", "chown", "fcntl",
)  # fmt: skip
NEEDED = (  # by code that reads, computes and writes with what is open: memory, clocks, signals to itself
    "read", "write", "close", "fstat", "lseek", "mmap", "mprotect", "munmap", "brk", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "readv", "writev", "sched_yield", "mremap", "madvise", "nanosleep",
    "getitimer", "alarm", "setitimer", "getpid", "exit", "gettimeofday", "getrlimit", "getrusage", "times",
    "sigaltstack", "gettid", "time", "futex", "sched_getaffinity", "restart_syscall", "clock_gettime",
    "clock_getres", "clock_nanosleep", "exit_group", "set_robust_list", "getrandom", "membarrier", "rseq",
    "prlimit64",
)  # fmt: skip
_FIRST_NEW = 424
"""From here on numbers are the same everywhere; those not named below look as if the kernel did not have them."""
_NEW = (436, 437, 439, 441, 449, 451, 454, 455, 456)  # close_range, openat2, faccessat2, epoll_pwait2, futex_waitv ...


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
    """Have the system refuse these system calls from now on, and those newer than ours; return whether it does.

    Threads may still be started where ``clone`` is refused.  False on other systems than Linux, and on processors whose
    numbers of calls are not known here.
    """
    return _filter_calls(lambda known: _refuse_steps([(name, known[name]) for name in names if name in known]))


def allow_only(names: Iterable[str]) -> bool:
    """Have the system refuse all system calls but these from now on; return whether it does, as `refuse_calls`.

    ``prlimit64`` is allowed for this process's own processor time only.
    """
    return _filter_calls(lambda known: _allow_steps([(name, known[name]) for name in names if name in known]))


_Steps = list[tuple[int, int, int, int]]


def _filter_calls(make: Callable[[dict[str, int]], _Steps]) -> bool:
    if not sys.platform.startswith("linux") or os.uname().machine not in _NUMBERS or sys.maxsize < 1 << 32:
        return False
    architecture, numbers = _NUMBERS[os.uname().machine]
    steps = [(_LOAD, 0, 0, 4), (_JUMP_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, 0)]
    if architecture == _NUMBERS["x86_64"][0]:  # the numbers of the x32 interface
        steps += [(_JUMP_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _REFUSE)]
    program = b"".join(struct.pack("HBBI", *step) for step in steps + make(numbers))
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            return False
        instructions = ctypes.create_string_buffer(program, len(program))
        header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
        return bool(library.prctl(_SET_SECCOMP, _FILTER, ctypes.create_string_buffer(header, len(header)), 0, 0) == 0)
    except (OSError, AttributeError, ValueError):
        return False


def _refuse_steps(calls: list[tuple[str, int]]) -> _Steps:
    """Return the filter as the kernel takes it: it refuses with EPERM."""
    steps: _Steps = []
    for name, number in calls:
        if name == "clone":  # a thread is no process
            steps += [(_JUMP_EQUAL, 0, 4, number), (_LOAD, 0, 0, _ARGUMENT), (_JUMP_BITS, 1, 0, _THREAD)]
            steps += [(_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
        elif name == "clone3":  # its arguments cannot be looked at
            steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _UNKNOWN)]
        elif name == "fcntl":  # who owns a file gets signals of it: no other process may be named
            steps += [(_JUMP_EQUAL, 0, 6, number), (_LOAD, 0, 0, _ARGUMENT + 8)]
            steps += [(_JUMP_EQUAL, 2, 0, 8), (_JUMP_EQUAL, 1, 0, 10), (_JUMP_EQUAL, 0, 1, 15)]
            steps += [(_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
        else:
            steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    for number in _NEW:
        steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    return [*steps, (_JUMP_AT_LEAST, 0, 1, _FIRST_NEW), (_RETURN, 0, 0, _UNKNOWN), (_RETURN, 0, 0, _ALLOW)]


def _allow_steps(calls: list[tuple[str, int]]) -> _Steps:
    steps: _Steps = []
    for name, number in calls:
        if name == "prlimit64":  # of process 0, this one, and resource 0, processor time
            steps += [(_JUMP_EQUAL, 0, 6, number), (_LOAD, 0, 0, _ARGUMENT), (_JUMP_EQUAL, 0, 3, 0)]
            steps += [(_LOAD, 0, 0, _ARGUMENT + 8), (_JUMP_EQUAL, 0, 1, 0)]
            steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
        else:
            steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    return [*steps, (_RETURN, 0, 0, _REFUSE)]
