"""The first line on a terminal comes before anything is loaded, and only where somebody waits."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from fairtrial.cli.announce import announce_start


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "trial.yaml"], "run trial.yaml ...\n"),
        (["compare", "a\x1b[31m.gguf", "b.gguf"], "compare a?[31m.gguf ...\n"),
        (["run", "trial.yaml", "--json"], ""),
        (["check", "-q"], ""),
        (["tasks"], ""),
        ([], ""),
    ],
)
def test_it_says_what_begins(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    announce_start(arguments)
    assert capsys.readouterr().err == said


def test_without_a_terminal_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    announce_start(["run", "trial.yaml"])
    assert capsys.readouterr().err == ""


def test_it_comes_before_numbers_and_tables_are_loaded() -> None:
    loaded = "import sys, fairtrial.cli.announce; print({'numpy', 'rich', 'pydantic'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "set()\n"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-m", "fairtrial", "run", "no-such.yaml"], stderr=theirs) as process:
        os.close(theirs)
        first = os.read(ours, 100)
        process.wait()
    os.close(ours)
    assert first.startswith(b"run no-such.yaml ...")
