"""Files of VLMEvalKit: images as base64 once each, several an item, hints, groups, circular evaluation."""

from __future__ import annotations

import csv
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial import Trial, api
from fairtrial.errors import DataError, SpecError
from fairtrial.images import encode_png
from fairtrial.records import GenerateAnswer, ImagePart
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.own.saying import describe_source
from fairtrial.tasks.own.source import open_own_data, split_groups
from fairtrial.tasks.own.task import OwnTask
from fairtrial.tasks.variants.circular import CircularTask


def draw(shade: int) -> bytes:
    pixels = np.full((160, 200, 3), 255, np.uint8)
    pixels[20:60, 30:90] = np.random.default_rng(shade).integers(0, 255, (40, 60, 3))
    return encode_png(pixels)


def text(shade: int) -> str:
    return b64encode(draw(shade)).decode()


def part(shade: int) -> ImagePart:
    return ImagePart.of(draw(shade), "image/png")


COLUMNS = ("index", "image", "question", "hint", "A", "B", "C", "D", "answer", "category", "l2-category", "split")
ROWS: list[tuple[Any, ...]] = [
    (1, text(1), "What is it?", "", "red", "blue", "green", "", "A", "colour", "see", "dev"),
    (2, "1", "How many?", "Count them.", "one", "two", "", "", "B", "count", "see", "dev"),
    (3, "2", "Where?", "", "left", "right", "up", "down", "D", "count", "see", "dev"),
    (4, str([text(4), text(5)]), "Which is larger?", "", "first", "second", "", "", "A", "colour", "see", "dev"),
    (5, text(6), "Is <image 1> round?", "", "yes", "no", "", "", "", "colour", "see", "test"),
]


def opened(folder: Path, rows: list[tuple[Any, ...]] = ROWS, columns: tuple[str, ...] = COLUMNS, **said: Any) -> Any:
    with (folder / "Bench_DEV.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerows([columns, *rows])
    return open_own_data(TaskEntry.model_validate({"file": "Bench_DEV.tsv", **said}), folder)


def test_it_is_recognised_and_said(tmp_path: Path) -> None:
    source = opened(tmp_path)
    assert describe_source(source).startswith(
        "4 of 5 rows, 3 images (PNG, 200x160) in 'image', multiple choice of 2 to 4 (columns A to D), question in "
        "'question', passage in 'hint', gold letters A to D in 'answer', "
    )
    assert "1 row without an answer left out, columns of VLMEvalKit; not used: 'category', 'l2-category', 'split'" in (
        describe_source(source)
    )
    task = OwnTask(source, "bench", TaskOptions())
    first, second, third, fourth = task.items()
    assert first.images == second.images == third.images == (part(1),) and fourth.images == (part(4), part(5))
    assert first.cluster == second.cluster == third.cluster != fourth.cluster
    assert [item.gold for item in task.items()] == [("red",), ("two",), ("down",), ("first",)]
    [request] = task.requests(second)
    assert request.prompts[0].plain() == "<image>\nCount them.\n\nQuestion: How many?\nAnswer:"
    assert dict(task.images(third)) == {part(1): draw(1)}
    assert [group.group for group in split_groups(source, "category")] == ["colour", "count"]


def test_rows_that_name_no_image_are_refused_by_number(tmp_path: Path) -> None:
    bad = [
        *ROWS[:2],
        (7, "99", "?", "", "a", "b", "", "", "A", "c", "s", "d"),
        (8, "9", *ROWS[0][2:]),
        (9, "8", *ROWS[0][2:]),
    ]
    with pytest.raises(DataError) as caught:
        opened(tmp_path, bad)
    assert "row 3: image '99': there is no row with this index" in str(caught.value)
    assert "row 4: image '9': rows name each other, and none has an image" in str(caught.value)
    assert "3 rows cannot be used" in str(caught.value)


def test_paths_of_images_are_read_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for n in (1, 2):
        (tmp_path / "images" / f"{n}.png").write_bytes(draw(n))
    columns = ("index", "image_path", "question", "answer")
    rows = [(1, "1.png", "What?", "this"), (2, "['1.png', '2.png']", "What else?", "that")]
    source = opened(tmp_path, rows, columns, image={"columns": "image_path", "folder": "images"})
    assert [item.images for item in OwnTask(source, "b", TaskOptions()).items()] == [(part(1),), (part(1), part(2))]


def test_rotated_copies_are_left_out(tmp_path: Path) -> None:
    copies = [(1_000_001, "1", "What is it?", "", "blue", "green", "red", "", "C", "colour", "see", "dev")]
    source = opened(tmp_path, [*ROWS, *copies])
    assert len(source.questions.asked) == 4
    assert "1 rotated copies left out (`ask: circular` makes them)" in describe_source(source)


def test_circular_evaluation_asks_every_rotation(tmp_path: Path) -> None:
    task = CircularTask(OwnTask(opened(tmp_path), "bench", TaskOptions()))
    first = task.items()[0]
    requests = task.requests(first)
    assert [request.prompt.user.split("\n")[2:5] for request in requests] == [
        ["A. red", "B. blue", "C. green"], ["A. blue", "B. green", "C. red"], ["A. green", "B. red", "C. blue"],
    ]  # fmt: skip
    assert all(request.prompt.images == (part(1),) for request in requests)

    def graded(*letters: str) -> dict[str, float]:
        answers = [GenerateAnswer(letter, 1, "stop") for letter in letters]
        return {one.measure: one.value for one in task.grade(first, answers)}

    assert graded("A", "C", "B") == {"circular": 1.0, "acc": 1.0, "unread": 0.0}
    assert graded("A", "A", "A") == {"circular": 0.0, "acc": 1 / 3, "unread": 0.0}
    assert graded("A", "C", "hm") == {"circular": 0.0, "acc": 2 / 3, "unread": 1 / 3}
    same = [GenerateAnswer("A", 1, "stop")] * 3
    assert list(task.signs(first, same, task.grade(first, same))) == ["chose:A"]
    assert task.card.main_measure == "circular"
    assert task.card.chance == pytest.approx((3**-3 + 2**-2 + 4**-4 + 2**-2) / 4)
    assert check_task(lambda: CircularTask(OwnTask(opened(tmp_path), "bench", TaskOptions()))) == []


def test_a_file_stands_trial_by_circular_evaluation(tmp_path: Path) -> None:
    opened(tmp_path)
    entry = {"file": str(tmp_path / "Bench_DEV.tsv"), "ask": "circular", "blind": False}
    document = {"candidates": [{"id": one, "model": f"fake:{one}"} for one in "ab"], "tasks": [entry]}
    result = api.run(Trial.model_validate(document), tmp_path / "l.db")
    assert {verdict.measure for verdict in result.verdicts} == {"circular"}
    with pytest.raises(Exception, match="'ask: circular' takes no examples"):
        Trial.model_validate({**document, "tasks": [{**entry, "shots": 2}]})


def test_an_option_that_says_image_is_refused(tmp_path: Path) -> None:
    odd = [*ROWS[:2], (7, "1", "Which?", "", "<image>", "none", "", "", "A", "c", "s", "d")]
    with pytest.raises(DataError, match=r"row 3: an option holds <image>, and options show no images"):
        opened(tmp_path, odd)


def test_columns_that_only_look_alike_are_read_as_any_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"has a name of images, and its cells, e\.g\. 'a cat'"):
        opened(tmp_path, [(1, "a cat", "What?", "x")], ("index", "image", "question", "answer"))
