"""Runs of HELM: ``scenario_state.json`` with the ``per_instance_stats.json`` beside it, which has the grades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairtrial.errors import ModelError
from fairtrial.recorded.graded.base import LoggedMeasure, LoggedRow, LoggedTask
from fairtrial.recorded.graded.content import as_list, as_mapping, hash_document, read_content, read_messages
from fairtrial.recorded.graded.values import read_grade
from fairtrial.recorded.rows import check_mapping, look_up, read_json
from fairtrial.spec.recorded import Recorded

MAIN = (
    "exact_match", "quasi_exact_match", "prefix_exact_match", "quasi_prefix_exact_match", "final_number_exact_match",
    "math_equiv", "math_equiv_chain_of_thought", "f1_score", "rouge_l", "bleu_4",
)  # fmt: skip
"""Measures that grade an answer; where a run has several, the first of these is the main one."""

COSTS = (
    "inference_",
    "num_",
    "max_",
    "training_",
    "prompt_",
    "finish_reason",
    "logprob",
    "perplexity",
    "bits_per_byte",
)
"""Beginnings of the names of HELM's measures that are no grades."""


def read_helm(files: Sequence[Path], how: Recorded) -> Iterator[LoggedTask]:
    """Yield what HELM has logged: one model and scenario a folder."""
    states = [path for path in files if path.name.startswith("scenario_state")]
    found = [_read_run(path) for path in states]
    models = {task.model for task in found}
    for task in found:
        if len(models) > 1:
            task.told, task.label = {"model": task.model}, task.model
        yield task


def _read_run(path: Path) -> LoggedTask:
    state = check_mapping(read_json(path), path.name)
    adapter = state.get("adapter_spec")
    model = str(adapter.get("model", "")) if isinstance(adapter, dict) else ""
    found = LoggedTask(_name_task(path, model), model=model)
    grades = _read_stats(path.with_name("per_instance_stats.json"))
    rows = look_up(state, "request_states", path.name)
    if not isinstance(rows, list):
        raise ModelError(f"{path.name}: request_states must be a list.")
    perturbed = 0
    seen: dict[tuple[str, int], LoggedRow] = {}
    for i, row in enumerate(rows):
        where = f"{path.name}[{i}]"
        instance = check_mapping(look_up(check_mapping(row, where), "instance", where), where)
        if instance.get("perturbation"):
            perturbed += 1
            continue
        trial = row.get("train_trial_index") or 0
        key = (str(instance.get("id", i)), trial if isinstance(trial, int) else 0)
        own = grades.get(key)
        if own is None:
            found.ungraded += 1
        elif key not in seen:  # of the requests about one choice each, the first stands for the item
            seen[key] = _read_row(where, row, instance, key, own)
    found.rows = list(seen.values())
    names = dict.fromkeys(name for row in found.rows for name in row.grades)
    rank = {name: i for i, name in enumerate(MAIN)}
    found.measures = tuple(LoggedMeasure(name) for name in sorted(names, key=lambda n: rank.get(n, len(rank))))
    if perturbed:
        found.notes.append(f"{perturbed:,} rows of perturbed questions are left out")
    return found


def _name_task(path: Path, model: str) -> str:
    """Return the run's name without its model: ``mmlu:subject=anatomy``."""
    spec = path.with_name("run_spec.json")
    body = read_json(spec) if spec.is_file() else {}
    name = str(body.get("name", "")) if isinstance(body, dict) else ""
    scenario, _, arguments = (name or path.parent.name).partition(":")
    kept = [part for part in arguments.split(",") if part and not part.startswith("model=")]
    return f"{scenario}:{','.join(kept)}" if kept else scenario


def _read_stats(path: Path) -> dict[tuple[str, int], dict[str, tuple[float, float]]]:
    """Return the grades of each instance and trial.  Raises ModelError where there is no such file."""
    if not path.is_file():
        raise ModelError(
            f"{path.parent.name} has no {path.name}, which holds HELM's grades.",
            fix="Name a run folder of HELM, or grade the answers by a task of yours: --tasks NAME.",
        )
    rows = read_json(path)
    found: dict[tuple[str, int], dict[str, tuple[float, float]]] = {}
    for i, row in enumerate(rows if isinstance(rows, list) else ()):
        where = f"{path.name}[{i}]"
        entry = check_mapping(row, where)
        if entry.get("perturbation"):
            continue
        trial = entry.get("train_trial_index") or 0
        own = found.setdefault((str(entry.get("instance_id")), trial if isinstance(trial, int) else 0), {})
        for stat in as_list(entry.get("stats")):
            told = stat.get("name") if isinstance(stat, dict) else None
            name = str(told.get("name", "")) if isinstance(told, dict) else ""
            count, total = (read_grade(stat.get(key)) for key in ("count", "sum")) if name else (None, None)
            if count and total is not None and not name.startswith(COSTS):
                own[name] = (total / count, 1.0)
    return {key: own for key, own in found.items() if own}


def _read_row(
    where: str,
    row: Mapping[str, Any],
    instance: Mapping[str, Any],
    key: tuple[str, int],
    grades: Mapping[str, tuple[float, float]],
) -> LoggedRow:
    question = read_content(look_up(instance, "input.text", where)) or ""
    references = [one for one in as_list(instance.get("references")) if isinstance(one, dict)]
    texts = [str(as_mapping(one.get("output")).get("text", "")) for one in references]
    right = [text for one, text in zip(references, texts, strict=True) if "correct" in as_list(one.get("tags"))]
    request = as_mapping(row.get("request"))
    messages = read_messages(request.get("messages"))
    result = as_mapping(row.get("result"))
    completions = as_list(result.get("completions"))
    text = str(completions[0].get("text", "")) if completions and isinstance(completions[0], dict) else None
    seconds = read_grade(result.get("request_time"))
    return LoggedRow(
        document=hash_document([question, sorted(texts)]),
        id=key[0],
        question=question,
        repeat=key[1],
        expected=tuple(dict.fromkeys(right)),
        choices=tuple(texts) if len(texts) > len(right) else (),
        prompt=messages or (("user", str(request.get("prompt", "")) or question),),
        text=text,
        grades=grades,
        costs={} if seconds is None or result.get("cached") else {"seconds": seconds},
        data={"id": key[0], "split": instance.get("split")},
        at=where,
    )
