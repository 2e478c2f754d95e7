"""Tasks that lm-evaluation-harness has as Python classes, as task files that say the same; theirs are never imported.

A class is known by the code that it is (see `fairtrial.tasks.lmeval.recognise`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fairtrial.tasks.lmeval.known_metrics import identify_function
from fairtrial.tasks.lmeval.loading import CodeRef


def _contain(path: str, until: str = "\n", limit: int = 48) -> dict[str, Any]:
    return {
        "dataset_path": path,
        "dataset_name": "default",
        "output_type": "generate_until",
        "validation_split": "validation",
        "doc_to_text": "{{text.strip()}}",
        "doc_to_target": "{{value.strip()}}",
        "generation_kwargs": {"until": [until], "max_gen_toks": limit},
        "process_results": "known.grade_containing",
        "metric_list": [{"metric": "contains", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1},
    }


_SQUAD_2: dict[str, Any] = {
    "dataset_path": "lighteval/squad_v2",
    "output_type": "generate_until",
    "training_split": "train",
    "validation_split": "validation",
    "doc_to_text": "Title: {{title}}\n\nBackground: {{context}}\n\nQuestion: {{question}}\n\nAnswer:",
    "doc_to_target": "{{answers.text[0] if answers.text else 'unanswerable'}}",
    "generation_kwargs": {"until": ["\n"]},
    "process_results": "known.grade_squad",
    "metric_list": [
        {"metric": name, "aggregation": "mean", "higher_is_better": True}
        for name in ("exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1")
    ],
    "metadata": {"version": 3},
}

CLASSES: Mapping[str, Mapping[str, Any]] = {
    "SQuAD2": _SQUAD_2,
    "FDA": _contain("hazyresearch/based-fda"),
    "SWDE": _contain("hazyresearch/based-swde-v2"),
    "SQUADCompletion": _contain("hazyresearch/based-squad", "\n\n", 256),
}
"""By the name of the class."""

ORIGINALS: Mapping[str, str] = {
    "SQuAD2": "08af4ea22b197026",
    "FDA": "57c0da746ead572d",
    "SWDE": "9702f09005731f69",
    "SQUADCompletion": "8ab98e1ec44058f8",
}
"""Fingerprint of each class, as in lm-evaluation-harness 0.4.13."""


def replace_class(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task file, with what a Python class that is known says in the place of the class."""
    reference = raw.get("class")
    if not isinstance(reference, CodeRef) or reference.name not in CLASSES:
        return dict(raw)
    if identify_function(reference) != ORIGINALS.get(reference.name):
        return dict(raw)
    made = dict(CLASSES[reference.name])
    # of SQuAD 2, best_exact and best_f1 are not computed: what the best threshold, known afterwards, would have given
    made["process_results"] = replace(reference, module="fairtrial", name=made["process_results"])
    return {**made, **{key: value for key, value in raw.items() if key != "class"}}
