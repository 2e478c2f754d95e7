"""``fairtrial curate``: what it prints, which settings it takes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fairtrial import cache
from fairtrial.cli.main import app
from fairtrial.errors import FairtrialError, SpecError

pytest.importorskip("rensa")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    rows = [{"instruction": f"Say the number {i} in words.", "output": f"It is number {i * 7919}."} for i in range(30)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, [*rows, rows[3]])) + "\nnone\n")
    return tmp_path


def called(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["curate", *arguments, "--on", "local"], catch_exceptions=False)


def test_a_file_is_curated_as_usual_and_counts_are_told(place: Path) -> None:
    done = called("rows.jsonl", "--licence", "CC0-1.0", "--out", "made")
    assert done.exit_code == 0
    rows = dict(line.split()[:2] for line in done.stdout.splitlines() if line.startswith(" ") and len(line.split()) > 1)
    assert rows["reading"] == "1"
    assert int(rows["duplicates"]) >= 1
    kept = sum(len((place / "made" / name).read_text().splitlines()) for name in ("train.jsonl", "validation.jsonl"))
    assert f"{kept} of 32 rows kept" in done.stdout
    assert "Toxic rows were not looked for." in done.stdout
    assert max(map(len, done.stdout.splitlines()[:-3])) <= 60


def test_settings_come_from_a_file_whose_folder_its_paths_are_relative_to(place: Path) -> None:
    (place / "deep").mkdir()
    (place / "deep" / "set.yaml").write_text(
        "sources: [{file: ../rows.jsonl, licence: CC0-1.0}]\nduplicates: {exact: true, near: null, together: null}\n"
        "split: {validation: 0}\n"
    )
    done = called("deep/set.yaml", "--out", "made", "--json")
    told = json.loads(done.stdout)
    assert (told["train"], told["validation"]) == (30, 0)
    assert told["dropped"]["duplicates: exact_duplicate"] == 1
    assert told["files"]["train.jsonl"]["bytes"] == (place / "made" / "train.jsonl").stat().st_size


def test_rows_without_a_licence_are_dropped_with_advice_and_exit_code_1(place: Path) -> None:
    done = called("rows.jsonl", "--out", "made")
    assert done.exit_code == 1
    text = " ".join(done.stdout.split())
    assert "No licence is stated for 'rows.jsonl'. If you know it, state it: --licence" in text
    assert "31 of them for want of a right to train on them" in text


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (["gone.jsonl"], FairtrialError, r"gone\.jsonl"),
        (["set.yaml", "rows.jsonl"], SpecError, "it stands alone"),
        (["set.yaml", "--licence", "MIT"], SpecError, "--licence is for sources that are named on the command line"),
        (["set.yaml"], SpecError, r"set\.yaml:2: unknown key 'qualitty'\. Did you mean 'quality'\?"),
    ],
)
def test_what_is_wrong_is_told(place: Path, arguments: list[str], error: type[Exception], match: str) -> None:
    (place / "set.yaml").write_text("sources: rows.jsonl\nqualitty: {}\n")
    with pytest.raises(error, match=match):
        called(*arguments, "--out", "made")
    assert not (place / "made").exists()


@pytest.mark.parametrize("how", ["option", "settings"])
def test_items_of_a_trial_file_are_kept_out(place: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(cache, "user_cache_path", lambda _name: place / "cache")
    row = json.loads((place / "rows.jsonl").read_text().splitlines()[7])
    (place / "own.csv").write_text(f"question,answer\n{row['instruction']},{row['output']}\nWho?,Ben\n")
    (place / "trial.yaml").write_text(
        "name: t\ncandidates: [{id: a, model: 'gguf:none.gguf'}]\ntasks: [{file: own.csv}]\n"
    )
    (place / "set.yaml").write_text(
        "sources: [{file: rows.jsonl, licence: CC0-1.0}]\nduplicates: {near: null, together: null}\n"
        "against: trial.yaml\n"
    )
    sources = ["rows.jsonl", "--licence", "CC0-1.0", "--against", "trial.yaml"] if how == "option" else ["set.yaml"]
    told = json.loads(called(*sources, "--out", "made", "--json").stdout)
    assert told["dropped"]["against: contaminated: short"] == 1
    assert json.loads((place / "made" / "card.json").read_text())["steps"]["against"]["items"] == {"own": 2}
