"""Wrong command lines: one or two plain lines and the documented exit code, never a traceback."""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fairtrial.cli.details import mask_secrets
from fairtrial.cli.output import print_json
from fairtrial.errors import SpecError
from fairtrial.pages.showing import make_inline
from fairtrial.spec.shorthand import expand_model
from tests.support.commands import run_fairtrial

command = importlib.import_module("fairtrial.cli.main")  # the package shows its function under the same name
FAKES = ["compare", "fake:a", "fake:b", "--tasks"]

WRONG = [
    (["compare", "fake:a", "fake:b"], 2, "--tasks names no task"),
    (["compare", "./a.gguf", "./b.gguf", "--tasks", "table"], 2, "there is no file or folder './a.gguf'"),
    (["compare", "meta/llama", "fake:b", "--tasks", "table"], 2, "hf:meta/llama"),
    (["compare", "ggfu:a.gguf", "fake:b", "--tasks", "table"], 2, "Did you mean 'gguf'?"),
    (["compare", "fake:", "fake:b", "--tasks", "table"], 2, "has nothing after 'fake:'"),
    (["compare", "a.yaml", "fake:b", "--tasks", "table"], 2, "there is no file 'a.yaml'"),
    (["compare", "notes.txt", "fake:b", "--tasks", "table"], 2, "neither a GGUF file nor a log"),
    (["compare", "old.db", "fake:b", "--tasks", "table"], 2, "old.db#CANDIDATE"),
    ([*FAKES, ""], 2, "--tasks names no task"),
    ([*FAKES, "tabel"], 2, "Did you mean 'table'?"),
    ([*FAKES, "table@x"], 2, "must be a whole number, got 'x'"),
    ([*FAKES, "table", "--seed", "-5"], 2, "--seed"),
    ([*FAKES, "table", "--limit", "0"], 2, "--limit"),
    ([*FAKES, "table", "--shots", "9999999999999999999999"], 2, "shots"),
    ([*FAKES, "table", "--margin", "nan"], 2, "margin"),
    ([*FAKES, "table", "--ledger", "nowhere/x.db"], 5, "the folder 'nowhere' of the ledger x.db does not exist"),
    ([*FAKES, "table", "--ledger", "."], 5, "is a folder"),
    ([*FAKES, "table", "--ledger", "n" * 4000], 5, "name too long"),
    ([*FAKES, "table", "--ledger", "notes.txt"], 5, "is not a ledger"),
    (["run", "trail.yaml"], 2, "there is no file 'trail.yaml'"),
    (["run", "."], 2, "."),
    (["report", "--ledger", "nothing.db"], 5, "there is no ledger 'nothing.db'"),
    (["ledger", "export", "--ledger", "nothing.db"], 5, "there is no ledger 'nothing.db'"),
    (["drift", "nothing.db"], 5, "there is no ledger 'nothing.db'"),
    (["votes", "nothing.db"], 5, "serve --votes"),
    (["comapre"], 2, "comapre"),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "old.db").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fairtrial", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_said_in_a_line(
    arguments: list[str],
    code: int,
    said: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert call(monkeypatch, *arguments) == code
    out, told = capfd.readouterr()
    assert said.casefold() in told.casefold()
    assert "Traceback" not in told + out
    assert len(told.splitlines()) <= 6
    assert not (place / "state").exists(), "an error that nobody foresaw"


def test_an_error_that_nobody_foresaw_is_a_line_and_a_file(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-planted-0001")

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("with sk-planted-0001\nin it")

    monkeypatch.setattr(command, "app", fail)
    assert call(monkeypatch, "tasks") == 1
    told = capfd.readouterr().err
    assert "Traceback" not in told
    assert "an unexpected error ended this: ZeroDivisionError: with *** in it." in told
    [details] = place.rglob("fairtrial-error-*.txt")
    text = details.read_text()
    assert "Traceback" in text and "ZeroDivisionError" in text
    assert "sk-planted-0001" not in text + told


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("maximum"), OSError("odd")])
def test_every_kind_of_exception_is_a_line(
    error: Exception, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(command, "app", fail)
    assert call(monkeypatch) == 1
    told = capfd.readouterr().err
    assert told.startswith("Error: an unexpected error ended this: ")
    assert len(told.splitlines()) == 2


def test_secrets_are_masked_as_they_are_and_as_python_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "abc\tdef'ghi")
    assert mask_secrets("x abc\tdef'ghi y") == "x *** y"
    assert "def" not in mask_secrets(repr({"token": "abc\tdef'ghi"})[10:-1])


