"""Changed pictures: the same items and right answers, pictures that differ as the settings say, refusals by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from fairtrial.errors import TaskError
from fairtrial.images import decode
from fairtrial.images.changing import add_noise, blur, compress, cover, turn
from fairtrial.records import ImagePart, Item, ScoreAnswer
from fairtrial.spec.forms import name_form, read_form
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.pictures import PICTURES
from fairtrial.tasks.procedural.suite import load_suite
from fairtrial.tasks.variants.forms import make_form
from fairtrial.tasks.variants.letters import LetterTask
from fairtrial.tasks.variants.perturbing import ABOUT, PerturbedTask

PIXELS = np.random.default_rng(3).integers(0, 256, (60, 90, 3), dtype=np.uint8)


@lru_cache(maxsize=16)
def make(name: str, **options: Any) -> Any:
    return TaskFinder(installed=False).build(name, TaskOptions(level=1, items=12, **options))


def look(task: Any, item: Item) -> list[np.ndarray[Any, Any]]:
    return [decode(data).pixels for _, data in task.images(item)]


@pytest.mark.parametrize("form", ABOUT)
def test_a_form_keeps_items_and_changes_pictures(form: str) -> None:
    task, changed = make("counting"), make_form(make("counting"), form)
    assert isinstance(changed, PerturbedTask) and changed.card.settings["form"] == form
    assert [(i.id, i.cluster, i.gold, i.choices) for i in changed.items()] == [
        (i.id, i.cluster, i.gold, i.choices) for i in task.items()
    ]
    for item in task.items()[:4]:
        [request] = changed.requests(item)
        images = [image for image, _ in changed.images(item)]
        assert list(request.prompts[0].images) == images == list(changed.show_item(item).images) != list(item.images)
        assert request.prompts[0].plain() == task.requests(item)[0].prompts[0].plain()
        [before], [after] = look(task, item), look(changed, item)
        assert before.shape == after.shape and 0.1 < np.abs(before.astype(int) - after).mean() < 60
        answer = ScoreAnswer(tuple(float(choice in item.gold) for choice in item.choices), (True,) * 4, (1,) * 4)
        assert changed.grade(item, [answer])[0].value == 1


def test_questions_about_one_picture_see_one_changed_picture() -> None:
    changed = make_form(make("charts"), {"turn": 8})
    shown = {
        item.images[0]: {changed.show_item(one).images[0] for one in changed.items() if one.images == item.images}
        for item in changed.items()
    }
    assert 1 < len(shown) < len(changed.items())
    assert all(len(one) == 1 for one in shown.values())


def test_both_pictures_of_a_pair_are_turned_to_the_same_side() -> None:
    task = make("differences")
    changed = make_form(task, {"turn": 15})
    for item in task.items():
        first, second = look(changed, item)
        assert (first != second).any(axis=2).mean() < 0.2


@pytest.mark.parametrize("form", ABOUT)
def test_a_task_says_which_forms_keep_its_answers(form: str) -> None:
    families = [name for name in PICTURES if not name.endswith("_open")]
    kept = [name for name in families if form in load_suite(name).kept_forms]
    assert kept and all(make_form(make(name), form).items() for name in kept)
    for name in (one for one in families if one not in kept):
        with pytest.raises(TaskError, match=f"the form '{form}' would make right answers of it wrong") as caught:
            make_form(make(name), {form: {"keeps_answers": True}})
        assert "noise" in caught.value.fix


def test_what_must_not_be_turned_or_covered() -> None:
    refused = {name: {*ABOUT} - {*load_suite(name).kept_forms} for name in PICTURES if not name.endswith("_open")}
    assert {name for name, forms in refused.items() if "turn" in forms} == {"spatial", "gauges"}
    assert {name for name, forms in refused.items() if "occlude" not in forms} == {
        "counting", "differences", "presence", "spatial",
    }  # fmt: skip


class Strange:
    """A task with images that says nothing of what may be done to them."""

    def __init__(self) -> None:
        self.inner = make("counting")
        self.card = replace(self.inner.card, name="strange")

    def items(self) -> Sequence[Item]:
        items: Sequence[Item] = self.inner.items()
        return items

    def requests(self, item: Item) -> Any:
        return self.inner.requests(item)

    def grade(self, item: Item, answers: Any) -> Any:
        return self.inner.grade(item, answers)

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        images: Iterable[tuple[ImagePart, bytes]] = self.inner.images(item)
        return images


def test_of_other_tasks_the_trial_vouches() -> None:
    for form in ("blur", "jpeg", "noise"):
        assert make_form(Strange(), form).items()
    for task in (Strange(), LetterTask(Strange())):
        with pytest.raises(TaskError, match="cannot be known whether the form 'turn' keeps"):
            make_form(task, "turn")
        assert make_form(task, {"turn": {"degrees": 5, "keeps_answers": True}}).items()
    with pytest.raises(TaskError, match="'turn' would make right answers"):
        make_form(LetterTask(make("spatial")), "turn")


def test_a_task_without_images_is_refused() -> None:
    with pytest.raises(TaskError, match="shows no images, so that there is nothing to change in the form 'blur'"):
        make_form(make("table"), "blur")


def test_strengths_are_named_and_bounded() -> None:
    assert [name_form({"blur": 2}), name_form("turn"), name_form({"jpeg": 10}), name_form({"occlude": 0.3})] == [
        "blur-2", "turn", "jpeg-10", "occlude-0.3",
    ]  # fmt: skip
    for wrong in ({"blur": 0}, {"turn": 90}, {"jpeg": 5}, {"occlude": 0.9}, {"noise": -1}):
        with pytest.raises(ValueError, match=r"greater|less"):
            read_form(wrong)


def test_stronger_changes_change_more() -> None:
    def measure(changed: Any) -> float:
        return float(np.abs(PIXELS.astype(int) - changed).mean())

    assert measure(blur(PIXELS, 0.5)) < measure(blur(PIXELS, 4))
    assert measure(compress(PIXELS, 80)) < measure(compress(PIXELS, 5))
    assert measure(add_noise(PIXELS, 5, 1)) < measure(add_noise(PIXELS, 30, 1))
    assert measure(cover(PIXELS, 0.1)) < measure(cover(PIXELS, 0.5))


def test_noise_is_normal_and_the_same_everywhere() -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    noise = add_noise(grey, 10, 7).astype(float) - 128
    assert abs(noise.mean()) < 1 and abs(noise.std() - 25.5) < 1
    assert add_noise(grey, 10, 7)[0, 0].tolist() == NOISE
    assert (add_noise(grey, 10, 7) == add_noise(grey, 10, 7)).all()
    assert (add_noise(grey, 10, 7) != add_noise(grey, 10, 8)).any()


NOISE: list[int] = [136, 158, 129]


def test_stripes_cover_the_share() -> None:
    white = np.full((112, 112, 3), 255, np.uint8)
    assert abs((cover(white, 0.25) == 128).mean() - 0.25) < 0.06


def test_nothing_is_cut_off_by_a_turn() -> None:
    page = np.full((80, 120, 3), 255, np.uint8)
    page[:6, :6] = page[-6:, :6] = page[:6, -6:] = page[-6:, -6:] = (200, 0, 0)
    turned = turn(page, 12)
    assert turned.shape == page.shape
    red = (turned[..., 0].astype(int) - turned[..., 1]) > 60
    quarters = [red[:40, :60], red[:40, 60:], red[40:, :60], red[40:, 60:]]
    assert all(quarter.sum() > 4 for quarter in quarters)
