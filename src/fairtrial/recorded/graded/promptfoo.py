"""Results of promptfoo as JSON or JSONL; one file may hold several providers and prompts, each of which is a system."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairtrial.errors import ModelError
from fairtrial.recorded.graded.base import LoggedMeasure, LoggedRow, LoggedTask, LoggedValue
from fairtrial.recorded.graded.content import (
    as_list,
    as_mapping,
    clean_values,
    hash_document,
    read_content,
    read_messages,
)
from fairtrial.recorded.graded.questions import find_question
from fairtrial.recorded.graded.values import read_grade
from fairtrial.recorded.rows import check_mapping, look_up, read_json, read_log_lines
from fairtrial.spec.recorded import Recorded

MAIN = "pass"
"""Whether all assertions of a test hold."""


def read_promptfoo(files: Sequence[Path], how: Recorded) -> Iterator[LoggedTask]:
    """Yield what promptfoo has logged: a system for each provider and prompt, a task for each file."""
    for path in files:
        yield from _read_file(path)


def _read_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.suffix == ".jsonl":
        yield from read_log_lines(path)
        return
    rows = look_up(read_json(path), "results.results", path.name)
    if not isinstance(rows, list):
        raise ModelError(f"{path.name}: results.results must be a list.")
    for i, row in enumerate(rows):
        yield f"{path.name}[{i}]", check_mapping(row, f"{path.name}[{i}]")


def _read_file(path: Path) -> list[LoggedTask]:
    found: dict[tuple[str, str], LoggedTask] = {}
    prompts: dict[str, str] = {}
    seen: dict[tuple[tuple[str, str], str], int] = {}
    for where, row in _read_rows(path):
        provider, index, label = _name_provider(row), str(row.get("promptIdx", 0)), _name_prompt(row)
        prompts.setdefault(index, label)
        key = (provider, index)
        task = found.setdefault(key, LoggedTask("promptfoo", model=provider))
        one = _read_row(where, row)
        if one is None:
            task.ungraded += 1
            continue
        turn = seen[key, one.document] = seen.get((key, one.document), -1) + 1
        task.rows.append(one if not turn else replace(one, repeat=turn))
    providers = {provider for provider, _ in found}
    for (provider, index), task in found.items():
        told: dict[str, LoggedValue] = {}
        parts = []
        if len(providers) > 1:
            told["provider"] = provider
            parts.append(provider)
        if len(prompts) > 1:
            told["promptIdx"] = int(index) if index.isdecimal() else index
            shown = " ".join(prompts[index].split())[:60]
            parts.append(f"prompt {index} ({shown})" if shown else f"prompt {index}")
        names = dict.fromkeys(name for row in task.rows for name in row.grades)
        task.told, task.label = told, ", ".join(parts)
        task.measures = tuple(LoggedMeasure(name) for name in sorted(names, key=lambda name: name != MAIN))
    return list(found.values())


def _name_provider(row: Mapping[str, Any]) -> str:
    provider = row.get("provider")
    if isinstance(provider, dict):
        return str(provider.get("label") or provider.get("id") or "")[:200]
    return str(provider or "")[:200]


def _name_prompt(row: Mapping[str, Any]) -> str:
    prompt = row.get("prompt")
    return str(prompt.get("label") or "") if isinstance(prompt, dict) else ""


def _read_row(where: str, row: Mapping[str, Any]) -> LoggedRow | None:
    """Return what a result says; None for one without a grade: the call failed."""
    response = as_mapping(row.get("response"))
    passed = read_grade(row.get("success"))
    failed = row.get("failureReason") == 2 or (row.get("error") and response.get("output") is None)
    if failed or passed is None:
        return None
    grades = {MAIN: (passed, 1.0)}
    for name, value in {"score": row.get("score"), **as_mapping(row.get("namedScores"))}.items():
        number = read_grade(value)
        if number is not None and str(name) != MAIN:
            grades[str(name)[:100]] = (number, 1.0)
    prompt = row.get("prompt")
    raw = prompt.get("raw", "") if isinstance(prompt, dict) else prompt
    variables = as_mapping(row.get("vars"))
    document = hash_document(variables or raw)
    text = read_content(response.get("output"))
    return LoggedRow(
        document=document,
        id=str(row.get("testIdx", "")),
        question=find_question(variables, _find_last_question(raw)),
        expected=_read_expected(row.get("testCase"), variables),
        prompt=_read_prompt(raw),
        text=text,
        grades=grades,
        costs=_read_costs(row, response),
        data=clean_values(variables),
        at=where,
    )


def _read_prompt(raw: Any) -> tuple[tuple[str, str], ...]:
    """Return the messages of a prompt, which promptfoo writes as JSON where they are several."""
    if isinstance(raw, str) and raw.lstrip().startswith("["):
        try:
            messages = read_messages(json.loads(raw))
        except (ValueError, RecursionError):
            messages = ()
        if messages and any(role == "user" for role, _ in messages):
            return messages
    return (("user", read_content(raw) or ""),)


def _find_last_question(raw: Any) -> str:
    asked = [text for role, text in _read_prompt(raw) if role == "user"]
    return asked[-1] if asked else ""


def _read_expected(test: Any, variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values that a test's assertions compare with, where they are texts without code or templates."""
    found = []
    for one in map(as_mapping, as_list(as_mapping(test).get("assert"))):
        value, kind = one.get("value"), str(one.get("type", ""))
        if kind.removeprefix("i") in ("equals", "contains", "contains-any", "starts-with", "similar"):
            values = value if isinstance(value, list) else [value]
            found += [_fill(text, variables) for text in values if isinstance(text, str | int | float)]
    return tuple(dict.fromkeys(found))


def _fill(text: object, variables: Mapping[str, Any]) -> str:
    """Return a text, or of a bare ``{{name}}`` the variable's value."""
    whole = str(text).strip()
    if whole.startswith("{{") and whole.endswith("}}") and (name := whole[2:-2].strip()) in variables:
        return str(variables[name])
    return str(text)


def _read_costs(row: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, float]:
    """Return what an answer cost; an answer from promptfoo's cache took no time worth counting."""
    found = {}
    milliseconds = read_grade(row.get("latencyMs"))
    if milliseconds is not None and not response.get("cached"):
        found["seconds"] = milliseconds / 1000
    cost = read_grade(row.get("cost"))
    if cost is not None:
        found["usd"] = cost
    usage = response.get("tokenUsage") or row.get("tokenUsage")
    for name, key in (("tokens_in", "prompt"), ("tokens_out", "completion")):
        number = read_grade(usage.get(key)) if isinstance(usage, dict) else None
        if number is not None:
            found[name] = number
    return found
