"""What can be made again: remembered where that is possible, and no failure where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial import cache
from fairtrial.errors import FairtrialError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "user_cache_path", lambda _name: tmp_path / "cache")
    return tmp_path / "cache"


def test_a_fact_is_remembered(folder: Path) -> None:
    assert cache.recall("speed/x") is None
    cache.remember("speed/x", {"threads": 2})
    assert cache.recall("speed/x") == {"threads": 2}
    assert [path.name for path in (folder / "speed").iterdir()] == ["x.json"]


@pytest.mark.parametrize("text", ["", "[1]", "{", "\x00", "[" * 100_000])
def test_a_damaged_fact_is_none(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "x.json").write_text(text)
    assert cache.recall("x") is None


def test_a_folder_that_cannot_be_made_is_an_error_for_files_and_none_for_facts(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    cache.remember("x", {"a": 1})
    assert cache.recall("x") is None
    with pytest.raises(FairtrialError, match="cannot be written: ") as raised:
        cache.cache_folder()
    assert "XDG_CACHE_HOME" in raised.value.fix
