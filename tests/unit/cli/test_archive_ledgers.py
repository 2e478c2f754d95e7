"""``fairtrial archive ledgers``: what an archive knows of is listed; a ledger is forgotten only if it is not there."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from fairtrial.archive.forgetting import forget_ledgers
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.errors import ArchiveError

command = importlib.import_module("fairtrial.cli.main")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.db").write_bytes(b"")
    with SqliteStore(tmp_path / "news.db", create=True) as store, store.writing():
        for name in ("here.db", "gone.db", "lost.db"):
            store.remember_ledger(str(tmp_path / name))
    return tmp_path


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fairtrial", "archive", "ledgers", "--archive", "news.db", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_ledgers_are_listed_and_deleted_ones_forgotten(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [f"{place / 'gone.db'}: not there", str(place / "here.db"), f"{place / 'lost.db'}: not there"]
    assert lines[3] == "news.db: 3 ledgers with answers made with it, 2 of them not there."
    assert call(monkeypatch, "--forget", "gone.db", "--forget", str(place / "lost.db"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["forgotten"] == [str(place / "gone.db"), str(place / "lost.db")]
    assert told["ledgers"] == [{"place": str(place / "here.db"), "there": True}]


def test_a_ledger_that_is_there_or_unknown_is_not_forgotten(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "--forget", "gone.db", "--forget", "here.db") == ArchiveError.exit_code
    assert "delete the file first" in " ".join(capsys.readouterr().err.split())
    with SqliteStore(place / "news.db") as store, store.writing():
        assert len(store.list_ledgers()) == 3, "all or none"
        with pytest.raises(ArchiveError, match=r"knows of no ledger gome\.db\. It knows of 3\. Did you mean"):
            forget_ledgers(store, ["gome.db"])
