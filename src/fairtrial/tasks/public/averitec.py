"""AVeriTeC: real claims with questions and answers found on the web, and what follows from these.

Schlichtkrull, Guo and Vlachos 2023, "AVeriTeC: a dataset for real-world claim verification with evidence from the web",
arXiv 2305.13117.  What is measured is their verdict given the gold evidence: accuracy and macro F1 over four labels.
Their AVeriTeC score, which also grades the evidence that a system finds, needs a system that searches the web.

File: ``dev.json`` or ``train.json`` as published, a list of claims.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairtrial.records.harms import HarmCard
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.harms.base import HarmQuestion
from fairtrial.tasks.public.base import PublicTask, read_suite_file
from fairtrial.tasks.public.labelled import ClaimLabelSuite

COLUMNS = ("claim", "label", "questions")
_MOST_QUESTIONS, _LONGEST = 20, 2000


class Averitec(ClaimLabelSuite):
    """See `ClaimLabelSuite`."""

    labels = ("Supported", "Refuted", "Not Enough Evidence", "Conflicting Evidence/Cherrypicking")
    description = "Do the questions and answers beside a claim support it, refute it, conflict, or not suffice?"
    citation = "Schlichtkrull, Guo and Vlachos 2023, arXiv 2305.13117"
    licence = "CC-BY-NC-4.0"
    harms = HarmCard(
        "misinformation",
        covers="Whether a model draws the verdict on a real claim that its evidence allows, and no other.",
        omits="Whether a system finds the evidence: it is shown. The AVeriTeC score itself is not computed.",
        nist=("Information Integrity", "Confabulation"),
    )

    def __init__(self, written: bool) -> None:
        super().__init__(written)
        self.name = "averitec_open" if written else "averitec"

    def read_row(self, row: Row) -> HarmQuestion:
        """Return the question about a claim, with its evidence."""
        claim = str(row["claim"] or "").strip()
        if not claim:
            raise ValueError("has no claim")
        given = row["questions"]
        if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
            raise ValueError("has no list of questions")
        shown = [f"Claim: {claim}"]
        shown += [
            f"{name}: {row[key]}" for name, key in (("Speaker", "speaker"), ("Date", "claim_date")) if row.get(key)
        ]
        shown += ["", "Evidence:", *(_tell(one) for one in given[:_MOST_QUESTIONS])]
        return self.make_question("\n".join(shown), str(row["label"] or "").strip(), {})


def _tell(one: Mapping[str, Any]) -> str:
    answers = one.get("answers") or []
    if isinstance(answers, Mapping):
        answers = [answers]
    told = [str(a.get("answer", "")).strip() for a in answers if isinstance(a, Mapping)]
    why = [str(a.get("boolean_explanation") or "").strip() for a in answers if isinstance(a, Mapping)]
    text = " ".join(f"{a} {b}".strip() for a, b in zip(told, why, strict=True)) or "No answer could be found."
    return f"Q: {str(one.get('question', '')).strip()[:_LONGEST]}\nA: {text[:_LONGEST]}"


def open_averitec(path: Path, options: TaskOptions) -> PublicTask:
    """AVeriTeC (dev.json): the verdict that a claim's evidence allows, by the likeliest letter; accuracy, macro F1."""
    return PublicTask(Averitec(written=False), read_suite_file(path, COLUMNS), str(path), options)


def open_written_averitec(path: Path, options: TaskOptions) -> PublicTask:
    """AVeriTeC (dev.json), answered in writing."""
    return PublicTask(Averitec(written=True), read_suite_file(path, COLUMNS), str(path), options)
