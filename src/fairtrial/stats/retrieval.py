"""How good a ranking of documents is for one question: recall, precision, nDCG, reciprocal rank, average precision.

Ids in their order and graded judgements in, numbers out.  The definitions are those of trec_eval, with what it leaves
to its file formats said here:

* A document is relevant from grade ``level`` on, 1 as a rule.  One that nobody has judged is not relevant;
  `compute_judged` tells how many of these there are.
* The order given is the order: whoever has scores with ties breaks them, e.g. by `rank_scores`.
* An id that comes again keeps its later places and gains nothing there: six passages of one article are one article
  found, and five places lost.
* A ranking shorter than k is as if documents that are not relevant followed.
* Where nothing is relevant there is nothing to be found: recall, nDCG, reciprocal rank and average precision are None,
  not 0 (trec_eval leaves such questions out of its means).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log2

RelevanceGrades = Mapping[str, int]
"""Document id to how relevant it is; 0 or less: judged, and not relevant."""


def rank_scores(scores: Mapping[str, float]) -> list[str]:
    """Return ids by descending score; those with equal scores by descending id, as trec_eval does."""
    return sorted(sorted(scores, reverse=True), key=lambda one: -scores[one])


def compute_recall(ranked: Sequence[str], grades: RelevanceGrades, k: int, level: int = 1) -> float | None:
    """Return the share of all relevant documents that are among the first k; None if none is relevant."""
    found, there = sum(_flag_relevant(ranked, grades, k, level)), _count_relevant(grades, level)
    return found / there if there else None


def compute_precision(ranked: Sequence[str], grades: RelevanceGrades, k: int, level: int = 1) -> float:
    """Return the share of the first k places, filled or not, that hold a relevant document."""
    return sum(_flag_relevant(ranked, grades, k, level)) / k


def compute_ndcg(ranked: Sequence[str], grades: RelevanceGrades, k: int) -> float | None:
    """Return the normalised discounted cumulative gain of the first k; None if nothing is relevant.

    The gain is the grade itself, the discount log2(1 + rank); the ideal order is that of all judged documents.
    Järvelin and Kekäläinen 2002, https://doi.org/10.1145/582415.582418, with trec_eval's discount of the first ranks.
    """
    firsts = _keep_firsts(ranked, k)
    return compute_ndcg_of_gains([grades.get(one, 0) if one is not None else 0 for one in firsts], grades.values(), k)


def compute_ndcg_of_gains(gains: Sequence[float], grades: Iterable[int], k: int) -> float | None:
    """Return nDCG where what is found is not what is ranked, e.g. places in documents that passages hold.

    Args:
        gains: of each place of the ranking, the grades of all that is found there for the first time; less than 0
            counts as 0.
        grades: of all that there is to be found; in the ideal order each has a place of its own.
        k: places that count.

    A place that holds several can gain more than the ideal order has there; the result is 1 at most.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    ideal = sorted((grade for grade in grades if grade > 0), reverse=True)[:k]
    return min(_discount([max(gain, 0) for gain in gains[:k]]) / _discount(ideal), 1.0) if ideal else None


def compute_reciprocal_rank(ranked: Sequence[str], grades: RelevanceGrades, k: int, level: int = 1) -> float | None:
    """Return 1 / rank of the first relevant document, 0 if it is not among the first k; None if none is relevant.

    Its mean over questions is the MRR.
    """
    if not _count_relevant(grades, level):
        return None
    return next((1 / (i + 1) for i, hit in enumerate(_flag_relevant(ranked, grades, k, level)) if hit), 0.0)


def compute_average_precision(ranked: Sequence[str], grades: RelevanceGrades, k: int, level: int = 1) -> float | None:
    """Return the mean, over all relevant documents, of the precision at the rank of each, 0 for those beyond k.

    None if nothing is relevant.
    """
    there = _count_relevant(grades, level)
    if not there:
        return None
    found, total = 0, 0.0
    for i, hit in enumerate(_flag_relevant(ranked, grades, k, level)):
        if hit:
            found += 1
            total += found / (i + 1)
    return total / there


def compute_judged(ranked: Sequence[str], grades: RelevanceGrades, k: int) -> float | None:
    """Return the share of the documents among the first k that somebody has judged; None if there are none."""
    shown = [one for one in _keep_firsts(ranked, k) if one is not None]
    return sum(one in grades for one in shown) / len(shown) if shown else None


def _keep_firsts(ranked: Sequence[str], k: int) -> list[str | None]:
    """Return the first k places, with None where an id comes again."""
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    seen: set[str] = set()
    places: list[str | None] = []
    for one in ranked[:k]:
        places.append(None if one in seen else one)
        seen.add(one)
    return places


def _flag_relevant(ranked: Sequence[str], grades: RelevanceGrades, k: int, level: int) -> list[bool]:
    if level < 1:
        raise ValueError(f"the level must be at least 1, got {level}")
    return [one is not None and grades.get(one, 0) >= level for one in _keep_firsts(ranked, k)]


def _count_relevant(grades: RelevanceGrades, level: int) -> int:
    return sum(grade >= level for grade in grades.values())


def _discount(gains: Sequence[float]) -> float:
    return sum(gain / log2(i + 2) for i, gain in enumerate(gains))
