"""The logs of other tools, row by row, as recorded answers.  Each reader says what a row must hold.

lm-eval     samples_*.jsonl of lm-evaluation-harness (--log_samples)
inspect     .eval (zip) or .json logs of Inspect
helm        scenario_state.json of HELM
promptfoo   results as JSON or JSONL
table       any JSON, JSONL or CSV with a mapping
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateRuntimeError

from fairtrial.errors import ModelError
from fairtrial.plugins import PluginTable
from fairtrial.recorded.base import Importer, LogRows, RecordedAnswer
from fairtrial.recorded.graded.helm import read_helm
from fairtrial.recorded.graded.inspect_log import read_inspect
from fairtrial.recorded.graded.lm_eval import read_lm_eval
from fairtrial.recorded.graded.promptfoo import read_promptfoo
from fairtrial.recorded.rows import (
    check_mapping,
    look_up,
    read_json,
    read_log_csv,
    read_log_lines,
    read_zip_entries,
    shorten_value,
)
from fairtrial.records import ImagePart
from fairtrial.records.content import PLACEHOLDER, name_image
from fairtrial.sandbox import LimitedEnvironment, LimitedTemplate
from fairtrial.spec.recorded import Recorded, format_key

DATA_URL = re.compile(r"data:([\w/+.-]+);base64,")
"""How a log holds the bytes of an image."""

TEMPLATES = LimitedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)


def read_log_rows(path: Path, how: Recorded, importer: Importer) -> LogRows:
    """Yield (place, row) of a log, of those rows that count."""
    for where, row in importer.rows(path, how):
        if all(_format_value(look_up(row, key, where)) == _format_value(value) for key, value in how.only.items()):
            yield where, row


def read_answer(where: str, row: Mapping[str, Any], how: Recorded, importer: Importer) -> RecordedAnswer | None:
    """Return what a row says; None for a row without an answer.  A mapping wins over what the format says."""
    said = importer.said(where, row, how)
    if said is None:
        return None
    if said.text is not None:
        asked = _pick(row, how.key, where) if how.key else said.asked
        text = _pick(row, how.answer, where) if how.answer else said.text
        if asked is None:
            return None
        said = replace(said, asked=asked, text=text)
    if how.join != "id":
        return said
    identity = look_up(row, how.id, where)
    return None if _is_nothing(identity) else replace(said, key=format_key(identity))


def recognise_format(path: Path) -> str:
    """Return whose log a file is, by its name and beginning; ``table`` if nobody's."""
    if path.suffix == ".eval":
        return "inspect"
    if path.suffix == ".jsonl":
        keys = set(next(read_log_lines(path), ("", {}))[1])
        if {"resps", "arguments"} <= keys:
            return "lm-eval"
        return "promptfoo" if {"promptIdx", "testIdx", "prompt", "vars"} <= keys else "table"
    if path.suffix == ".json":
        body = read_json(path)
        keys = set(body if isinstance(body, dict) else ())
        if "request_states" in keys:
            return "helm"
        if "eval" in keys and keys & {"samples", "status"}:
            return "inspect"
        results = body.get("results") if isinstance(body, dict) else None
        if isinstance(results, dict) and isinstance(results.get("results"), list):
            return "promptfoo"
    return "table"


def _list(value: Any, where: str) -> LogRows:
    if not isinstance(value, list):
        raise ModelError(
            f"{where}: rows must be a list, got {shorten_value(value)}.", fix="Say with `rows` where they are."
        )
    for i, row in enumerate(value):
        yield f"{where}[{i}]", check_mapping(row, f"{where}[{i}]")


def _read_table(path: Path, how: Recorded) -> LogRows:
    if path.suffix == ".csv":
        yield from read_log_csv(path)
    elif path.suffix == ".jsonl":
        yield from read_log_lines(path)
    else:
        body = read_json(path)
        yield from _list(look_up(body, how.rows, path.name) if how.rows else body, path.name)


def _inspect(path: Path, how: Recorded) -> LogRows:
    """Yield the samples of the first epoch, unless `only` names another."""
    if path.suffix == ".eval":
        rows: LogRows = ((where, check_mapping(row, where)) for where, row in read_zip_entries(path, "samples/"))
    else:
        body = read_json(path)
        if isinstance(body, dict) and "eval" in body and not body.get("samples"):
            raise ModelError(
                f"{path.name} is a log of Inspect without its samples: they were not logged, or none ended."
            )
        rows = _list(look_up(body, "samples", path.name), path.name)
    for where, row in rows:
        if "epoch" in how.only or row.get("epoch", 1) == 1:
            yield where, row


def _read_promptfoo(path: Path, how: Recorded) -> LogRows:
    if path.suffix == ".jsonl":
        return read_log_lines(path)
    return _list(look_up(read_json(path), "results.results", path.name), path.name)


