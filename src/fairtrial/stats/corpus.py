"""Scores of a whole corpus that are no mean of items' values: BLEU, chrF, F1 over classes, calibration error.

Each is a function of sums of counts that items contribute.  Its interval is the delete-one-cluster jackknife with
Student's t (see `fairtrial.stats.intervals`), for one look at a fixed sample.  Knows arrays and names of counts only.

BLEU: Papineni et al. 2002, doi:10.3115/1073083.1073135, with the exponential smoothing of mteval-v13a; chrF: Popovic
2015, doi:10.18653/v1/W15-3049; both as sacrebleu 2 puts them together (Post 2018, arXiv 1804.08771).  F1 over several
classes, macro and weighted: Sokolova and Lapalme 2009, doi:10.1016/j.ipm.2009.03.002.  Matthews' correlation for
several classes: Gorodkin 2004, doi:10.1016/j.compbiolchem.2004.09.006.  Expected calibration error: see
`fairtrial.stats.calibration`; what few answers add to it, the interval's lower end leaves room for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.calibration import bound_ece_bias, compute_ece
from fairtrial.stats.intervals import (
    IntervalEstimate,
    compute_effective_size,
    encode_clusters,
    jackknife_variance,
    t_quantile,
)

Score = Callable[[Sequence[str], Floats], Floats]
"""Names of P counts and (R, P) sums of them to (R,) scores."""

CELL = ">"
"""Stands between the right and the chosen class in the name of a count."""

_ORDERS = 4
_CHARACTERS, _WORDS = 6, 2
_ROWS = 512  # leave-one-out sums that are worked on at once


@dataclass(frozen=True, slots=True)
class Counts:
    """What items contribute.

    Attributes:
        names: (P,) names of the counts.
        values: (n, P) one row an item.
        clusters: (n,) items with the same number share a passage or template.
    """

    names: tuple[str, ...]
    values: Floats
    clusters: Ints


def estimate_corpus(formula: str, counts: Counts, confidence: float) -> IntervalEstimate:
    """Return a corpus score with an interval for new items like these; infinite where the data cannot bound it.

    Raises ValueError for an unknown formula or without any item.
    """
    sums = _sum_by_cluster(counts)
    score = find_score(formula)
    whole = float(score(counts.names, sums.sum(axis=0, keepdims=True))[0])
    found = _estimate_interval(whole, _compute_without_each(score, counts.names, sums), counts.clusters, confidence)
    found = _widen(found, too_high=_bound_bias(formula, counts.names, sums))
    low, high = BOUNDS.get(formula, (-np.inf, np.inf))
    return IntervalEstimate(found.mean, max(low, found.low), min(high, found.high))


def compare_corpora(formula: str, a: Counts, b: Counts, confidence: float) -> IntervalEstimate:
    """Return the difference a - b of two corpus scores on the same items, with an interval for new items like these.

    Raises ValueError as `estimate_corpus`, and if the two are not about the same clusters.
    """
    if not np.array_equal(a.clusters, b.clusters):
        raise ValueError("the two must be about the same items, in the same order")
    score, wholes, withouts, biases = find_score(formula), [], [], []
    for counts in (a, b):
        sums = _sum_by_cluster(counts)
        wholes.append(float(score(counts.names, sums.sum(axis=0, keepdims=True))[0]))
        withouts.append(_compute_without_each(score, counts.names, sums))
        biases.append(_bound_bias(formula, counts.names, sums))
    found = _estimate_interval(wholes[0] - wholes[1], withouts[0] - withouts[1], a.clusters, confidence)
    return _widen(found, too_high=biases[0], too_low=biases[1])


def find_score(formula: str) -> Score:
    """Return what computes a corpus score.  Raises ValueError for an unknown name."""
    if formula not in SCORES:
        raise ValueError(f"there is no corpus score {formula!r}; there are {', '.join(SCORES)}")
    return SCORES[formula]


def expand_counts(formula: str, counts: Mapping[str, float]) -> dict[str, float]:
    """Return the counts of one answer with those that follow from them: n-grams in all, from lengths."""
    lengths = {"bleu": (("said", _ORDERS),), "chrf": (("said", _CHARACTERS), ("right", _CHARACTERS))}
    lengths["chrf++"] = (*lengths["chrf"], ("said_words", _WORDS), ("right_words", _WORDS))
    found = dict(counts)
    for name, orders in lengths.get(formula, ()):
        for order in range(1, orders + 1):
            found[f"{name}:{order}"] = max(0.0, counts.get(name, 0.0) - order + 1)
    for order in range(1, _CHARACTERS + 1):  # what no right n-gram can match does not count
        for said, right in (("said", "right"), ("said_words", "right_words")):
            if formula != "bleu" and found.get(f"{right}:{order}") == 0.0:
                found[f"{said}:{order}"] = 0.0
    return found


def _sum_by_cluster(counts: Counts) -> Floats:
    """Return (G, P) sums over clusters."""
    if counts.values.ndim != 2 or not counts.values.shape[0]:
        raise ValueError("a corpus score needs at least one item")
    codes = encode_clusters(counts.clusters)
    found = np.zeros((int(codes.max()) + 1, counts.values.shape[1]))
    np.add.at(found, codes, counts.values)
    return found


def _compute_without_each(score: Score, names: Sequence[str], sums: Floats) -> Floats:
    """Return (G,) the score without each cluster."""
    whole = sums.sum(axis=0)
    parts = [score(names, whole - sums[at : at + _ROWS]) for at in range(0, len(sums), _ROWS)]
    return np.concatenate(parts)


def _estimate_interval(whole: float, without_each: Floats, clusters: Ints, confidence: float) -> IntervalEstimate:
    sizes = np.bincount(encode_clusters(clusters)).astype(np.float64)
    spread = jackknife_variance(without_each, whole) ** 0.5 if without_each.size > 1 else 0.0
    if spread == 0.0:  # always the same class, say: nothing says how far another value might lie
        return IntervalEstimate(whole, float("-inf"), float("inf"))
    half = t_quantile(confidence, compute_effective_size(sizes) - 1) * spread
    return IntervalEstimate(whole, whole - half, whole + half)


def _bound_bias(formula: str, names: Sequence[str], sums: Floats) -> float:
    """Return the most by which a score can be expected to exceed that of very many items."""
    return BIASES[formula](names, sums) if formula in BIASES else 0.0


def _widen(found: IntervalEstimate, *, too_high: float = 0.0, too_low: float = 0.0) -> IntervalEstimate:
    return IntervalEstimate(found.mean, found.low - too_high, found.high + too_low)


def _pick(names: Sequence[str], sums: Floats, wanted: Sequence[str]) -> Floats:
    """Return (R, W) the sums of the counts wanted; one that no item has is 0."""
    at = {name: place for place, name in enumerate(names)}
    nothing = np.zeros(len(sums))
    return np.stack([sums[:, at[name]] if name in at else nothing for name in wanted], axis=1)


def _compute_bleu(names: Sequence[str], sums: Floats) -> Floats:
    orders = range(1, _ORDERS + 1)
    said, right = _pick(names, sums, ["said", "right"]).T
    matched = _pick(names, sums, [f"match:{n}" for n in orders])
    total = _pick(names, sums, [f"said:{n}" for n in orders])
    missed = (matched == 0) & (total > 0)
    smooth = 2.0 ** np.cumsum(missed, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(matched > 0, matched / total, np.where(missed, 1 / (smooth * total), 0.0))
        brevity = np.where(said < right, np.exp(1 - right / said), 1.0)
        score = 100 * brevity * np.exp(np.log(precision).mean(axis=1))
    return np.where(matched.any(axis=1) & (said > 0), score, 0.0)


def _compute_chrf(names: Sequence[str], sums: Floats, words: int = 0) -> Floats:
    kinds = [("", n) for n in range(1, _CHARACTERS + 1)] + [("_words", n) for n in range(1, words + 1)]
    said, right, matched = (
        _pick(names, sums, [f"{what}{kind}:{n}" for kind, n in kinds]) for what in ("said", "right", "match")
    )
    used = (said > 0) & (right > 0)
    count = np.maximum(used.sum(axis=1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(used, matched / said, 0.0).sum(axis=1) / count
        recall = np.where(used, matched / right, 0.0).sum(axis=1) / count
        score = 100 * 5 * precision * recall / (4 * precision + recall)
    return np.where(precision + recall > 0, score, 0.0)


def _tabulate(names: Sequence[str], sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (R, K) how often each class was rightly chosen, right, and chosen."""
    cells = [tuple(name.split(CELL)) for name in names]
    classes = {name: place for place, name in enumerate(sorted({part for cell in cells for part in cell}))}
    shape = (len(sums), len(classes))
    hits, right, said = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for place, (gold, chosen) in enumerate(cells):
        column = sums[:, place]
        right[:, classes[gold]] += column
        said[:, classes[chosen]] += column
        if gold == chosen:
            hits[:, classes[gold]] += column
    return hits, right, said


