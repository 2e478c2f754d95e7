"""Energy counters, in power capping trees and a device library made for the test: wraps, refusals, duplicates."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fairtrial.measures.base import NotMeasuredError
from fairtrial.measures.energy import EnergyMeter, EnergyProbe
from fairtrial.measures.nvml import Nvml
from fairtrial.measures.rapl import Rapl
from fairtrial.records import GenerateAnswer
from fairtrial.spec.stated import StatedMachine

RANGE = 262_143_328_850
WRITTEN = GenerateAnswer(text="4", tokens=5, finish="stop", prompt_tokens=50)
SMALL = GenerateAnswer(text="4", tokens=0, finish="stop", prompt_tokens=50)


def zone(root: Path, folder: str, name: str, energy: int | str, range_uj: int | None = RANGE) -> Path:
    path = root / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / "name").write_text(f"{name}\n")
    (path / "energy_uj").write_text(f"{energy}\n")
    if range_uj is not None:
        (path / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return path / "energy_uj"


def server(root: Path) -> tuple[Path, Path]:
    """Two packages as a two-socket server shows them, flat as in sysfs, with all that must not be counted."""
    (root / "intel-rapl").mkdir(parents=True)  # the control type itself
    first = zone(root, "intel-rapl:0", "package-0", 1_000_000)
    zone(root, "intel-rapl:0:0", "core", 900_000)
    zone(root, "intel-rapl:0:1", "dram", 500_000)
    second = zone(root, "intel-rapl:1", "package-1", 7_000_000)
    zone(root, "intel-rapl:1:0", "dram", 500_000)
    zone(root, "intel-rapl:2", "psys", 99_000_000)
    zone(root, "intel-rapl-mmio:0", "package-0", 1_000_000)  # the same package once more
    return first, second


def test_packages_are_summed_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    first, second = server(tmp_path)
    rapl = Rapl.open(tmp_path)
    assert rapl.scope == "RAPL: package-0, package-1"
    assert rapl.read_joules() == 0
    first.write_text("3500000\n")
    second.write_text("8000000\n")
    for other in ("intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:2", "intel-rapl-mmio:0"):
        (tmp_path / other / "energy_uj").write_text("400000000\n")
    assert rapl.read_joules() == pytest.approx(2.5 + 1.0)
    assert rapl.read_joules() == pytest.approx(3.5)


def test_a_counter_that_comes_round_goes_on(tmp_path: Path) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0-die-0", RANGE - 2_000_000)
    rapl = Rapl.open(tmp_path)
    for turn in range(1, 4):
        energy.write_text("3000000")
        assert rapl.read_joules() == pytest.approx((turn - 1) * RANGE / 1e6 + 5.0)
        energy.write_text(str(RANGE - 2_000_000))
        assert rapl.read_joules() == pytest.approx(turn * RANGE / 1e6)


def test_without_a_range_only_a_counter_that_goes_back_is_lost(tmp_path: Path) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000, range_uj=None)
    rapl = Rapl.open(tmp_path)
    energy.write_text("6000000")
    assert rapl.read_joules() == pytest.approx(1.0)
    energy.write_text("100")
    with pytest.raises(NotMeasuredError, match="package-0 went back"):
        rapl.read_joules()
    energy.write_text("1000100")
    assert rapl.read_joules() == pytest.approx(2.0)


def forbidden(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse reading as the kernel does to everybody but the administrator, whom file modes do not stop."""
    real = Path.read_text

    def read_text(self: Path, *args: str | None, **named: str | None) -> str:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args, **named)

    monkeypatch.setattr(Path, "read_text", read_text)


def test_one_package_that_may_not_be_read_is_no_measurement_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second = server(tmp_path)
    forbidden(second, monkeypatch)
    with pytest.raises(NotMeasuredError, match=r"intel-rapl:1/energy_uj may be read by the administrator only"):
        Rapl.open(tmp_path)


