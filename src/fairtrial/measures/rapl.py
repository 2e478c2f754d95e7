"""Joules of processor packages, as Linux's power capping framework counts them.

Reads ``/sys/class/powercap`` (kernel documentation, ``power/powercap/powercap.rst``): Intel's RAPL counters and AMD's,
which have the same form.  Only package domains count: cores, uncore and graphics are inside their package, ``psys`` is
the whole platform with the packages in it, and memory (``dram``) is left out.  Knows nothing of batches or models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fairtrial.measures.base import NotMeasuredError

ROOT = Path("/sys/class/powercap")
READ_EVERY_SECONDS = 20.0
"""A counter of 2^32 units of 2^-16 J, the smallest range in use, comes round after 33 s at 2,000 W; never sooner than
this for a package that a machine can cool."""

_ZONE = re.compile(r"^[^:]+:\d+$")  # "intel-rapl:0"; subdomains have a second colon
_PACKAGE = re.compile(r"^package-\d+(-die-\d+)?$")


@dataclass
class Zone:
    """One package's counter: where it is, its range in microjoules (None if the machine does not tell), its last value.

    Attributes:
        used: microjoules since it was opened, turns of the counter included.
    """

    path: Path
    name: str
    range_uj: int | None
    last: int
    used: int = 0

    def update(self) -> None:
        """Add what was used since the last time.

        Raises NotMeasuredError if the counter cannot be read, or went back and its range is not known.
        """
        now = read_counter(self.path / "energy_uj")
        step = now - self.last
        if step < 0:
            if self.range_uj is None:
                self.last = now
                raise NotMeasuredError(f"the energy counter of {self.name} went back and does not tell its range")
            step += self.range_uj
        self.last = now
        self.used += step


class Rapl:
    """The energy counters of all processor packages of this machine.

    Attributes:
        scope: what is counted, in words.
    """

    read_every_seconds = READ_EVERY_SECONDS

    def __init__(self, zones: list[Zone]) -> None:
        self.zones = zones
        self.scope = "RAPL: " + ", ".join(zone.name for zone in zones)

    @classmethod
    def open(cls, root: Path = ROOT) -> Rapl:
        """Find the packages under ``root``.

        Raises NotMeasuredError if there is none, or one of them cannot be read: a part is not passed off as the whole.
        """
        packages: dict[str, Path] = {}
        for path in _find_zones(root):
            name = read_counter_text(path / "name")
            if _PACKAGE.match(name):
                packages.setdefault(name, path)  # the same package may be there twice, as intel-rapl and -mmio
        if not packages:
            raise NotMeasuredError(f"{root} has no energy counter of a processor package")
        return cls(
            [Zone(path, name, read_range(path), read_counter(path / "energy_uj")) for name, path in packages.items()]
        )

    def read_joules(self) -> float:
        """Return the joules of all packages since they were opened."""
        for zone in self.zones:
            zone.update()
        return sum(zone.used for zone in self.zones) / 1e6


def _find_zones(root: Path) -> list[Path]:
    """Return the folders of top-level zones: ``intel-rapl`` before ``intel-rapl-mmio``, in order of number."""
    try:
        found = [path for path in root.iterdir() if _ZONE.match(path.name)]
    except FileNotFoundError:
        raise NotMeasuredError(f"there is no {root} on this machine") from None
    except OSError as error:
        raise NotMeasuredError(f"{root} cannot be read: {error.strerror}") from error
    kinds = [path.name.rpartition(":") for path in found]
    return [path for _, path in sorted(zip(((k, int(n)) for k, _, n in kinds), found, strict=True))]


def read_range(zone: Path) -> int | None:
    """Return the microjoules at which a counter starts again from 0, or None if the machine does not tell."""
    path = zone / "max_energy_range_uj"
    return read_counter(path) if path.exists() else None


def read_counter(path: Path) -> int:
    """Return the whole number in a file of the kernel.  Raises NotMeasuredError if it cannot be had."""
    text = read_counter_text(path)
    if not text.isascii() or not text.isdigit() or len(text) > 20:  # 2^64 has 20 digits
        raise NotMeasuredError(f"{path} holds {text[:40]!r}, which is no energy")
    return int(text)


def read_counter_text(path: Path) -> str:
    """Return a file's text without the line's end.  Raises NotMeasuredError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except PermissionError:
        raise NotMeasuredError(
            f"{path} may be read by the administrator only (`sudo chmod a+r` lets everybody, until the next start)"
        ) from None
    except OSError as error:
        raise NotMeasuredError(f"{path} cannot be read: {error.strerror}") from error
