"""Asks and grades one task twice, with lm-evaluation-harness and with fairtrial, in a form that can be compared."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml

from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Item, Measure, Observation, ScoreAnswer
from fairtrial.tasks.base import Task

Score = tuple[float, bool]


def write_rows(folder: Path, splits: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Write one jsonl file a split and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {split: str(folder / f"{split}.jsonl") for split in splits}


def their_task(path: Path, files: Mapping[str, str], cache: Path, shots: int | None = None) -> ConfigurableTask:
    """Build their task from a task file, with its rows replaced by local files."""
    config = load_yaml(path, resolve_func=True)
    changes = {"dataset_path": "json", "dataset_name": None}
    config |= changes | {"dataset_kwargs": {"data_files": dict(files), "cache_dir": str(cache)}}
    for key in ("tag", "group", "cluster_key"):
        config.pop(key, None)
    if shots is not None:
        config["num_fewshot"] = shots
    task = ConfigurableTask(config=config)
    task.set_fewshot_seed(1234)
    task.build_all_requests()
    return task


def their_arguments(task: ConfigurableTask) -> list[tuple[Any, ...]]:
    """All that they would ask: (context, continuation), (context, decoding settings) or (document,)."""
    return [instance.args for instance in task.instances]


def our_arguments(task: Task) -> list[tuple[Any, ...]]:
    """All that we would ask, as their arguments."""
    found: list[tuple[Any, ...]] = []
    for item in task.items():
        for request in task.requests(item):
            if isinstance(request, GenerateRequest):
                found.append((request.prompt.plain(), request.stop, request.max_tokens, request.temperature))
            elif request.rolling:
                found.append((request.pairs[0].continuation,))
            else:
                found += [(p.prompt.plain(), request.delimiter + p.continuation) for p in request.pairs]
    return found


def invented_scores(count: int, seed: int) -> list[Score]:
    """Log-probabilities from nowhere, some of them equal."""
    draw = random.Random(seed)
    return [(-round(draw.uniform(0.1, 12.0), 1), draw.random() < 0.3) for _ in range(count)]


def their_values(
    task: ConfigurableTask, scores: Sequence[Score], texts: Sequence[Sequence[str]]
) -> list[dict[str, Any]]:
    """Grade each document with their code: ``metric`` or ``metric,filter`` to raw value."""
    by_doc: dict[int, list[Any]] = defaultdict(list)
    for number, instance in enumerate(task.instances):
        if task.OUTPUT_TYPE == "generate_until":
            instance.resps = list(texts[instance.doc_id])
        else:
            instance.resps = [scores[number][0] if task.OUTPUT_TYPE == "loglikelihood_rolling" else scores[number]]
        by_doc[instance.doc_id].append(instance)
    task.apply_filters()
    found = []
    for doc_id in sorted(by_doc):
        instances = by_doc[doc_id]
        values: dict[str, Any] = {}
        for name in instances[0].filtered_resps:
            graded = task.process_results(instances[0].doc, [i.filtered_resps[name] for i in instances])
            values |= {metric if name == "none" else f"{metric},{name}": value for metric, value in graded.items()}
        found.append(values)
    return found


def our_values(task: Task, scores: Sequence[Score], texts: Sequence[Sequence[str]]) -> list[list[Observation]]:
    """Grade each item with our code."""
    rest = list(scores)
    found = []
    for item in task.items():
        answers: list[Answer] = []
        for number, request in enumerate(task.requests(item)):
            if isinstance(request, GenerateRequest):
                answers.append(GenerateAnswer(texts[item.doc_id][number], 1, "stop"))
            else:
                mine, rest = rest[: len(request.pairs)], rest[len(request.pairs) :]
                logprobs, greedy = zip(*mine, strict=True)
                answers.append(ScoreAnswer(logprobs, greedy, (1,) * len(mine)))
        found.append(list(task.grade(item, answers)))
    assert not rest
    return found


def aggregate(measure: Measure, observations: Sequence[Observation]) -> float:
    """Put single observations together as `Measure` says."""
    mine = [o for o in observations if o.measure == measure.name]
    weight = sum(o.weight for o in mine)
    mean = sum(o.value * o.weight for o in mine) / weight
    return math.exp(mean) if measure.transform == "exp" else mean


def items_of(task: Task) -> list[Item]:
    """All items, as a list."""
    return list(task.items())
