"""What the record of a run says about machines: which there were, and who was timed beside others."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from fairtrial.running.runners.jobs import EngineLink, WorkerHost

BOOT = Path("/proc/sys/kernel/random/boot_id")


def name_machine() -> str:
    """Return a name for the machine that this process runs on, the same for all processes there; never shown."""
    with suppress(OSError):
        return hashlib.sha256(BOOT.read_bytes()).hexdigest()[:16]
    return hashlib.sha256(platform.node().encode()).hexdigest()[:16]


class CrewRecord:
    """Notes machines and losses of one crew.

    Attributes:
        beside: names of candidates some of whose answers were made beside others.
        lost: workers that were lost at their work.
    """

    def __init__(self, host: WorkerHost) -> None:
        self.host = host
        self.beside: set[str] = set()
        self.lost = 0
        self._machines: dict[str, Mapping[str, Any]] = {}

    def note_worker(self, link: EngineLink) -> None:
        """Note that there is a worker."""
        self._machines.setdefault(link.machine, link.facts)

    def number_machine(self, link: EngineLink) -> int:
        """Return the number of a worker's machine."""
        self.note_worker(link)
        return list(self._machines).index(link.machine)

    def document(self, unlike: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return it as JSON values; ``unlike`` says how machines of several kinds differ that answered."""
        runner = {
            "kind": self.host.kind,
            "workers": self.host.most,
            "threads": self.host.threads,
            "beside": sorted(self.beside),
            "lost": self.lost,
            **({"unlike": list(unlike)} if unlike else {}),
        }
        return {"runner": runner, "machines": list(self._machines.values())}
