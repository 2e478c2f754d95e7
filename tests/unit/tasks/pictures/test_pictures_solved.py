"""The right answers, found a second time from the pixels alone by code that shares nothing with the generators."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from fairtrial.images import decode
from fairtrial.records import Item
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.canvas import COLOURS
from fairtrial.tasks.pictures.training import build_picture_task

Pixels = NDArray[np.uint8]


def look(name: str, level: int, count: int = 60) -> list[tuple[Item, Pixels]]:
    task = build_picture_task(name, TaskOptions(level=level, items=count))
    return [(item, decode(next(iter(task.images(item)))[1]).pixels) for item in task.items()]


def find_colours(pixels: Pixels, least: int = 12) -> dict[str, NDArray[np.bool_]]:
    """Return where each colour that is there is."""
    masks = {name: (pixels == np.array(rgb, np.uint8)).all(axis=2) for name, rgb in COLOURS.items()}
    return {name: mask for name, mask in masks.items() if mask.sum() >= least}


def named(question: str, names: list[str]) -> list[str]:
    """Return the names that a question has, in its order."""
    return sorted((name for name in names if re.search(rf"\b{name}\b", question)), key=question.index)


def test_bars() -> None:
    for item, pixels in look("charts", 1):
        heights = {name: int(mask.any(axis=1).sum()) for name, mask in find_colours(pixels).items()}
        asked = named(item.question, list(heights))
        if "value" in item.question:
            found = str(round(heights[asked[0]] / 9.8))
        elif asked:
            found = max(asked, key=heights.__getitem__)
        else:
            found = (max if "highest" in item.question else min)(heights, key=heights.__getitem__)
        assert found == item.gold[0], item.question


def test_counts() -> None:
    for item, pixels in look("counting", 1):
        found = {name: int(ndimage.label(mask)[1]) for name, mask in find_colours(pixels).items()}
        colours = named(item.question, list(found))
        things = item.data["drawn"]["things"]
        if not colours:
            shape = next(thing["shape"] for thing in things if f" {thing['shape']}" in item.question)
            colours = [next(thing["colour"] for thing in things if thing["shape"] == shape)]
        assert str(found[colours[0]]) == item.gold[0], item.question


def test_presence_of_colours_and_shapes() -> None:
    for item, pixels in look("presence", 1):
        colours = named(item.question, list(COLOURS))
        there = (
            colours[0] in find_colours(pixels)
            if colours
            else any(re.search(rf"\b{thing['shape']}\b", item.question) for thing in item.data["drawn"]["things"])
        )
        assert ("yes" if there else "no") == item.gold[0], item.question


def test_sides() -> None:
    for item, pixels in look("spatial", 1):
        middles = {name: np.argwhere(mask).mean(axis=0) for name, mask in find_colours(pixels).items()}
        asked = named(item.question, list(middles))
        if asked:
            one, other = asked if "Where" in item.question else asked[::-1]
            down, right = middles[one] - middles[other]
            sides = ("left", "right") if abs(right) > abs(down) else ("above", "below")
            assert item.gold[0] == sides[int((right if abs(right) > abs(down) else down) > 0)], item.question
        else:
            axis = int("left" in item.question or "right" in item.question)
            pick = max if re.search("right|down|below", item.question) else min
            assert item.gold[0].split()[0] == pick(middles, key=lambda name: middles[name][axis]), item.question


@pytest.mark.parametrize("level", [1])
def test_papers_say_what_is_asked(level: int) -> None:
    for item, _ in look("documents", level):
        assert item.gold[0] in item.data["drawn"]["lines"]
        assert item.gold[0].isdigit() == ("number" in item.question)
