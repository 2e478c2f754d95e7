"""No shortcut finds the right choice: each is tried on many items and must stay near blind guessing.

A share of right answers over 600 items has a standard error of at most 0.02; the band of 0.08 is four of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module

import pytest

from fairtrial.records import Item
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural import PROCEDURAL
from fairtrial.tasks.procedural.base import ChoiceTask
from fairtrial.tasks.procedural.suite import load_suite

COUNT = 600
BAND = 0.08
CHOOSING = [name for name in PROCEDURAL if load_suite(name).levels[1].choices]
LEVELS = [(name, level) for name in CHOOSING for level in load_suite(name).levels]


COPIES = {("patterns", 1), ("patterns", 2), ("table", 1)}
"""Levels whose right answer stands in the question word for word: finding it there is what they ask for."""


@lru_cache(maxsize=64)
def items(name: str, level: int) -> list[Item]:
    module, _, function = PROCEDURAL[name].partition(":")
    task = getattr(import_module(module), function)(TaskOptions(level=level, items=COUNT))
    assert isinstance(task, ChoiceTask)
    return list(task.items())


def expected(item: Item, score: Callable[[str], float]) -> float:
    """Chance of being right when one of the best choices by ``score`` is taken blindly."""
    best = max(score(choice) for choice in item.choices)
    top = [choice for choice in item.choices if score(choice) == best]
    return (item.gold[0] in top) / len(top)


def share(found: list[Item], score: Callable[[Item, str], float]) -> float:
    return sum(expected(item, lambda choice, item=item: score(item, choice)) for item in found) / len(found)  # type: ignore[misc]


def told(item: Item) -> str:
    return f"{item.data['context']} {item.data['question']}"


def number(choice: str) -> float:
    return float(choice) if choice.isdigit() else 0.0


SHORTCUTS: dict[str, Callable[[Item, str], float]] = {
    "first choice": lambda item, choice: -item.choices.index(choice),
    "last choice": lambda item, choice: item.choices.index(choice),
    "longest": lambda item, choice: len(choice),
    "shortest": lambda item, choice: -len(choice),
    "largest number": lambda item, choice: number(choice),
    "smallest number": lambda item, choice: -number(choice),
    "alphabetical": lambda item, choice: -ord(choice[0]),
}

READING_SHORTCUTS: dict[str, Callable[[Item, str], float]] = {
    "most often mentioned": lambda item, choice: len(re.findall(rf"\b{re.escape(choice)}\b", told(item))),
    "mentioned last": lambda item, choice: told(item).rfind(choice),
    "mentioned first": lambda item, choice: -told(item).find(choice) if choice in told(item) else -(10**9),
    "last number": lambda item, choice: float(choice == (re.findall(r"\d+", told(item)) or [""])[-1]),
}


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_no_shortcut_that_ignores_the_question_helps(name: str, level: int) -> None:
    found = items(name, level)
    chance = 1 / len(found[0].choices)
    for shortcut, score in SHORTCUTS.items():
        assert abs(share(found, score) - chance) < BAND, shortcut


@pytest.mark.parametrize(("name", "level"), [one for one in LEVELS if one not in COPIES])
def test_mentions_do_not_give_the_answer_away(name: str, level: int) -> None:
    found = items(name, level)
    chance = 1 / len(found[0].choices)
    if (name, level) == ("reading", 1):
        chance = 0.5  # by design: two of the four are in the passage, two are of the right kind
    for shortcut, score in READING_SHORTCUTS.items():
        assert share(found, score) < chance + BAND, shortcut


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_the_right_choice_stands_everywhere_equally_often(name: str, level: int) -> None:
    found = items(name, level)
    places = [item.choices.index(item.gold[0]) for item in found]
    count = len(found[0].choices)
    assert all(abs(places.count(place) / COUNT - 1 / count) < BAND for place in range(count))