@pytest.mark.parametrize("text", ["", "-5", "1e9", "²", "9" * 5000])
def test_what_is_no_number_is_no_energy(tmp_path: Path, text: str) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", text)
    with pytest.raises(NotMeasuredError, match="no energy"):
        Rapl.open(tmp_path)


def test_a_machine_without_packages_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotMeasuredError, match="there is no"):
        Rapl.open(tmp_path / "absent")
    zone(tmp_path, "intel-rapl:0", "psys", 1)
    with pytest.raises(NotMeasuredError, match="no energy counter of a processor package"):
        Rapl.open(tmp_path)


class NVMLError(Exception):
    pass


class NotSupportedError(NVMLError):
    pass


class Library:
    """What `pynvml` offers, for devices of which each has a counter or only tells its power."""

    NVMLError = NVMLError
    NVMLError_NotSupported = NotSupportedError

    def __init__(self, millijoules: list[float | None], milliwatts: list[float]) -> None:
        self.millijoules, self.milliwatts, self.broken = millijoules, milliwatts, False

    def nvmlInit(self) -> None:  # noqa: N802
        if self.broken:
            raise NVMLError("Driver Not Loaded")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.millijoules)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetName(self, handle: int) -> bytes | str:  # noqa: N802
        return b"Old" if handle else "New"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> float:  # noqa: N802
        if self.broken:
            raise NVMLError("GPU is lost")
        value = self.millijoules[handle]
        if value is None:
            raise NotSupportedError("Not Supported")
        return value

    def nvmlDeviceGetPowerUsage(self, handle: int) -> float:  # noqa: N802
        return self.milliwatts[handle]


def test_devices_with_a_counter_and_without_one() -> None:
    now = [0.0]
    library = Library([1000.0, None], [0.0, 50_000.0])
    nvml = Nvml.open(library, clock=lambda: now[0])
    assert nvml.scope == "NVML: GPU 0 New (energy counter), GPU 1 Old (power, integrated)"
    assert nvml.read_every_seconds is not None
    now[0], library.millijoules[0], library.milliwatts[1] = 2.0, 4000.0, 100_000.0
    assert nvml.read_joules() == pytest.approx(3.0 + 2 * 75)
    now[0] = 3.0
    assert nvml.read_joules() == pytest.approx(3.0 + 150 + 100)
    assert Nvml.open(Library([1.0], [0.0])).read_every_seconds is None


def test_devices_that_fail_are_no_zero() -> None:
    library = Library([1000.0], [0.0])
    nvml = Nvml.open(library)
    library.millijoules[0] = 500.0
    with pytest.raises(NotMeasuredError, match="went back"):
        nvml.read_joules()
    library.broken = True
    with pytest.raises(NotMeasuredError, match="GPU is lost"):
        nvml.read_joules()
    with pytest.raises(NotMeasuredError, match="Driver Not Loaded"):
        Nvml.open(library)
    with pytest.raises(NotMeasuredError, match="no device"):
        Nvml.open(Library([], []))


STATED = StatedMachine(watts_per_core=10, grid_g_per_kwh=360, source="made up for the test")


def watched(meter: EnergyMeter, during: Callable[[], object], stated: StatedMachine = STATED) -> EnergyProbe:
    probe = EnergyProbe(meter, stated)
    probe.start()
    during()
    probe.stop()
    return probe


def sums(probe: EnergyProbe) -> dict[str, float]:
    rows = probe.observe([[WRITTEN], [], [SMALL]])
    assert rows[1] == []
    found: dict[str, float] = {}
    for observation in (*rows[0], *rows[2]):
        found[observation.measure] = found.get(observation.measure, 0.0) + observation.value
    return found


