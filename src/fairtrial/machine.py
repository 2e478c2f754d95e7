"""Facts about the machine and the software, for the audit trail.

Nothing here identifies a person or a place: no host name, no user name, no paths.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import psutil

from fairtrial.errors import FairtrialError
from fairtrial.plugins import installed_plugins

PACKAGES = ("fairtrial", "llama-cpp-python", "numpy", "scipy", "pydantic", "jinja2", "torch", "transformers", "lm-eval")


_NO_ROOM = ("No space left on device", "Disk quota exceeded", "not enough space on the disk")


def describe_machine() -> dict[str, object]:
    """Return JSON values: system, processor, cores, memory (bytes), Python, versions of packages, plugins included."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "processor": processor_name(),
        "physical_cores": psutil.cpu_count(logical=False),
        "logical_cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := package_version(name)) is not None}
        | {plugin.distribution: plugin.version for plugin in installed_plugins()},
    }


def package_version(name: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def processor_name() -> str:
    """Return the processor's marketing name where the system tells it, else the architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def count_cores() -> int:
    """Return the number of physical cores that this process may use; at least 1."""
    usable = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else psutil.cpu_count()
    return max(1, min(usable or 1, psutil.cpu_count(logical=False) or usable or 1))


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error says that something could not be written for want of room.

    Libraries that write by themselves say so in words, numpy by counting what it could not write.
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    told = str(error)
    return any(words in told for words in _NO_ROOM) or (" requested and " in told and told.endswith(" written"))


@contextmanager
def explain_full_disk(folder: Path, fix: str) -> Iterator[None]:
    """Have what is done within end in words where it fails because a folder's disk is full.

    Args:
        folder: that is written to; it need not exist.
        fix: what to do, beside freeing some room, and what is kept.

    Raises FairtrialError then; any other error passes.
    """
    try:
        yield
    except FairtrialError:
        raise
    except Exception as error:
        if not is_disk_full(error):
            raise
        there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        free = shutil.disk_usage(there).free
        raise FairtrialError(f"the disk is full: {free / 1e6:,.1f} MB are left in {folder}.", fix=fix) from error
