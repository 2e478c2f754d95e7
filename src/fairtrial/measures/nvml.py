"""Joules of NVIDIA devices, through NVML (the package ``nvidia-ml-py``, extra ``energy``).

Takes the devices' own energy counters (``nvmlDeviceGetTotalEnergyConsumption``, millijoules, Volta and newer), else
their power, integrated over time.  Counts whole devices, whoever uses them.  Knows nothing of batches or models.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fairtrial.measures.base import NotMeasuredError

POWER_EVERY_SECONDS = 0.1


@dataclass
class NvmlDevice:
    """One device: its handle, and what was seen last.

    Attributes:
        counts: whether it has an energy counter; else its power is integrated.
        last: millijoules of the counter, or watts.
        seen: when, in seconds of the clock.
        used: joules since it was opened.
    """

    handle: Any
    name: str
    counts: bool
    last: float
    seen: float
    used: float = 0.0


class Nvml:
    """The NVIDIA devices of this machine.

    Attributes:
        scope: what is counted and how, in words.
        read_every_seconds: how often `joules` must be called while a batch is answered; None where only its ends count.
    """

    def __init__(self, library: Any, devices: list[NvmlDevice], clock: Callable[[], float]) -> None:
        self.library = library
        self.devices = devices
        self.clock = clock
        self.scope = "NVML: " + ", ".join(
            f"{device.name} ({'energy counter' if device.counts else 'power, integrated'})" for device in devices
        )
        integrates = any(not device.counts for device in devices)
        self.read_every_seconds = POWER_EVERY_SECONDS if integrates else None

    @classmethod
    def open(cls, library: Any = None, clock: Callable[[], float] = time.perf_counter) -> Nvml:
        """Find the devices.

        Args:
            library: the module ``pynvml``; None imports it.
            clock: seconds, from any moment on.

        Raises NotMeasuredError if the package or the driver is not installed, or there is no device that tells.
        """
        library = _import_library() if library is None else library
        try:
            library.nvmlInit()
            count = library.nvmlDeviceGetCount()
            devices = [_find_devices(library, i, clock) for i in range(count)]
        except library.NVMLError as error:
            raise NotMeasuredError(f"NVML gives no energy: {error}") from error
        if not devices:
            raise NotMeasuredError("NVML finds no device")
        return cls(library, devices, clock)

    def read_joules(self) -> float:
        """Return the joules of all devices since they were opened.  Raises NotMeasuredError if one does not tell."""
        try:
            for device in self.devices:
                self.update(device)
        except self.library.NVMLError as error:
            raise NotMeasuredError(f"NVML stopped telling energy: {error}") from error
        return sum(device.used for device in self.devices)

    def update(self, device: NvmlDevice) -> None:
        """Add what a device used since the last time; power is taken as changing evenly between two looks."""
        if device.counts:
            counted = float(self.library.nvmlDeviceGetTotalEnergyConsumption(device.handle))
            if counted < device.last:
                device.last = counted
                raise NotMeasuredError(f"the energy counter of {device.name} went back; its driver was loaded again")
            device.used += (counted - device.last) / 1e3
            device.last = counted
            return
        watts, now = self.library.nvmlDeviceGetPowerUsage(device.handle) / 1e3, self.clock()
        device.used += (watts + device.last) / 2 * (now - device.seen)
        device.last, device.seen = watts, now


def _find_devices(library: Any, index: int, clock: Callable[[], float]) -> NvmlDevice:
    """Return a device with its counter or power as it is now."""
    handle = library.nvmlDeviceGetHandleByIndex(index)
    name = library.nvmlDeviceGetName(handle)
    shown = f"GPU {index} {name.decode('utf-8', 'replace') if isinstance(name, bytes) else name}"
    try:
        counted = float(library.nvmlDeviceGetTotalEnergyConsumption(handle))
    except library.NVMLError_NotSupported:
        return NvmlDevice(handle, shown, False, library.nvmlDeviceGetPowerUsage(handle) / 1e3, clock())
    return NvmlDevice(handle, shown, True, counted, clock())


def _import_library() -> Any:
    """Return the module ``pynvml``.  Raises NotMeasuredError if it is not installed."""
    try:
        import pynvml
    except ImportError:
        raise NotMeasuredError("NVIDIA devices are not looked for (pip install 'fairtrial[energy]')") from None
    return pynvml
