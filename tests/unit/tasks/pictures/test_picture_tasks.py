"""Tasks with pictures: the same items anywhere, with their pictures, no cue in the choices, clear refusals."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import lru_cache
from itertools import combinations, islice
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.images import decode
from fairtrial.images.hashing import hash_picture
from fairtrial.records import GenerateAnswer, GenerateRequest, ScoreAnswer, ScoreRequest
from fairtrial.tasks.base import ShowsImages, TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.pictures import OPEN, PICTURES
from fairtrial.tasks.pictures.base import PictureTask, list_kinds
from fairtrial.tasks.pictures.canvas import COLOURS
from fairtrial.tasks.pictures.training import build_picture_task, draw_pictures
from fairtrial.tasks.procedural.suite import load_suite
from fairtrial.tasks.variants.letters import LetterTask

FAMILIES = [name for name in PICTURES if not name.endswith(OPEN)]
LEVELS = [(name, level) for name in FAMILIES for level in load_suite(name).levels]
COUNT = 80


@lru_cache(maxsize=128)
def make(name: str, level: int, items: int = 16) -> PictureTask:
    return build_picture_task(name, TaskOptions(level=level, items=items))


# What the first 12 items of every level show and ask, at seed 1234, without pixels, which differ between versions of
# Pillow.  They may change only together with the suite's version; then write the new values here.
FINGERPRINTS: dict[str, str] = {
    "charts": "005e5aeac388bd59",
    "counting": "fcd7136059f2b28f",
    "differences": "63cb1a4e177ed0c7",
    "documents": "1b1c9b2739a814d3",
    "gauges": "c25283680802ad5c",
    "graphs": "69c2d3460679d3a6",
    "picture_tables": "e6525ebdd0933aa3",
    "presence": "ad38267a1da8de13",
    "scene_text": "97254370292dcc1b",
    "spatial": "dc2a0210259ddd24",
}


def fingerprint(name: str) -> str:
    rows = [
        [
            {key: value for key, value in item.data.items() if key != "pictures"}
            for item in make(name, level).items()[:12]
        ]
        for level in load_suite(name).levels
    ]
    return hashlib.sha256(json.dumps([load_suite(name).version, rows]).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_items_of_a_version_never_change(name: str) -> None:
    assert fingerprint(name) == FINGERPRINTS[name], "items changed: raise the suite's version, then renew this value"


@pytest.mark.parametrize("name", FAMILIES)
def test_few_items_are_the_first_of_many(name: str) -> None:
    few, many = make(name, 1, 8), make(name, 1, COUNT)
    assert few.card == many.card
    assert list(many.items())[:8] == list(few.items())
    assert len({item.id for item in many.items()}) == COUNT


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_pictures_go_with_their_items(name: str, level: int) -> None:
    task = make(name, level)
    assert isinstance(task, ShowsImages)
    for item in task.items():
        [request] = task.requests(item)
        assert [image for image, _ in task.images(item)] == list(item.images) == list(request.prompts[0].images)
        for (image, data), shown in zip(task.images(item), item.data["pictures"], strict=True):
            assert image.hash == type(image).of(data, "image/png").hash
            assert decode(data).hash == shown


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_questions_about_one_picture_share_a_cluster(name: str, level: int) -> None:
    shown = defaultdict(set)
    for item in make(name, level).items():
        shown[item.cluster].add((item.images, json.dumps(item.data["drawn"])))
    sizes = Counter(item.cluster for item in make(name, level).items())
    assert all(len(one) == 1 for one in shown.values())
    assert len(set(list(sizes.values())[:-1])) == 1 and max(sizes.values()) > 1


@lru_cache(maxsize=64)
def draw_rows(name: str, level: int) -> list[dict[str, Any]]:
    """Return some questions, without the work of storing pictures."""
    task = make(name, level)
    rows: list[dict[str, Any]] = []
    while len(rows) < (300 if level < 3 else 140):  # large pictures take their time
        rows += task.draw_scene(len(rows))[1]
    return rows


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_chance_is_exact(name: str, level: int) -> None:
    kinds = list_kinds(make(name, level)._level)
    means = {sum(1 / n for n in asked.values()) / len(asked) for asked in kinds.values()}
    assert len(means) == 1
    for row in draw_rows(name, level):
        assert len(row["choices"]) == len(set(row["choices"])) == kinds[row["kind"]][row["facts"]["ask"]]
    rows = draw_rows(name, level)
    found = sum(1 / len(row["choices"]) for row in rows) / len(rows)
    assert make(name, level).card.chance == pytest.approx(found, abs=0.01)


SHORTCUTS: list[Callable[[list[str]], list[str]]] = [
    lambda choices: [choices[0]],
    lambda choices: [choices[-1]],
    lambda choices: [c for c in choices if len(c) == max(map(len, choices))],
    lambda choices: [c for c in choices if len(c) == min(map(len, choices))],
    lambda choices: [min(choices)],
    lambda choices: [max(choices)],
    lambda choices: sorted(choices)[1:-1] or choices,
]


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_choices_give_nothing_away(name: str, level: int) -> None:
    rows = draw_rows(name, level)
    chance = make(name, level).card.chance
    assert chance is not None
    for take in SHORTCUTS:
        taken = [(row["gold"], take(row["choices"])) for row in rows]
        share = sum((gold in best) / len(best) for gold, best in taken) / len(rows)
        assert abs(share - chance) < 0.16


def find_likeliest(name: str, level: int) -> float:
    """Return the accuracy of naming the choice that was most often right for its kind in the other half of the rows."""
    rows = draw_rows(name, level)
    half = len(rows) // 2
    right = 0.0
    for learnt, asked in ((rows[:half], rows[half:]), (rows[half:], rows[:half])):
        golds: dict[str, Counter[str]] = defaultdict(Counter)
        for row in learnt:
            golds[row["facts"]["ask"].rstrip("123")][row["gold"]] += 1
        for row in asked:
            counts = golds[row["facts"]["ask"].rstrip("123")]
            best = max(counts[choice] for choice in row["choices"])
            top = [choice for choice in row["choices"] if counts[choice] == best]
            right += (row["gold"] in top) / len(top)
    return right / len(rows)


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_what_is_often_right_is_near_chance(name: str, level: int) -> None:
    """A model without eyes could learn no more than which answers are frequent."""
    chance = make(name, level).card.chance
    assert chance is not None and find_likeliest(name, level) < chance + 0.16


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_the_open_form_has_the_same_items(name: str, level: int) -> None:
    shut, free = make(name, level), make(name + OPEN, level)
    assert free.card.name == name + OPEN and free.card.main_measure == "exact_match"
    for item, other in zip(shut.items(), free.items(), strict=True):
        assert (item.id, item.images, item.gold, other.choices) == (other.id, other.images, other.gold, ())
        [request] = free.requests(other)
        assert isinstance(request, GenerateRequest)
        graded = [
            {one.measure: one.value for one in free.grade(other, [GenerateAnswer(text, 1, "stop")])}
            for text in (other.gold[0], f" {other.gold[0]}.\n", item.data["facts"].get("never", "zebra"))
        ]
        assert [one["exact_match"] for one in graded] == [1, 1, 0]
        assert free.signs(other, [GenerateAnswer("zebra", 1, "stop")], []) == ["unread"]


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_letters_ask_the_same_items(name: str, level: int) -> None:
    task = LetterTask(make(name, level))
    item = task.items()[0]
    [request] = task.requests(item)
    assert request.prompt.images == item.images
    assert all(choice in request.prompt.user for choice in item.choices)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_right_choice_is_graded_right(name: str) -> None:
    task = make(name, 1)
    for item in task.items():
        scores = tuple(-1.0 if choice == item.gold[0] else -2.0 for choice in item.choices)
        right, wrong = (
            {one.measure: one.value for one in task.grade(item, [ScoreAnswer(each, (True,) * 4, (1,) * 4)])}
            for each in (scores, tuple(-3 - score for score in scores))
        )
        assert (right["acc"], wrong["acc"]) == (1, 0)
        assert ("yes" in right) == (set(item.choices) == {"yes", "no"} and task._suite.yes_rate)
        assert right.get("yes", 0.0) == float("yes" in right and item.gold[0] == "yes")


def test_presence_asks_as_often_for_what_is_there() -> None:
    for level in load_suite("presence").levels:
        answers = Counter(item.gold[0] for item in make("presence", level).items())
        assert answers == {"yes": 8, "no": 8}
        assert [one.name for one in make("presence", level).card.measures] == ["acc", "yes"]


def test_examples_show_their_own_pictures() -> None:
    task = build_picture_task("charts", TaskOptions(level=1, items=4, shots=2))
    item = task.items()[0]
    [request] = task.requests(item)
    assert isinstance(request, ScoreRequest)
    images = request.pairs[0].prompt.images
    assert len(images) == 3 and images[2] == item.images[0]
    assert [image for image, _ in task.images(item)] == list(images)


def test_training_pictures_are_other_ones_and_look_the_same() -> None:
    task = make("counting", 1)
    items = {item.data["pictures"][0] for item in task.items()}
    drawn = list(islice(draw_pictures("counting", 1, seed=1234), 60))
    assert not items & {hash_picture_of(one.pixels[0]) for one in drawn}
    assert drawn[0].pixels[0].shape == (112, 112, 3) and drawn[0].pixels[0].dtype == np.uint8
    again = next(draw_pictures("counting", 1, seed=1234, start=5))
    assert (again.pixels[0] == drawn[5].pixels[0]).all() and again.questions == drawn[5].questions
    [request] = task.requests(task.items()[0])
    asked = drawn[0].questions[0]
    assert asked.prompt.split("Question:")[0] == request.prompts[0].plain().split("Question:")[0]
    assert asked.gold in asked.choices and asked.question in asked.prompt


def hash_picture_of(pixels: NDArray[np.uint8]) -> str:
    return hash_picture(Image.fromarray(pixels))


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'charts'"):
        next(draw_pictures("chart"))
    with pytest.raises(SpecError, match="level 9 does not exist"):
        build_picture_task("charts", TaskOptions(level=9))


MATRICES = {
    "all colours": np.eye(3),
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no blue cones": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
"""What eyes see of linear RGB; Machado, Oliveira and Fernandes 2009, doi 10.1109/TVCG.2009.113, at full strength."""

TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def see(rgb: tuple[int, int, int], matrix: Any) -> NDArray[np.float64]:
    """Return how a colour looks, as lightness, red to green, yellow to blue (CIELAB)."""
    part = np.array(rgb) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    x, y, z = TO_XYZ @ np.clip(np.array(matrix) @ linear, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = (np.cbrt(one) if one > 0.008856 else 7.787 * one + 16 / 116 for one in (x, y, z))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", MATRICES)
def test_any_two_colours_can_be_told_apart(eyes: str) -> None:
    looks = {name: see(rgb, MATRICES[eyes]) for name, rgb in COLOURS.items()}
    apart = {(a, b): float(np.linalg.norm(looks[a] - looks[b])) for a, b in combinations(looks, 2)}
    assert min(apart.values()) > (30 if eyes == "all colours" else 14), min(apart, key=apart.__getitem__)


@pytest.mark.parametrize("name", PICTURES)
def test_every_task_keeps_what_tasks_promise(name: str) -> None:
    assert check_task(lambda: build_picture_task(name, TaskOptions(level=1, items=48)), fewest_clusters=8) == []
