"""Tasks built from small task files: items, cards, trusted code, hostile templates and bad rows."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairtrial.errors import DataError, TaskCodeError, TaskError
from fairtrial.records import GenerateAnswer, ScoreAnswer, content_hash
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder

ROWS: list[dict[str, Any]] = [{"q": f"Number {n}?", "opts": ["x", "yy"], "t": n % 2, "group": n // 2} for n in range(5)]
BASE: dict[str, Any] = {
    "task": "t",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "rows.jsonl"}},
    "test_split": "test",
    "output_type": "multiple_choice",
    "doc_to_text": "{{q}}",
    "doc_to_choice": "opts",
    "doc_to_target": "t",
}
CODE = """
def text(doc):
    return doc["q"].upper()

def results(doc, results):
    return {"acc": 0.25, "score": (-3.0, 2)}

def whole(items):
    return 1.0

def broken(doc, results):
    raise RuntimeError("no")
"""


def build(folder: Path, changes: dict[str, Any], options: TaskOptions | None = None, trust: bool = False) -> Task:
    if not (folder / "rows.jsonl").exists():
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (folder / "utils.py").write_text(CODE)
    text = yaml.safe_dump({k: v for k, v in {**BASE, **changes}.items() if v is not None})
    for name in ("text", "results", "whole", "broken"):
        text = text.replace(f"'!utils.{name}'", f"!function utils.{name}")
    (folder / "t.yaml").write_text(text)
    return LmEvalCatalog([folder], trust).build("t", options or TaskOptions())


def test_items(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*ROWS, ROWS[0], ROWS[0]]))
    items = build(tmp_path, {"metadata": {"cluster": "group"}}).items()
    assert [item.doc_id for item in items] == [*range(7)]
    row = '{"group":0,"opts":["x","yy"],"q":"Number 0?","t":0}'
    assert items[0].id == blake2b(row.encode(), digest_size=16).hexdigest()
    assert items[5].id == blake2b(f"[{row},2]".encode(), digest_size=16).hexdigest()
    assert len({item.id for item in items}) == 7
    assert [item.cluster for item in items] == ["0", "0", "1", "1", "2", "0", "0"]
    assert (items[1].question, items[1].choices, items[1].gold) == ("Number 1?", ("x", "yy"), ("yy",))
    assert items[1].data == ROWS[1]
    assert build(tmp_path, {}).items()[1].cluster == items[1].id


def test_card(tmp_path: Path) -> None:
    card = build(tmp_path, {"metadata": {"version": 2.0, "license": "CC0-1.0"}}).card
    assert (card.name, card.version, card.licence, card.chance) == ("t", "2.0", "CC0-1.0", 0.5)
    assert card.revision.startswith("sha256:")
    assert [m.name for m in card.measures] == ["acc", "acc_norm"]
    assert card.main_measure == "acc"
    assert build(tmp_path, {}).card.licence == "unknown"


def test_whatever_changes_a_prompt_or_grade_changes_the_settings(tmp_path: Path) -> None:
    shots = {"fewshot_split": "test", "num_fewshot": 1}
    changes = [{}, {"doc_to_text": "{{q}} "}, {"doc_to_choice": ["x", "y"]}, shots, {"target_delimiter": ""},
               {"metric_list": [{"metric": "acc"}]}]  # fmt: skip
    cards = [build(tmp_path, change).card for change in changes]
    cards.append(build(tmp_path, shots, TaskOptions(shots=2)).card)
    cards.append(build(tmp_path, shots, TaskOptions(seed=1)).card)
    assert len({content_hash(dict(card.settings)) for card in cards}) == len(cards)


def test_other_seeds_draw_other_examples(tmp_path: Path) -> None:
    shots = {"fewshot_split": "test", "num_fewshot": 2}
    asked = [[build(tmp_path, shots, TaskOptions(seed=s)).requests(i)[0] for i in build(tmp_path, shots).items()]
             for s in (1, 1, 2)]  # fmt: skip
    assert asked[0] == asked[1] != asked[2]


def test_requests_are_the_same_in_any_order(tmp_path: Path) -> None:
    shots = {"fewshot_split": "test", "num_fewshot": 2}
    one, other = build(tmp_path, shots), build(tmp_path, shots)
    forwards = {item.id: one.requests(item) for item in one.items()}
    backwards = {item.id: other.requests(item) for item in reversed(other.items())}
    assert forwards == backwards


def test_trusted_code(tmp_path: Path) -> None:
    metrics = [{"metric": "acc"}, {"metric": "score", "aggregation": "weighted_perplexity"}]
    left_out = {"metric": "whole", "aggregation": "!utils.whole"}
    changes = {
        "doc_to_text": "!utils.text", "process_results": "!utils.results", "metric_list": [*metrics, left_out],
    }  # fmt: skip
    restricted = build(tmp_path, changes)
    assert restricted.card.settings["left_out"] == ["whole"]
    assert list(restricted.card.settings["restricted_code"]) == ["utils.text", "utils.results"]  # type: ignore[call-overload]
    task = build(tmp_path, changes, trust=True)
    item = task.items()[0]
    assert task.requests(item)[0].pairs[0].prompt.plain() == "NUMBER 0?"  # type: ignore[union-attr]
    seen = {o.measure: o for o in task.grade(item, [ScoreAnswer((-1.0, -2.0), (True, False), (1, 1))])}
    assert seen["acc"].value == 0.25
    assert (seen["score"].value, seen["score"].weight) == (1.5, 2.0)
    assert task.card.settings["left_out"] == ["whole"]
    assert list(task.card.settings["trusted_code"]) == ["utils.text", "utils.results", "utils.whole"]  # type: ignore[call-overload]


def test_trusted_code_that_fails_is_an_error_with_the_item(tmp_path: Path) -> None:
    task = build(tmp_path, {"process_results": "!utils.broken"}, trust=True)
    with pytest.raises(TaskCodeError, match="task t, item 1: process_results failed: RuntimeError: no"):
        task.grade(task.items()[1], [ScoreAnswer((-1.0, -2.0), (True, False), (1, 1))])


@pytest.mark.parametrize(
    "text", ["{{ ''.__class__.__mro__ }}", "{{ q.__init__.__globals__ }}", "{% set _ = opts.append(1) %}{{ q }}"]
)
def test_templates_cannot_leave_the_sandbox(text: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"does something that is not allowed"):
        build(tmp_path, {"doc_to_text": text})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"doc_to_text": "{{qq}}"},
            "task t, item 0: the template '{{qq}}' of doc_to_text needs something that the row lacks",
        ),
        ({"doc_to_text": "{{q + 1}}"}, "cannot be rendered"),
        ({"doc_to_text": "{{'x' * 10 ** 13}}"}, "of doc_to_text does something that is not allowed"),
        ({"doc_to_choice": "{{q}}"}, "the choices must be rendered as a list"),
        ({"doc_to_choice": "t"}, "the choices must be a list"),
        ({"metadata": {"cluster": "nothing"}}, "no column 'nothing'"),
        ({"fewshot_split": "test", "num_fewshot": 5}, "needs 6 rows to draw from; there are 5"),
        ({"test_split": "tset"}, "Did you mean 'test'"),
        ({"dataset_path": None}, "has no dataset_path"),
    ],
)
def test_rows_that_do_not_fit(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError) as caught:
        build(tmp_path, changes)
    assert said in str(caught.value)


def test_an_empty_split_and_a_wrong_example(tmp_path: Path) -> None:
    shots = {"fewshot_split": "test", "num_fewshot": 1, "fewshot_config": {"doc_to_target": 4}}
    task = build(tmp_path, shots)
    with pytest.raises(DataError, match="answer is choice 4; it has 2 choices"):
        task.requests(task.items()[0])
    (tmp_path / "rows.jsonl").write_text("")
    with pytest.raises(DataError, match="has no rows"):
        build(tmp_path, {})


def test_one_greedy_answer_counts_for_all_repeats(tmp_path: Path) -> None:
    steps = [{"function": "take_first_k", "k": 3}, {"function": "majority_vote"}, {"function": "take_first"}]
    changes = {
        "output_type": "generate_until",
        "doc_to_choice": None,
        "doc_to_target": "{{q}}",
        "repeats": 3,
        "filter_list": [{"name": "vote", "filter": steps}],
    }
    task = build(tmp_path, changes)
    item = task.items()[0]
    assert len(task.requests(item)) == 1
    (seen,) = task.grade(item, [GenerateAnswer("Number 0?", 3, "stop")])
    assert (seen.measure, seen.value) == ("exact_match,vote", 1.0)


def test_f1_is_a_ratio_of_sums(tmp_path: Path) -> None:
    metrics = {"metric_list": [{"metric": "f1", "aggregation": "f1"}]}
    task = build(tmp_path, metrics)
    seen = [
        task.grade(item, [ScoreAnswer((-1.0, score), (True, False), (1, 1))])[0]
        for item, score in zip(task.items(), (-2.0, -0.5, -0.5, -2.0, -2.0), strict=True)
    ]
    assert [(o.value, o.weight) for o in seen] == [(0.0, 0.0), (1.0, 2.0), (0.0, 1.0), (0.0, 1.0), (0.0, 0.0)]


def test_installed_folder_is_found_without_importing_it() -> None:
    folder = find_installed_lmeval_folder()
    assert folder is None or (folder.name == "tasks" and folder.is_dir())


def test_digits_beyond_what_python_reads_are_text(tmp_path: Path) -> None:
    task = build(tmp_path, {"doc_to_text": "{{ '9' * 5000 }}"})
    assert task.items()[0].question == "9" * 5000


def test_a_list_written_inside_a_block_is_text(tmp_path: Path) -> None:
    target = "{% filter upper %}{% block b %}{{ [q] }}{% endblock %}{% endfilter %}"
    changes = {"doc_to_target": target, "doc_to_choice": None, "output_type": "generate_until", "metric_list": None}
    assert build(tmp_path, changes).items()[0].gold[0].startswith("['")
