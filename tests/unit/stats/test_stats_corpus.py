"""Scores of a whole corpus: the values of the libraries that made them known, and honest intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from fairtrial.stats.corpus import Counts, compare_corpora, estimate_corpus, expand_counts, find_score
from fairtrial.tasks.graders.corpus import count_ngrams

RIGHT = ["the kettle is on the fire", "two ladders lean on a wall", "no", "rain falls on the old mill at night"] * 5
SAID = [
    "a kettle is on the fire",
    "two ladders, a wall",
    "",
    "rain falls over the mill",
    "the the the",
    "night at the",
] * 4


def count(formula: str, said: list[str], right: list[str]) -> Counts:
    every = [
        expand_counts(formula, count_ngrams(formula, [a], [b])) for a, b in zip(said[: len(right)], right, strict=True)
    ]
    names = tuple(sorted({name for own in every for name in own}))
    values = np.array([[own.get(name, 0.0) for name in names] for own in every])
    return Counts(names, values, np.arange(len(every)))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
@pytest.mark.parametrize(
    ("formula", "theirs"),
    [("bleu", BLEU()), ("chrf", CHRF()), ("chrf++", CHRF(word_order=2))],
    ids=["bleu", "chrf", "chrf++"],
)
def test_values_are_those_of_sacrebleu(formula: str, theirs: BLEU | CHRF, size: int) -> None:
    said, right = SAID[:size], RIGHT[:size]
    expected = theirs.corpus_score(said, [right]).score
    assert estimate_corpus(formula, count(formula, said, right), 0.95).mean == pytest.approx(expected, abs=1e-9)


def test_an_answer_without_any_match_scores_nothing() -> None:
    assert estimate_corpus("bleu", count("bleu", ["", "x"], ["a b", "c"]), 0.95).mean == 0.0
    assert estimate_corpus("chrf", count("chrf", [""], ["abc"]), 0.95).mean == 0.0


def cells(gold: list[int], said: list[int]) -> Counts:
    names = tuple(sorted({f"{g}>{s}" for g, s in zip(gold, said, strict=True)}))
    values = np.array([[float(name == f"{g}>{s}") for name in names] for g, s in zip(gold, said, strict=True)])
    return Counts(names, values, np.arange(len(gold)))


@pytest.mark.parametrize("classes", [2, 3, 12])
def test_classes_are_scored_as_by_scikit_learn(classes: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    draw = np.random.default_rng(classes)
    gold = draw.integers(0, classes, 60).tolist()
    said = [g if draw.random() < 0.5 else int(draw.integers(0, classes)) for g in gold]
    found = {name: estimate_corpus(name, cells(gold, said), 0.95).mean for name in ("f1_macro", "f1_weighted", "mcc")}
    assert found["f1_macro"] == pytest.approx(metrics.f1_score(gold, said, average="macro"))
    assert found["f1_weighted"] == pytest.approx(metrics.f1_score(gold, said, average="weighted"))
    assert found["mcc"] == pytest.approx(metrics.matthews_corrcoef(gold, said))


def test_a_class_that_is_never_right_and_one_that_is_never_chosen() -> None:
    counts = cells([0, 0, 1, 2], [0, 3, 1, 1])
    assert estimate_corpus("f1_macro", counts, 0.95).mean == pytest.approx((2 / 3 + 2 / 3 + 0 + 0) / 4)
    assert estimate_corpus("mcc", cells([1, 1], [1, 1]), 0.95).mean == 0.0


def test_one_cluster_bounds_nothing() -> None:
    counts = cells([0, 1, 1], [0, 0, 1])
    lone = Counts(counts.names, counts.values, np.zeros(3, dtype=np.int64))
    assert estimate_corpus("mcc", lone, 0.95).low == -math.inf


def test_intervals_cover_as_often_as_they_say() -> None:
    """The F1 of many items is covered by intervals from few, about 95 times of 100."""
    draw = np.random.default_rng(5)
    gold = draw.integers(0, 3, 20_000)
    said = np.where(draw.random(20_000) < 0.6, gold, draw.integers(0, 3, 20_000))
    names = tuple(f"{g}>{s}" for g in range(3) for s in range(3))
    every = np.eye(9)[3 * gold + said]
    truth = float(find_score("f1_macro")(names, every.sum(axis=0, keepdims=True))[0])
    covered = 0
    for at in range(200):
        found = estimate_corpus("f1_macro", Counts(names, every[at * 100 : at * 100 + 100], np.arange(100)), 0.95)
        covered += found.low <= truth <= found.high
    assert 182 <= covered <= 199


def test_the_difference_of_two_is_paired() -> None:
    a, b = count("chrf", SAID, RIGHT), count("chrf", ["x", *SAID[1:]], RIGHT)
    found = compare_corpora("chrf", a, b, 0.95)
    assert found.mean == pytest.approx(estimate_corpus("chrf", a, 0.95).mean - estimate_corpus("chrf", b, 0.95).mean)
    alone = estimate_corpus("chrf", a, 0.95)
    assert found.low < found.mean < found.high
    assert found.high - found.low < alone.high - alone.low
    with pytest.raises(ValueError, match="same items"):
        compare_corpora("chrf", a, Counts(b.names, b.values, b.clusters // 2), 0.95)


def test_an_unknown_formula_is_refused() -> None:
    with pytest.raises(ValueError, match="no corpus score 'meteor'"):
        find_score("meteor")
