"""A candidate's answers to one task as a log of Inspect: the ``.eval`` archive that its viewer and library read.

The fields are those of ``inspect_ai.log.EvalLog``, version 2 (inspect.aisi.org.uk/eval-logs.html).  A continuation that
was scored is no message: what is shown as the output is the likeliest one, and all of them are under
``metadata.fairtrial.scored`` of the sample, where `fairtrial.recorded` finds them.  Texts in ``target`` and ``choices``
are those of the item, not letters.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fairtrial.analysis.verdicts import Estimate
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.blobs import read_image
from fairtrial.records import ImagePart, Message, TextPart, content_hash, make_data_url
from fairtrial.report.export.answered import AnsweredItem, read_answered_items
from fairtrial.report.export.places import make_candidate_folders, make_path_part, make_time_part
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary

VERSION = 2
"""Of Inspect's log format."""

COSTS = frozenset({"s", "B", "B/s", "J", "W", "g", "USD", "token", "token/s"})
"""Units of measures of what an answer cost, which are no scores."""

SHORT = 1000
"""Characters of a text in a sample's summary."""


def export_inspect(ledger: Ledger, summary: Summary, out: Path, by: str) -> Iterator[Path]:
    """Write a log a task into a folder a candidate, and yield them."""
    when = make_time_part(summary.created)[:19]
    for candidate, place in make_candidate_folders(summary.candidates, out):
        for task in summary.tasks:
            named = make_path_part(task.name).replace("_", "-")
            path = place / f"{when}_{named}_{_identify_log(summary, candidate, task)[:22]}.eval"
            write_log(path, ledger, summary, candidate, task)
            yield path


def _identify_log(summary: Summary, candidate: CandidateSummary, task: TaskSummary) -> str:
    """Return what identifies a log: the same for the same trial, candidate and task."""
    return content_hash(["inspect", summary.trial_id, candidate.content_id, task.content_id])


def write_log(path: Path, ledger: Ledger, summary: Summary, candidate: CandidateSummary, task: TaskSummary) -> int:
    """Write the log and return how many samples it holds."""
    measures = [measure.name for measure in task.card.measures if measure.unit not in COSTS]
    summaries: list[dict[str, Any]] = []
    usage: Counter[str] = Counter()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in read_answered_items(ledger, summary, candidate, task):
            made = _build_sample(one, build_messages(one, candidate, partial(read_image, ledger)), candidate, measures)
            usage.update(made["model_usage"].get(_name_model(candidate), {}))
            archive.writestr(f"samples/{made['id']}_epoch_{made['epoch']}.json", _encode_json(made))
            summaries.append(_summarise_sample(made, one.prompt))
        repeats = query.count_repeats(ledger, summary.trial_id, task.content_id)
        head = _build_header(summary, candidate, task, summaries, repeats)
        head["stats"]["model_usage"] = {_name_model(candidate): dict(usage)} if usage else {}
        start = {key: head[key] for key in ("version", "eval", "plan")}
        for name, part in (("_journal/start", start), ("summaries", summaries), ("header", head)):
            archive.writestr(f"{name}.json", _encode_json(part))
    return len(summaries)


