from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import DataError
from fairtrial.tasks.data import globbing
from fairtrial.tasks.data.globbing import find_matching_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.json", "b.csv", "x/a.json", "x/y/a.json", "x/y/z/c.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "x" / "loop").symlink_to(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "pattern",
    ["*.json", "*/*.json", "**/*.json", "x/**/*.json", "**/y/**/*.json", "?.csv", "x/*/a.json", "n*", "**/a.json"],
)
def test_files_are_those_of_path_glob(pattern: str, folder: Path) -> None:
    assert find_matching_files(folder, pattern) == sorted(path for path in folder.glob(pattern) if path.is_file())


def test_patterns_that_leave_the_folder_or_never_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for pattern in ("../*.json", "x/../../*", "**/../**"):
        with pytest.raises(DataError, match="leads out of"):
            find_matching_files(folder, pattern)
    assert len(find_matching_files(folder, "**/" * 500 + "*.json")) == 4
    monkeypatch.setattr(globbing, "MOST_ENTRIES", 5)
    with pytest.raises(DataError, match="looks at more than 5 files"):
        find_matching_files(folder, "**/*.json")
