"""`retrieved`: what was shown against what should be found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter

from fairtrial.errors import DataError
from fairtrial.records.passages import PassageUse
from fairtrial.records.trace import TraceStep
from fairtrial.spec.graders import Graders
from fairtrial.tasks.graders.base import GraderSet, make_graders
from fairtrial.tasks.graders.relevant import Target, read_targets

READ: TypeAdapter[Any] = TypeAdapter(Graders)


def graders_of(written: object) -> GraderSet:
    return make_graders(READ.validate_python(written))


def use(document: str, rank: int, start: int = 0, end: int = 100, **more: Any) -> PassageUse:
    return PassageUse(f"id-{document}", document, start, end, "00", rank=rank, **more)


def searched(*uses: PassageUse) -> tuple[TraceStep, ...]:
    return (TraceStep("retrieve", passages=uses), TraceStep("", 10, 3))


def values_of(trace: Sequence[TraceStep], relevant: object, k: int = 6) -> dict[str, float]:
    graders = graders_of([{"retrieved": k}])
    row = {"relevant": relevant}
    graders.check_row([], row)
    return {seen.measure: round(seen.value, 6) for seen in graders.observe("any text", [], row, tuple(trace))}


def test_documents_are_found_by_any_passage_of_them_as_the_field_counts() -> None:
    trace = searched(use("a", 1), use("b", 2), use("b", 3), use("c", 4), use("d", 5))
    grades = {"b": 2, "d": 1, "x": 1}
    best = 2 + 1 / math.log2(3) + 1 / math.log2(4)  # the grades 2, 1 and 1 in the first three places
    assert values_of(trace, grades, 4) == {
        "recall@4": pytest.approx(1 / 3, abs=1e-6),
        "ndcg@4": pytest.approx(2 / math.log2(3) / best, abs=1e-6),  # b, in the second place, counts once
        "mrr@4": 0.5,
    }
    assert values_of(trace, "id-d; id-b", 5) == values_of(trace, ["b", "d"], 5)


def test_documents_can_be_ranked_each_in_the_place_of_its_best_passage() -> None:
    uses = [use(name, rank) for rank, name in enumerate("aabbbcd", 1)]
    graders = graders_of([{"retrieved": {"k": 3, "rank": "documents"}}])
    row = {"relevant": {"b": 2, "c#0-10": 1, "d": 1}}
    found = {one.measure: one.value for one in graders.observe("any text", [], row, searched(*uses))}
    assert list(found) == ["ndcg@3", "recall@3", "mrr@3"]
    gained, best = 2 / math.log2(3) + 1 / math.log2(4), 2 + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["ndcg@3"] == pytest.approx(gained / best)  # b is second and c third
    assert (found["recall@3"], found["mrr@3"]) == (pytest.approx(2 / 3), 0.5)
    assert "rank" not in graders_of([{"retrieved": 6}]).document()[0]["retrieved"]  # as it was before


def test_a_place_is_found_when_half_of_it_has_been_shown() -> None:
    trace = searched(use("a", 1, 0, 100), use("a", 2, 100, 200), use("b", 3, 0, 50))
    assert values_of(trace, "a#10-20")["mrr@6"] == 1
    assert values_of(trace, "a#90-112") == {"recall@6": 1, "ndcg@6": 0.63093, "mrr@6": 0.5}
    assert values_of(trace, "a#90-110")["mrr@6"] == 1
    assert values_of(trace, "a#180-400")["recall@6"] == 0
    assert values_of(trace, "a#180-240") == {"recall@6": 0, "ndcg@6": 0, "mrr@6": 0}
    assert values_of(trace, ["a#10-20", "a#30-40", "b"])["recall@6"] == 1
    assert values_of(trace, ["a#10-20", "a#30-40"])["ndcg@6"] == 1  # two at once are no worse than one after the other


def test_order_is_that_of_ranks_and_what_was_withheld_was_not_found() -> None:
    trace = searched(use("a", 2), use("b", 1), use("c", 3, withheld="the licence has ended"))
    assert values_of(trace, "a")["mrr@6"] == 0.5
    assert values_of(trace, "c")["recall@6"] == 0
    assert values_of(trace, "a", 1)["recall@1"] == 0


def test_who_searched_and_found_nothing_gets_zero_and_who_did_not_search_gets_none() -> None:
    graders = graders_of([{"exact": {}}, {"retrieved": {"k": 3}}])
    row = {"relevant": ["a"]}
    found = graders.observe("x", ["x"], row, searched())
    assert [(one.measure, one.value) for one in found] == [
        ("exact_match", 1), ("recall@3", 0), ("ndcg@3", 0), ("mrr@3", 0),
    ]  # fmt: skip
    assert graders.explain_absences(searched(), row) == {}
    for trace in ((), (TraceStep("", 5, 2),), (TraceStep("read", prompt="..."),)):
        assert [one.measure for one in graders.observe("x", ["x"], row, trace)] == ["exact_match"]
        assert graders.explain_absences(trace, row) == dict.fromkeys(
            ("recall@3", "ndcg@3", "mrr@3"), "no archive was searched for the answer"
        )


def test_a_row_for_which_nothing_is_to_be_found_has_no_value_and_needs_no_reason() -> None:
    graders = graders_of("retrieved")
    for nothing in (None, "", [], {}, {"a": 0}):
        assert graders.observe("x", [], {"relevant": nothing}, searched(use("a", 1))) == []
        assert graders.explain_absences((), {"relevant": nothing}) == {}


def test_the_last_of_several_searches_counts() -> None:
    trace = (*searched(use("a", 1)), TraceStep("large/retrieve", passages=(use("b", 1),)))
    assert values_of(trace, "b")["recall@6"] == 1 and values_of(trace, "a")["recall@6"] == 0


@pytest.mark.parametrize(
    ("cell", "targets"),
    [
        ("news/a b.md", [Target("news/a b.md")]),
        ("a.md; b.md#3-9\nhttps://example.org/x?y=1;z#top", None),
        ('["a", "b#0-4"]', [Target("a"), Target("b", (0, 4))]),
        ('{"a": 2, "b": 0}', [Target("a", None, 2)]),
        (["a", "a"], [Target("a")]),
        ("a#5", [Target("a#5")]),
    ],
)
def test_what_a_cell_names(cell: object, targets: list[Target] | None) -> None:
    expected = targets or [Target("a.md"), Target("b.md", (3, 9)), Target("https://example.org/x?y=1;z#top")]
    found = read_targets({"relevant": cell}, "relevant")
    assert list(found) == expected
    assert read_targets({"relevant": [str(one) for one in found]}, "relevant") == tuple(
        Target(one.document, one.span) for one in expected
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"other": 1}, "there is no column 'relevant' with what should be found"),
        ({"relevant": 7}, "must name documents; got 7"),
        ({"relevant": ["a", ""]}, "must name documents; got ''"),
        ({"relevant": "[a, b"}, "begins like JSON, and is none"),
        ({"relevant": {"a": 1.5}}, "a whole number from 0 to 1000; got 1.5"),
        ({"relevant": {"a": True}}, "a whole number from 0 to 1000; got True"),
        ({"relevant": "a#9-9"}, "ends where it begins, or before: 'a#9-9'"),
        ({"relevant": '{"a": 1, " a": 2}'}, "two grades"),
    ],
)
def test_what_a_cell_must_not_name(row: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match="grader retrieved: .*" + said):
        graders_of("retrieved").check_row([], row)
