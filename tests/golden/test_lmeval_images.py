"""Tasks with `doc_to_image`: texts, and which images in which order, are lm-evaluation-harness's own."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import datasets
import numpy as np
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml

from fairtrial.images import decode, encode_png
from fairtrial.records import GenerateAnswer, GenerateRequest, Item
from fairtrial.tasks.base import Task, TaskOptions, list_images
from fairtrial.tasks.lmeval import LmEvalCatalog, chart_scores, find_installed_lmeval_folder

FOLDER = find_installed_lmeval_folder()


def draw(shade: int) -> bytes:
    pixels = np.full((20, 30, 3), 255, np.uint8)
    pixels[4:10, 5:9] = (shade, 30, 90)
    return encode_png(pixels)


def picture(shade: int) -> dict[str, Any]:
    return {"bytes": draw(shade), "path": None}


CHARTS = [{"query": f"What is bar {n}?", "label": [str(10 * n)], "image": picture(n)} for n in range(4)]


def make_mmmu_row(n: int, question: str, options: str, images: int) -> dict[str, Any]:
    kind = "multiple-choice" if options != "[]" else "open"
    shown = {f"image_{i}": picture(20 * n + i) if i <= images else None for i in range(1, 8)}
    return {"id": f"row_{n}", "question": question, "options": options, "question_type": kind, "answer": "B", **shown}


QUESTIONS = [
    make_mmmu_row(0, "<image 1> What is shown?", "['a leaf', 'a stone']", 1),
    make_mmmu_row(1, "Which of these is like <image 2>?", "['<image 1>', '<image 2>', '<image 1>']", 2),
    make_mmmu_row(2, "<image 1> and <image 3>: how many?", "[]", 3),
]
STUDENTS = [
    {"question": "How wide?", "choices": "['one', 'two', 'three']", "answer": n % 3, "image": picture(n)}
    for n in range(3)
]
TASKS = {
    "chartqa": ("test", CHARTS), "chartqa_llama": ("test", CHARTS), "mmmu_val_art": ("validation", QUESTIONS),
    "pisa_en": ("en", STUDENTS),
}  # fmt: skip


@pytest.fixture(scope="module")
def catalog() -> LmEvalCatalog:
    assert FOLDER is not None
    return LmEvalCatalog([FOLDER])


@pytest.fixture(scope="module")
def built(catalog: LmEvalCatalog, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[ConfigurableTask, Task]]:
    """Every task built by both, over the same local files."""
    made = {}
    for name, (split, rows) in TASKS.items():
        folder = tmp_path_factory.mktemp(name)
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        kinds = {key: datasets.Image() for key in columns if key.startswith("image")}
        loaded = datasets.Dataset.from_dict(columns)
        for key, kind in kinds.items():
            loaded = loaded.cast_column(key, kind)
        loaded.to_parquet(folder / f"{split}.parquet")
        config = load_yaml(catalog.list_names()[name].path, resolve_func=True)
        files = {split: str(folder / f"{split}.parquet")}
        config |= {"dataset_path": "parquet", "dataset_name": None}
        config["dataset_kwargs"] = {"data_files": files, "cache_dir": str(folder / "cache")}
        for key in ("tag", "group"):
            config.pop(key, None)
        theirs = ConfigurableTask(config=config)
        theirs.build_all_requests()
        made[name] = theirs, catalog.build(name, TaskOptions(data_dir=folder))
    return made


def ask(task: Task, item: Item) -> tuple[str, list[bytes]]:
    [request] = task.requests(item)
    assert isinstance(request, GenerateRequest)
    given = dict(list_images(task, item))
    return request.prompt.plain(), [given[image] for image in request.prompt.images]


@pytest.mark.parametrize("name", TASKS)
def test_texts_and_images_are_theirs(name: str, built: dict[str, tuple[ConfigurableTask, Task]]) -> None:
    theirs, ours = built[name]
    assert len(theirs.instances) == len(ours.items()) > 0
    for instance, item in zip(theirs.instances, ours.items(), strict=True):
        text, images = ask(ours, item)
        assert text == instance.args[0]
        seen = [np.asarray(image.convert("RGB")) for image in instance.args[2]["visual"]]
        assert len(images) == len(seen)
        assert all((decode(ours_).pixels == theirs_).all() for ours_, theirs_ in zip(images, seen, strict=True))
        assert item.images and "\\x89PNG" not in str(dict(item.data))


@pytest.mark.parametrize("name", TASKS)
def test_grades_are_theirs(name: str, built: dict[str, tuple[ConfigurableTask, Task]]) -> None:
    theirs, ours = built[name]
    for text in ("Final Answer: 10", "FINAL ANSWER: 20.5", "(B)", "The answer is 30."):
        for doc, item in zip(theirs.eval_docs, ours.items(), strict=True):
            expected = theirs.process_results(doc, [text])
            found = {
                one.measure.partition(",")[0]: one.value for one in ours.grade(item, [GenerateAnswer(text, 1, "stop")])
            }
            assert found
            known = "(B)" in text or name.startswith("chartqa")  # else they draw an answer at random
            assert not known or {key: float(value) for key, value in expected.items() if key in found} == found


SAID = [
    "", "10", "Final Answer: 10", "The **answer**: [10.4]\n", "answer:\n\n 9.6%", "Answer: 0.1", "Final answer: 1,000.",
    "answer: $1000", "Final Answer: 'Yes'", "answer: yes!", "It is Yes", "are yes", "answer: B) two", "answer: -5",
    "answer: 5e1", "The Final Answer: 10.", "so it was yes", "about 1,000 or so", "answer: answer: 11",
]  # fmt: skip
RIGHT = ["10", "10%", "0.1", "1000", "1,000", "$1000", "Yes", "'Yes'", "b", "-5", "50", "nan", "inf", "", "No."]


@pytest.mark.parametrize(("name", "measure"), [("exact_match", "score_stated"), ("relaxed_accuracy", "score_relaxed"),
                                               ("anywhere_accuracy", "score_anywhere")])  # fmt: skip
def test_answers_about_charts_are_worth_the_same(name: str, measure: str) -> None:
    assert FOLDER is not None
    spec = importlib.util.spec_from_file_location("chartqa_utils", FOLDER / "chartqa" / "utils.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    odd = []
    for said in SAID:
        for right in RIGHT:
            try:
                expected = getattr(module, name)([right], [said])[name]
            except (OverflowError, ValueError):  # of infinity and of no number
                continue
            found, weight = getattr(chart_scores, measure)([said], [right])
            odd += [(said, right, expected, found)] if (found, weight) != (expected, 1.0) else []
    assert odd == []


def test_one_option_after_an_image_is_scored_where_they_cannot(tmp_path: Path) -> None:
    """Their engine for images gives no likelihoods; the task file is the same."""
    import json
    from base64 import b64encode

    rows = [{"q": f"q{n}", "c": ["yes", "no"], "a": n % 2, "image": f"{n}.png"} for n in range(6)]
    (tmp_path / "data").mkdir()
    for n in range(6):
        (tmp_path / "data" / f"{n}.png").write_bytes(draw(n))
    rows[0]["image"] = f"data:image/png;base64,{b64encode(draw(9)).decode()}"
    (tmp_path / "data" / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "see.yaml").write_text(
        "task: see\ndataset_path: ./data\ntest_split: test\noutput_type: multiple_choice\ndoc_to_image: image\n"
        "doc_to_text: 'Q: {{q}} A:'\ndoc_to_choice: c\ndoc_to_target: a\nmetric_list: [{metric: acc}]\n"
    )
    task = LmEvalCatalog([tmp_path]).build("see", TaskOptions(shots=1))
    [request] = task.requests(task.items()[2])
    [prompt] = request.prompts
    assert prompt.plain().count("<image>\nQ: ") == len(prompt.images) == 2
    assert dict(list_images(task, task.items()[2]))[prompt.images[-1]] == draw(2)
    assert len({item.cluster for item in task.items()}) == 6
    assert task.items()[1].data["image"] == "1.png" and task.items()[0].images