def _encode_json(value: object) -> bytes:
    """Return JSON as bytes; halves of characters that no encoding has become question marks."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _name_model(candidate: CandidateSummary) -> str:
    """Return what Inspect's lists show as the model: the candidate's name, for several may have one model."""
    return candidate.name


def _build_sample(
    one: AnsweredItem, told: Sequence[Mapping[str, Any]], candidate: CandidateSummary, measures: Sequence[str]
) -> dict[str, Any]:
    """Return one answered item as an ``EvalSample``."""
    item, model, text = one.item, _name_model(candidate), one.said
    seen = any(prompt.images for prompt in one.prompts)
    thought = [{"type": "reasoning", "reasoning": one.thought}, {"type": "text", "text": text}]
    content = thought if one.thought else text
    reply = {"role": "assistant", "content": content, "source": "generate", "model": model}
    tokens = one.tokens()
    usage = {} if tokens is None else _build_usage(tokens)
    seconds = one.values.get("seconds")
    output = {
        "model": model,
        "choices": [{"message": reply, "stop_reason": _find_stop_reason(one)}],
        "completion": text,
        **({"usage": usage} if usage else {}),
        **({"time": seconds[0]} if seconds else {}),
    }
    return {
        "id": item.doc_id,
        "epoch": one.repeat + 1,
        "input": [message for message in told if message["role"] == "user"][-1:] if seen else one.prompt,
        **({"choices": list(item.choices)} if item.choices else {}),
        "target": item.gold[0] if len(item.gold) == 1 else list(item.gold),
        "messages": [*told, reply],
        "output": output,
        "scores": {
            name: {"value": one.values[name][0], "answer": text, "metadata": {"weight": one.values[name][1]}}
            for name in measures
            if name in one.values
        },
        "metadata": {
            "item": item.id,
            "cluster": item.cluster,
            "doc": dict(item.data),
            "fairtrial": _build_metadata(one, measures),
        },
        "store": {},
        "events": [],
        "model_usage": {model: usage} if usage else {},
        "attachments": {},
        **({"total_time": seconds[0]} if seconds else {}),
    }


def _build_metadata(one: AnsweredItem, measures: Sequence[str]) -> dict[str, Any]:
    """Return what Inspect has no field for: what the answer cost, its trace, and the log-probabilities of
    continuations.
    """
    costs = {name: value for name, (value, _) in one.values.items() if name not in measures}
    scored = [
        {
            "prompt": s.prompt,
            "continuation": s.continuation,
            "logprob": s.logprob if math.isfinite(s.logprob) else str(s.logprob),
            "greedy": s.greedy,
        }
        for s in one.scored
    ]
    trace: dict[str, Any] = {"trace": one.trace} if one.trace else {}
    trace |= {"credits": one.credits} if one.credits else {}
    return {"costs": costs, **trace, **({"scored": scored} if scored else {})}


def build_messages(
    one: AnsweredItem, candidate: CandidateSummary, read: Callable[[ImagePart], bytes]
) -> list[dict[str, Any]]:
    """Return what the model was shown as messages: those of the candidate and task, else the running text."""
    prompts = one.prompts
    if len(prompts) != 1:
        told = [Message("user", (TextPart(one.prompt),))]
    elif candidate.spec.document.get("chat", "none") == "none":
        [prompt] = prompts
        whole = prompt.in_one_turn()
        told = [Message("user", tuple(part for message in whole.messages for part in message.parts))]
    else:
        [prompt] = prompts
        system = "\n\n".join(filter(None, (candidate.spec.document.get("system", "").strip(), prompt.system.strip())))
        asked = [one for one in prompt.messages if one.role != "system"]
        told = [Message("system", (TextPart(system),)), *asked]
    kept = [message for message in told if message.parts or message.role == "user"]
    return [{"role": message.role, "content": _build_content(message, read), "source": "input"} for message in kept]


def _build_content(message: Message, read: Callable[[ImagePart], bytes]) -> str | list[dict[str, str]]:
    """Return what a message shows: a text, or a list of texts and images where it shows images."""
    if not message.images:
        return message.text
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, TextPart)
        else {"type": "image", "image": make_data_url(part.media_type, read(part))}
        for part in message.parts
    ]


def _find_stop_reason(one: AnsweredItem) -> str:
    """Return why an answer ended, in Inspect's words."""
    finishes = {answer.get("finish") for _, answer in one.calls}
    if "refused" in finishes:
        return "content_filter"
    return "max_tokens" if "length" in finishes else "stop"


def _build_usage(tokens: Mapping[str, int]) -> dict[str, int]:
    """Return token counts under Inspect's names."""
    usage = {"input_tokens": tokens["in"], "output_tokens": tokens["out"], "total_tokens": tokens["in"] + tokens["out"]}
    return {**usage, **({"reasoning_tokens": tokens["reasoning"]} if tokens.get("reasoning") else {})}


def _summarise_sample(made: Mapping[str, Any], asked: str) -> dict[str, Any]:
    """Return the summary of a sample: what is shown in lists, long texts cut."""
    kept = {key: made[key] for key in ("id", "epoch", "choices", "model_usage", "total_time") if key in made}
    target = [made["target"]] if isinstance(made["target"], str) else made["target"]
    scores = {name: {**score, "answer": score["answer"][:SHORT]} for name, score in made["scores"].items()}
    texts = {"input": asked[:SHORT], "target": [text[:SHORT] for text in target]}
    return {**kept, **texts, "scores": scores, "completed": True, "message_count": len(made["messages"])}


