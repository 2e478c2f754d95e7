"""Small logs in the forms of other tools, made up here."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WHEN = "2026-01-01T00-00-00.000000"


def write_lm_eval(folder: Path, right: Sequence[bool], prompt: str = "Q:", **changes: Any) -> Path:
    """Write a log of a task ``sums`` whose answers are right or wrong as told; ``changes`` are made to every row."""
    folder.mkdir(parents=True)
    config = {
        "task": "sums",
        "output_type": "generate_until",
        "doc_to_text": "def doc_to_text(doc): ...",
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
        "filter_list": [{"name": "number", "filter": [{"function": "regex", "regex_pattern": "(\\d+)"},
                                                      {"function": "take_first"}]}],
        "generation_kwargs": {"until": ["\n"]},
        "repeats": 1,
    }  # fmt: skip
    results = {"configs": {"sums": config}, "higher_is_better": {"sums": {"exact_match": True}}, "config": {}}
    (folder / f"results_{WHEN}.json").write_text(json.dumps(results))
    rows = []
    for i, good in enumerate(right):
        answer = f" It is {2 * i if good else 2 * i + 1}."
        row = {
            "doc_id": i,
            "doc": {"question": f"What is {i} plus {i}?", "answer": str(2 * i), "topic": f"t{i // 3}"},
            "target": str(2 * i),
            "arguments": {"gen_args_0": {"arg_0": f"{prompt} What is {i} plus {i}?\nA:", "arg_1": {"until": ["\n"]}}},
            "resps": [[answer]],
            "filtered_resps": [str(2 * i)],
            "filter": "number",
            "metrics": ["exact_match"],
            "exact_match": float(good),
        }
        rows.append({**row, **changes})
    (folder / f"samples_sums_{WHEN}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def write_promptfoo(path: Path, right: dict[tuple[str, int], Sequence[bool]]) -> Path:
    """Write results of promptfoo: right or wrong answers by (provider, number of the prompt)."""
    rows = []
    for (provider, prompt), told in right.items():
        for i, good in enumerate(told):
            rows.append(
                {
                    "promptIdx": prompt, "testIdx": i, "provider": {"id": provider}, "vars": {"question": f"Why {i}?"},
                    "prompt": {"raw": f"Prompt {prompt}: Why {i}?", "label": f"Prompt {prompt}: {{{{question}}}}"},
                    "testCase": {"assert": [{"type": "icontains", "value": "because"}]},
                    "response": {"output": "Because." if good else "No.", "tokenUsage": {"prompt": 9, "completion": 2}},
                    "success": good, "score": float(good), "latencyMs": 500 + i, "cost": 0.001, "namedScores": {},
                }
            )  # fmt: skip
    path.write_text(json.dumps({"results": {"results": rows}}))
    return path


def write_inspect(path: Path, right: Sequence[bool], model: str, prompt: str = "") -> Path:
    """Write an archive of Inspect for a task ``whys``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"status": "success", "eval": {"task": "pack/whys", "model": model, "created": "2026-01-01"}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps(head))
        for i, good in enumerate(right):
            sample = {
                "id": i + 1, "epoch": 1, "input": f"Why {i}?", "target": "Because", "choices": None,
                "messages": [{"role": "user", "content": f"{prompt}Why {i}?"}, {"role": "assistant", "content": "x"}],
                "output": {"completion": "Because" if good else "No"},
                "scores": {"match": {"value": "C" if good else "I", "answer": "x"}},
                "model_usage": {model: {"input_tokens": 7, "output_tokens": 1}}, "total_time": 0.25, "metadata": {},
            }  # fmt: skip
            archive.writestr(f"samples/{i + 1}_epoch_1.json", json.dumps(sample))
    return path


def write_helm(folder: Path, right: Sequence[bool], model: str) -> Path:
    """Write a run of HELM."""
    folder.mkdir(parents=True)
    states, stats = [], []
    for i, good in enumerate(right):
        instance = {
            "id": f"id{i}",
            "split": "test",
            "input": {"text": f"Why {i}?"},
            "references": [{"output": {"text": "Because"}, "tags": ["correct"]}],
        }
        states.append(
            {
                "instance": instance,
                "train_trial_index": 0,
                "request": {"prompt": f"Question: Why {i}?"},
                "result": {
                    "success": True,
                    "completions": [{"text": "Because" if good else "No"}],
                    "request_time": 0.5,
                },
            }
        )
        own = [("num_references", 1), ("quasi_exact_match", int(good)), ("exact_match", int(good))]
        stats.append(
            {
                "instance_id": f"id{i}",
                "train_trial_index": 0,
                "stats": [{"name": {"name": name}, "count": 1, "sum": value} for name, value in own],
            }
        )
    (folder / "scenario_state.json").write_text(
        json.dumps({"adapter_spec": {"model": model}, "request_states": states})
    )
    (folder / "per_instance_stats.json").write_text(json.dumps(stats))
    (folder / "run_spec.json").write_text(json.dumps({"name": f"whys:topic=all,model={model}"}))
    return folder
