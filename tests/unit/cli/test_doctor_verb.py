"""``fairtrial doctor`` knows every extra of the distribution."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from fairtrial.cli import doctor

ROOT = Path(__file__).parents[3]
PROJECT = ROOT / "pyproject.toml"


def test_the_doctor_tells_of_every_extra_that_can_be_installed() -> None:
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    told = [extra for _, _, extra in doctor.EXTRAS]
    assert sorted(told) == sorted(
        set(extras) - {"demo"}
    )  # demo is llama.cpp and a model, which have lines of their own


def test_what_is_missing_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    table = (
        ("no_such_module", "a thing", "one"),
        ("no_such_package.inner", "another", "two"),
        ("json", "third", "three"),
    )
    monkeypatch.setattr(doctor, "EXTRAS", table)
    found = doctor.check_extras()
    assert [(check.ok, check.fix) for check in found] == [
        (False, "pip install 'fairtrial[one]'"),
        (False, "pip install 'fairtrial[two]'"),
        (True, ""),
    ]


def test_what_is_optional_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = (
        ("json", "an engine", "llamacpp"),
        ("no_such_module", "another engine", "openai"),
        ("none_such", "a thing", "pdf"),
    )
    monkeypatch.setattr(doctor, "EXTRAS", table)
    doctor.doctor()
    told = capsys.readouterr().out
    assert "missing" not in told
    before, _, after = told.partition("All that is installed can be used. Nothing is wrong without these")
    assert "ok       an engine: installed" in before and "a thing" not in before
    assert "optional a thing: not installed\n         pip install 'fairtrial[pdf]'" in after
    monkeypatch.setattr(doctor, "EXTRAS", table[1:])
    doctor.doctor()
    told = capsys.readouterr().out
    assert "missing  another engine: not installed" in told and "1 of these must be mended" in told


def test_the_doctor_knows_every_kind_of_plugin_that_the_documentation_lists() -> None:
    kinds = re.findall(r"^\| `(\w+)\.NAME` \|", (ROOT / "docs" / "plugins.md").read_text(), re.MULTILINE)
    assert len(kinds) > 5
    assert sorted(kinds) == sorted(doctor.TABLES)
