"""Grading logged answers anew: as lm-evaluation-harness would, by the part of a task's configuration that grades.

What the configuration says of prompts and rows is not needed: a log has the prompts, the choices and the right answer
of each row.  So tasks whose prompts are made by Python functions can be graded anew as well.
"""

from __future__ import annotations

import ast
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairtrial.errors import FairtrialError
from fairtrial.records import Answer, GenerateAnswer, ScoreAnswer, ScoreRequest
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.lmeval.parsing import parse_config
from fairtrial.tasks.lmeval.task import LmEvalTask

GRADING = ("output_type", "metric_list", "filter_list", "generation_kwargs")
"""Keys of a task file that grading goes by."""

OUTPUTS = ("multiple_choice", "generate_until")
"""Kinds of task whose rows can be graded anew from what a log holds."""


@dataclass(frozen=True, slots=True)
class LoggedAnswer:
    """One logged answer, with what it is graded by.

    Attributes:
        target: the right answer as the log wrote it: a text, a position among the choices, or a list.
        choices: in the order in which they were scored.
        text: what was written; None where continuations were scored.
        scores: (log-probability in nats, whether greedy) of each choice.
        stop: texts that end a written answer.
    """

    target: Any
    choices: tuple[str, ...]
    text: str | None
    scores: tuple[tuple[float, bool], ...] = ()


def regrade(config: Mapping[str, Any], answers: Sequence[LoggedAnswer]) -> list[dict[str, float]] | str:
    """Return each answer's grades by measure, as lm-evaluation-harness would make them; or why that is impossible.

    Args:
        config: the task's configuration as its results file holds it.
        answers: in any order.
    """
    wrong = _find_obstacle(config, answers)
    if wrong:
        return wrong
    mapping = {
        **{key: config[key] for key in GRADING if config.get(key) is not None},
        "task": "logged",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": "rows.jsonl"}},
        "test_split": "test",
        "num_fewshot": 0,
        "doc_to_text": "question",
        "doc_to_target": "target",
        **({"doc_to_choice": "choices"} if config["output_type"] == "multiple_choice" else {}),
    }
    with tempfile.TemporaryDirectory(prefix="fairtrial-") as place:
        rows = Path(place, "rows.jsonl")
        rows.write_text("".join(_make_line(i, one) for i, one in enumerate(answers)), encoding="utf-8")
        try:
            task = LmEvalTask(parse_config(mapping, False), mapping, Path(place), TaskOptions(shots=0, clean=False))
            return [
                {seen.measure: seen.value for seen in task.grade(item, _make_answers(task, item, one))}
                for item, one in zip(task.items(), answers, strict=True)
            ]
        except FairtrialError as error:
            return str(error.message if hasattr(error, "message") else error).rstrip(".")


def _find_obstacle(config: Mapping[str, Any], answers: Sequence[LoggedAnswer]) -> str:
    """Return why answers cannot be graded anew; empty if nothing is known against it."""
    if config.get("output_type") not in OUTPUTS:
        return f"answers of the kind {config.get('output_type')} are not graded again"
    if config.get("process_results"):
        return "a Python function of the task grades them"
    if config.get("repeats", 1) not in (None, 1):
        return "several answers to an item are graded together"
    if any(one.target is None for one in answers):
        return "the log holds no right answers"
    if config["output_type"] == "multiple_choice" and any(len(one.scores) != len(one.choices) for one in answers):
        return "not all choices were scored after one prompt"
    return ""


def _make_line(number: int, one: LoggedAnswer) -> str:
    """Return a row of a data file; numbers tell rows apart that ask the same."""
    row = {"question": str(number), "target": _read_target(one), "choices": list(one.choices)}
    return json.dumps(row, ensure_ascii=True) + "\n"


def _read_target(one: LoggedAnswer) -> Any:
    """Return the right answer as a task file has it: lists and positions are written as texts in logs."""
    target = one.target
    if isinstance(target, str) and target.startswith("[") and len(target) < 100_000:
        try:
            target = ast.literal_eval(target)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return one.target
    if one.choices and isinstance(target, str) and target.strip().isdecimal() and len(target) < 6:
        return int(target)
    return target


def _make_answers(task: LmEvalTask, item: Any, one: LoggedAnswer) -> list[Answer]:
    """Return a logged answer as one to the task's own request."""
    [request] = task.requests(item)
    if isinstance(request, ScoreRequest):
        wanted = len(request.pairs)
        scores = one.scores[:wanted]
        return [ScoreAnswer(tuple(s for s, _ in scores), tuple(g for _, g in scores), (0,) * len(scores))]
    return [GenerateAnswer(one.text or "", 0, "stop")]
