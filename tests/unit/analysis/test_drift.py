"""Live answers beside those of the trial: a change is told, with the sign and the answer at which it showed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from fairtrial.analysis.drift import SIGNS, Drift, find_drift
from fairtrial.cli.main import app
from fairtrial.errors import LedgerError, SpecError, UnknownNameError
from fairtrial.ledger import Chunk, Ledger
from fairtrial.records import GenerateAnswer, GenerateRequest, Prompt

ROOT = Path(__file__).parents[3]


def fill(path: Path, lengths: Iterable[int], name: str = "one", candidate: str = "c" * 32) -> Path:
    with Ledger.open(path) as ledger, ledger.writing():
        ledger.add_candidate(candidate, name, {"id": name})
        answers = [
            (
                GenerateRequest(Prompt(f"{path.name} {name} {i}"), 9),
                GenerateAnswer("x", tokens, "stop", 20, logprob=-1.0),
            )
            for i, tokens in enumerate(lengths)
        ]
        ledger.commit(candidate, Chunk(answers=answers))
    return path


def look(tmp_path: Path, tested: Iterable[int], live: Iterable[int]) -> Drift:
    with (
        Ledger.open(fill(tmp_path / "trial.db", tested)) as trial,
        Ledger.open(fill(tmp_path / "live.db", live)) as own,
    ):
        return find_drift(trial, own)


def draw(low: int, high: int, count: int, seed: int) -> list[int]:
    return np.random.default_rng(seed).integers(low, high, count).tolist()


def test_the_same_is_no_drift_and_something_else_is_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    same = look(tmp_path / "a", draw(5, 30, 80, 1), draw(5, 30, 80, 2))
    assert not same.drifted
    assert "no drift" in same.describe()
    longer = look(tmp_path / "b", draw(5, 30, 80, 1), draw(28, 60, 80, 2))
    [sign] = [one for one in longer.signs if one.sign == "answer tokens"]
    assert sign.drifted
    assert 3 <= sign.at <= 40
    assert "answer tokens" in longer.describe() or "surprisal" in longer.describe()
    assert not next(one for one in longer.signs if one.sign == "prompt tokens").drifted


def test_who_is_not_there_cannot_be_compared(tmp_path: Path) -> None:
    few, live = fill(tmp_path / "few.db", [5] * 3), fill(tmp_path / "live.db", [5] * 3)
    fill(live, [5] * 3, "two", "d" * 32)
    with Ledger.open(few) as trial, Ledger.open(live) as own:
        with pytest.raises(LedgerError, match="3 written answers"):
            find_drift(trial, own, "one")
        with pytest.raises(SpecError, match="several candidates"):
            find_drift(trial, own)
        with pytest.raises(UnknownNameError, match="three"):
            find_drift(trial, own, "three")


def test_the_command_says_so_with_its_exit_code(tmp_path: Path) -> None:
    trial = fill(tmp_path / "trial.db", draw(5, 30, 80, 1))
    fine, off = fill(tmp_path / "fine.db", draw(5, 30, 40, 2)), fill(tmp_path / "off.db", draw(30, 60, 40, 2))
    runner = CliRunner()
    calm = runner.invoke(app, ["drift", str(fine), "-l", str(trial)])
    assert calm.exit_code == 0
    assert "no drift is found" in calm.output
    loud = runner.invoke(app, ["drift", str(off), "-l", str(trial), "--json"])
    assert loud.exit_code == 7
    schema = json.loads((ROOT / "docs" / "schemas" / "drift.schema.json").read_text())
    assert schema["$defs"]["sign"]["enum"] == list(SIGNS)
    told = json.loads(loud.output)
    jsonschema.validate(told, schema)
    assert told["drifted"]
    assert told["told"].startswith("one: live answers are not like those of the trial")
    with pytest.raises(jsonschema.ValidationError, match="0 was expected"):
        jsonschema.validate({**told, "signs": [{**told["signs"][0], "drifted": False, "at": 3}]}, schema)
    quiet = runner.invoke(app, ["drift", str(fine), "-l", str(trial), "--json"])
    assert quiet.exit_code == 0
    jsonschema.validate(json.loads(quiet.output), schema)
