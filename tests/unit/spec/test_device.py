"""The device of a trial file: sizes with units, devices by name, and every way to be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fairtrial.errors import SpecError
from fairtrial.spec.device import FACTORS, SHARES, Device, load_profiles, parse_bytes
from fairtrial.spec.source import dump_trial, load_trial
from fairtrial.spec.trial import Trial


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4_000_000_000), ("512MiB", 1 << 29), ("1.5 GB", 1_500_000_000), ("900 kb", 900_000), ("17B", 17)],
)
def test_sizes_have_units(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@given(st.integers(1, 10_000), st.sampled_from(sorted(FACTORS)))
def test_every_unit_is_read(number: int, unit: str) -> None:
    assert parse_bytes(f"{number}{unit}") == number * FACTORS[unit]


@pytest.mark.parametrize("wrong", [4, 4.5, True, None, "", "4", "GB", "-4GB", "4 G B", "0GB", "4e9B", "9000000TB", [1]])
def test_what_is_no_size_is_told(wrong: object) -> None:
    with pytest.raises(ValidationError, match="a size is a number with a unit"):
        Device.model_validate({"memory": wrong} if wrong is not None else {"memory": []})


def test_a_unit_that_is_nearly_right() -> None:
    with pytest.raises(ValidationError, match="Did you mean 'GB'"):
        Device.model_validate({"memory": "4GBs"})


def test_what_is_written_wins_over_the_named_device() -> None:
    plain, own = Device.model_validate("pixel-8").limits(), Device.model_validate({"like": "pixel-8", "memory": "3GB"})
    profile = load_profiles()["pixel-8"]
    assert plain.memory == round(profile.memory * SHARES["phone"][0])
    assert plain.disk == round(profile.disk * SHARES["phone"][1])
    assert profile.source in plain.assumed
    assert (own.limits().memory, own.limits().disk) == (3_000_000_000, plain.disk)
    assert "of memory" not in own.limits().assumed
    assert Device(memory="2GB").limits().assumed == ""  # type: ignore[arg-type]


def test_devices_have_sources_and_are_in_the_docs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "device.md").read_text()
    assert len(load_profiles()) >= 8
    for name, profile in load_profiles().items():
        assert len(profile.source) > 20, name
        assert profile.kind in SHARES
        assert profile.memory < 65 * 10**9
        assert f"`{name}`" in page
        assert profile.title in page


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("pixel8", "Did you mean 'pixel-8'"),
        ("{}", "device limits nothing"),
        ("{memory: 4}", "4GB or 512MiB"),
        ("{memorry: 4GB}", "Did you mean 'memory'"),
        ("{tokens_per_second: -1}", "greater than 0"),
    ],
)
def test_mistakes_are_told_with_their_line(device: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(f"candidates: [{{id: a, model: 'fake:a'}}]\ntasks: [table]\ndevice: {device}\n")
    with pytest.raises(SpecError, match=message) as caught:
        load_trial(path)
    assert "t.yaml:3" in str(caught.value)


def test_a_trial_with_a_device_is_written_as_it_is_read(tmp_path: Path) -> None:
    given_ = {"candidates": [{"id": "a", "model": "fake:a"}], "tasks": ["table"], "device": {"memory": "512MiB"}}
    trial = Trial.model_validate(given_)
    path = tmp_path / "t.yaml"
    path.write_text(dump_trial(trial))
    assert load_trial(path).trial == trial
