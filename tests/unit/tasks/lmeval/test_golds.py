"""Right answers: however they are written, they are understood, or the row is named that is wrong."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from fairtrial.errors import DataError
from fairtrial.records import GenerateAnswer, ScoreAnswer
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog
from fairtrial.tasks.lmeval.golds import RowTarget, convert_to_plain, read_choices

CITIES = ["Paris", "Rome", "Oslo", "Bern"]
CHOOSE = {
    "task": "t", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": "rows.jsonl"}}, "test_split": "test",
    "output_type": "multiple_choice", "doc_to_text": "{{q}}", "doc_to_choice": "opts", "doc_to_target": "gold",
}  # fmt: skip
WRITE = {**CHOOSE, "output_type": "generate_until", "doc_to_choice": None}


def build(folder: Path, golds: list[Any], task: dict[str, Any], opts: list[list[str]] | None = None) -> Task:
    rows = [{"q": f"Q{n}?", "opts": opts[n] if opts else CITIES, "gold": gold} for n, gold in enumerate(golds)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "t.yaml").write_text(yaml.safe_dump({k: v for k, v in task.items() if v is not None}))
    return LmEvalCatalog([folder], trust_code=True).build("t", TaskOptions())


def golds(task: Task) -> list[tuple[str, ...]]:
    return [item.gold for item in task.items()]


@pytest.mark.parametrize(
    ("written", "way"),
    [
        ([0, 1, 3], None),
        ([0.0, 1.0, 3.0], None),
        (["Paris", "Rome", "Bern"], None),
        (["A", "B", "D"], "letters"),
        (["a", "b", "d"], "letters"),
        (["(A)", "(B)", "(D)"], "letters"),
        (["0", "1", "3"], "numbers from 0"),
        (["1", "2", "4"], "numbers from 1"),
        ([1, 2, 4], "numbers from 1"),
        (["A", "2", "4"], "letters and numbers from 1"),
        (["paris", " ROME", "Bern "], "texts, apart from case and white space"),
        ([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]], "a label for every choice"),
    ],
)
def test_right_choices_are_understood(written: list[Any], way: str | None, tmp_path: Path) -> None:
    task = build(tmp_path, written, CHOOSE)
    assert golds(task) == [("Paris",), ("Rome",), ("Bern",)]
    assert noted(task) == ({"read_as": way} if way else {})
    right = [task.grade(item, [ScoreAnswer(scores(item.gold[0]), (False,) * 4, (1,) * 4)]) for item in task.items()]
    assert [seen[0].value for seen in right] == [1.0, 1.0, 1.0]


def noted(task: Task) -> dict[str, Any]:
    answers = dict(task.card.settings["answers"])  # type: ignore[call-overload]
    assert len(answers.pop("hash")) == 32
    return answers


def scores(gold: str) -> tuple[float, ...]:
    return tuple(-1.0 if city == gold else -9.0 for city in CITIES)


@pytest.mark.parametrize("field", ["gold", "{{gold}}"])
def test_templates_and_columns_are_understood_alike(field: str, tmp_path: Path) -> None:
    task = {**CHOOSE, "doc_to_target": field}
    assert golds(build(tmp_path, ["A", "2", "4"], task)) == [("Paris",), ("Rome",), ("Bern",)]
    assert golds(build(tmp_path, ["1", "2", "4"], task)) == [("Paris",), ("Rome",), ("Bern",)]


def test_a_text_comes_before_a_letter(tmp_path: Path) -> None:
    groups = [["O", "A", "B", "AB"]] * 2
    assert golds(build(tmp_path, ["B", "A"], CHOOSE, groups)) == [("B",), ("A",)]
    # a letter that is not among the choices shows that all are letters
    assert golds(build(tmp_path, ["B", "D"], CHOOSE, groups)) == [("A",), ("AB",)]


def test_numbers_that_are_the_choices(tmp_path: Path) -> None:
    sums = [["10", "20", "4", "7"], ["3", "5", "9", "20"]]
    assert golds(build(tmp_path, [20, 9], CHOOSE, sums)) == [("20",), ("9",)]
    assert golds(build(tmp_path, ["20", "9"], {**CHOOSE, "doc_to_target": "{{gold}}"}, sums)) == [("20",), ("9",)]
    both = build(tmp_path, [3, 2], CHOOSE, [["3", "5", "9", "1"], ["0", "1", "9", "2"]])
    assert golds(both) == [("1",), ("9",)]  # positions, as lm-evaluation-harness has it; and it is said
    assert noted(both) == {"also": "texts"}


def test_positions_that_may_count_from_one_are_noted(tmp_path: Path) -> None:
    assert noted(build(tmp_path, [1 + i % 3 for i in range(30)], CHOOSE)) == {"also": "numbers from 1"}
    assert noted(build(tmp_path, [i % 3 for i in range(30)], CHOOSE)) == {}
    assert noted(build(tmp_path, [1, 2, 3], CHOOSE)) == {}  # too few to wonder


def test_true_and_false_need_two_choices(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="true or false, but there are 4 choices"):
        build(tmp_path, [True, False], CHOOSE)
    assert golds(build(tmp_path, [True, False], CHOOSE, [["no", "yes"]] * 2)) == [("yes",), ("no",)]


@pytest.mark.parametrize(
    ("written", "row", "said"),
    [
        (["A", "B", "E"], 3, "the answer 'E' is none of A, B, C, D"),
        (["Paris", "Berlin"], 2, "the answer 'Berlin' is none of the choices. The choices: 'Paris'; 'Rome'"),
        ([0, 4], 2, "the answer 4 is none of 0 to 3"),
        ([0, 7, 1], 2, "the answer 7 is none of 0 to 3"),
        (["1", "2", "3"], 1, "'1' could be counted from 0 or from 1"),
        ([0, 0.5], 2, "the answer 0.5 is no position of a choice"),
        ([[0], [[1]]], 2, "a list within a list"),
        ([{"a": 1}], 1, "has the type dict, which is not understood"),
        (["5", "2"], 1, "the answer '5' is none of"),
    ],
)
def test_what_cannot_be_right_is_named_with_file_and_row(
    written: list[Any], row: int, said: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        build(tmp_path, written, CHOOSE)
    assert said in str(caught.value)
    assert f"item {row - 1} (rows.jsonl, row {row})" in str(caught.value)


def test_rows_without_a_right_answer_are_counted_and_never_right(tmp_path: Path) -> None:
    for nothing in (-1, None):
        task = build(tmp_path, [0, nothing, 3], CHOOSE)
        assert golds(task) == [("Paris",), (), ("Bern",)]
        assert noted(task) == {"missing": 1}
        seen = task.grade(task.items()[1], [ScoreAnswer((-1.0, -2.0, -3.0, -4.0), (True,) * 4, (1,) * 4)])
        assert {one.value for one in seen} == {0.0}
    with pytest.raises(DataError, match=r"no row of the split 'test' has a right answer"):
        build(tmp_path, [-1, -1], CHOOSE)
    task = build(tmp_path, ["x", None, "None"], WRITE)
    assert golds(task) == [("x",), (), ("None",)]
    assert [said(task, n, "None") for n in range(3)] == [0.0, 0.0, 1.0]


def said(task: Task, number: int, text: str) -> float:
    return task.grade(task.items()[number], [GenerateAnswer(text, 1, "stop")])[0].value


def test_a_text_that_looks_like_a_list_is_a_text(tmp_path: Path) -> None:
    for field in ("gold", "{{gold}}", "{{gold[:]}}"):
        task = build(tmp_path, ["[2, 3]", "[]", "x"], {**WRITE, "doc_to_target": field})
        assert golds(task) == [("[2, 3]",), ("[]",), ("x",)]
        assert [said(task, 0, text) for text in ("[2, 3]", "2", "3")] == [1.0, 0.0, 0.0]
        assert [said(task, 1, text) for text in ("[]", "")] == [1.0, 0.0]
    task = build(tmp_path, [["[2, 3]", "no"]], {**WRITE, "doc_to_target": "{{gold[0]}}"})
    assert golds(task) == [("[2, 3]",)]
    looking = build(tmp_path, ['["a", "b"]', "c"], {**WRITE, "doc_to_target": "{{gold}}"})
    assert noted(looking) == {"like_lists": 1}


@pytest.mark.parametrize(
    "field", ["gold", "{{gold}}", "{{gold | tojson}}", "{{gold | list}}", "{% if q %}{{gold}}{% endif %}"]
)
def test_a_list_is_a_list(field: str, tmp_path: Path) -> None:
    task = build(tmp_path, [["a", "b"], ["c"], [2, 3], []], {**WRITE, "doc_to_target": field})
    assert golds(task) == [("a", "b"), ("c",), ("2", "3"), ()]
    assert [said(task, 0, text) for text in ("a", "b", "c")] == [1.0, 1.0, 0.0]
    assert [said(task, 2, text) for text in ("2", "3", "[2, 3]")] == [1.0, 1.0, 0.0]
    assert said(task, 3, "[]") == said(task, 3, "") == 0.0


def test_a_template_written_as_a_list(tmp_path: Path) -> None:
    task = build(tmp_path, ["a", "b"], {**WRITE, "doc_to_target": "['{{gold}}', '{{q}}']"})
    assert golds(task) == [("a", "Q0?"), ("b", "Q1?")]
    assert golds(build(tmp_path, ["a"], {**WRITE, "doc_to_target": "[[{{gold}}]]"})) == [("[[a]]",)]


NUMPY = """
import numpy as np

