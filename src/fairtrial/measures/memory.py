"""Resident memory of this process: what it is, and the most that it was since one began to look.

Linux keeps the peak (``VmHWM`` in ``/proc/self/status``) and starts it afresh when ``5`` is written to
``/proc/self/clear_refs`` (proc(5)).  Elsewhere, or where that is forbidden, it is sampled, and a peak between two
samples is missed.  Knows nothing of engines or candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from fairtrial.measures.sampling import RepeatingTimer

PROC = Path("/proc/self")
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class MemorySpan:
    """Resident bytes over a stretch of time: at its beginning, at its end, and the most in between."""

    before: int
    after: int
    peak: int


class MemoryMeter:
    """Measures this process between `start` and `stop`.

    Attributes:
        method: how the peak is found, in words.
    """

    def __init__(self, root: Path = PROC) -> None:
        """Find out what works; ``root`` is this process's folder under ``/proc``."""
        self._status, self._reset = root / "status", root / "clear_refs"
        self._process = psutil.Process()
        self._kept = self._kernel_keeps_peak()
        self.method = (
            "VmHWM of /proc/self/status, reset before every batch"
            if self._kept
            else f"sampled every {1000 * SAMPLE_SECONDS:g} ms"
        )
        self._sampler = RepeatingTimer(self._sample, SAMPLE_SECONDS)
        self._before = self._peak = 0

    def start(self) -> None:
        """Begin to look."""
        if self._kept:
            self._reset.write_text("5")
            self._before, _ = self._read_resident()
            return
        self._before = self._peak = self._process.memory_info().rss
        self._sampler.start()

    def stop(self) -> MemorySpan:
        """Return what was seen since `start`."""
        if self._kept:
            after, peak = self._read_resident()
        else:
            self._sampler.stop()
            self._sample()
            after, peak = self._process.memory_info().rss, self._peak
        return MemorySpan(self._before, after, max(peak, self._before, after))

    def _sample(self) -> None:
        self._peak = max(self._peak, self._process.memory_info().rss)

    def _kernel_keeps_peak(self) -> bool:
        """Whether the peak can be reset and read."""
        try:
            self._reset.write_text("5")
            self._read_resident()
        except (OSError, KeyError, ValueError):
            return False
        return True

    def _read_resident(self) -> tuple[int, int]:
        """Return the resident bytes now and at their peak, as the kernel tells."""
        lines = self._status.read_text(encoding="ascii", errors="replace").splitlines()
        told = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
        return int(told["VmRSS"][0]) * 1024, int(told["VmHWM"][0]) * 1024