def _compute_class_f1(names: Sequence[str], sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (R, K) F1 of each class, how often it was right, and whether it occurs at all."""
    hits, right, said = _tabulate(names, sums)
    there = right + said > 0
    return np.divide(2 * hits, right + said, out=np.zeros_like(hits), where=there), right, there.astype(np.float64)


def _compute_weighted_f1(names: Sequence[str], sums: Floats) -> Floats:
    f1, right, _ = _compute_class_f1(names, sums)
    return _divide((f1 * right).sum(axis=1), right.sum(axis=1))


def _compute_macro_f1(names: Sequence[str], sums: Floats) -> Floats:
    f1, _, there = _compute_class_f1(names, sums)
    return _divide((f1 * there).sum(axis=1), there.sum(axis=1))


def _compute_mcc(names: Sequence[str], sums: Floats) -> Floats:
    hits, right, said = _tabulate(names, sums)
    count = right.sum(axis=1)
    above = hits.sum(axis=1) * count - (right * said).sum(axis=1)
    below = (count**2 - (said**2).sum(axis=1)) * (count**2 - (right**2).sum(axis=1))
    return _divide(above, np.sqrt(np.maximum(below, 0.0)))


def _divide(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


SCORES: Mapping[str, Score] = {
    "bleu": _compute_bleu,
    "chrf": _compute_chrf,
    "chrf++": lambda names, sums: _compute_chrf(names, sums, _WORDS),
    "f1_macro": _compute_macro_f1,
    "f1_weighted": _compute_weighted_f1,
    "mcc": _compute_mcc,
    "ece": compute_ece,
}
"""What each formula computes.  BLEU and chrF go from 0 to 100, F1 and the calibration error from 0 to 1, Matthews'
correlation from -1 to 1.

Counts of BLEU: ``said`` and ``right`` (words), ``match:1`` to ``match:4``; of chrF: ``said`` and ``right`` (characters)
and ``match:1`` to ``match:6``, of chrF++ also ``said_words``, ``right_words``, ``match_words:1`` and ``match_words:2``;
each after `expand_counts`.  Counts of the calibration error: `fairtrial.stats.calibration.count_confidence`.  Counts of
the others: ``RIGHT>CHOSEN``, names of two classes.
"""

BIASES: Mapping[str, Callable[[Sequence[str], Floats], float]] = {"ece": bound_ece_bias}
"""Scores that few items raise, and the most by which these do: of names of counts and their sums by cluster."""

BOUNDS: Mapping[str, tuple[float, float]] = {"ece": (0.0, 1.0)}
"""Scores whose intervals end where the score does."""