def _said_lm_eval(where: str, row: Mapping[str, Any], how: Recorded) -> RecordedAnswer | None:
    given = look_up(row, "arguments", where)
    calls = list(given.values()) if isinstance(given, dict) else _read_list(given, "arguments", where)
    resps = _read_list(look_up(row, "resps", where), "resps", where)
    if not calls or not resps:
        return None
    pairs = [_call(call, where) for call in calls]
    if isinstance(pairs[0][1], str):
        scores = {}
        for (context, continuation), resp in zip(pairs, resps, strict=False):
            first = resp[0] if isinstance(resp, list) and resp and isinstance(resp[0], list) else resp
            scores[context, str(continuation)] = (_read_number(first, 0, where), _is_greedy(first))
        return RecordedAnswer(pairs[0][0], None, where, scores)
    first = resps[0]
    text = _convert_to_text(first[0] if isinstance(first, list) and first else first)
    return None if text is None else RecordedAnswer(pairs[0][0], text, where)


def _call(call: Any, where: str) -> tuple[str, Any]:
    """Return (context, continuation or settings); a document that is scored whole is all that there is."""
    parts = list(call.values()) if isinstance(call, dict) else call
    if isinstance(parts, list) and len(parts) == 1:
        return "", _format_value(parts[0])
    return _format_value(_read_part(call, 0, where)), _read_part(call, 1, where)


def _is_greedy(resp: Any) -> bool:
    """Return whether greedy decoding would have given it; of a document scored whole, lm-eval does not say."""
    return isinstance(resp, list) and len(resp) > 1 and str(resp[1]) == "True"