def one(row): return np.int32(row["gold"])
def true(row): return np.bool_(row["gold"] > 0)
def array(row): return np.array([row["gold"]])
def nothing(row): return np.array(row["gold"])
def text(row): return np.str_(row["opts"][row["gold"]])
def fraction(row): return np.float64(row["gold"])
def wrong(row): return {row["gold"]}
"""


@pytest.mark.parametrize("function", ["one", "array", "nothing", "text", "fraction", "true"])
def test_what_numpy_makes_is_understood(function: str, tmp_path: Path) -> None:
    (tmp_path / "utils.py").write_text(NUMPY)
    two = [["Paris", "Rome"]] * 3 if function == "true" else None  # yes or no needs two choices
    task = build(tmp_path, [0, 1, 1], CHOOSE, two) if two else build(tmp_path, [0, 1, 1], CHOOSE)
    text = (
        (tmp_path / "t.yaml").read_text().replace("doc_to_target: gold", f"doc_to_target: !function utils.{function}")
    )
    (tmp_path / "t.yaml").write_text(text)
    task = LmEvalCatalog([tmp_path], trust_code=True).build("t", TaskOptions())
    assert golds(task) == [("Paris",), ("Rome",), ("Rome",)]


def test_a_type_that_is_not_understood_is_named(tmp_path: Path) -> None:
    (tmp_path / "utils.py").write_text(NUMPY)
    for output in (CHOOSE, WRITE):
        build(tmp_path, [0, 1], output)
        text = (tmp_path / "t.yaml").read_text().replace("doc_to_target: gold", "doc_to_target: !function utils.wrong")
        (tmp_path / "t.yaml").write_text(text)
        with pytest.raises(DataError, match=r"item 0 \(rows\.jsonl, row 1\): the right answer has the type set"):
            LmEvalCatalog([tmp_path], trust_code=True).build("t", TaskOptions())


def test_plain_values() -> None:
    given = [
        np.int64(3),
        np.array([[1, 2]]),
        np.str_("x"),
        float("nan"),
        Decimal("1.50"),
        (True, None),
        np.float32(0.5),
    ]
    assert convert_to_plain(given) == [3, [[1, 2]], "x", None, "1.50", [True, None], 0.5]
    with pytest.raises(DataError, match="type bytes"):
        convert_to_plain(b"x")


def test_another_key_is_another_task(tmp_path: Path) -> None:
    """Grades of answers that were read otherwise must not stand for those of today."""
    keys = [build(tmp_path, written, CHOOSE).card.settings["answers"] for written in ([0, 1], [0, 2], [0, 1])]
    assert keys[0] == keys[2] != keys[1]


def test_examples_show_what_is_scored(tmp_path: Path) -> None:
    shots = {"fewshot_split": "test", "num_fewshot": 1, "fewshot_config": {"sampler": "first_n"}}
    for written in (["B", "A", "D"], [2, 1, 4], ["2", "1", "4"]):
        task = build(tmp_path, written, {**CHOOSE, **shots})
        prompts = [task.requests(item)[0].pairs[0].prompt.plain() for item in task.items()]  # type: ignore[union-attr]
        assert prompts == ["Q1? Paris\n\nQ0?", "Q0? Rome\n\nQ1?", "Q0? Rome\n\nQ2?"]


def test_where_the_right_context_is_asked_for(tmp_path: Path) -> None:
    task = {**CHOOSE, "doc_to_text": "{{gold}}", "doc_to_target": "is far."}
    assert golds(build(tmp_path, ["1", "4"], task)) == [("Paris",), ("Bern",)]
    with pytest.raises(DataError, match="the answer 9 is none of 0 to 3"):
        build(tmp_path, ["1", "9"], task)


def test_reading_is_decided_over_all_rows() -> None:
    targets = [RowTarget("2", CITIES), RowTarget("3", CITIES)]
    assert read_choices([*targets, RowTarget("0", CITIES)]).read_positions(targets[0]) == (2,)
    assert read_choices([*targets, RowTarget("4", CITIES)]).read_positions(targets[0]) == (1,)


def test_a_missing_choice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"item 1 \(rows\.jsonl, row 2\): choice 2 of 3 is missing"):
        build(tmp_path, [0, 0], CHOOSE, [["a", "b"], ["a", None, "c"]])  # type: ignore[list-item]


@pytest.mark.parametrize("output", ["loglikelihood", "loglikelihood_rolling"])
def test_a_text_to_score_must_be_there(output: str, tmp_path: Path) -> None:
    assert golds(build(tmp_path, ["a", "b"], {**WRITE, "output_type": output})) == [("a",), ("b",)]
    with pytest.raises(DataError, match=r"row 2\): doc_to_target must give one text to score; got 0"):
        build(tmp_path, ["a", None], {**WRITE, "output_type": output})
