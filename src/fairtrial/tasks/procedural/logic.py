"""Generates ordering puzzles with exactly one solution.

Clues are drawn from all true ones until a brute-force search over all orders leaves one, then every clue that is not
needed is taken out again.  Place 0 is the first: the tallest, oldest, fastest, earliest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural.base import ChoiceTask, Question, Scene
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_suite, load_words

Mask = NDArray[np.bool_]
_Places = NDArray[np.int8]


def build_logic(options: TaskOptions) -> ChoiceTask:
    """Return the task ``logic``."""
    return ChoiceTask(load_suite("logic"), make_scene, options)


@dataclass(frozen=True, slots=True)
class Clue:
    """A statement about the people with these numbers."""

    kind: str
    people: tuple[int, ...]


@lru_cache(maxsize=8)
def _list_orders(n: int) -> _Places:
    """Return the places of ``n`` people in every order: int8 array of shape (n!, n), entry [i, p] = place of p."""
    return np.array(list(permutations(range(n))), dtype=np.int8)


HOLDS: Mapping[str, Callable[[_Places, Sequence[int]], Mask]] = {
    "before": lambda at, p: at[:, p[0]] < at[:, p[1]],
    "next": lambda at, p: at[:, p[0]] + 1 == at[:, p[1]],
    "apart": lambda at, p: np.abs(at[:, p[0]] - at[:, p[1]]) == 2,
    "gap": lambda at, p: np.abs(at[:, p[0]] - at[:, p[1]]) == 3,
    "not_next": lambda at, p: np.abs(at[:, p[0]] - at[:, p[1]]) != 1,
    "not_end": lambda at, p: (at[:, p[0]] > 0) & (at[:, p[0]] < at.shape[1] - 1),
    "between": lambda at, p: (at[:, p[0]] - at[:, p[1]]) * (at[:, p[0]] - at[:, p[2]]) < 0,
}


def find_solutions(n: int, clues: Sequence[Clue], places: Mapping[int, int]) -> _Places:
    """Return all orders of ``n`` people that fulfil the clues and ``places`` (person -> place), by brute force."""
    at = _list_orders(n)
    keep = np.ones(len(at), dtype=np.bool_)
    for clue in clues:
        keep &= HOLDS[clue.kind](at, clue.people)
    for person, place in places.items():
        keep &= at[:, person] == place
    return at[keep]


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> Scene:
    """Return one puzzle with its question."""
    how, n = level.settings, int(level.settings["entities"])
    order = draw.pick(suite.read_table("orders"))
    names = draw.sample(load_words()["names"], n)
    place_of = draw.shuffle(range(n))
    clues, fixed = _draw_clues(draw, how["clues"], place_of)
    lines = [_word_clue(draw, suite, order, names, clue) for clue in clues]
    lines += [_word_place(suite, order, names[p], place) for p, place in fixed.items()]
    opening = order["group"].format(names=", ".join(names[:-1]) + " and " + names[-1]) if n > 3 else ""
    text, place = _ask_place(draw, suite, order, draw.pick(how["ask"]), n)
    gold = names[place_of.index(place)]
    wrong = draw.sample([name for name in names if name != gold], (level.choices or n) - 1)
    story = " ".join([*([opening] if opening else []), *draw.shuffle(lines), text])
    facts = {"order": [names[place_of.index(i)] for i in range(n)], "clues": len(lines)}
    return Scene(f"{order['kind']}/{text.split()[1]}-{place}", (Question(story, gold, tuple(wrong), facts),))


def _draw_clues(draw: Draw, kinds: Sequence[str], place_of: Sequence[int]) -> tuple[list[Clue], dict[int, int]]:
    """Return clues, and places told outright, that leave the one order ``place_of``; none of them is superfluous."""
    n = len(place_of)
    truth = np.array([place_of], dtype=np.int8)
    true = [clue for clue in _list_possible(kinds, n) if bool(HOLDS[clue.kind](truth, clue.people)[0])]
    told = [place_of.index(draw.draw_between(1, n - 1))] if "at" in kinds else []
    fixed = {person: place_of[person] for person in told}
    chosen: list[Clue] = []
    left = len(find_solutions(n, chosen, fixed))
    for kind_first in (True, False):
        for clue in _mix_clues(draw, true, kinds) if kind_first else draw.shuffle(true):
            if left == 1:
                break
            now = len(find_solutions(n, [*chosen, clue], fixed))
            if now < left:
                chosen, left = [*chosen, clue], now
    for clue in list(chosen):
        rest = [other for other in chosen if other != clue]
        if len(find_solutions(n, rest, fixed)) == 1:
            chosen = rest
    return chosen, fixed


def _mix_clues(draw: Draw, true: Sequence[Clue], kinds: Sequence[str]) -> list[Clue]:
    """Return at most two clues of every kind, in random order, so that no kind is crowded out."""
    picked: list[Clue] = []
    for kind in kinds:
        of_kind = [clue for clue in true if clue.kind == kind]
        picked += draw.sample(of_kind, min(2, len(of_kind)))
    return draw.shuffle(picked)


def _list_possible(kinds: Sequence[str], n: int) -> list[Clue]:
    found: list[Clue] = []
    for kind in kinds:
        if kind == "not_end":
            found += [Clue(kind, (p,)) for p in range(n)]
        elif kind in ("before", "next"):
            found += [Clue(kind, pair) for pair in permutations(range(n), 2)]
        elif kind in ("apart", "gap", "not_next"):
            found += [Clue(kind, pair) for pair in combinations(range(n), 2)]
        elif kind == "between":
            found += [Clue(kind, (p, a, b)) for p in range(n) for a, b in combinations(range(n), 2) if p not in (a, b)]
    return found


def _word_clue(draw: Draw, suite: Suite, order: Mapping[str, Any], names: Sequence[str], clue: Clue) -> str:
    templates = order["before"] if clue.kind == "before" else suite.texts[clue.kind]
    people = [names[p] for p in clue.people]
    if clue.kind in ("apart", "gap", "not_next"):
        people = draw.shuffle(people)
    elif clue.kind == "between":
        people = [people[0], *draw.shuffle(people[1:])]
    return str(draw.pick(templates)).format(**dict(zip("abc", people, strict=False)))


def _word_place(suite: Suite, order: Mapping[str, Any], name: str, place: int) -> str:
    return str(order["place"]).format(a=name, nth=suite.read_lines("ordinals")[place], number=place + 1)


def _ask_place(draw: Draw, suite: Suite, order: Mapping[str, Any], kind: str, n: int) -> tuple[str, int]:
    """Return a question and the place that it asks for."""
    if kind == "end":
        last = draw.chance(1, 2)
        return str(order["ends"][last]), n - 1 if last else 0
    if kind == "middle":
        return str(suite.texts["middle"]), 1
    place = draw.draw_between(1, n - 2)
    return str(order["rank"]).format(nth=suite.read_lines("ordinals")[place], number=place + 1), place