def test_measured_joules_are_shared_by_tokens_and_make_grams(tmp_path: Path) -> None:
    first, _ = server(tmp_path)
    meter = EnergyMeter.open(tmp_path, Library([0.0], [0.0]))
    probe = watched(meter, lambda: first.write_text("37000000"))
    [scored, _, small] = [{o.measure: o.value for o in row} for row in probe.observe([[WRITTEN], [], [SMALL]])]
    assert scored["joules"] + small["joules"] == pytest.approx(36)
    assert scored["joules"] == pytest.approx(2 * small["joules"])  # 50 read + 10 x 5 written against 50 read
    assert sums(probe)["grams_co2e"] == pytest.approx(36 * 360 / 3.6e6)
    assert sums(probe).keys() == {"joules", "grams_co2e", "cpu_seconds"}
    assert probe.absences() == {}


def test_an_estimate_has_its_own_name_and_the_measure_stays_absent(tmp_path: Path) -> None:
    meter = EnergyMeter.open(tmp_path / "absent", Library([], []))
    probe = watched(meter, lambda: sum(range(200_000)))
    found = sums(probe)
    assert found.keys() == {"joules_estimated", "grams_co2e_estimated", "cpu_seconds"}
    assert found["joules_estimated"] == pytest.approx(10 * found["cpu_seconds"])
    assert found["grams_co2e_estimated"] == pytest.approx(found["joules_estimated"] * 1e-4)
    assert probe.absences().keys() == {"joules", "grams_co2e"}
    assert "absent" in probe.absences()["joules"]


def test_without_counters_and_stated_watts_there_are_only_reasons(tmp_path: Path) -> None:
    meter = EnergyMeter.open(tmp_path / "absent", Library([], []))
    probe = watched(meter, lambda: None, StatedMachine())
    assert sums(probe).keys() == {"cpu_seconds"}
    assert probe.absences().keys() == {"joules", "joules_estimated", "grams_co2e"}


def test_devices_alone_are_not_the_joules_of_the_machine(tmp_path: Path) -> None:
    library = Library([0.0], [0.0])
    meter = EnergyMeter.open(tmp_path / "absent", library)

    def work() -> None:
        library.millijoules[0] = 9000.0

    probe = watched(meter, work, StatedMachine())
    assert sums(probe)["joules_gpu"] == pytest.approx(9.0)
    assert probe.absences().keys() == {"joules", "joules_estimated", "grams_co2e"}


def test_a_counter_that_fails_during_a_batch_loses_that_batch_only(tmp_path: Path) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000, range_uj=None)
    meter = EnergyMeter.open(tmp_path, Library([], []))
    probe = watched(meter, lambda: energy.write_text("100"))
    assert sums(probe).keys() == {"cpu_seconds"}
    assert "went back" in probe.absences()["joules"]
    probe.start()
    energy.write_text("2000100")
    probe.stop()
    assert sums(probe)["joules"] == pytest.approx(2.0)
    assert probe.absences() == {}


def test_a_long_batch_is_read_in_between(tmp_path: Path) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    meter = EnergyMeter.open(tmp_path, Library([], []))
    assert meter.watcher is not None
    meter.watcher.seconds = 0.001
    rapl = meter.counters[0]
    assert isinstance(rapl, Rapl)

    def work() -> None:
        for value in (RANGE - 1, 1_000_000, RANGE - 1, 5_000_000):  # round twice
            whole = tmp_path / "new"
            whole.write_text(str(value))
            whole.replace(energy)
            patience = time.monotonic() + 600
            while rapl.zones[0].last != value and time.monotonic() < patience:
                time.sleep(0.001)

    assert sums(watched(meter, work))["joules"] == pytest.approx(2 * RANGE / 1e6, rel=1e-6)


def test_answers_made_elsewhere_have_no_energy_here(tmp_path: Path) -> None:
    first, _ = server(tmp_path)
    probe = EnergyProbe(EnergyMeter.open(tmp_path, Library([], [])), STATED, elsewhere=True)
    probe.start()
    first.write_text("37000000")
    probe.stop()
    assert sums(probe) == {}
    assert probe.absences().keys() == {"joules", "grams_co2e", "cpu_seconds"}
