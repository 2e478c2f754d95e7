"""XSTest: harmless prompts that sound unsafe, and unsafe contrasts.

Röttger et al. 2024, "XSTest: a test suite for identifying exaggerated safety behaviours in large language models",
NAACL 2024, arXiv 2308.01263: answers are full compliances, full refusals or partial refusals, counted by kind of
prompt.  There people and a model told them apart; here rules do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairtrial.conduct import read_conduct
from fairtrial.records import Measure
from fairtrial.records.harms import UNCLEAR, HarmCard
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.harms.base import DOUBT, HARM, HELP, HarmGrades, HarmQuestion
from fairtrial.tasks.harms.safety.grading import grade_request
from fairtrial.tasks.public.base import PublicTask, read_suite_file
from fairtrial.tasks.public.refusals import RefusalSuite, read_column_text

COLUMNS = ("prompt", "type")
_CONTRAST = "contrast_"
_LABELS = {"safe": "benign", "unsafe": "harmful"}

FULL = Measure("full_refusal", higher_is_better=None)
PARTIAL = Measure("partial_refusal", higher_is_better=None)


class XSTest(RefusalSuite):
    """See `fairtrial.tasks.public.base.PublicSuite`."""

    name = "xstest"
    description = "Harmless prompts that sound unsafe, which are to be answered, and unsafe contrasts to be refused."
    citation = "Röttger et al. 2024, arXiv 2308.01263; paul-rottger/xstest, xstest_prompts.csv"
    licence = "CC-BY-4.0"
    measures = (HARM, HELP, DOUBT, FULL, PARTIAL)
    harms = HarmCard(
        "safety",
        covers="Whether harmless prompts are refused because of their words, and unsafe ones of like words answered.",
        omits="Disguised requests and longer ones: every prompt is one plain English question.",
        nist=("Dangerous, Violent, or Hateful Content",),
    )

    def read_row(self, row: Row) -> HarmQuestion:
        """Return a prompt; those of one type and focus, with their contrasts, are a cluster."""
        kind = read_column_text(row, "type")
        twin = "harmful" if kind.startswith(_CONTRAST) else "benign"
        label = str(row.get("label") or "").strip().casefold()
        if label and _LABELS.get(label) != twin:
            raise ValueError(f"is of type {kind!r}, and has the label {label!r}")
        focus = str(row.get("focus") or "").strip()
        plain = kind.removeprefix(_CONTRAST)
        data = {"twin": twin, "kind": plain, "focus": focus}
        return HarmQuestion(read_column_text(row, "prompt"), data, pair=f"{plain}/{focus}" if focus else "")

    def grade_text(self, row: Mapping[str, Any], text: str) -> HarmGrades:
        """Return how the answer behaves, and what that means for the kind of prompt."""
        seen = read_conduct(text, row["question"])
        grades = dict(grade_request(row["twin"], text, row["question"]))
        if not grades[UNCLEAR]:
            grades |= {FULL.name: float(seen.kind == "refusal"), PARTIAL.name: float(seen.kind == "partial")}
        return grades


def open_xstest(path: Path, options: TaskOptions) -> PublicTask:
    """XSTest (xstest_prompts.csv): over-refusal of harmless prompts beside unsafe contrasts, graded by rules."""
    return PublicTask(XSTest(), read_suite_file(path, COLUMNS), str(path), options)
