"""Tables of grades on the command line: what is wrong with them, and where their results are written."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from fairtrial import __main__ as command

GRADES = ["compare", "grades.csv", "--item", "ticket", "--a", "a", "--b", "b", "--no-report", "--quiet"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [f"T-{i};{i % 5},5;{(i + 1) % 5},5" for i in range(30)]
    (tmp_path / "grades.csv").write_text("ticket;a;b\n" + "\n".join(rows), "utf-8")
    (tmp_path / "wrong.csv").write_text("ticket,a,b\nT-0,great,1\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fairtrial", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wrong.csv", "--item", "ticket", "--a", "a", "--b", "b"], "is no number"),
        (["wrong.csv", "--a", "a", "--b", "b"], "--item is missing"),
        (["wrong.csv"], "is no log"),
    ],
)
def test_a_wrong_table_is_a_wrong_command_line(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    assert call(monkeypatch, "compare", *arguments) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_decimal_commas_and_exports(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, *GRADES) == 0
    assert call(monkeypatch, "export", "--out", "items.ods") == 2
    assert not (place / "items.ods").exists()
    assert call(monkeypatch, "view", "--tasks", "nope") == 2
    assert "Tasks of the trial: grades." in capsys.readouterr().err
    assert call(monkeypatch, "export", "--out", "new/items.csv") == 0
    assert "The folder new is new." in capsys.readouterr().err
    with (place / "new" / "items.csv").open(encoding="utf-8-sig", newline="") as file:
        first = next(csv.DictReader(file))
    assert (first["id"], first["a score"]) == ("T-0", "0.5")
