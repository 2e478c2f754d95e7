"""What the README shows is run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), flags=re.DOTALL)


@pytest.mark.model
def test_the_python_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("llama_cpp")
    monkeypatch.chdir(tmp_path)
    code, _ = blocks("python")  # the other one asks a hosted model
    exec(compile(code, "README.md", "exec"), {})
    assert "q2 against q4 on table: " in capsys.readouterr().out
    assert (tmp_path / "two-bits.html").read_text().startswith("<!doctype html>")


def test_the_files_that_the_readme_names_exist() -> None:
    named = re.findall(r"\]\((docs/[^)#]+)\)", README.read_text())
    assert len(named) > 5
    for target in named:
        assert (README.parent / target).exists(), target
