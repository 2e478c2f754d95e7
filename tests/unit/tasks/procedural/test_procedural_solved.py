"""The gold answers, worked out a second time from the text alone by code that shares nothing with the generators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from itertools import permutations

import pytest

from fairtrial.records import Item
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural.arithmetic import build_arithmetic, build_arithmetic_open
from fairtrial.tasks.procedural.logic import Clue, build_logic, find_solutions
from fairtrial.tasks.procedural.patterns import build_patterns
from fairtrial.tasks.procedural.reading import build_reading
from fairtrial.tasks.procedural.table import build_table

COUNT = 150
PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5}


def worked_out(text: str) -> Fraction:
    """Solve a story of the task arithmetic, sentence by sentence."""
    name = text.removeprefix("At first ").split()[0]
    value, other = Fraction(0), Fraction(0)
    for sentence in re.findall(r"[^.?]+[.?]?", text):
        numbers = [Fraction(n) for n in re.findall(r"\d+", sentence)]
        part = re.search(r"\b[Oo]ne (half|third|quarter|fifth)\b", sentence)
        if "How many more" in sentence:
            value -= other
        elif "How many" in sentence or "=" in sentence or "also" in sentence or "nearby" in sentence:
            continue
        elif part:
            value -= value / PARTS[part.group(1)]
        elif "equally among" in sentence:
            value /= numbers[0]
        elif "In each there are" in sentence or "times as" in sentence:
            value *= numbers[0]
        elif re.search(r"\beach\b", sentence):
            value += numbers[0] * numbers[1]
        elif "percent" in sentence:
            value += value * numbers[0] / 100
        elif re.match(r"\s*\w+ has", sentence) and name not in sentence:
            other = numbers[0]
        elif "more" in sentence or f"{name} has" in sentence:
            value += sum(numbers)
        else:
            value -= numbers[0]
    return value


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_arithmetic(level: int) -> None:
    for item in build_arithmetic(TaskOptions(level=level, items=COUNT)).items():
        assert worked_out(item.question) == Fraction(item.gold[0]), item.question


@pytest.mark.parametrize("level", [1, 4])
def test_arithmetic_open(level: int) -> None:
    for item in build_arithmetic_open(TaskOptions(level=level, items=COUNT)).items():
        assert worked_out(item.question) == Fraction(item.gold[0]), item.question


SIDES = {
    "taller": 1, "shorter": -1, "older": 1, "younger": -1, "faster": 1, "slower": -1, "richer": 1, "poorer": -1,
    "earlier": 1, "later": -1, "before": 1, "after": -1,
}  # fmt: skip
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"]
LAST = ("shortest", "youngest", "last", "slowest", "poorest")


def fits(order: tuple[str, ...], sentence: str) -> bool:
    """Whether an order of names, first to last, agrees with one sentence of a puzzle."""
    at = {name: place for place, name in enumerate(order)}
    named = [at[word] for word in re.findall(r"\w+", sentence) if word in at]
    if "exactly one person" in sentence:
        return abs(named[0] - named[1]) == 2
    if "exactly two people" in sentence:
        return abs(named[0] - named[1]) == 3
    if "not neighbours" in sentence:
        return abs(named[0] - named[1]) > 1
    if "neither the first" in sentence:
        return 0 < named[0] < len(order) - 1
    if "somewhere between" in sentence:
        return sorted(named)[1] == named[0]
    if "directly" in sentence:
        return named[1] - named[0] == (1 if "before" in sentence else -1)
    if len(named) == 1:
        place = re.search(r"number (\d)", sentence)
        return named[0] == (
            int(place.group(1)) - 1 if place else next(i for i, w in enumerate(ORDINALS) if w in sentence)
        )
    side = next(way for word, way in SIDES.items() if re.search(rf"\b{word}\b", sentence))
    return (named[1] - named[0]) * side > 0


def asked_place(question: str, count: int) -> int:
    number = re.search(r"number (\d)", question)
    if number:
        return int(number.group(1)) - 1
    if "between" in question:
        return 1
    nth = [i for i, word in enumerate(ORDINALS) if f"the {word}" in question]
    if nth:
        return nth[0]
    return count - 1 if any(word in question for word in LAST) else 0


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_logic_has_one_solution_and_it_is_the_gold(level: int) -> None:
    for item in build_logic(TaskOptions(level=level, items=40 if level == 5 else COUNT)).items():
        *told, question = re.findall(r"[^.?]+[.?]", item.question)
        names = item.data["facts"]["order"]
        clues = [line for line in told if "different" not in line and "ran a race" not in line and " own " not in line]
        left = [order for order in permutations(sorted(names)) if all(fits(order, clue) for clue in clues)]
        assert left == [tuple(names)], item.question
        assert left[0][asked_place(question, len(names))] == item.gold[0], item.question


def test_the_solver_counts_solutions() -> None:
    assert len(find_solutions(3, [], {})) == 6
    assert find_solutions(3, [Clue("before", (2, 0)), Clue("before", (0, 1))], {}).tolist() == [[1, 2, 0]]
    assert len(find_solutions(4, [Clue("between", (0, 1, 2))], {})) == 8
    assert len(find_solutions(3, [Clue("before", (0, 1)), Clue("before", (1, 0))], {})) == 0


def cells(item: Item) -> tuple[list[str], list[dict[str, str]]]:
    """Read a table back from its text."""
    lines = item.data["context"].splitlines()
    split = "|" if lines[0].startswith("|") else ","
    rows = [[cell.strip() for cell in line.strip("|").split(split)] for line in lines]
    return rows[0], [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def table_answer(item: Item) -> str | None:
    """Answer the questions of one kind of the task table; None for a kind that is not solved here."""
    head, rows = cells(item)
    key, question, kind = head[0], item.data["question"], item.data["facts"]["ask"]
    by_key = {row[key]: row for row in rows}
    named = [name for name in by_key if re.search(rf"\b{name}\b", question)]
    columns = sorted((name for name in head[1:] if re.search(rf"\b{name}\b", question)), key=question.find)
    if kind == "cell":
        return by_key[named[0]][columns[0]]
    if kind == "line":
        return f"{named[0]} | {by_key[named[0]][head[1]]}"
    if kind == "row":
        return next(row[key] for row in rows if question.rstrip("?").endswith(f" {row[columns[0]]}"))
    if kind in ("most", "least"):
        return (max if kind == "most" else min)(rows, key=lambda row: int(row[columns[0]]))[key]
    if kind == "difference":
        high, low = (
            named if question.startswith("By") == (question.find(named[0]) < question.find(named[1])) else named[::-1]
        )
        return str(abs(int(by_key[high][columns[0]]) - int(by_key[low][columns[0]])))
    if kind == "count":
        return str(sum(question.rstrip("?").endswith(f" {row[columns[0]]}") for row in rows))
    if kind == "count_above":
        limit = int(re.findall(r"\d+", question)[0])
        return str(sum(int(row[columns[0]]) > limit for row in rows))
    if kind == "sum_of":
        asked, where = columns
        return str(sum(int(row[asked]) for row in rows if question.rstrip("?").endswith(f" {row[where]}")))
    if kind == "widest_gap":
        return max(rows, key=lambda row: int(row[columns[0]]) - int(row[columns[1]]))[key]
    return None


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_table(level: int) -> None:
    items = build_table(TaskOptions(level=level, items=COUNT)).items()
    solved = [(answer, item) for item in items if (answer := table_answer(item)) is not None]
    assert len(solved) > COUNT / 5
    assert [item.question for answer, item in solved if answer != item.gold[0]] == []


@pytest.mark.parametrize("level", [1, 2, 3])
def test_patterns(level: int) -> None:
    for item in build_patterns(TaskOptions(level=level, items=COUNT)).items():
        shown = re.split(r", ", item.question.partition(": ")[2].removesuffix(", ...?"))
        ahead = item.gold[0].split(", ")
        if level == 3:
            expected = [str(2 * int(shown[-1]) - int(shown[-2]))]
        else:
            turn = shown.index(shown[0], 1)
            expected = [shown[(len(shown) + i) % turn] for i in range(len(ahead))]
        assert ahead == expected


def known(passage: str) -> Mapping[str, set[str]]:
    """Return for each person the words of the sentences about that person alone."""
    found: dict[str, set[str]] = {}
    for sentence in passage.split(". ")[1:]:
        name, *rest = re.findall(r"\w+", sentence)
        found.setdefault(name, set()).update(rest)
    return found


@pytest.mark.parametrize("level", [1, 2])
def test_reading_by_name(level: int) -> None:
    for item in build_reading(TaskOptions(level=level, items=COUNT)).items():
        people = known(item.data["context"])
        (person,) = [name for name in people if name in item.data["question"]]
        assert item.gold[0] in people[person], item.question
        wrong = set(item.choices) - set(item.gold)
        assert level != 2 or not people[person] & wrong, item.question


def test_reading_follows_exchanges() -> None:
    """Play the exchanges of level 4 through, for the questions that name a person and an animal."""
    checked = 0
    for item in build_reading(TaskOptions(level=4, items=600)).items():
        if item.data["facts"]["fact"] != "animal" or "person who" in item.data["question"]:
            continue
        passage, question = item.data["context"], item.data["question"]
        has: dict[str, str] = {}
        for sentence in passage.split(". "):
            kept = re.search(r"keeps an? (\w+)(?! as)\b|has an? (\w+) at home", sentence)
            if kept:
                has[sentence.split()[0]] = kept.group(1) or kept.group(2)
        if "In the end" in question:
            for p, q in re.findall(r"(\w+) and (\w+) gave each other", passage):
                has[p], has[q] = has[q], has[p]
        (person,) = [name for name in has if name in question]
        assert has[person] == item.gold[0], item.question
        checked += 1
    assert checked > 10
