"""Logs that lm-evaluation-harness itself has written come back as recorded answers with the same grades, row by row."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger, query
from fairtrial.planning.plan import plan_trial
from fairtrial.running.conductor import run
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import TaskEntry, Trial

ROWS = [
    {
        "question": f"What is {i} plus {i}?",
        "answer": str(2 * i),
        "choices": [str(2 * i), str(2 * i + 1), "none"],
        "gold": i % 3,
        "sentence": f"Number {i}: _ barked.",
        "text": f"A little document, number {i}. It has two sentences.",
    }
    for i in range(6)
]
HEAD = "dataset_path: json\ndataset_kwargs: {{data_files: {{test: {rows}}}}}\ntest_split: test\nnum_fewshot: 0\n"
TASKS = {
    "logs_choice": """
output_type: multiple_choice
doc_to_text: "Q: {{question}}\\nA:"
doc_to_choice: choices
doc_to_target: gold
metric_list: [{metric: acc}, {metric: acc_norm}]
""",
    "logs_contexts": """
output_type: multiple_choice
doc_to_text: "{{gold % 2}}"
doc_to_target: "{{sentence.split('_')[1].strip()}}"
doc_to_choice: "{{ [sentence.split('_')[0] + 'the cat', sentence.split('_')[0] + 'the dog'] }}"
metric_list: [{metric: acc}]
""",
    "logs_text": """
output_type: generate_until
doc_to_text: "Q: {{question}}\\nA:"
doc_to_target: answer
generation_kwargs: {until: ["\\n"], max_gen_toks: 8}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
filter_list:
  - {name: first, filter: [{function: take_first}]}
  - {name: number, filter: [{function: regex, regex_pattern: "(\\\\d+)"}, {function: take_first}]}
""",
    "logs_documents": """
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{text}}"
metric_list: [{metric: word_perplexity}, {metric: bits_per_byte}]
""",
}


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import lm_eval
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    (tmp_path / "tasks").mkdir()
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    for name, text in TASKS.items():
        head = HEAD.format(rows=tmp_path / "rows.jsonl")
        (tmp_path / "tasks" / f"{name}.yaml").write_text(f"task: {name}\n{head}{text}")
    manager = TaskManager(include_path=str(tmp_path / "tasks"), include_defaults=False)
    found = lm_eval.simple_evaluate("dummy", tasks=list(TASKS), task_manager=manager, bootstrap_iters=0)
    assert found is not None
    samples: dict[str, list[dict[str, Any]]] = found.pop("samples")
    tracker = EvaluationTracker(output_path=str(tmp_path / "out"))
    tracker.save_results_aggregated(results=found, samples=samples)
    for name, rows in samples.items():
        tracker.save_results_samples(task_name=name, samples=rows)
    return samples


def value(measure: str, seen: Any) -> float:
    """Return a row's value as the ledger keeps it: nats or bits of a document for each of its words or bytes."""
    if not isinstance(seen, (list, tuple)):
        return float(seen)
    return -seen[0] / seen[1] / (math.log(2) if measure.startswith("bits") else 1)


def test_every_grade_is_theirs(tmp_path: Path, theirs: dict[str, list[dict[str, Any]]]) -> None:
    made = (Candidate(id="them", model="import:out"), Candidate(id="fake", model="fake:x"))
    tasks = tuple(TaskEntry(task=name) for name in TASKS)
    plan = plan_trial(Trial(candidates=made, tasks=tasks, task_paths=("tasks",)), tmp_path)
    compared = 0
    with Ledger.open(tmp_path / "l.db") as ledger:
        with ledger.writing():
            run(plan, "text", ledger, EngineSettings(), lambda step: None)
        document = query.find_trial(ledger, plan.id).document
        them = next(c["id"] for c in document["candidates"] if c["name"] == "them")
        for task in document["tasks"]:
            items = {item.doc_id: item.id for item in query.read_items(ledger, task["id"]).values()}
            for row in theirs[task["name"]]:
                ours = query.read_item_values(ledger, them, task["id"], items[row["doc_id"]])
                for measure in row["metrics"]:
                    name = measure if measure in ours else f"{measure},{row['filter']}"
                    assert ours[name][0] == pytest.approx(value(measure, row[measure])), (task["name"], row["doc_id"])
                    compared += 1
    assert compared == 6 * (2 + 1 + 2 + 2)