def _read_list(value: Any, what: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ModelError(f"{where}: {what} must be a list, got {shorten_value(value)}.")
    return value


def _read_part(value: Any, i: int, where: str) -> Any:
    """Return an argument or part of an answer by position, whether they are a list or named ``arg_0`` ..."""
    if isinstance(value, dict) and f"arg_{i}" in value:
        return value[f"arg_{i}"]
    if isinstance(value, list) and i < len(value):
        return value[i]
    raise ModelError(f"{where}: part {i} is missing in {shorten_value(value)}.")


def _read_number(value: Any, i: int, where: str) -> float:
    part = _read_part(value, i, where)
    try:
        return float(part)
    except (TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"{where}: a log-probability must be a number, got {shorten_value(part)}.") from error


def _said_inspect(where: str, row: Mapping[str, Any], how: Recorded) -> RecordedAnswer | None:
    if scored := _scored_inspect(where, row):
        return scored
    asked, output = look_up(row, "input", where), row.get("output") or {}
    if row.get("error") or not isinstance(output, dict) or output.get("error") or output.get("choices") == []:
        return None  # what failed has an empty completion, which is no answer
    if isinstance(asked, list):
        asked = _last_of_user(asked)
    text = output.get("completion")
    if text is None and output.get("choices"):
        text = look_up(output, "choices.0.message.content", where)
    return _read_said(_read_content(asked), _read_content(text), where)


def _read_said(asked: str | None, text: str | None, where: str) -> RecordedAnswer | None:
    """Return what was said; without a text where the answer is missing, None where the question is."""
    return None if asked is None else RecordedAnswer(asked, text, where)


def _scored_inspect(where: str, row: Mapping[str, Any]) -> RecordedAnswer | None:
    """Return the log-probabilities that fairtrial itself has put into a log."""
    metadata = row.get("metadata")
    own = metadata.get("fairtrial") if isinstance(metadata, dict) else None
    given = own.get("scored") if isinstance(own, dict) else None
    if not isinstance(given, list) or not given:
        return None
    scores = {}
    for i, one in enumerate(given):
        place = f"{where} metadata.fairtrial.scored[{i}]"
        parts = [look_up(one, key, place) for key in ("prompt", "continuation", "logprob", "greedy")]
        scores[_format_value(parts[0]), _format_value(parts[1])] = (_read_number(parts, 2, place), parts[3] is True)
    return RecordedAnswer(next(iter(scores))[0], None, where, scores)


def _last_of_user(messages: list[Any]) -> Any:
    """Return the content of the last message that a user wrote."""
    users = [m for m in messages if isinstance(m, dict) and m.get("role") == "user"]
    return users[-1].get("content", "") if users else ""


def _read_content(value: Any) -> str | None:
    """Return a message's text: a string, or the parts of a list, images by their names; None where there is none."""
    if isinstance(value, list) and all(isinstance(part, dict) for part in value):
        texts = [_describe_image(part) or _convert_to_text(part.get("text")) for part in value]
        return "".join(text for text in texts if text is not None) if any(t is not None for t in texts) else None
    return _convert_to_text(value)


def _describe_image(part: Mapping[str, Any]) -> str:
    """Return what stands for an image in a message, by its bytes if the log holds them; empty for what is none."""
    held = part.get("image", part.get("image_url"))
    url = held.get("url") if isinstance(held, dict) else held
    if not isinstance(url, str):
        return ""
    found = DATA_URL.match(url)
    if found is None:
        return PLACEHOLDER
    try:
        return name_image(ImagePart.of(b64decode(url[found.end() :], validate=True), found[1]))
    except ValueError:
        return PLACEHOLDER


def _said_helm(where: str, row: Mapping[str, Any], how: Recorded) -> RecordedAnswer | None:
    result, request = row.get("result"), look_up(row, "request", where)
    failed = not isinstance(result, dict) or result.get("success") is False or not result.get("completions")
    if failed or (isinstance(request, dict) and request.get("echo_prompt")):
        return None  # an echoed prompt was scored, not answered
    messages = request.get("messages") if isinstance(request, dict) else None
    asked = _last_of_user(messages) if isinstance(messages, list) else look_up(request, "prompt", where)
    return _read_said(_read_content(asked), _convert_to_text(look_up(result, "completions.0.text", where)), where)


def _said_promptfoo(where: str, row: Mapping[str, Any], how: Recorded) -> RecordedAnswer | None:
    prompt, response = row.get("prompt"), row.get("response")
    asked = prompt.get("raw") if isinstance(prompt, dict) else prompt
    output = response.get("output") if isinstance(response, dict) else None
    if output is None or asked is None:
        return None
    return _read_said(_read_content(_unwrap_messages(asked)), _convert_to_text(output), where)


def _unwrap_messages(asked: Any) -> Any:
    """Return the last question of a prompt that is messages written as JSON; any other prompt as it is."""
    if isinstance(asked, str) and asked.lstrip().startswith("["):
        try:
            messages = json.loads(asked)
        except (ValueError, RecursionError):
            return asked
        if isinstance(messages, list) and any(isinstance(m, dict) and m.get("role") == "user" for m in messages):
            return _last_of_user(messages)
    return asked


def _pick(row: Mapping[str, Any], what: str, where: str) -> str | None:
    """Return a column of a row, or a template filled with its columns; None where a part of it is no value."""
    if "{{" not in what and "{%" not in what:
        return _convert_to_text(look_up(row, what, where))
    try:
        return _compile_template(what).render({str(key): _with_nulls(value) for key, value in row.items()})
    except _NullError:
        return None
    except TemplateError as error:
        raise ModelError(f"{where}: the template {what!r} cannot be filled: {error}") from error


@lru_cache(maxsize=64)
def _compile_template(text: str) -> LimitedTemplate:
    return TEMPLATES.from_string(text)


class _NullError(TemplateRuntimeError):
    """A template writes a value that is none."""


def _with_nulls(value: Any) -> Any:
    """Return a value whose nulls cannot be written by a template."""
    if isinstance(value, dict):
        return {key: _with_nulls(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_nulls(inner) for inner in value]
    return StrictUndefined("no value", exc=_NullError) if _is_nothing(value) else value


def _convert_to_text(value: Any) -> str | None:
    """Return a value as text, objects and lists as JSON; None for what is no value."""
    if isinstance(value, str):
        return value
    if _is_nothing(value):
        return None
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else str(value)


def _format_value(value: Any) -> str:
    """Return a value as text, whatever it is."""
    text = _convert_to_text(value)
    return "" if text is None else text


def _is_nothing(value: Any) -> bool:
    """Return whether a value is none: null, or the NaN that tables with gaps become in JSON."""
    return value is None or (isinstance(value, float) and math.isnan(value))


IMPORTERS: PluginTable[Importer] = PluginTable(
    "importer",
    {
        "lm-eval": Importer(
            lambda path, how: read_log_lines(path), _said_lm_eval, begins="samples_", verbatim=True, graded=read_lm_eval
        ),
        "inspect": Importer(_inspect, _said_inspect, graded=read_inspect),
        "helm": Importer(
            lambda path, how: _list(look_up(read_json(path), "request_states", path.name), path.name),
            _said_helm,
            begins="scenario_state",
            graded=read_helm,
        ),
        "promptfoo": Importer(_read_promptfoo, _said_promptfoo, graded=read_promptfoo),
        "table": Importer(_read_table, lambda where, row, how: RecordedAnswer("", "", where)),
    },
    "an Importer",
    lambda found: isinstance(found, Importer),
    noun="format of recorded answers",
)
"""Name of a format, as ``recorded: {format: ...}`` says it, to what reads it."""
