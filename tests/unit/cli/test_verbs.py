"""Verbs are imported when they are used: what the table says of them is true, and nothing else is loaded."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from fairtrial.cli import verbs

command = importlib.import_module("fairtrial.cli.main")  # the package shows its function under the same name


def test_the_table_says_what_the_verbs_say() -> None:
    loaded = command.load_parser().commands
    told = {name: " ".join(found.help.split("\n\n")[0].split()) for name, found in loaded.items()}
    assert told == {name: summary for name, (_, summary) in verbs.VERBS.items()}
    assert all(found.name == name for name, found in loaded.items())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["comapre"]])
def test_what_needs_no_verb_loads_none(arguments: list[str]) -> None:
    code = (
        "import sys; from fairtrial.cli.main import main\n"
        f"sys.argv[1:] = {arguments}\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('\\n', {'numpy', 'fairtrial.ledger', 'fairtrial.planning', 'fairtrial.cli.run'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].strip() == "set()"


def test_a_verb_that_cannot_be_imported_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verbs, "VERBS", {"run": ("fairtrial.cli.no_such_module:run", "Run.")})
    monkeypatch.setattr(sys, "argv", ["fairtrial", "run", "t.yaml"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    told = capfd.readouterr().err
    assert ended.value.code == 1
    assert "ModuleNotFoundError: No module named 'fairtrial.cli.no_such_module'" in told
    assert len(told.splitlines()) == 2


def test_an_interrupt_while_a_verb_is_imported_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(place: str) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(verbs, "import_object", interrupt)
    monkeypatch.setattr(sys, "argv", ["fairtrial", "run", "t.yaml"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 130
    assert capfd.readouterr().err == "Interrupted. Nothing had been begun.\n"
