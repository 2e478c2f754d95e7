"""The device that a candidate shall run on: how much memory and disk it has for it, and how fast and frugal it must be.

A device is named (`PROFILES`, nominal figures of its maker), written out, or both: what is written wins.  Knows sizes
and nothing of models; `fairtrial.running.memory_fit` holds candidates against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from fairtrial.errors import did_you_mean
from fairtrial.spec.budget import Amount
from fairtrial.spec.section import Section, make_problem

FACTORS: Mapping[str, int] = {
    "B": 1,
    **{name: 1000**power for power, name in enumerate(("kB", "MB", "GB", "TB"), 1)},
    **{name: 1024**power for power, name in enumerate(("KiB", "MiB", "GiB", "TiB"), 1)},
}
"""Units of a size, in bytes."""

QUANTITY = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$")
PATTERN = r"^\s*\d+(\.\d+)?\s*([kKmMgGtT]i?)?[bB]\s*$"

SHARES: Mapping[str, tuple[float, float]] = {"phone": (0.5, 0.05), "board": (0.75, 0.5), "computer": (0.5, 0.1)}
"""Kind of device to the shares of its memory and its disk that one program is assumed to get.  Assumptions, ours."""


def parse_bytes(given: Any) -> int:
    """Return the bytes of a size such as ``4GB`` or ``512MiB``; raise pydantic's error for anything else."""
    told = f"a size is a number with a unit, e.g. 4GB or 512MiB; got {given!r}"
    match = QUANTITY.match(given) if isinstance(given, str) else None
    if match is None or not match[2]:
        raise make_problem(f"{told}. Units: {', '.join(FACTORS)}")
    units = {name.lower(): factor for name, factor in FACTORS.items()}
    if match[2].lower() not in units:
        raise make_problem(f"{told}.{did_you_mean(match[2], FACTORS)} Units: {', '.join(FACTORS)}")
    size = round(float(match[1]) * units[match[2].lower()])
    if not 0 < size < 1 << 60:
        raise make_problem(f"{told}, above 0 and below an exbibyte")
    return size


Bytes = Annotated[
    int,
    BeforeValidator(parse_bytes),
    PlainSerializer(lambda size: f"{size}B"),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["4GB", "512MiB"]}),
]


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """A device by name.

    Attributes:
        title: what it is called.
        kind: ``phone``, ``board`` or ``computer``.
        memory: bytes of RAM, nominal.
        disk: bytes of built-in storage, nominal; None where the buyer chooses.
        source: whose figures these are.
    """

    title: str
    kind: str
    memory: int
    disk: int | None
    source: str


@cache
def load_profiles() -> Mapping[str, DeviceProfile]:
    """Return the devices that are known by name."""
    told = yaml.safe_load((files("fairtrial.spec") / "devices.yaml").read_text(encoding="utf-8"))
    return {
        name: DeviceProfile(
            one["title"],
            one["kind"],
            parse_bytes(one["memory"]),
            parse_bytes(one["disk"]) if "disk" in one else None,
            one["source"],
        )
        for name, one in told.items()
    }


@dataclass(frozen=True, slots=True)
class Limits:
    """What a candidate may take, and what it must reach; None: no limit.

    Attributes:
        name: of the device; empty if none is named.
        memory: bytes.
        disk: bytes.
        tokens_per_second: of text written, at least.
        joules_per_answer: at most.
        assumed: what was assumed, in words; empty if nothing was.
    """

    name: str
    memory: int | None
    disk: int | None
    tokens_per_second: float | None
    joules_per_answer: float | None
    assumed: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


class Device(Section):
    """What the candidates shall fit on.  In YAML a bare name is short for ``{like: NAME}``."""

    like: str = Field("", description="A device by name; `docs/device.md` lists them. What is written beside it wins.")
    memory: Bytes | None = Field(None, description="Memory that the candidate may take, e.g. 4GB.")
    disk: Bytes | None = Field(None, description="Disk that its weights may take, e.g. 2GB.")
    tokens_per_second: Amount | None = Field(
        None, description="Tokens of text that it must write in a second; checked with this machine's measured speed."
    )
    joules_per_answer: Amount | None = Field(None, description="Energy that an answer may take, on this machine.")

    @model_validator(mode="before")
    @classmethod
    def _a_bare_name(cls, data: Any) -> Any:
        return {"like": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _says_something(self) -> Device:
        known = load_profiles()
        if self.like and self.like not in known:
            near = did_you_mean(self.like, known)
            raise make_problem(f"device {self.like!r} is not known.{near} Devices: {', '.join(known)}", "like")
        if not self.like and all(getattr(self, name) is None for name in LIMITED):
            raise make_problem(f"device limits nothing: write one of {', '.join(LIMITED)}, or like: NAME")
        return self

    def limits(self) -> Limits:
        """Return what a candidate may take: what is written, else a share of what the named device has."""
        memory, disk, assumed = self.memory, self.disk, []
        if self.like:
            profile = load_profiles()[self.like]
            shares = SHARES[profile.kind]
            if memory is None:
                memory = round(profile.memory * shares[0])
                assumed.append(f"{100 * shares[0]:.0f}% of its {format_gigabytes(profile.memory)} of memory")
            if disk is None and profile.disk is not None:
                disk = round(profile.disk * shares[1])
                assumed.append(f"{100 * shares[1]:.0f}% of its {format_gigabytes(profile.disk)} of storage")
        told = f"assumed for one program: {' and '.join(assumed)}; nominal" if assumed else ""
        if told:
            told += f" ({load_profiles()[self.like].source})"
        return Limits(self.like, memory, disk, self.tokens_per_second, self.joules_per_answer, told)


DeviceSettings = Annotated[
    Device | None, BeforeValidator(lambda given: given, json_schema_input_type=str | Device | None)
]
"""What a trial file says after ``device:``."""

LIMITED = ("memory", "disk", "tokens_per_second", "joules_per_answer")


def format_gigabytes(size: int) -> str:
    """Return bytes as ``4 GB`` or ``512 MB``."""
    return f"{size / 1e9:.3g} GB" if size >= 1_000_000_000 else f"{size / 1e6:.0f} MB"
