"""Generates rows of words or numbers that follow a rule, and asks for what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise, permutations
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural.base import ChoiceTask, Question, Scene
from fairtrial.tasks.procedural.choices import draw_wrong_numbers
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_suite, load_words


def build_patterns(options: TaskOptions) -> ChoiceTask:
    """Return the task ``patterns``."""
    return ChoiceTask(load_suite("patterns"), make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> Scene:
    """Return one pattern with its question."""
    rule = draw.pick(level.settings["rules"])
    if rule == "cycle":
        return _make_cycle(draw, suite, level)
    count = level.choices or 4
    rank = draw.draw_below(count)
    shown = int(level.settings["shown"][rule])
    while True:
        row = RULES[rule](draw, level.settings, shown + 1)
        gold, told = row[-1], row[:-1]
        if min(row) < 0 or len(set(row)) < len(row) or gold > 99_999:
            continue
        steps = [b - a for a, b in pairwise(told)]
        slips = [told[-1] + step for step in steps] + [told[-2] + step for step in steps]
        wrong = draw_wrong_numbers(draw, gold, [n for n in slips if n >= 0], rank, count)
        if wrong is not None:
            text = draw.pick(suite.read_lines("numbers")).format(shown=", ".join(map(str, told)) + ", ...?")
            return Scene(f"{rule}/{told[1] - told[0]:+d}", (Question(text, str(gold), wrong),))


def _make_cycle(draw: Draw, suite: Suite, level: SuiteLevel) -> Scene:
    how = level.settings
    theme = draw.pick(suite.read_lines("themes"))
    turn = draw.sample(load_words()[theme], draw.draw_between(*how["cycle"]))
    rest = (
        draw.draw_between(0, len(turn) - 1)
        if how["turns"] > 1
        else draw.draw_between(len(turn) // 2 - 1, len(turn) - 1)
    )
    told = turn * int(how["turns"]) + turn[:rest]
    following = [turn[(rest + i) % len(turn)] for i in range(int(how["ahead"]))]
    gold = ", ".join(following)
    orders = [", ".join(order) for order in permutations(following)]
    wrong = draw.sample([order for order in orders if order != gold], (level.choices or 4) - 1)
    text = draw.pick(suite.read_lines("words")).format(shown=", ".join(told) + ", ...?")
    return Scene(f"cycle-{len(turn)}/{theme}/{rest}", (Question(text, gold, tuple(wrong)),))


def _make_step(draw: Draw, how: Mapping[str, Any], n: int) -> list[int]:
    start, step = draw.draw_between(*how["start"]), draw.draw_between(*how["step"]) * draw.pick((1, -1))
    return [start + i * step for i in range(n)]


def _make_two_steps(draw: Draw, how: Mapping[str, Any], n: int) -> list[int]:
    steps = [draw.draw_between(*how["step"]), -draw.draw_between(*how["step"])]
    row = [draw.draw_between(*how["start"])]
    for i in range(n - 1):
        row.append(row[-1] + steps[i % 2])
    return row


def _make_growing(draw: Draw, how: Mapping[str, Any], n: int) -> list[int]:
    step, more = draw.draw_between(*how["step"]), draw.draw_between(1, 9)
    row = [draw.draw_between(*how["start"])]
    for i in range(n - 1):
        row.append(row[-1] + step + i * more)
    return row


def _make_woven(draw: Draw, how: Mapping[str, Any], n: int) -> list[int]:
    return _weave([_make_step(draw, how, n) for _ in range(2)], n)


def _make_woven_three(draw: Draw, how: Mapping[str, Any], n: int) -> list[int]:
    return _weave([_make_step(draw, how, n) for _ in range(3)], n)


def _weave(rows: list[list[int]], n: int) -> list[int]:
    return [rows[i % len(rows)][i // len(rows)] for i in range(n)]


def _make_sum_of_two(draw: Draw, how: Mapping[str, Any], n: int) -> list[int]:
    row = [draw.draw_between(*how["start"]), draw.draw_between(*how["start"])]
    extra = draw.draw_between(0, 9)
    while len(row) < n:
        row.append(row[-1] + row[-2] + extra)
    return row


def _make_product(draw: Draw, how: Mapping[str, Any], n: int) -> list[int]:
    factor, step = draw.draw_between(2, 3), draw.draw_between(*how["step"]) * draw.pick((1, -1))
    row = [draw.draw_between(*how["start"])]
    for _ in range(n - 1):
        row.append(row[-1] * factor + step)
    return row


RULES: Mapping[str, Callable[[Draw, Mapping[str, Any], int], list[int]]] = {
    "step": _make_step,
    "two_steps": _make_two_steps,
    "growing": _make_growing,
    "woven": _make_woven,
    "woven_three": _make_woven_three,
    "sum_of_two": _make_sum_of_two,
    "product": _make_product,
}
