"""Tasks whose code shuffles at random: the rows are those of lm-evaluation-harness with its own seeds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import lm_eval
from lm_eval.tasks import TaskManager

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog

YAML = """
task: shuffled
dataset_path: json
dataset_kwargs: {{data_files: {{train: "{rows}"}}, cache_dir: "{cache}"}}
{splits}
output_type: multiple_choice
process_docs: !function utils.docs
doc_to_text: "{{{{q}}}}"
doc_to_choice: options
doc_to_target: right
num_fewshot: {shots}
"""
MAPPED = """
import random

def docs(dataset):
    def change(row):
        options = list(row["words"])
        {shuffle}(options)
        return {{"options": options, "right": options.index(row["words"][0])}}
    return dataset.map(change)
"""
SEEDED = MAPPED.replace("import random", "import random\nrandom.seed(42)\nrandom.random()")
NUMPY = MAPPED.replace("import random", "import numpy as np")
CODE = {
    "random": MAPPED.format(shuffle="random.shuffle"),
    "seeded_by_itself": SEEDED.format(shuffle="random.shuffle"),
    "numpy": NUMPY.format(shuffle="np.random.shuffle"),
}


@pytest.mark.parametrize("name", CODE)
@pytest.mark.parametrize("shots", [0, 2])
def test_shuffled_rows_are_theirs(name: str, shots: int, tmp_path: Path) -> None:
    rows = [{"q": f"Which is {n}?", "words": [f"w{n}{k}" for k in range(4)]} for n in range(15)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "utils.py").write_text(CODE[name])
    splits = "training_split: train\nvalidation_split: train"
    yaml = YAML.format(rows=tmp_path / "rows.jsonl", cache=tmp_path / "cache", splits=splits, shots=shots)
    (tmp_path / "shuffled.yaml").write_text(yaml)
    ours = LmEvalCatalog([tmp_path], trust_code=True).build("shuffled", TaskOptions())
    found: Any = lm_eval.simple_evaluate(
        model="dummy", tasks=["shuffled"], task_manager=TaskManager(include_path=str(tmp_path), include_defaults=False),
        log_samples=True, bootstrap_iters=0,
    )  # fmt: skip
    samples = sorted(found["samples"]["shuffled"], key=lambda sample: sample["doc_id"])
    assert [dict(item.data) for item in ours.items()] == [sample["doc"] for sample in samples]
    assert len({item.choices.index(item.gold[0]) for item in ours.items()}) >= 3
    for item, sample in zip(ours.items(), samples, strict=True):
        request = ours.requests(item)[0]
        assert request.pairs[0].prompt.plain() == sample["arguments"][0][0]  # type: ignore[union-attr]
