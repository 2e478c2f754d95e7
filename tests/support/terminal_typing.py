"""Commands typed in the test's own process, in a folder of its own; quicker than a process each."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from tests.support.doc_blocks import split_words

command = importlib.import_module("fairtrial.cli.main")


class Terminal:
    """A terminal of 90 columns in a folder, whose commands run in this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "90")
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        self.monkeypatch = monkeypatch
        self.capfd = capfd

    def type(self, text: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command, and return what it printed."""
        words, into = split_words(text)
        self.monkeypatch.setattr(sys, "argv", words)
        self.capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            command.main()
        told = self.capfd.readouterr()
        assert ended.value.code in codes, (text, told.err)
        if into:
            Path(into).write_text(told.out)
        return told.err + told.out
