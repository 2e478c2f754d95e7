"""Every task of our own, at every level, passes the check that the package ships for tasks of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any, cast

import pytest

from fairtrial.records import Answer, Item, Observation, Request
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.procedural import PROCEDURAL
from fairtrial.tasks.procedural.suite import load_suite

LEVELS = [(name, level) for name in PROCEDURAL for level in load_suite(name).levels]


def make(name: str, options: TaskOptions) -> Task:
    module, _, function = PROCEDURAL[name].partition(":")
    return cast(Task, getattr(import_module(module), function)(options))


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_every_procedural_task_passes_at_every_level(name: str, level: int) -> None:
    options = TaskOptions(level=level, items=120)
    assert check_task(lambda: make(name, options), fewest_clusters=8) == []


@pytest.mark.parametrize("name", PROCEDURAL)
def test_a_procedural_task_is_named_after_its_suite(name: str) -> None:
    card = make(name, TaskOptions(items=1)).card
    assert card.name == name
    assert card.licence == "CC0-1.0"
    assert card.revision == f"generator {card.version} seed 1234"
    assert set(card.settings) - {"reading"} == {"level", "shots", "seed"}


class Bent:
    """A sound task that is bent in one place, so that the check can be seen to find it."""

    def __init__(self, how: str) -> None:
        self.sound = make("reading", TaskOptions(level=1, items=12))
        self.how = how
        self.calls = 0
        self.card = self.sound.card
        if how == "main measure":
            self.card = replace(self.card, main_measure="f1")
        if how == "settings":
            self.card = replace(self.card, settings={"level": {1, 2}})

    def items(self) -> Sequence[Item]:
        items = list(self.sound.items())
        self.calls += 1
        if self.how == "ids":
            items[1] = replace(items[1], id=items[0].id)
        if self.how == "clusters":
            items = [replace(item, cluster="all") for item in items]
        if self.how == "changing":
            items = items[self.calls % 2 :]
        if self.how == "gold":
            items[3] = replace(items[3], gold=("something else",))
        if self.how == "data":
            items[2] = replace(items[2], data={**items[2].data, "seen": (1, 2)})
        return items

    def requests(self, item: Item) -> Sequence[Request]:
        return [] if self.how == "requests" else self.sound.requests(item)

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        graded = list(
            self.sound.grade(replace(item, gold=(item.data["gold"],)) if "gold" in item.data else item, answers)
        )
        if self.how == "grade":
            self.calls += 1
            return [replace(seen, value=float(self.calls % 2)) for seen in graded]
        if self.how == "upside down":
            return [replace(seen, value=1 - seen.value) for seen in graded]
        if self.how == "unit":
            return [replace(seen, unit="s") for seen in graded]
        if self.how == "undeclared":
            return [*graded, Observation("bonus", 1.0)]
        if self.how == "bounds":
            return [replace(seen, value=seen.value * 2) for seen in graded]
        return graded


@pytest.mark.parametrize(
    ("how", "finding"),
    [
        ("main measure", "main measure"),
        ("settings", "JSON"),
        ("ids", "used more than once"),
        ("clusters", "clusters"),
        ("changing", "not the same every time"),
        ("gold", "not among the choices"),
        ("data", "JSON"),
        ("requests", "no request"),
        ("grade", "twice gives different"),
        ("upside down", "the right answer gets"),
        ("unit", "has the unit"),
        ("undeclared", "not on the card"),
        ("bounds", "outside its bounds"),
    ],
)
def test_the_check_finds_what_is_bent(how: str, finding: str) -> None:
    assert any(finding in found for found in check_task(lambda: Bent(how)))


def test_a_sound_task_has_no_findings() -> None:
    found: list[Any] = check_task(lambda: Bent(""))
    assert found == []
