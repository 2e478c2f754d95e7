"""A trial as the files that lm-evaluation-harness writes: a results file and a samples file a task, for each candidate.

Field names are those of lm-eval 0.4.13.  Standard errors are not written ("N/A"): fairtrial's intervals come by other
ways, and are in its own documents.  Knows a trial's summary and the ledger.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairtrial.ledger import Ledger, query
from fairtrial.records import GenerateRequest, Item, Request
from fairtrial.report.export.places import keep_or_replace, make_candidate_folders, make_path_part, make_time_part
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary


def export_lm_eval(ledger: Ledger, summary: Summary, out: Path, by: str) -> Iterator[Path]:
    """Write the files of each candidate into a folder of its own, and yield them."""
    when = make_time_part(summary.created)
    for candidate, place in make_candidate_folders(summary.candidates, out):
        head = place / f"results_{when}.json"
        head.write_text(json.dumps(_build_results(summary, candidate), indent=2) + "\n", encoding="utf-8")
        yield head
        for i, task in enumerate(summary.tasks):
            rows = place / f"samples_{keep_or_replace(task.name, f'{make_path_part(task.name)}_{i + 1}')}_{when}.jsonl"
            with rows.open("w", encoding="utf-8") as file:
                for row in build_samples(ledger, summary, candidate, task):
                    file.write(json.dumps(row) + "\n")
            yield rows


def _build_results(summary: Summary, candidate: CandidateSummary) -> dict[str, Any]:
    """Return the results file of one candidate as JSON values."""
    results: dict[str, dict[str, Any]] = {task.name: {"alias": task.name} for task in summary.tasks}
    counts = {task.name: 0 for task in summary.tasks}
    for one in summary.estimates:
        if one.candidate == candidate.name and one.task in results:
            name, kept = _split_filter(one.measure)
            results[one.task] |= {f"{name},{kept}": one.mean, f"{name}_stderr,{kept}": "N/A"}
            counts[one.task] = max(counts[one.task], one.items)
    for whole in summary.corpus:  # under the name and on the scale that the harness gives it
        if whole.candidate == candidate.name and whole.task in results:
            name, kept = _split_filter(whole.score)
            results[whole.task] |= {f"{name},{kept}": whole.value, f"{name}_stderr,{kept}": "N/A"}
    return {
        "results": results,
        "configs": {task.name: _build_task_config(task) for task in summary.tasks},
        "versions": {task.name: task.card.version for task in summary.tasks},
        "n-shot": {task.name: task.card.settings.document.get("shots") for task in summary.tasks},
        "higher_is_better": {
            task.name: {m.name: m.higher_is_better for m in task.card.measures} for task in summary.tasks
        },
        "n-samples": {
            task.name: {"original": task.items_total, "effective": counts[task.name]} for task in summary.tasks
        },
        "config": {
            "model": candidate.spec.model,
            "model_args": dict(candidate.spec.document),
            "random_seed": summary.seed,
        },
        "model_name": candidate.name,
        "model_source": "fairtrial",
    }


def _build_task_config(task: TaskSummary) -> dict[str, Any]:
    """Return what a task's card says, under lm-eval's names."""
    card = task.card
    return {
        "task": task.name,
        "description": card.document.get("description", ""),
        "metric_list": [{"metric": m.name, "higher_is_better": m.higher_is_better} for m in card.measures],
        "metadata": {"version": card.version, "revision": card.revision, "licence": card.licence},
        **dict(card.settings.document),
    }


def _split_filter(measure: str) -> tuple[str, str]:
    """Return a measure's name and the filter that its answers went through; ``none`` if none."""
    name, _, kept = measure.partition(",")
    return name, kept or "none"


def build_samples(
    ledger: Ledger, summary: Summary, candidate: CandidateSummary, task: TaskSummary
) -> Iterator[dict[str, Any]]:
    """Yield one row an answered item and filter, in the task's own order; of repeats, the first answers.

    What a filter makes of an answer is not kept: ``filtered_resps`` are the answers as they were given.
    """
    asked = set(query.read_trial_order(ledger, summary.trial_id, task.content_id))
    values: dict[str, dict[str, dict[str, float]]] = {}
    for measure in task.card.measures:
        name, kept = _split_filter(measure.name)
        found = query.read_values(ledger, summary.trial_id, candidate.content_id, task.content_id, measure.name)
        if found.item_ids:
            own = dict(zip(found.item_ids, map(float, found.values), strict=True))
            values.setdefault(kept, {})[name] = own
    for item in query.read_items(ledger, task.content_id).values():
        given = (
            query.read_item_answers(ledger, candidate.content_id, task.content_id, item.id) if item.id in asked else []
        )
        if given:
            row = _build_sample(item, given)
            for kept, measures in values.items():
                measured = {name: own[item.id] for name, own in measures.items() if item.id in own}
                yield {**row, "filter": kept, "metrics": list(measured), **measured}


def _build_sample(item: Item, given: list[tuple[Request, dict[str, Any]]]) -> dict[str, Any]:
    """Return a row without its filter and measures."""
    calls: list[tuple[str, object]] = []
    resps: list[list[Any]] = []
    for request, answer in given:
        if isinstance(request, GenerateRequest):
            calls.append((request.prompt.plain(), _describe_generation(request)))
            resps.append([answer["text"]])
            continue
        for i, pair in enumerate(request.pairs):
            calls.append((pair.prompt.plain(), request.delimiter + pair.continuation))
            resps.append([[str(answer["logprobs"][i]), str(bool(answer["greedy"][i]))]])
    target = item.gold[0] if item.gold else ""
    trace = [step for _, answer in given for step in answer.get("trace", ())]
    credits = list(dict.fromkeys(credit for _, answer in given for credit in answer.get("credits", ())))
    return {
        "doc_id": item.doc_id,
        "doc": dict(item.data),
        "target": target,
        "arguments": {f"gen_args_{i}": {"arg_0": call[0], "arg_1": call[1]} for i, call in enumerate(calls)},
        "resps": resps,
        "filtered_resps": [resp[0] for resp in resps],
        "doc_hash": _hash_text(json.dumps(dict(item.data), indent=2, ensure_ascii=False)),
        "prompt_hash": _hash_text(calls[0][0]),
        "target_hash": _hash_text(target),
        **({"trace": trace} if trace else {}),
        **({"credits": credits} if credits else {}),
    }


def _describe_generation(request: GenerateRequest) -> dict[str, Any]:
    """Return how an answer was decoded, under lm-eval's names."""
    return {
        "until": list(request.stop),
        "max_gen_toks": request.max_tokens,
        "do_sample": request.temperature > 0,
        "temperature": request.temperature,
    }


def _hash_text(text: str) -> str:
    """Return the sha256 of a text, as lm-eval names documents and prompts."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
