"""A candidate's results in the shared schema of Every Eval Ever, version 0.3.0 (github.com/evaleval/every_eval_ever).

One aggregate record a candidate, and beside it one line an item and measure; `every_eval_ever_samples` makes those.
A measure of which neither direction is better is left out: the schema has no place for one.  What nobody has
stated (who ran the trial, who made a local model) is not guessed.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fairtrial.analysis.verdicts import Estimate
from fairtrial.ledger import Ledger
from fairtrial.records import GenerateRequest, content_hash
from fairtrial.report.export.answered import read_answered_items
from fairtrial.report.export.every_eval_ever_samples import SCHEMA_VERSION, RecordIdentity, build_lines
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary
from fairtrial.spec.schemes import Scheme, scheme_of

NOT_STATED = "not-stated"
"""Who made a model, where its name does not say; the schema's own tools refuse ``unknown``."""

METRICS = {"acc": "accuracy"}
"""Measures that have a canonical name elsewhere."""

ENGINES = {"llamacpp": "llama-cpp-python", "transformers": "transformers"}
"""Engine to the package whose version is its own."""


def export_every_eval_ever(ledger: Ledger, summary: Summary, out: Path, by: str) -> Iterator[Path]:
    """Write each candidate's files, and yield them."""
    for candidate in summary.candidates:
        yield from write_record(out, ledger, summary, candidate, by)


