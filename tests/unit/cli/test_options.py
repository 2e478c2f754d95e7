"""Options: one meaning each, as docs/command-line.md lists them; names of the version before; reports of one name."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairtrial.cli.spellings import RENAMED, rename_options

command = importlib.import_module("fairtrial.cli.main")  # the package shows its function under the same name
DOCS = Path(__file__).parents[3] / "docs" / "command-line.md"
TRIAL = """
name: {name}
candidates: [{{id: a, model: "fake:a"}}, {{id: b, model: "fake:b"}}]
tasks: [{{task: table, limit: {limit}}}]
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "t.yaml").write_text(TRIAL.format(name="t", limit=20))
    return tmp_path


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fairtrial", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def verbs(group: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every verb by its whole name."""
    for own, found in group.commands.items():
        whole = f"{name} {own}".strip()
        yield from verbs(found, whole) if hasattr(found, "commands") else [(whole, found)]


def test_the_docs_list_the_options_as_they_are() -> None:
    real: dict[frozenset[str], set[str]] = {}
    for verb, found in verbs(command.load_parser()):
        for option in found.params:
            if option.param_type_name == "option":
                real.setdefault(frozenset([*option.opts, *option.secondary_opts]), set()).add(verb)
    listed = {}
    for row in re.findall(r"^\| (`--.*?) \| (.*?) \|", DOCS.read_text(), re.M):
        listed[frozenset(re.findall(r"--?[a-z-]+", row[0]))] = set(row[1].split(", "))
    assert listed == real
    long = [name for names in real for name in names if name.startswith("--")]
    assert len(long) == len(set(long)), "one option, one row"


@pytest.mark.parametrize(("verb", "old"), [(verb, old) for verb, names in RENAMED.items() for old in names])
def test_an_old_name_is_understood_and_told(verb: str, old: str) -> None:
    told: list[str] = []
    new = RENAMED[verb][old]
    assert rename_options([verb, "x", old, "y", f"{old}=z", "--", old], told.append) == [
        *(verb, "x", new, "y", f"{new}=z", "--", old)
    ]
    assert f"`{verb} {old}` is called {new} now" in told[0]
    assert rename_options(["compare", "a", "b", "--tasks", "table"], told.append)[3] == "--tasks"
    known = {name for found, one in verbs(command.load_parser()) if found == verb for p in one.params
             for name in p.opts}  # fmt: skip
    assert new in known


def test_old_names_work_on_the_command_line(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (place / "more").mkdir()
    assert call(monkeypatch, "plan", "t.yaml", "--tasks", "more", "--measure", "50", "--quiet") == 0
    told = capfd.readouterr().err
    assert "`plan --tasks` is called --task-path now" in told
    assert "`plan --measure` is called --pilot now" in told
    assert call(monkeypatch, "plan", "t.yaml", "--task-path", "more", "--quiet") == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "t.yaml", "--ledgr", "x"], "no such option: --ledgr (Possible options: --ledger)."),
        (["run", "t.yaml", "--threads", "many"], "invalid value for '--threads' / '-t'"),
        (["run"], "missing argument"),
        (["ledger", "export", "--format", "xml"], "'xml'"),
        (["comapre"], "no such command 'comapre'"),
    ],
)
def test_wrong_options_are_plain_lines(
    arguments: list[str], said: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, *arguments) == 2
    told = capfd.readouterr().err
    assert told.startswith("Error: ")
    assert said in told
    assert told.isascii()  # no boxes
    assert len(told.splitlines()) == 2


def test_a_measure_is_checked_before_anything_is_asked(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "check", "t.yaml", "--measure", "speed", "--quiet") == 2
    assert "measure 'speed' does not exist" in capfd.readouterr().err
    assert not (place / "fairtrial.db").exists()
    assert call(monkeypatch, "check", "t.yaml", "--measure", "acc", "--quiet") == 7


def test_reports_of_two_trials_of_one_name_stand_beside_each_other(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(monkeypatch, "run", "t.yaml", "--quiet") == 0
    first = (place / "t.html").read_bytes()
    (place / "t.yaml").write_text(TRIAL.format(name="t", limit=30))
    assert call(monkeypatch, "run", "t.yaml", "--quiet") == 0
    assert (place / "t.html").read_bytes() == first
    [other] = place.glob("t-*.html")
    assert call(monkeypatch, "report") == 0  # the same trial writes over its own
    assert list(place.glob("t-*.html")) == [other]
    assert call(monkeypatch, "run", "t.yaml", "--quiet", "--report", "t.html") == 0  # as the user wants it
    assert (place / "t.html").read_bytes() != first
