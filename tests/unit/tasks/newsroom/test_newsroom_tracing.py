"""Measures of what was found, cited, quoted and kept of the context, from traces made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from math import log2

import pytest

from fairtrial.records import GenerateAnswer, PassageUse, TraceStep
from fairtrial.records.passages import QuoteUse
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.graders.retrieved import NOT_SEARCHED
from fairtrial.tasks.newsroom.task import DECLINE, NewsroomTask
from fairtrial.tasks.newsroom.tracing import RequiredContext, explain_missing_measures, observe_trace, observe_use

A, B, C = "https://a.example/1", "https://a.example/2", "https://a.example/3"
NEEDS = [[f"{A}#10-20", f"{B}#0-10"], [f"{C}#5-25"]]
CONTEXTS = {
    A: RequiredContext("2025-01-01T00:00:00+00:00", "news", False),
    B: RequiredContext("2025-01-02T00:00:00+00:00", "news", True),
}


def use(uri: str, start: int, end: int, rank: int, **more: object) -> PassageUse:
    return PassageUse("d", uri, start, end, "0" * 64, number=rank, rank=rank, **more)  # type: ignore[arg-type]


def observe(
    *uses: PassageUse, needs: object = NEEDS, answered: bool = True, quotes: tuple[QuoteUse, ...] = ()
) -> Mapping[str, tuple[float, float]]:
    trace = (TraceStep("retrieve", passages=uses, quotes=quotes),)
    return {o.measure: (o.value, o.weight) for o in observe_trace(trace, needs, CONTEXTS, answered)}  # type: ignore[arg-type]


def test_of_several_places_that_tell_a_thing_any_one_is_found() -> None:
    found = observe(use(C, 100, 200, 1), use(B, 0, 50, 2), use(A, 0, 50, 3))
    assert found["recall@5"] == (0.5, 1.0)
    assert found["mrr@5"] == (0.5, 1.0)
    assert found["ndcg@5"][0] == pytest.approx(1 / log2(3) / (1 + 1 / log2(3)))


def test_what_was_withheld_or_stands_beyond_the_fifth_place_was_not_found() -> None:
    many = [use(B, 500, 600, rank) for rank in range(1, 6)]
    assert observe(*many, use(A, 0, 50, 6))["recall@5"] == (0.0, 1.0)
    assert observe(use(A, 0, 50, 1, withheld="not allowed"))["recall@5"] == (0.0, 1.0)


def test_what_gates_did_to_an_answer_is_no_further_search() -> None:
    found = (TraceStep("retrieve", passages=(use(A, 0, 50, 1), use(C, 0, 50, 2))),)
    gated = (*found, TraceStep("retrieve", action="cites passages that were not shown"))
    nothing = (*found, TraceStep("retrieve", action="found no passage"))
    recalls = [
        {o.measure: o.value for o in observe_trace(t, NEEDS, CONTEXTS, True)}["recall@5"] for t in (gated, nothing)
    ]
    assert recalls == [1.0, 0.0]


def test_citations_count_by_what_their_passages_tell() -> None:
    found = observe(use(A, 0, 50, 1, cited=True), use(B, 300, 400, 2, cited=True), use(C, 0, 30, 3))
    assert found["citation_precision"] == (0.5, 2.0)
    assert found["citation_recall"] == (0.5, 1.0)
    assert "citation_recall" not in observe(use(A, 0, 50, 1, cited=True), answered=False)
    assert observe(use(A, 0, 50, 1, cited=True), needs=[])["citation_precision"] == (0.0, 1.0)


def test_quotations_are_faithful_where_passages_hold_them() -> None:
    quotes = tuple(QuoteUse(result) for result in ("found", "found", "stitched"))  # type: ignore[arg-type]
    assert observe(use(A, 0, 50, 1), quotes=quotes)["quote_faithfulness"] == (pytest.approx(2 / 3), 3.0)
    assert "quote_faithfulness" not in observe(use(A, 0, 50, 1))


def test_context_is_kept_if_date_label_and_correction_are_right() -> None:
    first, second = "2025-01-01T00:00:00+00:00", "2025-01-02T00:00:00+00:00"
    kept = [
        use(A, 0, 9, 1, published=first, label="news"),
        use(B, 0, 9, 2, published=second, label="news", corrected=True),
    ]
    assert observe(*kept)["context_kept"] == (1.0, 2.0)
    lost = [use(A, 0, 9, 1, label="news"), use(B, 0, 9, 2, published=second, label="news")]
    assert observe(*lost)["context_kept"] == (0.0, 2.0)
    assert "context_kept" not in observe(use("https://elsewhere.example", 0, 9, 1))


def test_without_a_search_there_are_reasons_and_no_numbers() -> None:
    assert list(observe_trace((), NEEDS, CONTEXTS, True)) == []
    always = ["context_kept", "overlap_run", "overlap_8gram", "licence_cost"]
    assert explain_missing_measures((), NEEDS, True) == dict.fromkeys(
        ["recall@5", "ndcg@5", "mrr@5", "citation_precision", "citation_recall", *always], NOT_SEARCHED
    )
    assert explain_missing_measures((), [], False) == dict.fromkeys(always, NOT_SEARCHED)
    assert explain_missing_measures((TraceStep("retrieve"),), NEEDS, True) == {}


def test_the_task_grades_its_own_passages() -> None:
    task = NewsroomTask(TaskOptions())
    item = next(one for one in task.items() if one.data["sort"] == "told")
    [request] = task.requests(item)
    assert (request.query, request.relevant) == (item.question, (item.data["needs"][0][0],))
    uri, _, span = request.relevant[0].partition("#")
    start, end = map(int, span.split("-"))
    trace = (TraceStep("retrieve", passages=(use(uri, start, end, 1, cited=True),)),)
    seen = {
        o.measure: o.value for o in task.grade(item, [GenerateAnswer(f"{item.gold[0]} [1]", 3, "stop", trace=trace)])
    }
    assert (seen["acc"], seen["recall@5"], seen["mrr@5"], seen["citation_precision"]) == (1.0, 1.0, 1.0, 1.0)
    assert task.absences(item, [GenerateAnswer(DECLINE, 3, "stop")]).keys() == {
        "recall@5",
        "ndcg@5",
        "mrr@5",
        "context_kept",
        "overlap_run",
        "overlap_8gram",
        "licence_cost",
    }
    assert seen["overlap_run"] >= 1, "the value that is asked for stands in the article"


TEXTS = {
    A: "The ferry to Saltmere will sail again on Monday, the office said. Repairs took nine days.",
    B: "The old bridge stays closed until spring. The ferry will sail again.",
}


def measure_use(text: str, *uses: PassageUse) -> Mapping[str, tuple[float, float]]:
    trace = (TraceStep("retrieve", passages=uses, action="" if uses else "found no passage"),)
    return {o.measure: (o.value, o.weight) for o in observe_use(trace, text, TEXTS)}


def test_what_an_answer_repeats_is_that_of_the_shown_document_that_it_repeats_most() -> None:
    said = "They say: the ferry to Saltmere will sail again on Monday, and so on it goes"  # 16 words, 9 sequences
    found = measure_use(said, use(B, 0, 9, 1), use(A, 0, 9, 2))
    assert (found["overlap_run"], found["overlap_8gram"]) == ((9.0, 1.0), (2 / 9, 9.0))
    assert measure_use(said, use(B, 0, 9, 1))["overlap_run"] == (3.0, 1.0)
    assert measure_use(said, use(A, 0, 9, 1, withheld="not allowed"))["overlap_run"] == (0.0, 1.0)
    assert "overlap_8gram" not in measure_use("on Monday", use(A, 0, 9, 1))
    assert measure_use("on Monday")["overlap_run"] == (0.0, 1.0)


def test_a_licence_costs_what_its_uses_do_exactly_and_nothing_is_said_of_another_currency() -> None:
    paid = [use(A, 0, 9, 1, amount=0.1, currency="EUR"), use(B, 0, 9, 2, amount=0.2, currency="EUR"), use(C, 0, 9, 3)]
    assert measure_use("", *paid)["licence_cost"] == (0.3, 1.0)
    assert measure_use("", use(C, 0, 9, 1))["licence_cost"] == (0.0, 1.0)
    assert "licence_cost" not in measure_use("", *paid, use(C, 0, 9, 4, amount=0.1, currency="GBP"))
    assert "licence_cost" not in measure_use("", use(A, 0, 9, 1, amount=0.1, currency="EUR", also_due="0.2 USD"))


def test_nobody_who_did_not_search_has_any_of_it() -> None:
    assert list(observe_use((), "the ferry to Saltmere", TEXTS)) == []
