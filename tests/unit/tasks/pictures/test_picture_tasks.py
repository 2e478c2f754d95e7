"""Tasks with pictures: the same items anywhere, with their pictures, no cue in the choices, clear refusals."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.images import decode
from fairtrial.images.hashing import hash_picture
from fairtrial.records import GenerateAnswer, GenerateRequest, Item, ScoreAnswer, ScoreRequest
from fairtrial.tasks.base import ShowsImages, TaskOptions
from fairtrial.tasks.pictures import OPEN, PICTURES
from fairtrial.tasks.pictures.base import PictureTask, list_kinds
from fairtrial.tasks.pictures.canvas import COLOURS
from fairtrial.tasks.pictures.training import build_picture_task, draw_pictures
from fairtrial.tasks.procedural.suite import load_suite
from fairtrial.tasks.variants.letters import LetterTask

FAMILIES = [name for name in PICTURES if not name.endswith(OPEN)]
LEVELS = [(name, level) for name in FAMILIES for level in load_suite(name).levels]
COUNT = 240


@lru_cache(maxsize=128)
def make(name: str, level: int, items: int = COUNT) -> PictureTask:
    return build_picture_task(name, TaskOptions(level=level, items=items))


# What the first 20 items of every level show and ask, at seed 1234, without pixels, which differ between versions of
# Pillow.  They may change only together with the suite's version; then write the new values here.
FINGERPRINTS: dict[str, str] = {
    "charts": "8ddb095a813842c8",
    "counting": "e2e9e4cff95cdbd1",
    "documents": "07c55fe414ce2769",
    "presence": "7f5b79767e365ddd",
    "spatial": "45d7d3c319e372bf",
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


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_few_items_are_the_first_of_many(name: str, level: int) -> None:
    few, many = make(name, level, 40), make(name, level)
    assert few.card == many.card
    assert list(many.items())[:40] == list(few.items())
    assert len({item.id for item in many.items()}) == COUNT


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_pictures_go_with_their_items(name: str, level: int) -> None:
    task = make(name, level, 40)
    assert isinstance(task, ShowsImages)
    for item in task.items():
        [request] = task.requests(item)
        assert [image for image, _ in task.images(item)] == list(item.images) == list(request.prompts[0].images)
        for (image, data), shown in zip(task.images(item), item.data["pictures"], strict=True):
            assert image.hash == type(image).of(data, "image/png").hash
            assert decode(data).hash == shown


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_questions_about_one_picture_share_a_cluster(name: str, level: int) -> None:
    task = make(name, level)
    shown = defaultdict(set)
    for item in task.items():
        shown[item.cluster].add((item.images, json.dumps(item.data["drawn"])))
    sizes = Counter(item.cluster for item in task.items())
    assert all(len(one) == 1 for one in shown.values())
    assert len(set(list(sizes.values())[:-1])) == 1 and max(sizes.values()) > 1


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_chance_is_exact(name: str, level: int) -> None:
    kinds = list_kinds(make(name, level)._level)
    means = {sum(1 / n for n in asked.values()) / len(asked) for asked in kinds.values()}
    assert len(means) == 1 and make(name, level).card.chance == pytest.approx(means.pop())
    for item in make(name, level).items():
        asked = kinds[item.data["kind"]]
        assert len(item.choices) == len(set(item.choices)) == asked[item.data["facts"]["ask"]]


def expected(item: Item, best: list[str]) -> float:
    return (item.gold[0] in best) / len(best)


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_choices_give_nothing_away(name: str, level: int) -> None:
    items = make(name, level, 600).items()
    chance = make(name, level).card.chance
    assert chance is not None
    for pick in (
        lambda choices: [choices[0]],
        lambda choices: [choices[-1]],
        lambda choices: [c for c in choices if len(c) == max(map(len, choices))],
        lambda choices: [c for c in choices if len(c) == min(map(len, choices))],
        lambda choices: [min(choices)],
        lambda choices: [max(choices)],
        lambda choices: sorted(choices)[1:-1] or choices,
    ):
        share = sum(expected(item, pick(list(item.choices))) for item in items) / len(items)
        assert abs(share - chance) < 0.08


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_the_likeliest_answer_to_a_question_is_near_chance(name: str, level: int) -> None:
    """What a model without eyes could learn: the most frequent right answer of each kind of question."""
    items = make(name, level, 600).items()
    golds: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        golds[item.data["facts"]["ask"]][item.gold[0]] += 1
    share = sum(count.most_common(1)[0][1] for count in golds.values()) / len(items)
    chance = make(name, level).card.chance
    assert chance is not None and share < chance + 0.1


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_the_open_form_has_the_same_items(name: str, level: int) -> None:
    shut, free = make(name, level, 20), make(name + OPEN, level, 20)
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
    task = LetterTask(make(name, level, 8))
    item = task.items()[0]
    [request] = task.requests(item)
    assert request.prompt.images == item.images
    assert all(choice in request.prompt.user for choice in item.choices)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_right_choice_is_graded_right(name: str) -> None:
    task = make(name, 1, 20)
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
        assert answers == {"yes": COUNT // 2, "no": COUNT // 2}
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
