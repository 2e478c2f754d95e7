"""BBQ and CrowS-Pairs, scored beside lm-evaluation-harness by its own functions, on rows of our own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fairtrial.records import ScoreAnswer
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.public import find_suite
from tests.support.bbq import make_rows

lm_eval = pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed")
datasets = pytest.importorskip("datasets", reason="datasets is not installed")


def load(name: str) -> ModuleType:
    path = Path(lm_eval.__file__).parent / "tasks" / name / "utils.py"
    spec = importlib.util.spec_from_file_location(f"harness_{name}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def observe(task: Any, item: Any, scores: list[float]) -> dict[str, float]:
    given = ScoreAnswer(tuple(scores), (False,) * len(scores), (1,) * len(scores))
    return {seen.measure: seen.value for seen in task.grade(item, [given])}


def test_bbq(tmp_path: Path) -> None:
    harness, rows = load("bbq"), make_rows()
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = find_suite("bbq")(path, TaskOptions())
    docs = harness.process_docs(datasets.Dataset.from_list(rows))
    rng = np.random.default_rng(0)
    theirs: dict[str, list[Any]] = {}
    ours: dict[str, list[float]] = {}
    for _ in range(5):
        for item, doc in zip(task.items(), docs, strict=True):
            assert list(item.choices) == harness.doc_to_choice(doc)
            scores = list(rng.normal(0, 1, 12) + 1.5 * (np.arange(12) < 2))
            for name, value in harness.process_results_multiple_choice(doc, [(x, False) for x in scores]).items():
                theirs.setdefault(name, []).append(value)
            for name, value in observe(task, item, scores).items():
                ours.setdefault(name, []).append(value)
    aggregated = {
        "acc": np.mean(theirs["acc"]),
        "accuracy_amb": harness.agg_accuracy_amb(theirs["accuracy_amb"]),
        "accuracy_disamb": harness.agg_accuracy_disamb(theirs["accuracy_disamb"]),
        "amb_bias_score": harness.agg_amb_bias_scores(theirs["amb_bias_score"]),
        "disamb_bias_score": harness.agg_disamb_bias_scores(theirs["disamb_bias_score"]),
    }
    assert {name: np.mean(ours[name]) for name in aggregated} == pytest.approx(aggregated)


def test_crows_pairs(tmp_path: Path) -> None:
    harness = load("crows_pairs")
    path = tmp_path / "pairs.csv"
    lines = [f"{n},Clerks sing {n}.,Cooks sing {n}.,{'anti' * (n % 2)}stereo,profession" for n in range(40)]
    path.write_text(",sent_more,sent_less,stereo_antistereo,bias_type\n" + "\n".join(lines) + "\n")
    task = find_suite("crows_pairs")(path, TaskOptions())
    rng = np.random.default_rng(0)
    for item in task.items():
        scores = list(rng.normal(-20, 2, 2))
        theirs = harness.process_results({}, [(x, False) for x in scores])
        ours = observe(task, item, scores)
        assert {name: ours[name] for name in theirs} == pytest.approx(theirs)
