"""Single answers in the shared schema of Every Eval Ever, version 0.3.0: one line an item and measure.

Only measures that say how right an answer is, from 0 to 1, have lines: of the others ``is_correct`` cannot be told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fairtrial.report.export.answered import AnsweredItem
from fairtrial.report.summary import TaskSummary

SCHEMA_VERSION = "0.3.0"

TIMES = {"latency": "latency_ms", "first_token_seconds": "time_to_first_token_ms"}
"""Measures of single answers, in seconds, to the schema's names for them in milliseconds."""


@dataclass(frozen=True, slots=True)
class RecordIdentity:
    """What every line shares with its aggregate record.

    Attributes:
        evaluation_id, model_id: the record's.
        templated: whether a chat template came between the prompt and the model, so that what it saw is not kept.
    """

    evaluation_id: str
    model_id: str
    templated: bool = False


def build_lines(one: AnsweredItem, identity: RecordIdentity, task: TaskSummary) -> Iterator[dict[str, Any]]:
    """Yield a line for each measure of how right one answered item is."""
    whole = _build_common_part(one, identity, task)
    for measure in task.card.measures:
        name, bounds = measure.name, measure.bounds
        if name in one.values and measure.higher_is_better and bounds and list(bounds) == [0.0, 1.0]:
            value, weight = one.values[name]
            yield {
                **whole,
                "evaluation_result_id": f"{task.name}/{name}",
                "answer_attribution": _build_attribution(one, name),
                "evaluation": {"score": value, "is_correct": value == 1.0},
                "metadata": {**whole["metadata"], "weight": json.dumps(weight)},
            }


def _build_common_part(one: AnsweredItem, identity: RecordIdentity, task: TaskSummary) -> dict[str, Any]:
    """Return what the lines of one item have in common."""
    item = one.item
    raw, reference = item.question, list(item.gold)
    times = {ours: one.values[theirs][0] * 1000 for theirs, ours in TIMES.items() if theirs in one.values}
    metadata = {"item": item.id, "cluster": item.cluster, "repeat": str(one.repeat)}
    if scored := one.scored:
        metadata["logprobs"] = json.dumps([str(s.logprob) for s in scored])
    if one.credits:
        metadata["credits"] = json.dumps(one.credits, ensure_ascii=False)
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": identity.evaluation_id,
        "model_id": identity.model_id,
        "evaluation_name": task.name,
        "sample_id": str(item.doc_id) if one.repeat == 0 else f"{item.doc_id}#{one.repeat + 1}",
        "sample_hash": hash_sample(raw, reference),
        "interaction_type": "single_turn",
        "input": {
            "raw": raw,
            **({} if identity.templated else {"formatted": one.prompt}),
            "reference": reference,
            **({"choices": list(item.choices)} if item.choices else {}),
        },
        "output": {"raw": [one.said], **({"reasoning_trace": [one.thought]} if one.thought else {})},
        **_build_usage(one),
        **({"performance": times} if times else {}),
        "metadata": metadata,
    }


def hash_sample(raw: str, reference: list[str]) -> str:
    """Return the hash by which the schema finds the same question in other records."""
    text = json.dumps({"raw": raw, "reference": reference}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _build_usage(one: AnsweredItem) -> dict[str, Any]:
    """Return the token counts, if they are known."""
    tokens = one.tokens()
    if tokens is None:
        return {}
    counts = {
        "input_tokens": tokens["in"],
        "output_tokens": tokens["out"],
        "total_tokens": tokens["in"] + tokens["out"],
    }
    return {"token_usage": {**counts, **({"reasoning_tokens": tokens["reasoning"]} if "reasoning" in tokens else {})}}


def _build_attribution(one: AnsweredItem, measure: str) -> list[dict[str, Any]]:
    """Return how the answer was found in the output; empty where continuations were weighed otherwise than by score.

    What a filter made of a text is not kept, so the value is the text before it.
    """
    name, _, kept = measure.partition(",")
    if one.text is None and name != "acc":
        return []
    how = f"filter {kept}" if kept else "likeliest continuation" if one.text is None else "none"
    return [
        {
            "turn_idx": 0,
            "source": "output.raw",
            "extracted_value": one.said,
            "extraction_method": how,
            "is_terminal": True,
        }
    ]
