"""``fairtrial archive``: what it prints, and that nothing of a document is in it that must not be displayed."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

command = importlib.import_module("fairtrial.cli.main")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    folder = tmp_path / "news"
    folder.mkdir()
    told = "---\ntitle: The mill\npublisher: Harbour Post\npublished: 2026-03-01T08:00:00Z\n---\nThe miller wept.\n"
    (folder / "mill.md").write_text(told)
    (folder / "bad.md").write_bytes(b"\xff\xfe\x00")
    return tmp_path


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fairtrial", "archive", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_adding_names_bad_files_and_counts_in_the_last_line(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "add", "news", "--profile", "own-archive") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("news/bad.md: ")
    assert lines[-1].startswith("news.db: 1 document new, 0 known; 2 files, 0 unchanged, 1 refused; fingerprint ")
    assert call(monkeypatch, "add", "news", "--profile", "own-archive", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["unchanged"], told["refused_count"]) == (2, 1)
    assert call(monkeypatch, "check") == 0
    assert "news.db is sound: 1 document, " in capsys.readouterr().out


def test_a_folder_of_bad_files_alone_is_an_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "add", "news/bad.md") == 5
    assert call(monkeypatch, "add", "nowhere") == 5
    assert call(monkeypatch, "list", "-a", "none.db") == 5


def test_text_title_and_publisher_are_shown_where_display_is_permitted_only(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call(monkeypatch, "add", "news", "--profile", "own-archive")
    capsys.readouterr()
    for verb in (
        ("list",),
        ("show", "mill.md"),
        ("show", "news/mill.md"),
        ("list", "--json"),
        ("show", "mill.md", "--json"),
    ):
        assert call(monkeypatch, *verb, "--profile", "own-archive") == 0
        assert "Harbour Post" in capsys.readouterr().out
        assert call(monkeypatch, *verb, "--profile", "strict") == 0
        told = capsys.readouterr()
        assert "mill.md" in told.out
        assert not [word for word in ("Harbour", "The mill", "miller", "wept") if word in told.out + told.err]
    assert call(monkeypatch, "show", "nobody") == 5
    assert "no document 'nobody'" in capsys.readouterr().err


def test_what_nothing_permits_is_said_with_what_to_do(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "add", "news") == 0
    told = capsys.readouterr().out
    assert "1 document kept as hash and evidence only" in told
    assert "--profile own-archive" in told
    assert call(monkeypatch, "show", "mill.md", "--profile", "own-archive") == 0
    assert "not kept" in capsys.readouterr().out


def test_an_archive_remembers_in_which_circumstances_it_was_filled(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = place / "agreements.yaml"
    table.write_text("agreements: [{id: a, holder: Courier, sources: ['*'], allow: [search, display]}]\n")
    (place / "more").mkdir()
    (place / "more" / "ferry.txt").write_text("The ferry sails.\n")
    assert call(monkeypatch, "add", "news", "--agreements", "agreements.yaml", "--territory", "DE") == 0
    assert call(monkeypatch, "add", "more") == 0
    assert call(monkeypatch, "rights") == 0
    capsys.readouterr()
    assert call(monkeypatch, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"words": 2, "text": 0, "hash": 0, "withdrawn": 0}
    table.rename(place / "elsewhere.yaml")
    assert call(monkeypatch, "add", "news") == 5
    assert "--agreements" in capsys.readouterr().err
    (place / "none.yaml").write_text("agreements: []\n")
    assert call(monkeypatch, "add", "news", "--agreements", "none.yaml") == 0
    assert "lost text or words" in capsys.readouterr().out
