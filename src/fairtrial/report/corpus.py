"""Scores of all answers together (BLEU, chrF, F1 over classes) as tables and page show them, beside the measures.

They are never called by the name of a measure: those have verdicts, these have not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.analysis.corpus import CorpusEstimate
from fairtrial.report import words
from fairtrial.report.summary import Summary

FORMULAS = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "chrf++": "chrF++",
    "f1_macro": "macro F1",
    "f1_weighted": "weighted F1",
    "mcc": "Matthews correlation",
    "ece": "expected calibration error",
}
"""What formulas are called."""


@dataclass(frozen=True, slots=True)
class CorpusCell:
    """One candidate's score and its difference from the baseline's, each with its interval; empty where unknown."""

    candidate: str
    value: str
    interval: str = ""
    difference: str = ""
    difference_interval: str = ""


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """One corpus score of a task; ``cells`` are the candidates', in their order, None where there is no value."""

    name: str
    title: str
    note: str
    cells: Sequence[CorpusCell | None]


def make_corpus_rows(summary: Summary, task: str) -> list[CorpusRow]:
    """Return a task's corpus scores."""
    found = [estimate for estimate in summary.corpus if estimate.task == task]
    rows = []
    for score in dict.fromkeys(estimate.score for estimate in found):
        own = {estimate.candidate: estimate for estimate in found if estimate.score == score}
        some = next(iter(own.values()))
        called = FORMULAS.get(some.formula, some.formula)
        note = (
            f"All answers together, as the field reports {called}. Verdicts are about {some.paired} of single answers."
        )
        cells = [_make_cell(own[c.name]) if c.name in own else None for c in summary.candidates]
        rows.append(CorpusRow(score, f"{called} of all answers", note, cells))
    return rows


def _make_cell(estimate: CorpusEstimate) -> CorpusCell:
    formula = estimate.formula
    interval = difference = around = ""
    if math.isfinite(estimate.low) and math.isfinite(estimate.high):
        interval = f"[{format_score(estimate.low, formula)}, {format_score(estimate.high, formula)}]"
    if estimate.difference is not None:
        difference = format_score(estimate.difference, formula, signed=True)
        ends = (estimate.difference_low, estimate.difference_high)
        if all(map(math.isfinite, ends)):
            around = f"[{', '.join(format_score(end, formula, signed=True) for end in ends)}]"
    return CorpusCell(estimate.candidate, format_score(estimate.value, formula), interval, difference, around)


def format_score(value: float, formula: str, *, signed: bool = False) -> str:
    """Return a corpus score as its field writes it: BLEU and chrF out of 100, the others out of 1."""
    digits = 1 if formula in {"bleu", "chrf", "chrf++"} else 3
    sign = "+" if signed else ""
    return f"{value:{sign}.{digits}f}".replace("-", words.MINUS)
