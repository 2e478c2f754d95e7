"""What single answers count for BLEU and chrF of all answers together, which are no means of single values.

The counts are sacrebleu's own; what is made of their sums is in `fairtrial.stats.corpus`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from fairtrial.tasks.graders.likeness import load_metric

_Counts = dict[str, float]
PER_SENTENCE: Mapping[str, str] = {"bleu": "bleu_sentence", "chrf": "chrf_sentence", "chrf++": "chrf++_sentence"}
"""Scores of the whole corpus, and the measure of single answers that is compared instead."""


def count_ngrams(formula: str, texts: Sequence[str], gold: Sequence[str]) -> _Counts:
    """Return the counts of one item's answers that a corpus score is made of (see `fairtrial.stats.corpus.SCORES`)."""
    metric = load_metric(formula)
    found: Counter[str] = Counter()
    for text in texts:
        # the counts of chrF are in none of the library's public results
        [stats] = metric._extract_corpus_statistics([text], [[right] for right in gold])
        found.update(_name_bleu_counts(stats) if formula == "bleu" else _name_chrf_counts(stats))
    return {name: count / len(texts) for name, count in found.items()}


def _name_bleu_counts(stats: Sequence[int]) -> _Counts:
    matched = {f"match:{order}": float(stats[1 + order]) for order in range(1, 5)}
    return {"said": float(stats[0]), "right": float(stats[1]), **matched}


def _name_chrf_counts(stats: Sequence[int]) -> _Counts:
    found: _Counts = {}
    for at, (kind, order) in enumerate([("", n) for n in range(1, 7)] + [("_words", n) for n in (1, 2)]):
        if 3 * at >= len(stats):
            break
        said, right, matched = stats[3 * at : 3 * at + 3]
        found[f"match{kind}:{order}"] = float(matched)
        if order == 1:
            found |= {f"said{kind}": float(said), f"right{kind}": float(right)}
    return found
