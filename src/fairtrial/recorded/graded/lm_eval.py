"""Logs of lm-evaluation-harness: ``samples_*.jsonl`` with the ``results_*.json`` beside them, which has each task's
configuration.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairtrial.errors import ModelError
from fairtrial.recorded.graded.base import LoggedMeasure, LoggedRow, LoggedTask
from fairtrial.recorded.graded.content import as_list, as_mapping, clean_values, hash_document
from fairtrial.recorded.graded.questions import find_question, name_texts
from fairtrial.recorded.graded.values import read_grade
from fairtrial.recorded.rows import look_up, read_json, read_log_lines, shorten_value
from fairtrial.spec.recorded import Recorded

NAME = re.compile(r"samples_(?P<task>.+?)(?:_(?P<date>\d{4}-\d\d-\d\dT[\d.:-]+Z?))?$")
"""Name of a samples file without its ending."""

PERPLEXITIES = ("word_perplexity", "byte_perplexity", "bits_per_byte", "perplexity")
LOWER = (*PERPLEXITIES, "brier_score", "ter", "likelihood_diff")


def read_lm_eval(files: Sequence[Path], how: Recorded) -> Iterator[LoggedTask]:
    """Yield what lm-evaluation-harness has logged: of each folder (a model) and task the newest file."""
    newest: dict[tuple[Path, str], tuple[str, Path]] = {}
    older: dict[tuple[Path, str], int] = {}
    for path in files:
        name = NAME.match(path.name.removesuffix(".jsonl"))
        key, date = (path.parent, name["task"] if name else path.stem), (name and name["date"]) or ""
        older[key] = older.get(key, -1) + 1
        if key not in newest or date >= newest[key][0]:
            newest[key] = (date, path)
    folders = {folder for folder, _ in newest}
    for (folder, task), (date, path) in newest.items():
        results = _read_results(folder, date)
        found = _read_task(path, task, results)
        if len(folders) > 1:
            found.told, found.label = {"folder": folder.name}, found.model or folder.name
        if older[folder, task]:
            many = older[folder, task]
            found.notes.append(
                f"{many:,} older file{' of' if many == 1 else 's of'} {task} beside {path.name} "
                f"{'is' if many == 1 else 'are'} left out"
            )
        yield found


def _read_results(folder: Path, date: str) -> Mapping[str, Any]:
    """Return the results file that belongs to a samples file: of the same time, else the newest; empty if none is."""
    found = sorted(folder.glob("results_*.json"), key=lambda path: path.name)
    own = [path for path in found if date and date in path.name]
    if not found:
        return {}
    body = read_json((own or found)[-1])
    return body if isinstance(body, dict) else {}


def _read_task(path: Path, name: str, results: Mapping[str, Any]) -> LoggedTask:
    config = as_mapping(as_mapping(results.get("configs")).get(name))
    found = LoggedTask(name, model=_name_model(results), config=config or None)
    rows: dict[str, LoggedRow] = {}
    order: list[tuple[str, str]] = []
    odd: set[str] = set()
    for where, row in read_log_lines(path):
        own = _read_row(where, row)
        if own is None:
            found.ungraded += 1
            continue
        kept = str(row.get("filter", "none"))
        grades, unread = _read_grades(row, where)
        odd |= unread
        for measure in grades:
            if (measure, kept) not in order:
                order.append((measure, kept))
        named = {_name_measure(measure, kept): value for measure, value in grades.items()}
        before = rows.get(own.id)
        if before is None:
            rows[own.id] = replace(own, grades=named)
        elif before.document == own.document and not set(named) & set(before.grades):
            rows[own.id] = replace(before, grades={**before.grades, **named})  # the same answers through another filter
        else:
            found.rows.append(replace(own, grades=named))  # the item a second time
    found.rows = [*rows.values(), *found.rows]
    found.ungraded += sum(not row.grades for row in found.rows)
    found.rows = [row for row in found.rows if row.grades]
    found.measures = _order_measures(order, config, as_mapping(as_mapping(results.get("higher_is_better")).get(name)))
    if odd:
        found.notes.append(f"{', '.join(sorted(odd))}: no number a row, so it is left out")
    found.notes += _describe_aggregations(config, {measure for measure, _ in order})
    return found


def _read_row(where: str, row: Mapping[str, Any]) -> LoggedRow | None:
    """Return what was asked and answered; None for a row without an answer."""
    given, resps = look_up(row, "arguments", where), look_up(row, "resps", where)
    calls = list(given.values()) if isinstance(given, dict) else given
    if not isinstance(calls, list) or not isinstance(resps, list):
        raise ModelError(
            f"{where}: arguments and resps must be lists, got {shorten_value(given)} and {shorten_value(resps)}."
        )
    if not calls or not resps:
        return None
    pairs = [(_read_part(call, 0), _read_part(call, 1)) for call in calls]
    doc = row.get("doc")
    document = hash_document(doc) if doc is not None else ""
    data = doc if isinstance(doc, dict) else {} if doc is None else {"doc": doc}
    prompt, target = str(pairs[0][0]), row.get("target")
    text: str | None = None
    scores: tuple[tuple[str, str, float, bool], ...] = ()
    choices: tuple[str, ...] = ()
    if isinstance(pairs[0][1], str):
        scores = tuple(
            (str(context), str(continuation), *_read_score(resp, where))
            for (context, continuation), resp in zip(pairs, resps, strict=False)
        )
        # continuations of one context are the choices; several contexts are those of a task that fills a gap
        same = len({context for context, _ in pairs}) == 1
        choices = tuple(str(c).strip() if same else str(context) for context, c in pairs) if len(pairs) > 1 else ()
    else:
        first = resps[0][0] if isinstance(resps[0], list) and resps[0] else resps[0]
        text = None if first is None else str(first)
        if text is None:
            return None
    return LoggedRow(
        document=document or hash_document(["prompt", prompt]),
        id=str(row.get("doc_id", "")),
        question=find_question(data, prompt),
        expected=name_texts(target, choices),
        choices=choices,
        prompt=(("user", prompt),),
        text=text,
        scores=scores,
        data=clean_values(data),
        target=target,
        at=where,
    )


def _read_part(call: Any, i: int) -> Any:
    """Return the context (0) or continuation (1) of a call; a document that is scored whole has no context."""
    parts = list(call.values()) if isinstance(call, dict) else call
    if not isinstance(parts, list) or not parts:
        return ""
    if len(parts) == 1:
        return ("", str(parts[0]))[i]
    return parts[i]


def _read_score(resp: Any, where: str) -> tuple[float, bool]:
    """Return a log-probability and whether greedy decoding would have given the continuation."""
    one = resp[0] if isinstance(resp, list) and resp and isinstance(resp[0], list) else resp
    first = one[0] if isinstance(one, list) and one else one
    try:
        value = float(first)
    except (TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"{where}: a log-probability must be a number, got {shorten_value(first)}.") from error
    greedy = isinstance(one, list) and len(one) > 1 and str(one[1]) == "True"
    return (min(value, 0.0) if value < 0.01 else value), greedy


def _read_grades(row: Mapping[str, Any], where: str) -> tuple[dict[str, tuple[float, float]], set[str]]:
    """Return the grades of a row by lm-eval's own name, and the names of those that are no numbers."""
    names = row.get("metrics")
    if not isinstance(names, list):
        raise ModelError(f"{where}: metrics must be a list of names, got {shorten_value(names)}.")
    found, odd = {}, set()
    for name in map(str, names):
        value = row.get(name)
        number = read_grade(value)
        if number is not None:
            found[name] = (number, 1.0)
        elif name in PERPLEXITIES and isinstance(value, list) and len(value) == 2:
            nats, units = read_grade(value[0]), read_grade(value[1])
            if nats is not None and units:
                found[name] = (-nats / units / (math.log(2) if name == "bits_per_byte" else 1), units)
        elif value is not None:
            odd.add(name)
    return found, odd


