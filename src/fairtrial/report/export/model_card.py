"""A candidate's results as the ``model-index`` block at the head of a model card on the Hugging Face hub.

Of a candidate that was tuned, merged or quantised here the card says too what it was made of, under which licences, and
at what cost; `fairtrial.cards` writes it.  The block's form is the hub's (huggingface.co/docs/hub/model-cards,
"Evaluation results"); a test reads it back with huggingface_hub.  Knows a trial's summary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fairtrial.cards import ModelCardFacts, write_model_card
from fairtrial.ledger import Ledger
from fairtrial.report.export.places import make_candidate_folders
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary


def export_model_card(ledger: Ledger, summary: Summary, out: Path, by: str) -> Iterator[Path]:
    """Write each candidate's card into a folder of its own, and yield them."""
    for candidate, place in make_candidate_folders(summary.candidates, out):
        card = place / "README.md"
        card.write_text(build_card(summary, candidate), encoding="utf-8")
        yield card


def build_card(summary: Summary, candidate: CandidateSummary) -> str:
    """Return a candidate's card: metadata between two lines of dashes, and text where it was made here."""
    record = candidate.record.document
    tuning = record.get("tuning")
    relation = find_relation(record)
    facts = ModelCardFacts(
        name=candidate.name,
        base=_read_text(record, "model") if relation else "",
        base_licence=_read_text(record, "licence"),
        relation=relation,
        adapter=_read_text(record, "adapter"),
        adapter_licence=_read_text(record, "adapter_licence"),
        tuning=tuning if isinstance(tuning, Mapping) else {},
        results=_build_results(summary, candidate),
        notes=[one.text for one in summary.doubts if one.candidate in (candidate.name, "")] if relation else (),
    )
    return write_model_card(facts)


def _read_text(record: Mapping[str, Any], key: str) -> str:
    found = record.get(key)
    return found if isinstance(found, str) else ""


def find_relation(record: Mapping[str, Any]) -> str:
    """Return how a model came from the one that its candidate names, in the hub's words; empty if it is that one."""
    if record.get("adapter_sha256"):
        return "adapter"
    if record.get("merged_adapter_sha256"):
        return "finetune"
    return "quantized" if record.get("quantized_to") else ""


def _build_results(summary: Summary, candidate: CandidateSummary) -> list[dict[str, Any]]:
    """Return one entry a task of which something was measured, with its verdict measures."""
    found = []
    for task in summary.tasks:
        own = [one for one in summary.estimates if (one.candidate, one.task) == (candidate.name, task.name)]
        own = [one for one in own if one.measure in task.measures]
        if own:
            metrics = [
                {
                    "type": one.measure,
                    "name": f"{one.measure} ({one.items} of {task.items_total} items)",
                    "value": one.mean,
                    "args": {"low": one.low, "high": one.high, "confidence": summary.decide.confidence},
                }
                for one in own
            ]
            found.append({"task": {"type": "text-generation"}, "dataset": _build_dataset(task), "metrics": metrics})
    return found


def _build_dataset(task: TaskSummary) -> dict[str, Any]:
    """Return what names the task's items."""
    return {"type": task.name, "name": task.name, "revision": task.card.revision}
