import random

import ir_measures
import pytest
from ir_measures import AP, RR, Judged, P, R, nDCG

from fairtrial.stats.retrieval import (
    compute_average_precision,
    compute_judged,
    compute_ndcg,
    compute_precision,
    compute_recall,
    compute_reciprocal_rank,
    rank_scores,
)

IDS = [f"d{i:02}" for i in range(14)]


def draw_questions(best_grade: int) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, int]]]:
    """Return 300 random rankings, with many ties and documents that nobody has judged, and their judgements."""
    draw = random.Random(best_grade)
    runs, qrels = {}, {}
    for q in map(str, range(300)):
        runs[q] = {one: float(draw.randint(0, 5)) for one in draw.sample(IDS, draw.randint(1, 14))}
        judged = draw.sample(IDS, draw.randint(1, 14))
        qrels[q] = {**{one: draw.randint(0, best_grade) for one in judged}, judged[0]: best_grade}
    return runs, qrels


@pytest.mark.parametrize("k", [1, 3, 10, 20])
def test_all_measures_agree_with_ir_measures(k):
    runs, qrels = draw_questions(3)
    theirs = {
        (one.query_id, one.measure): one.value
        for one in ir_measures.iter_calc([R @ k, P @ k, nDCG @ k, AP @ k, Judged @ k, RR], qrels, runs)
    }
    for q, scores in runs.items():
        ranked, grades = rank_scores(scores), qrels[q]
        whole = theirs[q, RR]  # theirs with a cut-off breaks ties in another way
        assert compute_recall(ranked, grades, k) == pytest.approx(theirs[q, R @ k])
        assert compute_precision(ranked, grades, k) == pytest.approx(theirs[q, P @ k])
        assert compute_ndcg(ranked, grades, k) == pytest.approx(theirs[q, nDCG @ k])
        assert compute_average_precision(ranked, grades, k) == pytest.approx(theirs[q, AP @ k])
        judged_order = sorted(scores, key=lambda one: (-scores[one], one))  # ties the other way round: not trec_eval's
        assert compute_judged(judged_order, grades, k) == pytest.approx(theirs[q, Judged @ k])
        assert compute_reciprocal_rank(ranked, grades, k) == pytest.approx(whole if whole * k > 0.999 else 0)


def test_a_higher_level_of_relevance_agrees_with_ir_measures():
    runs, qrels = draw_questions(2)
    for one in ir_measures.iter_calc([R(rel=2) @ 5, AP(rel=2) @ 5], qrels, runs):
        compute = compute_recall if one.measure == R(rel=2) @ 5 else compute_average_precision
        assert compute(rank_scores(runs[one.query_id]), qrels[one.query_id], 5, level=2) == pytest.approx(one.value)


def test_an_example_by_hand():
    ranked, grades = ["a", "b", "c", "d"], {"b": 2, "d": 1, "e": 1}
    assert compute_recall(ranked, grades, 3) == 1 / 3
    assert compute_precision(ranked, grades, 4) == 0.5
    assert compute_reciprocal_rank(ranked, grades, 4) == 0.5
    assert compute_average_precision(ranked, grades, 4) == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert compute_ndcg(ranked, grades, 4) == pytest.approx((2 / 1.5849625 + 1 / 2.3219281) / (2 + 0.6309298 + 0.5))


def test_an_id_that_comes_again_keeps_its_place_and_gains_nothing():
    grades = {"a": 1, "b": 1}
    assert compute_recall(["a", "a", "a", "b"], grades, 3) == 0.5
    assert compute_precision(["a", "a", "a", "b"], grades, 4) == 0.5
    assert compute_average_precision(["a", "a", "a", "b"], grades, 4) == (1 + 2 / 4) / 2
    assert compute_ndcg(["a", "a", "b"], grades, 3) < compute_ndcg(["a", "b"], grades, 3) == 1
    assert compute_judged(["a", "a", "x"], grades, 3) == 0.5


def test_where_nothing_is_relevant_there_is_nothing_to_find():
    for grades in ({}, {"a": 0}, {"a": -1}):
        assert compute_recall(["a"], grades, 3) is None
        assert compute_ndcg(["a"], grades, 3) is None
        assert compute_reciprocal_rank(["a"], grades, 3) is None
        assert compute_average_precision(["a"], grades, 3) is None
        assert compute_precision(["a"], grades, 3) == 0


def test_an_empty_ranking_finds_nothing():
    grades = {"a": 1}
    assert compute_recall([], grades, 3) == compute_ndcg([], grades, 3) == compute_reciprocal_rank([], grades, 3) == 0
    assert compute_judged([], grades, 3) is None


def test_grades_below_zero_cost_nothing():
    assert compute_ndcg(["a", "b"], {"a": -2, "b": 1}, 2) == compute_ndcg(["x", "b"], {"b": 1}, 2)


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        compute_recall(["a"], {"a": 1}, 0)
    with pytest.raises(ValueError, match="level must be at least 1, got 0"):
        compute_recall(["a"], {"a": 1}, 1, level=0)
