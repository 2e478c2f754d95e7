"""Our own forms of the Python functions that task files name in ``metric_list``; runs and imports none of theirs.

A function is known by the code that it is, or that it imports from lm-evaluation-harness (see
`fairtrial.tasks.lmeval.recognise`), wherever it lies.  Code that differs in a letter is somebody else's.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from fairtrial.spec.regular import read_regular
from fairtrial.tasks.lmeval.chart_scores import score_anywhere, score_relaxed, score_stated
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.native import RatioOfSums
from fairtrial.tasks.lmeval.recognise import compute_fingerprint
from fairtrial.tasks.lmeval.scorers import (
    Scorer,
    make_likeness_scorer,
    make_word_f1_scorer,
    score_french_exact,
    score_included,
    score_programs,
    score_spans,
)

CorpusFormula = Literal["f1_macro", "f1_weighted"]


@dataclass(frozen=True)
class TextMetric:
    """A metric of single written answers.

    Attributes:
        scorer: measures them.
        bounds: smallest and largest value.
        likeness: the measure of `fairtrial.tasks.graders.likeness` that it is; empty if it is none.
    """

    scorer: Scorer
    bounds: tuple[float, float] | None = (0.0, 1.0)
    likeness: str = ""


Known = TextMetric | RatioOfSums | CorpusFormula


def _make_rouge(name: str) -> TextMetric:
    return TextMetric(make_likeness_scorer(name), likeness=name)


def _read_right(raw: Any) -> tuple[float, float]:
    gold, said = raw
    return float(gold == said), 1.0


def _read_flags(raw: Any) -> tuple[float, float]:
    return (statistics.fmean(map(float, raw)), float(len(raw))) if len(raw) else (0.0, 0.0)


def _read_share(raw: Any) -> tuple[float, float]:
    hits, counted = map(float, raw)
    return (hits / counted if counted else 0.0), counted


def _read_lean(raw: Any) -> tuple[float, float]:
    counted, biased, other = map(float, raw)
    return ((biased - other) / counted if counted else 0.0), counted


def _read_unless_absent(raw: Any) -> tuple[float, float]:
    return (0.0, 0.0) if raw == -1 else (float(raw), 1.0)


def _make_mean(read: Callable[[Any], tuple[float, float]], low: float = 0.0, directed: bool = True) -> RatioOfSums:
    return RatioOfSums((low, 1.0), directed, read)


AGGREGATIONS: Mapping[str, Known] = {
    "lm_eval.utils.weighted_f1_score": "f1_weighted",
    "eb0e0b9a6e7b2d35": "f1_weighted",
    "4fe721cf4d39affb": _make_mean(_read_right),  # micro F1 of one class an item is the share of right ones
    "8fc7d67133a6c6df": _make_mean(_read_right),
    "4762f0da6035eeaa": "f1_macro",
    "876bd5d799170b95": "f1_macro",
    "f6085ead2f47de72": "f1_macro",
    "25e4543039ed0421": TextMetric(score_spans),
    "e940e092be39f341": TextMetric(make_word_f1_scorer()),
    "b53cf2cc7f35b137": _make_rouge("rougeL"),
    "a0e246459ac18d24": _make_rouge("rouge1"),
    "58ab3dd33a954797": _make_rouge("rouge1"),
    "63eba157502e1a0d": _make_mean(_read_flags),
    "d77dbfc57097fc94": _make_mean(_read_unless_absent),
    "8f6e13e6dc7868a5": _make_mean(_read_share),
    "9384c88c4151b4f6": _make_mean(_read_share),
    "452edabce8b1491f": _make_mean(_read_lean, -1.0, directed=False),
}
"""By fingerprint or imported name: functions that put the values of all items together."""

METRICS: Mapping[str, TextMetric] = {
    "4ad0ce555719e7b4": TextMetric(make_word_f1_scorer(french=True, empty_counts=True)),
    "bfcf79343b26987a": TextMetric(score_french_exact),
    "6b3ced28676f5d43": TextMetric(score_included),
    "03418a49c5c4d44c": TextMetric(score_programs),
    "ad5ae8c9f5e972c5": TextMetric(score_programs),
    "f0047dea301f29b7": TextMetric(score_stated),
    "7726e1a17e85e352": TextMetric(score_relaxed),
    "d01b9fce8a5e7649": TextMetric(score_anywhere),
}
"""Functions that give the value of one answer."""

PASSING_ON = {"d24df20192b92882", "7f960226c8fd8c79"}
"""Functions that hand right and given answer on to the aggregation."""


_MOST_BYTES = 5_000_000


def identify_function(reference: CodeRef) -> str | None:
    """Return the fingerprint of a function, or its full name where lm-evaluation-harness is what it comes from."""
    return _identify(reference.source, reference.name)


@lru_cache(maxsize=4096)
def _identify(source: Path, name: str) -> str | None:
    try:
        text = read_regular(source, _MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError):
        return None
    return compute_fingerprint(text, name) or _find_origin(text, name)


def _find_origin(text: str, name: str) -> str | None:
    """Return ``lm_eval.module.name`` for a name that a file imports from there at its top."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith("lm_eval."):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return f"{node.module}.{alias.name}"
    return None


def find_aggregation(reference: CodeRef) -> Known | None:
    """Return our own form of an aggregation; None if it is other code."""
    return AGGREGATIONS.get(identify_function(reference) or "")


def find_metric(reference: CodeRef, aggregation: Any) -> TextMetric | None:
    """Return our own form of a metric function with its aggregation; None if either is other code."""
    name = identify_function(reference) or ""
    if name in PASSING_ON and isinstance(aggregation, CodeRef):
        found = find_aggregation(aggregation)
        return found if isinstance(found, TextMetric) else None
    return METRICS.get(name) if aggregation in (None, "mean") else None
