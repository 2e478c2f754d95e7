"""A plan foresees what training takes, and trains nobody."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("peft") is None:
    pytest.skip("needs torch and peft (the tune extra)", allow_module_level=True)

from fairtrial import cache
from fairtrial.cli.main import app
from tests.support.tiny_chat import tiny_folder

ROOT = Path(__file__).parents[3]
TRIAL = """
name: t
candidates:
  - {{id: base, model: "hf:{model}", chat: model}}
  - id: tuned
    model: "hf:{model}"
    chat: model
    decoding: {{max_tokens: 4}}
    levers: [{{tune: {{data: rows.jsonl, rank: 2, steps: 2, batch: 2, threads: 1}}}}]
  - id: guarded
    model: "hf:{model}"
    chat: model
    decoding: {{max_tokens: 4}}
    levers: [{{tune: {{data: rows.jsonl, rank: 2, steps: 2, batch: 2, threads: 1}}}}, {{guard: standard}}]
tasks: [{{file: own.csv, shots: 0}}]
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "user_cache_path", lambda _name: tmp_path / "cache")
    rows = [{"prompt": f"Say {letter}. ", "completion": letter * 3} for letter in "abcdefghij"]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "own.csv").write_text('question,answer\n"What is a lighthouse for?",light\n"Who sails?",sailors\n')
    (tmp_path / "t.yaml").write_text(TRIAL.format(model=tiny_folder()))
    return tmp_path


def run(*words: str, told: list[str] | None = None) -> str:
    done = CliRunner().invoke(app, [*words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    if told is not None:
        told += done.stderr.splitlines()
    return done.stdout


def test_what_must_be_trained_is_foreseen_once_and_not_trained(place: Path) -> None:
    told = json.loads(run("plan", str(place / "t.yaml"), "--ledger", str(place / "l.db"), "--json"))
    Draft202012Validator(json.loads((ROOT / "docs/schemas/plan.schema.json").read_text())).validate(told)
    [training] = told["trainings"]
    assert (training["candidates"], training["steps"]) == (["tuned", "guarded"], 2)
    assert training["seconds"] > 0
    assert training["memory_bytes"] > 10_000_000
    assert not (place / "cache" / "tuned").exists()
    shown = " ".join(run("plan", str(place / "t.yaml"), "--ledger", str(place / "l.db"), "--quiet").split())
    assert "tuned and guarded are not trained yet: a run trains them first" in shown


def test_what_is_trained_is_not_foreseen(place: Path) -> None:
    command = ("plan", str(place / "t.yaml"), "--ledger", str(place / "l.db"), "--json")
    lines: list[str] = []
    told = json.loads(run(*command, "--pilot", "1", told=lines))
    assert told["trainings"] == []
    before, _, after = " ".join(" ".join(lines).split()).partition("Now the pilot: it trains first, then asks.")
    assert "Before anything is trained" in before and "What it still costs" in before
    assert "tuned and guarded are not trained yet" in before and "not trained yet" not in after
    assert "how long their answers take is not known before" in before
    assert list((place / "cache" / "tuned").glob("*/adapter_model.safetensors"))
    assert json.loads(run(*command))["trainings"] == []
