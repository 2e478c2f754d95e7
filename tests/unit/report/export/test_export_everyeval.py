"""Records in the schema of Every Eval Ever are valid by that schema, and agree with each other and with the trial."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fairtrial.ledger import Ledger
from fairtrial.ledger.plan import SpecRecord, WeightsRecord
from fairtrial.report.export.every_eval_ever import NOT_STATED, find_developer, make_path_component, write_record
from fairtrial.report.export.every_eval_ever_samples import SCHEMA_VERSION
from fairtrial.report.summary import CandidateSummary, Summary, summarise
from tests.support.report_ledger import report_ledger

SCHEMAS = Path(__file__).parents[3] / "schemas" / "every_eval_ever"


def schema(name: str) -> jsonschema.Draft7Validator:
    body = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    assert body["version"] == SCHEMA_VERSION
    return jsonschema.Draft7Validator(body)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Summary]:
    ledger = report_ledger(tmp_path_factory.mktemp("made") / "l.db")
    [(trial_id,)] = ledger.read("SELECT id FROM trials")
    return ledger, summarise(ledger, trial_id)


def written(
    out: Path, ledger: Ledger, summary: Summary, number: int = 0
) -> tuple[dict[str, Any], list[dict[str, Any]], list[Path]]:
    paths = write_record(out, ledger, summary, summary.candidates[number], "An organisation")
    return json.loads(paths[0].read_text()), [json.loads(line) for line in paths[1].read_bytes().splitlines()], paths


def test_records_are_valid_and_agree(tmp_path: Path, trial: tuple[Ledger, Summary]) -> None:
    for number, candidate in enumerate(trial[1].candidates):
        record, rows, paths = written(tmp_path / "out", *trial, number)
        schema("eval").validate(record)
        one = schema("instance_level_eval")
        for row in rows:
            one.validate(row)
        details = record["detailed_evaluation_results"]
        assert paths[1] == tmp_path / "out" / details["file_path"] and paths[1].parent == paths[0].parent
        assert details["checksum"] == hashlib.sha256(paths[1].read_bytes()).hexdigest()
        assert details["total_rows"] == len(rows) == 120
        assert {row["evaluation_id"] for row in rows} == {record["evaluation_id"]}
        assert {row["model_id"] for row in rows} == {record["model_info"]["id"]}
        results = {result["evaluation_result_id"]: result for result in record["evaluation_results"]}
        assert {row["evaluation_result_id"] for row in rows} <= set(results)
        means: dict[str, tuple[float, float] | None] = {}
        for key, result in results.items():
            [want] = [
                e.mean for e in trial[1].estimates if e.candidate == candidate.name and f"{e.task}/{e.measure}" == key
            ]
            metric = result["metric_config"]
            assert result["score_details"]["score"] == want
            assert metric["min_score"] == "-Infinity" or metric["min_score"] <= want
            assert metric["max_score"] == "Infinity" or want <= metric["max_score"]
            own = [row["evaluation"]["score"] for row in rows if row["evaluation_result_id"] == key]
            means[key] = (sum(own) / len(own), want) if own else None
        told = [pair for pair in means.values() if pair]
        assert told and [mean for mean, _ in told] == pytest.approx([want for _, want in told])


def test_what_is_said_of_measures(tmp_path: Path, trial: tuple[Ledger, Summary]) -> None:
    record, rows, _ = written(tmp_path, *trial)
    metrics = {r["evaluation_result_id"]: r["metric_config"] for r in record["evaluation_results"]}
    assert metrics["choosing/acc"]["metric_id"] == "accuracy"
    assert (metrics["modelling/ppl"]["lower_is_better"], metrics["modelling/ppl"]["max_score"]) == (True, "Infinity")
    assert metrics["writing/seconds"]["metric_id"] == "fairtrial.seconds"
    assert not any(row["evaluation_result_id"].endswith(("seconds", "ppl")) for row in rows)
    choosing = next(row for row in rows if row["evaluation_name"] == "choosing" and row["sample_id"] == "2")
    assert choosing["output"]["raw"][0] in choosing["input"]["choices"]
    assert choosing["evaluation"]["is_correct"] == (choosing["output"]["raw"] == choosing["input"]["reference"])
    asked, [right] = choosing["input"]["raw"], choosing["input"]["reference"]
    hashed = '{"raw":' + json.dumps(asked) + ',"reference":[' + json.dumps(right) + "]}"
    assert choosing["sample_hash"] == hashlib.sha256(hashed.encode()).hexdigest()


def test_the_same_trial_gives_the_same_files(tmp_path: Path, trial: tuple[Ledger, Summary]) -> None:
    one, two = (written(tmp_path / place, *trial) for place in "ab")
    assert [p.name for p in one[2]] == [p.name for p in two[2]]
    assert one[1] == two[1]
    assert {k: v for k, v in one[0].items() if k != "retrieved_timestamp"} == {
        k: v for k, v in two[0].items() if k != "retrieved_timestamp"
    }


@pytest.mark.parametrize(
    ("model", "want"),
    [
        ("hf:org/name@abc:file.gguf", ("org", "name")),
        ("openai:gpt-x", ("openai", "gpt-x")),
        ("openai:lab/large", ("lab", "large")),
        ("gguf:dir/small.gguf", (NOT_STATED, "small")),
    ],
)
def test_who_made_a_model_is_not_guessed(model: str, want: tuple[str, str], trial: tuple[Ledger, Summary]) -> None:
    def spec(model: str, base_url: str) -> SpecRecord:
        return SpecRecord(model, document={"model": model, "endpoint": {"base_url": base_url}})

    local = replace(trial[1].candidates[0], spec=spec("openai:m", "http://127.0.0.1:1/v1"))
    assert find_developer(local) == (NOT_STATED, "m")
    served = spec(model, "https://api.openai.com/v1")
    made: CandidateSummary = replace(trial[1].candidates[0], spec=served, record=WeightsRecord(name="small"))
    assert find_developer(made) == want


@pytest.mark.parametrize("text", ["", "..", "data", "Unknown", "a/b\\c", "x" * 300, "\u202e"])
def test_parts_of_paths_lead_nowhere(text: str) -> None:
    made = make_path_component(text)
    assert made and "/" not in made and "\\" not in made and not made.startswith(".")
    assert made.lower() not in ("data", "unknown") and len(made) < 110