def _build_header(
    summary: Summary,
    candidate: CandidateSummary,
    task: TaskSummary,
    summaries: Sequence[Mapping[str, Any]],
    repeats: int,
) -> dict[str, Any]:
    """Return the log without its samples."""
    started = [session.started for session in summary.sessions]
    ended = [session.ended for session in summary.sessions if session.ended]
    return {
        "version": VERSION,
        "status": "success" if summary.finished else "started",
        "eval": _build_spec(summary, candidate, task, [one["id"] for one in summaries if one["epoch"] == 1], repeats),
        "plan": {"name": "fairtrial", "steps": [], "config": _build_config(candidate)},
        "results": {
            "total_samples": task.items_asked * repeats,
            "completed_samples": len(summaries),
            "scores": _build_scores(summary, candidate, task),
        },
        "stats": {"started_at": started[0] if started else "", "completed_at": ended[-1] if ended else ""},
    }


def _build_spec(
    summary: Summary, candidate: CandidateSummary, task: TaskSummary, ids: Sequence[int], repeats: int
) -> dict[str, Any]:
    """Return what was run, as an ``EvalSpec``."""
    card = task.card
    packages: Mapping[str, str] = next((session.facts.get("packages", {}) for session in summary.sessions), {})
    kept = ("revision", "licence", "description", "citation", "main_measure", "chance")
    return {
        "run_id": summary.trial_id,
        "eval_id": _identify_log(summary, candidate, task),
        "task_id": task.content_id,
        "created": summary.created,
        "task": task.name,
        "task_version": card.version,
        "task_args": dict(card.settings.document),
        "dataset": {"name": card.name, "samples": len(ids), "sample_ids": list(ids), "shuffled": True},
        "model": _name_model(candidate),
        "model_generate_config": _build_config(candidate),
        "model_args": {key: value for key, value in candidate.spec.document.items() if key not in ("id", "endpoint")},
        "config": {"limit": task.items_asked, "epochs": repeats},
        "packages": packages,
        "metadata": {
            "candidate": candidate.name,
            "candidate_id": candidate.content_id,
            "record": dict(candidate.record.document),
            "trial": summary.name,
            "seed": summary.seed,
            **{key: card.document.get(key) for key in kept},
            "costs": {
                one.measure: {"mean": one.mean, "unit": one.unit}
                for one in _select_estimates(summary, candidate, task)
                if one.unit in COSTS
            },
        },
    }


def _build_config(candidate: CandidateSummary) -> dict[str, Any]:
    """Return the candidate's own decoding settings under Inspect's names; what the task decides is not among them."""
    names = {"stop": "stop_seqs"}
    decoding = candidate.spec.document.get("decoding") or {}
    found = {names.get(key, key): value for key, value in decoding.items() if value not in (None, [], ())}
    return {
        **found,
        **({"system_message": candidate.spec.document["system"]} if candidate.spec.document.get("system") else {}),
    }


def _build_scores(summary: Summary, candidate: CandidateSummary, task: TaskSummary) -> list[dict[str, Any]]:
    """Return the estimates as results, each with its interval; the task's main measure first."""
    own = [one for one in _select_estimates(summary, candidate, task) if one.unit not in COSTS]
    found = []
    for one in sorted(own, key=lambda one: one.measure != task.main_measure):
        measure = task.measure(one.measure)
        name = "mean" if measure.transform == "identity" else f"{measure.transform}_mean"
        span = {key: value if math.isfinite(value) else None for key, value in (("low", one.low), ("high", one.high))}
        found.append(
            {
                "name": one.measure,
                "scorer": one.measure,
                "scored_samples": one.items,
                "params": {},
                "metrics": {
                    name: {
                        "name": name,
                        "value": one.mean,
                        "params": {},
                        "metadata": {**span, "confidence": one.confidence, "unit": one.unit},
                    }
                },
            }
        )
    return found


def _select_estimates(summary: Summary, candidate: CandidateSummary, task: TaskSummary) -> list[Estimate]:
    """Return what was estimated of one candidate on one task."""
    return [one for one in summary.estimates if (one.candidate, one.task) == (candidate.name, task.name)]
