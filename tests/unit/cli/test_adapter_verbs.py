"""``fairtrial adapter`` as a user types it, on small models."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.adapters import write_peft, write_small

from fairtrial.cli import main as command
from fairtrial.levers.tune.adapters.agreement import AdapterAgreement, EngineDifference
from fairtrial.models.gguf import read_header


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fairtrial", "adapter", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_small(tmp_path / "m.gguf")
    write_peft(tmp_path / "peft")
    return tmp_path


def test_convert_and_merge_write_files(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "convert", "peft", "--base", "m.gguf", "--out", "new/a.gguf") == 0
    assert read_header(place / "new" / "a.gguf").values["general.type"] == "adapter"
    assert call(monkeypatch, "merge", "new/a.gguf", "--base", "gguf:m.gguf", "--out", "merged.gguf") == 0
    assert read_header(place / "merged.gguf").weights_type == "f32"
    assert "Made: merged.gguf" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("convert", "m.gguf", "--base", "m.gguf", "--out", "a.gguf"), 3, "is of the type 'model', no adapter"),
        (("convert", "pfet", "--base", "m.gguf", "--out", "a.gguf"), 3, "Did you mean 'peft'?"),
        (("convert", "peft", "--base", "m.gguf", "--out", "m.gguf"), 2, "would be written over"),
        (("merge", "peft", "--base", "peft", "--out", "x.gguf"), 3, "a file is needed"),
        (("check", "peft", "--base", "m.gguf", "--text", "no.txt"), 2, "cannot be read as text"),
    ],
)
def test_what_is_wrong_is_told(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    assert call(monkeypatch, *arguments) == code
    assert told in " ".join(capsys.readouterr().err.split())


def test_engines_agree_about_an_adapter(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("peft")
    (place / "texts.txt").write_text("Some words that are read by both.\n\nfour words are enough\n")
    assert call(monkeypatch, "check", "peft", "--base", "m.gguf", "--text", "texts.txt", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["agrees"] and found["tells"] and found["texts"] == 2
    assert found["with_adapter"]["kl"] < 0.01 < found["effect"]["kl"]


def test_an_adapter_that_changes_less_than_rounding_tells_nothing() -> None:
    same = EngineDifference(0.02, 0.99, 1.0)
    assert not AdapterAgreement(1, 9, same, same, EngineDifference(0.015, 1.0)).tells
    assert AdapterAgreement(1, 9, same, same, EngineDifference(0.5, 0.7)).agrees
    assert not AdapterAgreement(1, 9, same, EngineDifference(0.4, 0.8), EngineDifference(0.5, 0.7)).agrees


def test_what_is_there_is_written_over_only_when_that_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "out.gguf").write_text("mine")
    for verb in ("convert", "merge"):
        assert call(monkeypatch, verb, "peft", "--base", "m.gguf", "--out", "out.gguf") == 2
        assert "out.gguf is there already" in capsys.readouterr().err
        assert (place / "out.gguf").read_text() == "mine"
    assert call(monkeypatch, "convert", "peft", "--base", "m.gguf", "--out", "out.gguf", "--force") == 0
    assert read_header(place / "out.gguf").values["general.type"] == "adapter"


def test_an_adapter_is_not_merged_twice(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    assert call(monkeypatch, "merge", "peft", "--base", "m.gguf", "--out", "once.gguf") == 0
    assert call(monkeypatch, "merge", "peft", "--base", "once.gguf", "--out", "twice.gguf") == 3
    assert "is in the weights of 'gguf:once.gguf' already" in " ".join(capsys.readouterr().err.split())
    write_peft(place / "other", lora_alpha=3)
    assert call(monkeypatch, "merge", "other", "--base", "once.gguf", "--out", "both.gguf") == 0
    assert call(monkeypatch, "merge", "peft", "--base", "both.gguf", "--out", "again.gguf") == 3
    assert not list(place.glob(".*")) and not (place / "twice.gguf").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_full_disk_leaves_no_part_of_a_file(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.copyfile", lambda *_: Path("/dev/full").write_text("all of it"))
    assert call(monkeypatch, "merge", "peft", "--base", "m.gguf", "--out", "new/out.gguf") == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "the disk is full" in told and "run the same again" in told
    assert not list((place / "new").glob("*")) and not list((place / "new").glob(".*"))
