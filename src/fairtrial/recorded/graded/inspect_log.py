"""Logs of Inspect: ``.eval`` archives and ``.json`` files, one task of one model each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairtrial.errors import ModelError
from fairtrial.recorded.graded.base import LoggedMeasure, LoggedRow, LoggedTask
from fairtrial.recorded.graded.content import (
    as_list,
    as_mapping,
    clean_values,
    hash_document,
    read_content,
    read_messages,
)
from fairtrial.recorded.graded.values import read_grade
from fairtrial.recorded.rows import check_mapping, look_up, read_json, read_zip_entries
from fairtrial.spec.recorded import Recorded

GRADES: Mapping[str, float] = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""Inspect's letters: correct, incorrect, partial, no answer."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def read_inspect(files: Sequence[Path], how: Recorded) -> Iterator[LoggedTask]:
    """Yield what Inspect has logged; of several logs of one model and task the newest one."""
    found: dict[tuple[str, str], tuple[str, LoggedTask]] = {}
    left_out: dict[tuple[str, str], int] = {}
    for path in files:
        head, samples = _open(path)
        if not head:
            continue
        task, created = _read_task(path, head, samples)
        if not task.rows and not task.ungraded:
            continue
        key = (task.model, task.name)
        left_out[key] = left_out.get(key, -1) + 1
        if key not in found or created >= found[key][0]:
            found[key] = (created, task)
    models = {model for model, _ in found}
    for key, (_, task) in found.items():
        if len(models) > 1:
            task.told, task.label = {"model": task.model}, task.model
        if left_out[key]:
            task.notes.append(f"{left_out[key]:,} older log(s) of {task.name} are left out")
        yield task


def _open(path: Path) -> tuple[Mapping[str, Any], Iterator[tuple[str, Mapping[str, Any]]]]:
    """Return a log without its samples, and those with their places; empty for a JSON file that is no log."""
    if path.suffix == ".eval":
        heads = dict(read_zip_entries(path, "header.json")) or dict(read_zip_entries(path, "_journal/start.json"))
        head = next(iter(heads.values()), None)
        if not isinstance(head, dict) or "eval" not in head:
            raise ModelError(f"{path.name} is no log of Inspect: it has no header.")
        samples = ((where, check_mapping(row, where)) for where, row in read_zip_entries(path, "samples/"))
        return head, samples
    body = read_json(path)
    if not isinstance(body, dict) or "eval" not in body:
        return {}, iter(())
    rows = body.get("samples") or []
    if not isinstance(rows, list):
        raise ModelError(f"{path.name}: samples must be a list.")
    return body, ((f"{path.name}[{i}]", check_mapping(row, f"{path.name}[{i}]")) for i, row in enumerate(rows))


def _read_task(
    path: Path, head: Mapping[str, Any], samples: Iterator[tuple[str, Mapping[str, Any]]]
) -> tuple[LoggedTask, str]:
    """Return one log, and when it was begun."""
    spec = check_mapping(head["eval"], path.name)
    name = str(spec.get("task") or path.stem).rsplit("/", 1)[-1]
    found = LoggedTask(name, model=_name_model(spec))
    order: dict[str, None] = {}
    for where, row in samples:
        one = _read_row(where, row)
        if one is None:
            found.ungraded += 1
            continue
        order |= dict.fromkeys(one.grades)
        found.rows.append(one)
    found.measures = tuple(LoggedMeasure(measure) for measure in order)
    status = head.get("status")
    if status not in (None, "success"):
        found.notes.append(f"the log of {name} is that of a run that has not ended well (status {str(status)[:40]})")
    return found, str(spec.get("created", ""))


def _name_model(spec: Mapping[str, Any]) -> str:
    """Return the model of a log; of one that fairtrial has exported, the candidate."""
    metadata = spec.get("metadata")
    candidate = metadata.get("candidate") if isinstance(metadata, dict) and "trial" in metadata else None
    return str(candidate or spec.get("model") or "")[:200]


def _read_row(where: str, row: Mapping[str, Any]) -> LoggedRow | None:
    """Return what a sample says; None for one without a grade."""
    grades = _read_scores(row.get("scores"))
    if row.get("error") or not grades:
        return None
    asked = look_up(row, "input", where)
    question = read_content(asked[-1].get("content") if _is_talk(asked) else asked) or ""
    output = as_mapping(row.get("output"))
    messages = read_messages(row.get("messages")) or (read_messages(asked) if _is_talk(asked) else ())
    while messages and messages[-1][0] != "user":
        messages = messages[:-1]
    choices = tuple(map(str, as_list(row.get("choices"))))
    target = row.get("target", "")
    expected = tuple(str(one) for one in (target if isinstance(target, list) else [target]) if str(one))
    text = read_content(output.get("completion"))
    if text is None and output.get("choices"):
        text = read_content(look_up(output, "choices.0.message.content", where))
    metadata = as_mapping(row.get("metadata"))
    own = metadata.get("doc") if "fairtrial" in metadata else None
    return LoggedRow(
        document=hash_document(own if own is not None else [asked, list(choices), target]),
        id=str(row.get("id", "")),
        question=question,
        repeat=_read_epoch(row, where),
        expected=tuple(_name_letter(one, choices) for one in expected),
        choices=choices,
        prompt=messages or (("user", question),),
        text=text,
        scores=_read_own_scores(metadata),
        grades=grades,
        costs=_read_costs(row),
        cluster=str(metadata.get("cluster") or "") if own is not None else "",
        data=clean_values(own if isinstance(own, dict) else {k: v for k, v in metadata.items() if k != "fairtrial"}),
        target=target,
        at=where,
    )


def _is_talk(asked: Any) -> bool:
    return isinstance(asked, list) and bool(asked) and all(isinstance(one, dict) for one in asked)


def _read_epoch(row: Mapping[str, Any], where: str) -> int:
    epoch = row.get("epoch", 1)
    if isinstance(epoch, bool) or not isinstance(epoch, int) or not 1 <= epoch <= 10_000:
        raise ModelError(f"{where}: epoch must be a whole number from 1, got {str(epoch)[:40]}.")
    return epoch - 1


def _name_letter(target: str, choices: Sequence[str]) -> str:
    """Return the text of the choice that a letter means."""
    at = LETTERS.find(target) if len(target) == 1 and target not in choices else -1
    return choices[at] if 0 <= at < len(choices) else target


def _read_scores(scores: Any) -> dict[str, tuple[float, float]]:
    """Return the grades of a sample: one a scorer, or one a value of it where it gives several."""
    found: dict[str, tuple[float, float]] = {}
    for name, score in as_mapping(scores).items():
        value = score.get("value") if isinstance(score, dict) else score
        metadata = score.get("metadata") if isinstance(score, dict) else None
        several = value if isinstance(value, dict) else {"": value}
        for part, inner in several.items():
            number = GRADES[inner] if isinstance(inner, str) and inner in GRADES else read_grade(inner)
            weight = read_grade(metadata.get("weight")) if isinstance(metadata, dict) else None
            if number is not None:
                found[f"{name}.{part}" if part else str(name)] = (number, 1.0 if weight is None else weight)
    return found


def _read_own_scores(metadata: Mapping[str, Any]) -> tuple[tuple[str, str, float, bool], ...]:
    """Return the log-probabilities that fairtrial itself has put into a log."""
    given = as_list(as_mapping(metadata.get("fairtrial")).get("scored"))
    found = []
    for one in given:
        number = read_grade(one.get("logprob")) if isinstance(one, dict) else None
        if number is None:
            return ()
        found.append((str(one.get("prompt", "")), str(one.get("continuation", "")), number, one.get("greedy") is True))
    return tuple(found)


def _read_costs(row: Mapping[str, Any]) -> dict[str, float]:
    """Return what a sample cost, as far as it says."""
    found = {}
    seconds = read_grade(row.get("working_time", row.get("total_time")))
    if seconds is not None:
        found["seconds"] = seconds
    usage = [one for one in as_mapping(row.get("model_usage")).values() if isinstance(one, dict)]
    for name, key in (("tokens_in", "input_tokens"), ("tokens_out", "output_tokens"), ("usd", "total_cost")):
        numbers = [number for one in usage if (number := read_grade(one.get(key))) is not None]
        if numbers:
            found[name] = sum(numbers)
    return found