def test_paths_name_models(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "a.gguf").write_bytes(b"GGUF")
    (place / "runs" / "A").mkdir(parents=True)
    (place / "weights").mkdir()
    (place / "weights" / "config.json").write_text("{}")
    (place / "log.eval").write_bytes(b"")
    assert expand_model("./a.gguf") == {"model": "gguf:./a.gguf"}
    assert expand_model("a.gguf") == {"model": "gguf:a.gguf"}
    assert expand_model("runs/A") == {"model": "import:runs/A"}
    assert expand_model("weights") == {"model": "hf:./weights"}
    assert expand_model("log.eval") == {"model": "import:log.eval"}
    assert expand_model("old.db#small") == {"model": "replay:old.db#small"}
    assert expand_model("pkg:a/b") == {"model": "pkg:a/b"}
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    here = {"base_url": "http://localhost:11434/v1"}
    assert expand_model("ollama:qwen3:4b") == {"model": "openai:qwen3:4b", "endpoint": here}
    monkeypatch.setenv("OLLAMA_HOST", "http://10.0.0.5:80/")
    assert expand_model("ollama:x")["endpoint"] == {"base_url": "http://10.0.0.5:80/v1"}
    with pytest.raises(SpecError, match="no file or folder"):
        expand_model("a\0b")
    with pytest.raises(SpecError, match="no path"):
        expand_model("a" * 4000)


def test_a_name_cannot_fake_a_line() -> None:
    assert make_inline("table\n q2_k  ▲ better\u2028x\r") == "table⟨U+000A⟩ q2_k  ▲ better⟨U+2028⟩x⟨U+000D⟩"


@pytest.mark.parametrize(("encoding", "raw"), [("utf-8", "é"), ("ascii", "\\u00e9"), ("cp1252", "\\u00e9")])
def test_json_shows_no_hidden_characters_in_any_encoding(
    encoding: str, raw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    hostile = {"é": "a\u202eb\u200b\u2028\ud800\U000e0041"}
    print_json(hostile)
    stream.flush()
    text = stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert raw in text
    assert "\u202e" not in text and "\\u202e" in text
    assert json.loads(text) == hostile


def run_here(place: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command; with changes of the environment, from the start of Python."""
    env = {**os.environ, "XDG_CACHE_HOME": str(place / "cache"), **changes}
    if changes:
        program = [sys.executable, "-m", "fairtrial", *arguments]
        return subprocess.run(program, cwd=place, env=env, capture_output=True, check=False)
    done = run_fairtrial(*arguments, cwd=place, env=env)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.encode(), done.stderr.encode())


COMPARE = ("compare", "fake:a", "fake:b", "--tasks", "table@1", "--limit", "20", "--quiet")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_tables_and_gates_work_in_every_encoding(encoding: str, place: Path) -> None:
    changes = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = run_here(place, *COMPARE, **changes)
    assert done.returncode == 0, done.stderr
    gate = run_here(place, "check", **changes)
    assert gate.returncode == 7, gate.stderr
    assert "The gate fails" in gate.stdout.decode(encoding)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device_is_said(place: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fairtrial", "tasks"], cwd=place, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr.decode() == "Error: the output cannot be written: No space left on device.\n"


def test_the_table_comes_before_a_report_that_cannot_be_written(place: Path) -> None:
    (place / "taken").write_text("a file, not a folder")
    done = run_here(place, *COMPARE, "--report", "taken/report.html")
    assert done.returncode == 1
    assert b"Verdicts" in done.stdout
    assert b"the report taken/report.html cannot be written" in done.stderr
    assert run_here(place, *COMPARE, "--json", "--report", "taken/report.html").stdout.startswith(b"{")
    assert not list(place.rglob("*.part"))


def test_an_unwritable_cache_fails_nothing(place: Path) -> None:
    (place / "cache").write_text("a file, not a folder")
    assert run_here(place, *COMPARE).returncode == 0


def test_a_closed_output_is_no_traceback(place: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m fairtrial tasks --json >&-"], cwd=place, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert b"unexpected" not in done.stderr


OUTPUTS = [
    ("report", "--report", "{ledger}"),
    ("check", "--junit", "{ledger}"),
    ("ledger", "export", "--out", "{ledger}"),
    ("report", "--report", "/dev/null"),
    (*COMPARE, "--report", "{ledger}"),
    (*COMPARE, "--report", "."),
]


@pytest.mark.parametrize("arguments", OUTPUTS, ids=lambda value: " ".join(value)[:40])
def test_results_never_replace_a_ledger_or_a_device(arguments: tuple[str, ...], place: Path) -> None:
    assert run_here(place, *COMPARE, "--ledger", "l.db", "--no-report").returncode == 0
    before = (place / "l.db").read_bytes()
    done = run_here(place, *(part.format(ledger="l.db") for part in arguments), "--ledger", "l.db")
    assert done.returncode == 2, done.stderr
    assert (place / "l.db").read_bytes() == before
    assert Path("/dev/null").is_char_device()


def test_links_that_lead_to_each_other_are_said(place: Path) -> None:
    (place / "loop").symlink_to("loop")
    assert run_here(place, "compare", "import:loop", "fake:b", "--tasks", "table").returncode == 3
    assert run_here(place, *COMPARE, "--ledger", "loop").returncode == 5


def test_a_gate_knows_its_names_before_anything_is_asked(place: Path) -> None:
    (place / "t.yaml").write_text(
        "candidates: [{id: a, model: 'fake:a'}, {id: b, model: 'fake:b'}]\ntasks: [{task: table, limit: 20}]\n"
    )
    for option in ("--task", "--candidate", "--baseline"):
        done = run_here(place, "check", "t.yaml", option, "tabel")
        assert done.returncode == 2
        assert b"does not exist" in done.stderr
    assert not (place / "fairtrial.db").exists()