def write_record(out: Path, ledger: Ledger, summary: Summary, candidate: CandidateSummary, by: str) -> list[Path]:
    """Write a candidate's files under ``out/data/`` and return them, the aggregate record first.

    Args:
        out: where the tree ``data/COLLECTION/DEVELOPER/MODEL/`` begins.
        ledger: with the trial.
        summary: of the trial.
        candidate: of the trial.
        by: who ran the trial.
    """
    developer, model = find_developer(candidate)
    place = Path("data", make_path_component(summary.name), make_path_component(developer), make_path_component(model))
    unique = uuid.UUID(hex=content_hash(["every-eval-ever", summary.trial_id, candidate.content_id]), version=4)
    templated = candidate.spec.document.get("chat", "none") != "none"
    named = f"{summary.name}/{developer}/{model}/{candidate.content_id}"
    identity = RecordIdentity(named, f"{developer}/{model}", templated)
    (out / place).mkdir(parents=True, exist_ok=True)
    path, details = place / f"{unique}_samples.jsonl", place / f"{unique}.json"
    arguments: dict[str, GenerateRequest | None] = {}
    digest, rows = hashlib.sha256(), 0
    with (out / path).open("wb") as file:
        for task in summary.tasks:
            for one in read_answered_items(ledger, summary, candidate, task):
                arguments.setdefault(task.name, next((r for r, _ in one.calls if isinstance(r, GenerateRequest)), None))
                for line in build_lines(one, identity, task):
                    encoded = json.dumps(line, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"
                    file.write(encoded)
                    digest.update(encoded)
                    rows += 1
    made = _build_record(summary, candidate, identity, by, arguments)
    if rows:
        made["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": path.as_posix(),
            "hash_algorithm": "sha256",
            "checksum": digest.hexdigest(),
            "total_rows": rows,
        }
    else:
        (out / path).unlink()
    (out / details).write_text(json.dumps(made, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return [out / details, *([out / path] if rows else [])]


def make_path_component(text: str) -> str:
    """Return a name as one part of a path."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", text).strip(".-")[:100]
    return safe if safe and safe.lower() not in ("data", "unknown") else f"x-{safe}"


def find_developer(candidate: CandidateSummary) -> tuple[str, str]:
    """Return the developer and name of a candidate's model, as far as its name tells."""
    model = candidate.spec.model
    scheme, rest = scheme_of(model), model.partition(":")[2]
    if scheme and scheme.is_of_hub:
        owner, _, name = re.split("[@:]", rest)[0].partition("/")
        return owner or NOT_STATED, name or owner
    if scheme and scheme.answers == "elsewhere":
        owner, slash, name = rest.partition("/")
        known = (
            "openai" if _find_host(candidate) == "api.openai.com" else NOT_STATED
        )  # who hosts a model need not have made it
        return (owner, name) if slash and name else (known, rest)
    return NOT_STATED, str(candidate.record.name or candidate.name)


def _find_host(candidate: CandidateSummary) -> str:
    """Return the name of the machine that an endpoint's address leads to."""
    address = (candidate.spec.document.get("endpoint") or {}).get("base_url", "")
    return urlsplit(str(address)).hostname or NOT_STATED


def _build_record(
    summary: Summary,
    candidate: CandidateSummary,
    identity: RecordIdentity,
    by: str,
    arguments: Mapping[str, GenerateRequest | None],
) -> dict[str, Any]:
    """Return the aggregate record; ``arguments``: the first request for text of each task, if there was one."""
    packages: Mapping[str, str] = next((session.facts.get("packages", {}) for session in summary.sessions), {})
    tasks = {task.name: task for task in summary.tasks}
    own = [one for one in summary.estimates if one.candidate == candidate.name and math.isfinite(one.mean)]
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": identity.evaluation_id,
        "evaluation_timestamp": _convert_to_epoch(summary.created),
        "retrieved_timestamp": str(int(time.time())),
        "source_metadata": {
            "source_name": f"fairtrial, trial {summary.name}",
            "source_type": "evaluation_run",
            "source_organization_name": by,
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "fairtrial",
            "version": packages.get("fairtrial", "unknown"),
            "additional_details": _write_texts({"trial_id": summary.trial_id, "seed": summary.seed}),
        },
        "model_info": _build_model_info(candidate, identity, packages),
        "evaluation_results": [
            _build_result(one, tasks[one.task], candidate, arguments.get(one.task))
            for one in own
            if tasks[one.task].measure(one.measure).higher_is_better is not None
        ],
    }


def _build_model_info(
    candidate: CandidateSummary, identity: RecordIdentity, packages: Mapping[str, str]
) -> dict[str, Any]:
    """Return what is known of the model; whether its weights are open is only said of models on the hub."""
    scheme = scheme_of(candidate.spec.model) or Scheme("", "log")
    hosted = scheme.answers == "elsewhere"
    deployed = "self_deployed" if scheme.answers == "here" else "unknown"
    if hosted:
        deployed = (
            "self_deployed" if _find_host(candidate) in ("localhost", "127.0.0.1", "::1") else "externally_managed"
        )
    engine = candidate.record.engine or ""
    version = packages.get(ENGINES.get(engine, ""))
    kept = {
        key: candidate.spec.document[key]
        for key in ("model", "levers", "chat", "system", "dtype")
        if candidate.spec.document.get(key)
    }
    known = {key: candidate.record.document[key] for key in ("sha256", "bytes") if candidate.record.document.get(key)}
    return {
        "name": candidate.name,
        "id": identity.model_id,
        "developer": identity.model_id.partition("/")[0],
        **({"inference_platform": _find_host(candidate)} if hosted else {}),
        **({"inference_engine": {"name": engine, **({"version": version} if version else {})}} if engine else {}),
        "additional_details": {
            "deployment_type": deployed,
            "model_availability": "open_weights" if scheme.is_of_hub else "unknown",
            **_write_texts({"candidate_id": candidate.content_id, **kept, **known}),
        },
    }


def _build_result(
    one: Estimate, task: TaskSummary, candidate: CandidateSummary, request: GenerateRequest | None
) -> dict[str, Any]:
    """Return one measure of one task; ``request``: what asked for text there, if anything did."""
    measure = task.measure(one.measure)
    name, _, kept = one.measure.partition(",")
    low, high = measure.bounds or (None if one.unit in ("nat", "bit") else 0.0, None)
    quality = measure.unit == "1" or measure.transform == "exp"
    ends = {"lower": one.low, "upper": one.high}
    span = {**ends, "confidence_level": one.confidence} if all(map(math.isfinite, ends.values())) else {}
    arguments = {key: getattr(request, key) for key in ("temperature", "top_p", "top_k", "max_tokens") if request}
    return {
        "evaluation_result_id": f"{task.name}/{one.measure}",
        "evaluation_name": task.name,
        "source_data": _build_source_data(task),
        "metric_config": {
            **({"evaluation_description": task.card.description} if task.card.description else {}),
            "metric_id": METRICS.get(name, name) if quality else f"fairtrial.{name}",
            "metric_name": name,
            "metric_unit": "proportion" if one.unit == "1" else one.unit or "none",
            **({"metric_parameters": {"filter": kept}} if kept else {}),
            "lower_is_better": not measure.higher_is_better,
            "score_type": "continuous",
            "min_score": "-Infinity" if low is None else low,
            "max_score": "Infinity" if high is None else high,
        },
        "score_details": {
            "score": one.mean,
            "uncertainty": {**({"confidence_interval": span} if span else {}), "num_samples": one.items},
            "details": _write_texts({"clusters": one.clusters, "items_total": task.items_total}),
        },
        "generation_config": {
            "generation_args": arguments,
            "additional_details": _write_texts(
                {"settings": dict(task.card.settings.document), "chat": candidate.spec.document.get("chat")}
            ),
        },
    }


def _build_source_data(task: TaskSummary) -> dict[str, Any]:
    """Return where the items are from, as the task's card says it."""
    card = task.card
    kept = {key: card.document.get(key) for key in ("version", "revision", "licence", "citation")}
    return {"dataset_name": card.name, "source_type": "other", "additional_details": _write_texts(kept)}


def _write_texts(values: Mapping[str, object]) -> dict[str, str]:
    """Return what is known of the values as texts: words as they are, the rest as JSON."""
    kept = {key: value for key, value in values.items() if value not in (None, "")}
    return {key: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for key, value in kept.items()}


def _convert_to_epoch(moment: str) -> str:
    """Return an ISO date and time as seconds since 1970."""
    return str(int(datetime.fromisoformat(moment).timestamp()))
