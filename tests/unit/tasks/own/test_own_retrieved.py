"""Own rows that say what a search should find: requests, grades, reasons for what is absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fairtrial.planning.requests import ItemRequests
from fairtrial.records import GenerateAnswer, GenerateRequest
from fairtrial.records.passages import PassageUse
from fairtrial.records.trace import TraceStep
from fairtrial.running.chunks import explain_absences, grade_chunk
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.base import TaskOptions, hide_answers
from fairtrial.tasks.check import check_task
from fairtrial.tasks.own.source import open_own_data
from fairtrial.tasks.own.task import OwnTask
from fairtrial.tasks.signs import find_signs
from fairtrial.tasks.variants.form import FormTask

ROWS: list[dict[str, Any]] = [
    {"question": "When was the ferry closed?", "answer": "in May", "relevant": {"a.md#0-9": 1, "b.md": 2}},
    {"question": "Who will win?", "answer": "unknown", "relevant": []},
]
GRADE = [{"exact": {}}, {"retrieved": {"k": 3}}]
SEARCHED = (TraceStep("retrieve", passages=(PassageUse("1", "b.md", 0, 90, "00", rank=1),)), TraceStep("", 9, 2))


def built(folder: Path, grade: object = GRADE, **more: Any) -> OwnTask:
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    entry = TaskEntry.model_validate({"file": "q.jsonl", "grade": grade, **more})
    return OwnTask(open_own_data(entry, folder), "q", TaskOptions())


def answer(text: str, trace: tuple[TraceStep, ...] = (), finish: Any = "stop") -> GenerateAnswer:
    return GenerateAnswer(text, 2, finish, trace=trace)


def test_requests_say_what_to_search_for_and_find_only_where_a_grader_asks(tmp_path: Path) -> None:
    task = built(tmp_path)
    [request], [nothing] = map(task.requests, task.items())
    assert isinstance(request, GenerateRequest) and isinstance(nothing, GenerateRequest)
    assert (request.query, request.relevant) == ("When was the ferry closed?", ("b.md", "a.md#0-9"))
    assert (nothing.query, nothing.relevant) == ("Who will win?", ())
    [plain] = built(tmp_path, "exact").requests(task.items()[0])
    assert isinstance(plain, GenerateRequest) and (plain.query, plain.relevant) == ("", ())
    assert request.id != plain.id


def test_it_keeps_the_promises_of_a_task_and_hides_what_should_be_found(tmp_path: Path) -> None:
    assert check_task(lambda: built(tmp_path)) == []
    task = built(tmp_path)
    assert hide_answers(task, task.items()[0]) == {"question": "When was the ferry closed?"}


def test_who_did_not_search_has_no_measure_and_a_reason_in_any_form(tmp_path: Path) -> None:
    own = built(tmp_path)
    for task in (own, FormTask(own, "other", "Changed.")):
        chunk = [ItemRequests(item, 0, tuple(task.requests(item))) for item in task.items()]
        [[first], [second]] = [one.requests for one in chunk]
        closed = {first.id: answer("in May"), second.id: answer("x")}
        graded = grade_chunk(task, chunk, closed)
        assert [[(g.measure, g.value) for g in grades] for grades, _ in graded] == [
            [("exact_match", 1)], [("exact_match", 0)],
        ]  # fmt: skip
        why = "no archive was searched for the answer"
        assert explain_absences(task, chunk, [[closed[first.id]], [closed[second.id]]]) == [
            (chunk[0].item.id, 0, name, why) for name in ("recall@3", "ndcg@3", "mrr@3")
        ]
        found = {first.id: answer("in May", SEARCHED), second.id: answer("x", SEARCHED)}
        assert explain_absences(task, chunk, [[found[first.id]], [found[second.id]]]) == []
        [(grades, _), (others, _)] = grade_chunk(task, chunk, found)
        assert {g.measure: round(g.value, 3) for g in grades} == {
            "exact_match": 1, "recall@3": 0.5, "ndcg@3": 0.76, "mrr@3": 1,
        }  # fmt: skip
        assert [g.measure for g in others] == ["exact_match"]  # nothing is to be found


def test_a_refusal_to_answer_is_no_failure_of_the_search(tmp_path: Path) -> None:
    task = built(tmp_path)
    item = task.items()[0]
    [request] = task.requests(item)
    chunk = [ItemRequests(item, 0, (request,))]
    [(grades, _)] = grade_chunk(task, chunk, {request.id: answer("", SEARCHED, "refused")})
    assert {g.measure: g.value for g in grades if g.measure in ("exact_match", "mrr@3")} == {
        "exact_match": 0,
        "mrr@3": 1,
    }


def test_an_abstention_of_the_lever_is_not_unread(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("question,answer\nHow many?,3\n")
    entry = TaskEntry.model_validate({"file": "n.csv", "grade": "number"})
    task = OwnTask(open_own_data(entry, tmp_path), "n", TaskOptions())
    [item] = task.items()

    def find(*actions: str) -> list[str]:
        said = [answer("The archive does not say.", tuple(TraceStep("retrieve", action=one) for one in actions))]
        return [sign.measure for sign in find_signs(task, item, said, task.grade(item, said))]

    assert sorted(find("found no passage; abstained")) == ["sign:abstained", "sign:found_nothing"]
    assert find("") == ["sign:unread"]
    assert "sign:unread" in find("abstained", "")  # another part answered after that
