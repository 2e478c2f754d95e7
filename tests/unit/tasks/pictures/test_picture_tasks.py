"""Tasks with pictures: the same items anywhere, with their pictures, no cue in the choices, clear refusals."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
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
def make(name: str, level: int, items: int = 24) -> PictureTask:
    return build_picture_task(name, TaskOptions(level=level, items=items))


# What the first 20 items of every level show and ask, at seed 1234, without pixels, which differ between versions of
# Pillow.  They may change only together with the suite's version; then write the new values here.
FINGERPRINTS: dict[str, str] = {
    "charts": "f0ba40c436e82ba7",
    "counting": "f4d851cc719622b4",
    "differences": "5f5ae7d8a6304fee",
    "documents": "e60fff576e8477c1",
    "gauges": "b57b451950effda6",
    "graphs": "b4e4a64b6d7c2811",
    "picture_tables": "87235a94b29048ea",
    "presence": "c4c13f97f672dfd4",
    "scene_text": "73f3f3b42b5eb07b",
    "spatial": "f51c157aaf1f555d",
}


def fingerprint(name: str) -> str:
    rows = [
        [
            {key: value for key, value in item.data.items() if key != "pictures"}
            for item in make(name, level).items()[:20]
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
    """Return about 300 questions, without the work of storing pictures."""
    task = make(name, level)
    rows: list[dict[str, Any]] = []
    while len(rows) < 300:
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
        assert abs(share - chance) < 0.12


def find_likeliest(name: str, level: int) -> float:
    """Return the accuracy of naming, for each kind of question, the choice that is most often right among all rows."""
    rows = draw_rows(name, level)
    golds: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        golds[row["facts"]["ask"].rstrip("123")][row["gold"]] += 1
    right = 0.0
    for row in rows:
        counts = golds[row["facts"]["ask"].rstrip("123")].copy()
        counts[row["gold"]] -= 1  # learned from the other rows
        best = max(counts[choice] for choice in row["choices"])
        top = [choice for choice in row["choices"] if counts[choice] == best]
        right += (row["gold"] in top) / len(top)
    return right / len(rows)


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_what_is_often_right_is_near_chance(name: str, level: int) -> None:
    """A model without eyes could learn no more than which answers are frequent."""
    chance = make(name, level).card.chance
    assert chance is not None and find_likeliest(name, level) < chance + 0.13


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
        assert answers == {"yes": 12, "no": 12}
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


def test_colours_have_one_name_each() -> None:
    """Any two colours are far apart, also in a picture that was shown to eyes that tell no red from green."""
    seen = {name: np.array(rgb) for name, rgb in COLOURS.items()}
    for name, one in seen.items():
        assert all(np.abs(one - other).sum() > 90 for other_name, other in seen.items() if other_name != name), name
