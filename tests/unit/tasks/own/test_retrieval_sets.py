"""Retrieval sets in BEIR's form as tasks: which rows, what is counted, and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import DataError
from fairtrial.records import GenerateRequest
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.own.source import open_own_data
from fairtrial.tasks.own.task import OwnTask

QUERIES = [{"_id": "q1", "text": "When?"}, {"_id": 2, "text": "Where?"}, {"_id": "q3", "text": "Not judged?"}]
JUDGED = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t1\nq1\td3\t0\n2\td2\t1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "set" / "qrels").mkdir(parents=True)
    write_rows(tmp_path / "set" / "corpus.jsonl", [{"_id": f"d{n}", "text": "Told."} for n in (1, 2, 3)])
    write_rows(tmp_path / "set" / "queries.jsonl", QUERIES)
    (tmp_path / "set" / "qrels" / "test.tsv").write_text(JUDGED)
    return tmp_path


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def build(folder: Path, **more: Any) -> OwnTask:
    entry = TaskEntry.model_validate({"file": "set/", **more})
    return OwnTask(open_own_data(entry, folder), "set", TaskOptions())


def judge(folder: Path, lines: str, split: str = "test") -> None:
    (folder / "set" / "qrels" / f"{split}.tsv").write_text(JUDGED + lines)


def test_judged_questions_are_rows_with_what_should_be_found(folder: Path) -> None:
    task = build(folder)
    requests = [request for item in task.items() for request in task.requests(item)]
    assert all(isinstance(one, GenerateRequest) for one in requests)
    assert [(one.query, one.relevant) for one in requests] == [("When?", ("d1", "d2")), ("Where?", ("d2",))]
    assert [one.name for one in task.card.measures] == ["ndcg@10", "recall@10", "mrr@10"]
    assert task.card.description.endswith("graded by retrieved, judgements of test")
    assert task.card.settings["own"] == {"rows": 2, "choices": False}
    assert check_task(lambda: build(folder)) == []


def test_packed_files_and_answers_of_the_questions_are_read(folder: Path) -> None:
    rows = [{**row, "answer": "in May", "metadata": {"a": 1}} for row in QUERIES]
    (folder / "set" / "queries.jsonl").unlink()
    packed = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    (folder / "set" / "queries.jsonl.gz").write_bytes(packed)
    task = build(folder, grade=["exact", {"retrieved": 5}])
    assert [item.gold for item in task.items()] == [("in May",), ("in May",)]
    assert [one.name for one in task.card.measures] == ["exact_match", "recall@5", "ndcg@5", "mrr@5"]


def test_unknown_ids_are_counted_and_nothing_relevant_is_left_out(folder: Path) -> None:
    judge(folder, "q1\td9\t1\n2\td9\t3\n2\td8\t0\nq7\td1\t1\nq3\td1\t-1\n")
    task = build(folder)
    own = task.card.settings["own"]
    assert (own["judged"], own["unknown_documents"], own["unknown_queries"]) == (6, 2, 1)
    for words in ("2 judgements of unknown documents, 1 of", "1 questions without anything relevant", "1 negative"):
        assert words in task.card.description


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("q1\td9\thigh\n", "the score 'high' is no number"),
        ("q1\td9\t0.5\n", "is no whole number"),
        ("q1\td9\tnan\n", "is no whole number"),
        ("q1\td9\n", "has 2 cells"),
        ("q1\td1\t1\n", "again, and otherwise"),
        ("q1\td1#3-9\t1\n", "reads as a place"),
    ],
)
def test_wrong_judgements_are_refused_with_their_line_or_left_out(folder: Path, lines: str, words: str) -> None:
    judge(folder, lines)
    with pytest.raises(DataError, match=words) as raised:
        build(folder)
    assert "qrels/test.tsv line 6" in str(raised.value)
    assert len(build(folder, bad_rows="skip").items()) == 2


def test_questions_that_come_twice_or_say_nothing_are_refused(folder: Path) -> None:
    write_rows(folder / "set" / "queries.jsonl", [*QUERIES, {"_id": "q1", "text": "What?"}, {"text": "Who?"}])
    with pytest.raises(DataError, match="stands in the file twice") as raised:
        build(folder)
    assert "no JSON object with an _id" in str(raised.value)


def test_splits(folder: Path) -> None:
    judge(folder, "", "dev")
    assert "judgements of test" in build(folder).card.description
    entry = {"path": "set/", "split": "dev"}
    assert "judgements of dev" in build(folder, file=entry).card.description
    with pytest.raises(DataError, match="has no split 'tset'"):
        build(folder, file={"path": "set/", "split": "tset"})
    (folder / "set" / "qrels" / "test.tsv").rename(folder / "set" / "qrels" / "train.tsv")
    with pytest.raises(DataError, match="has several splits"):
        build(folder)


@pytest.mark.parametrize(
    ("name", "words"), [("queries.jsonl", "has no queries.jsonl"), ("qrels/test.tsv", "has no judgements")]
)
def test_missing_files_are_named(folder: Path, name: str, words: str) -> None:
    (folder / "set" / name).unlink()
    with pytest.raises(DataError, match=words):
        build(folder)


def test_without_documents_judgements_are_not_checked_and_that_is_said(folder: Path) -> None:
    (folder / "set" / "corpus.jsonl").unlink()
    assert "no corpus.jsonl to check them against" in build(folder).card.description


def test_other_files_have_no_splits(folder: Path) -> None:
    (folder / "q.csv").write_text("question,answer\nWhen?,May\n")
    with pytest.raises(DataError, match="only a folder with queries"):
        build(folder, file={"path": "q.csv", "split": "dev"})
