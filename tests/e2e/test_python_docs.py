"""docs/python.md is run, every block of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import fairtrial as ft

DOCS = Path(__file__).parents[2] / "docs"


def read_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.S)


def test_the_page_about_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names: dict[str, Any] = {"__name__": "docs"}
    for number, block in enumerate(read_blocks(DOCS / "python.md"), 1):
        exec(compile(block, f"python.md, block {number}", "exec"), names)
    told = capsys.readouterr().out
    assert "keywords is better than by_number on rows" in told
    assert (tmp_path / "verdicts.png").is_file() and (tmp_path / "report.html").is_file()
    assert names["again"].verdicts[0].label == "tied"
    assert names["wrong"] and len(names["table"]) == len(names["items"])


def test_every_public_name_is_explained() -> None:
    for name in set(dir(ft)) - {"__version__"}:
        assert (getattr(ft, name).__doc__ or "").strip(), name
