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


def test_the_doctor_knows_every_kind_of_plugin_that_the_documentation_lists() -> None:
    kinds = re.findall(r"^\| `(\w+)\.NAME` \|", (ROOT / "docs" / "plugins.md").read_text(), re.MULTILINE)
    assert len(kinds) > 5
    assert sorted(kinds) == sorted(doctor.TABLES)