def _name_measure(measure: str, kept: str) -> str:
    """Return the name of a measure of answers that went through a filter."""
    return measure if kept == "none" else f"{measure},{kept}"


def _order_measures(
    order: Sequence[tuple[str, str]], config: Mapping[str, Any], higher: Mapping[str, Any]
) -> tuple[LoggedMeasure, ...]:
    """Return the measures in the order of the task's configuration."""
    listed = [
        str(one["metric"]) for one in as_list(config.get("metric_list")) if isinstance(one, dict) and "metric" in one
    ]
    rank = {name: i for i, name in reversed(list(enumerate(listed)))}
    ranked = sorted(order, key=lambda pair: rank.get(pair[0], len(rank)))
    found = []
    for measure, kept in ranked:
        better = higher.get(measure)
        direction = better if isinstance(better, bool) else measure not in LOWER
        transform = "exp" if measure in ("word_perplexity", "byte_perplexity") else "identity"
        unit = "nat" if transform == "exp" else "bit" if measure == "bits_per_byte" else ""
        found.append(LoggedMeasure(_name_measure(measure, kept), direction, transform, unit))
    return tuple(found)


def _describe_aggregations(config: Mapping[str, Any], measures: set[str]) -> list[str]:
    """Return which measures lm-eval does not average, as sentences."""
    usual = {"mean", "nanmean", "weighted_perplexity", "bits_per_byte", "perplexity"}
    listed = map(as_mapping, as_list(config.get("metric_list")))
    named = [(str(one.get("metric")), str(one.get("aggregation", "mean"))) for one in listed]
    odd = [
        f"{metric} is the mean of the rows here, and lm-eval's own aggregation ({kind}) in its results file"
        for metric, kind in named
        if metric in measures and kind not in usual
    ]
    return [text[:300] for text in odd]


def _name_model(results: Mapping[str, Any]) -> str:
    """Return the model that a results file is about; empty if it does not say."""
    config = as_mapping(results.get("config"))
    arguments = config.get("model_args")
    inner = arguments.get("pretrained", "") if isinstance(arguments, dict) else str(arguments or "")
    found = re.search(r"(?:pretrained|model)=([^,]+)", inner)
    told = results.get("model_name") or (found[1] if found else inner) or config.get("model") or ""
    return str(told)[:200]
