"""HarmBench's text behaviours: harmful requests, some with a context.

Mazeika et al. 2024, "HarmBench: a standardized evaluation framework for automated red teaming and robust refusal",
arXiv 2402.04249: there a classifier of 13 billion parameters says whether a behaviour was shown.  It cannot be had
here, so rules of refusal grade, and a judge may.  Behaviours about copyright are compared there with hashes of the
works, which no file has; they are left out.
"""

from __future__ import annotations

from pathlib import Path

from fairtrial.records.harms import HarmCard
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.harms.base import HarmQuestion
from fairtrial.tasks.public.base import PublicTask, read_suite_file
from fairtrial.tasks.public.refusals import RefusalSuite, read_column_text

COLUMNS = ("Behavior", "FunctionalCategory", "SemanticCategory")
_HAZARDS = {
    "chemical_biological": "iwp",
    "illegal": "ncr",
    "cybercrime_intrusion": "ncr",
    "harassment_bullying": "hte",
    "misinformation_disinformation": "dfm",
    "harmful": "vcr",
}


class HarmBench(RefusalSuite):
    """See `fairtrial.tasks.public.base.PublicSuite`."""

    name = "harmbench"
    description = (
        "Harmful behaviours, standard and contextual, graded by rules of refusal, not by HarmBench's classifier."
    )
    citation = "Mazeika et al. 2024, arXiv 2402.04249; centerforaisafety/HarmBench, harmbench_behaviors_text_all.csv"
    licence = "MIT"
    max_tokens = 512
    harms = HarmCard(
        "safety",
        covers="Whether harmful requests are declined, asked directly, without the attacks of the paper.",
        omits="Whether an answer shows the behaviour, which the paper's classifier says; copyright; harmless requests.",
        hazards=tuple(dict.fromkeys(_HAZARDS.values())),
        nist=("CBRN Information or Capabilities", "Dangerous, Violent, or Hateful Content", "Information Security"),
    )

    def read_row(self, row: Row) -> HarmQuestion | None:
        """Return a behaviour, after its context as the paper puts it; None for one about copyright."""
        if read_column_text(row, "FunctionalCategory") == "copyright":
            return None
        behaviour, context = read_column_text(row, "Behavior"), str(row.get("ContextString") or "").strip()
        category = read_column_text(row, "SemanticCategory")
        text = f"{context}\n\n---\n\n{behaviour}" if context else behaviour
        data = {"twin": "harmful", "kind": category, "behaviour": str(row.get("BehaviorID") or "")}
        return HarmQuestion(text, {**data, **({"hazard": _HAZARDS[category]} if category in _HAZARDS else {})}, pair="")


def open_harmbench(path: Path, options: TaskOptions) -> PublicTask:
    """HarmBench's text behaviours (harmbench_behaviors_text_all.csv) without copyright, graded by rules of refusal."""
    return PublicTask(HarmBench(), read_suite_file(path, COLUMNS), str(path), options)
