"""How alike two texts are, as translation and summarisation measure it: BLEU, chrF, TER, ROUGE, F1 of words.

The one adapter of `sacrebleu` and `rouge-score`, which come with the extra ``graders``.  Values of single answers, as
shares: 0.342 where the field writes 34.2.

BLEU: Papineni et al. 2002 (doi:10.3115/1073083.1073135), of one sentence with effective order as in sacrebleu (Post
2018, arXiv:1804.08771).  chrF: Popovic 2015 (doi:10.18653/v1/W15-3049), chrF++ with words of up to two.  TER: Snover
et al. 2006.  ROUGE: Lin 2004, F-measure without stemming.  F1: that of SQuAD, over words (Rajpurkar et al. 2016).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from fairtrial.errors import MissingExtraError
from fairtrial.records import Measure

_Likeness = Callable[[str, Sequence[str]], tuple[float, float]]
"""An answer and the right ones to (value, weight)."""

MEASURES: Mapping[str, Measure] = {
    **{name: Measure(name) for name in ("bleu", "chrf", "chrf++", "rouge1", "rouge2", "rougeL", "f1")},
    "ter": Measure("ter", higher_is_better=False, bounds=None),
}
"""What is measured, by its name.  TER is edits over words of the right answer, and may be above 1."""


def measure_likeness(name: str, answer: str, expected: Sequence[str]) -> tuple[float, float]:
    """Return value and weight of one answer's likeness to the right ones.

    The nearest of them counts, or for BLEU, chrF and TER what these measures make of several.  The weight is 1, but
    for TER, whose value of many answers is edits over words of all.

    Raises MissingExtraError if the library is not installed.
    """
    if name == "f1":
        return max((_compute_word_f1(answer, text) for text in expected), default=0.0), 1.0
    if name.startswith("rouge"):
        return _measure_rouge(name, answer, expected), 1.0
    metric = load_metric(name)
    score = metric.sentence_score(answer, list(expected))
    if name == "ter":
        return (score.num_edits / score.ref_length, score.ref_length) if score.ref_length else (0.0, 0.0)
    return min(1.0, max(0.0, score.score / 100)), 1.0


@cache
def load_metric(name: str) -> Any:
    """Return sacrebleu's metric of that name: ``bleu``, ``chrf``, ``chrf++``, ``ter``, or ``bleu_intl`` of a corpus.

    Raises MissingExtraError if sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
        from sacrebleu.metrics.ter import TER
    except ImportError as error:
        raise MissingExtraError("Computing BLEU, chrF and TER (sacrebleu)", "graders") from error
    made: dict[str, Callable[[], Any]] = {
        "bleu": lambda: BLEU(effective_order=True),
        "chrf": CHRF,
        "chrf++": lambda: CHRF(word_order=2),
        "ter": TER,
        "bleu_intl": lambda: BLEU(tokenize="intl"),
    }
    return made[name]()


@cache
def load_rouge(name: str) -> Any:
    """Return rouge-score's scorer of one ROUGE.  Raises MissingExtraError if rouge-score is not installed."""
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise MissingExtraError("Computing ROUGE (rouge-score)", "graders") from error
    return RougeScorer([name])


def _measure_rouge(name: str, answer: str, expected: Sequence[str]) -> float:
    scorer = load_rouge(name)
    return max((float(scorer.score(text, answer)[name].fmeasure) for text in expected), default=0.0)


def _compute_word_f1(answer: str, expected: str) -> float:
    """Return the harmonic mean of the shares of each text's words that the other one has."""
    said, right = answer.split(), expected.split()
    if not said or not right:
        return float(said == right)
    shared = sum((Counter(said) & Counter(right)).values())
    return 2 * shared / (len(said) + len(right))
