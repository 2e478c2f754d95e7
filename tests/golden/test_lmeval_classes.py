"""Tasks and filters that lm-evaluation-harness has as Python classes: ours do the same, on invented rows."""

from __future__ import annotations

import importlib.util
import os
import string
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import datasets
import parity
import rows

from fairtrial.records import GenerateAnswer
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder
from fairtrial.tasks.lmeval.filters import build_pipeline
from fairtrial.tasks.lmeval.known_filters import replace_filter
from fairtrial.tasks.lmeval.loading import CodeRef

FOLDER = find_installed_lmeval_folder() or Path()


def load(file: str) -> ModuleType:
    """A Python file of theirs as a module."""
    spec = importlib.util.spec_from_file_location(f"theirs_{file.replace('/', '_').removesuffix('.py')}", FOLDER / file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(module: ModuleType, name: str, files: dict[str, str], cache: Path) -> Any:
    """Their task, its rows replaced by local files."""

    class Local(getattr(module, name)):  # type: ignore[misc]
        def download(self, *_: Any, **__: Any) -> None:
            self.dataset = datasets.load_dataset("json", data_files=files, cache_dir=str(cache))

    task = Local()
    task.config.num_fewshot = 0
    task.set_fewshot_seed(1234)
    task.build_all_requests()
    return task


def squad(n: int, split: str) -> rows.Row:
    thing, place = rows.THINGS[n % 10], rows.PLACES[n % 7]
    texts = [] if n % 3 == 0 else [f"the old {thing}", f"{thing} of the {place}", "the"][: 1 + n % 3]
    return {
        "id": f"{split}{n}", "title": f"Things {n % 2}", "context": f"The old {thing} of the {place} ({split} {n}).",
        "question": f"What stands in the {place}?", "answers": {"text": texts, "answer_start": [0] * len(texts)},
    }  # fmt: skip


def words_of(text: str) -> list[str]:
    """Words as the evaluation script of SQuAD 2 sees them."""
    plain = "".join(one for one in text.lower() if one not in string.punctuation)
    return [word for word in plain.split() if word not in {"a", "an", "the"}]


def overlap(gold: str, said: str) -> float:
    """F1 of two bags of words."""
    one, other = words_of(gold), words_of(said)
    if not one or not other:
        return float(one == other)
    same = sum((Counter(one) & Counter(other)).values())
    return 2 * same / (len(one) + len(other))


SAID = ["the old {0}", "{0}", "a {0}, of the {1}!", "", "unanswerable", "The", "nothing at all"]


def test_squad_2(tmp_path: Path) -> None:
    """Without examples: theirs cannot make any."""
    made = rows.splits(squad, train=6, validation=20)
    files = parity.write_rows(tmp_path / "rows", made)
    theirs = build(load("squadv2/task.py"), "SQuAD2", files, tmp_path / "cache")
    ours = LmEvalCatalog([FOLDER]).build("squadv2", TaskOptions(data_dir=tmp_path / "rows"))
    asked = [one.args[0] for one in theirs.instances if one.request_type == "generate_until"]
    assert parity.our_arguments(ours) == [(context, ("\n",), 256, 0.0) for context in asked]
    for item, row in zip(ours.items(), made["validation"], strict=True):
        said = SAID[(item.doc_id * 5) % 7].format(rows.THINGS[item.doc_id % 10], rows.PLACES[item.doc_id % 7])
        golds = [text for text in row["answers"]["text"] if words_of(text)] or [""]
        exact = max(float(words_of(gold) == words_of(said)) for gold in golds)
        f1 = max(overlap(gold, said) for gold in golds)
        kind = "HasAns" if row["answers"]["text"] else "NoAns"
        found = {one.measure: one.value for one in ours.grade(item, [GenerateAnswer(said, 1, "stop")])}
        assert found == pytest.approx({"exact": exact, "f1": f1, f"{kind}_exact": exact, f"{kind}_f1": f1})


def recall(n: int, split: str) -> rows.Row:
    return {"text": f" The maker of the {rows.THINGS[n % 10]} {n} is: ", "value": f" {rows.PLACES[n % 5].title()} (c) "}


@pytest.mark.parametrize(("folder", "name"), [("fda", "FDA"), ("squad_completion", "SQUADCompletion")])
def test_recall(folder: str, name: str, tmp_path: Path) -> None:
    files = parity.write_rows(tmp_path / "rows", rows.splits(recall, validation=9))
    theirs = build(load(f"{folder}/task.py"), name, files, tmp_path / "cache")
    ours = LmEvalCatalog([FOLDER]).build(folder, TaskOptions(data_dir=tmp_path / "rows"))
    how = [(one.args[0], tuple(one.args[1]["until"]), one.args[1]["max_gen_toks"], 0.0) for one in theirs.instances]
    assert parity.our_arguments(ours) == how
    for item in ours.items():
        said = ["the {} (c)", "HARBOUR (C) it is", "{}", ""][item.doc_id % 4].format(rows.PLACES[item.doc_id % 5])
        expected = theirs.process_results(dict(item.data), [said])
        assert {one.measure: one.value for one in ours.grade(item, [GenerateAnswer(said, 1, "stop")])} == expected


OPTIONS = "Which?\nOptions:\n(A) The old mill\n(B) The old mill of stone\n(C) a prism"
LISTED = "Sort these words: List: mill anvil prism loom"
ANSWERS = [
    "(B)", "It is the OLD mill, of stone.", "so: C", "A", "", "(A) or (C)", "not plausible, I think", "Yes.",
    "plausible", "loom, prism, anvil loom", "정답은 b 입니다. A", "C. 정답: d, e", "mill millstone", "nothing: Z",
]  # fmt: skip
MULTI = {"regex_pattern": "(\\([A-Z]\\))", "ignore_case": True, "ignore_punctuation": True, "group_select": 0}
YES_OR_NO = {"\\b(no|not plausible)\\b": "no", "\\b(yes|plausible)\\b": "yes"}
CLASSES: list[tuple[str, str, dict[str, Any], str]] = [
    ("bbh/zeroshot/utils.py", "MultiChoiceRegexFilter", MULTI, OPTIONS),
    ("bbh/cot_zeroshot/utils.py", "MultiChoiceRegexFilter", {**MULTI, "group_select": -1}, OPTIONS),
    ("bbh/zeroshot/utils.py", "MapRegexFilter", {"ignore_case": True, "regex_pattern_to_value": YES_OR_NO}, "x"),
    ("bbh/zeroshot/utils.py", "WordSortFilter", {}, LISTED),
    ("kormedmcqa/utils.py", "ExtractChoiceFilter", {}, "x"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "name", "settings", "text"), CLASSES)
def test_filters(file: str, name: str, settings: dict[str, Any], text: str) -> None:
    theirs = getattr(load(file), name)(**settings)
    reference = CodeRef("utils", name, FOLDER / file, 1)
    ours = build_pipeline("f", [replace_filter({"function": reference, **settings})], "task t")
    row = {"input": text}
    expected = [one[0] for one in theirs.apply([[answer] for answer in ANSWERS], [row] * len(ANSWERS))]
    assert [ours.apply([answer], row)[0] for answer in ANSWERS] == expected
    assert len(set(expected)) > 2
