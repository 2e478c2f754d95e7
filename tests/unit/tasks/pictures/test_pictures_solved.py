"""The right answers, found a second time by code that shares nothing with the generators.

At level 1 they are found from the pixels alone; at every level from the question's words and what was drawn.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from fairtrial.images import decode
from fairtrial.records import Item
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures import PICTURES
from fairtrial.tasks.pictures.canvas import COLOURS
from fairtrial.tasks.pictures.shapes import SHAPES
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
            found = sides[int((right if abs(right) > abs(down) else down) > 0)]
        else:
            axis = int("left" in item.question or "right" in item.question)
            pick = max if re.search("right|down|below", item.question) else min
            found = pick(middles, key=lambda name: middles[name][axis])
        assert item.gold[0].split()[0] == found, item.question


def mentioned(text: str, names: list[str]) -> list[str]:
    """Return the names that a question has, whole words, in its order."""
    return sorted((name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)), key=text.index)


def solve_chart(text: str, ask: str, drawn: dict[str, Any]) -> str:
    if "points" in drawn:
        points = drawn["points"]
        if ask in ("highest", "lowest", "rightmost", "leftmost"):
            axis, pick = int(ask in ("highest", "lowest")), max if ask in ("highest", "rightmost") else min
            return str(pick(points, key=lambda point: point[axis])[2])
        counts = Counter(point[2] for point in points)
        colours = mentioned(text, list(COLOURS))
        return str(counts[colours[0]]) if ask == "points" else max(colours, key=counts.__getitem__)
    groups, series = drawn["groups"], drawn["series"]
    said = mentioned(text, series) if len(series) > 1 else series
    named_groups = mentioned(text, groups)
    if ask == "compare_series":
        return max(said, key=lambda name: drawn["values"][series.index(name)][groups.index(named_groups[0])])
    values = dict(zip(groups, drawn["values"][series.index(said[0])], strict=True))
    ranked = sorted(groups, key=values.__getitem__)
    if ask in ("highest", "lowest", "second"):
        return str(ranked[{"highest": -1, "lowest": 0, "second": -2}[ask]])
    if ask in ("value", "share"):
        return str(values[named_groups[0]])
    if ask == "compare":
        return max(named_groups, key=values.__getitem__)
    if ask == "difference":
        return str(values[named_groups[0]] - values[named_groups[1]])
    if ask == "above":
        return str(sum(value > int(re.findall(r"\d+", text)[0]) for value in values.values()))
    first, last = sorted(named_groups, key=groups.index)
    return "higher" if values[last] > values[first] else "lower"


def solve_counting(text: str, ask: str, drawn: dict[str, Any]) -> str:
    return str(
        sum(
            (not colour or thing["colour"] == colour) and (not shape or thing["shape"] == shape)
            for thing in drawn["things"]
            for colour in [next(iter(mentioned(text, list(COLOURS))), "")]
            for shape in [next((name for name in SHAPES if re.search(rf"\b{name}(es|s)\b", text)), "")]
        )
    )


def solve_presence(text: str, ask: str, drawn: dict[str, Any]) -> str:
    asked = re.sub(r"^(Is there an? |Does the picture show an? |Is anything )|( shape)?( in the picture)?\?$", "", text)
    seen = {name for thing in drawn["things"] for name in (thing.get("name"), thing.get("shape"), thing.get("colour"))}
    seen |= {f"{thing['colour']} {thing['shape']}" for thing in drawn["things"] if "shape" in thing}
    return "yes" if asked in seen else "no"


def solve_spatial(text: str, ask: str, drawn: dict[str, Any]) -> str:
    things = {f"{thing['colour']} {thing['shape']}": thing for thing in drawn["things"]}
    asked = mentioned(text, list(things))
    if ask == "nearest":
        one = things[asked[0]]
        others = [name for name in things if name != asked[0]]
        return min(others, key=lambda name: math.dist((one["x"], one["y"]), (things[name]["x"], things[name]["y"])))
    if ask == "furthest":
        axis = "x" if re.search("left|right", text) else "y"
        pick = max if re.search("right|down|below", text) else min
        return pick(things, key=lambda name: things[name][axis])
    one, other = (things[name] for name in (asked[::-1] if text.startswith("On which") else asked))
    right, down = one["x"] - other["x"], one["y"] - other["y"]
    if ask == "corner":
        return f"{'below' if down > 0 else 'above'} {'right' if right > 0 else 'left'}"
    return ("left", "right")[right > 0] if abs(right) > abs(down) else ("above", "below")[down > 0]


def solve_documents(text: str, ask: str, drawn: dict[str, Any]) -> str:
    if "lines" in drawn and isinstance(drawn["lines"][0], str):
        return str(drawn["lines"][int("number" in text)])
    fields = dict(drawn.get("fields", []))
    if fields and '"' in text and text.split('"')[1] in fields:
        return str(fields[text.split('"')[1]])
    rows = {line[0]: line[1:] for line in drawn["lines"]}
    amount = "{:.2f}".format
    if ask == "total":
        return amount(sum(line[-1] * (line[0] if len(line) > 1 else 1) for line in rows.values()) / 100)
    if ask == "which":
        price = round(100 * float(re.findall(r"\d+\.\d\d", text)[0]))
        return next(name for name, line in rows.items() if line[-1] == price)
    name = mentioned(text, list(rows))[0]
    return str(rows[name][0]) if ask == "pieces" else amount(rows[name][-1] / 100)


def solve_gauges(text: str, ask: str, drawn: dict[str, Any]) -> str:
    more = int(next(iter(re.findall(r"\d+", text)), "0"))
    if "time" in drawn:
        hour, minute = drawn["time"]
        after = hour % 12 * 60 + minute + more
        return f"{after // 60 % 12 or 12}:{after % 60:02d}"
    return str(drawn["value"] + more)


def solve_graphs(text: str, ask: str, drawn: dict[str, Any]) -> str:
    lines = {*drawn["lines"]} | ({line[::-1] for line in drawn["lines"]} if "arrow" not in text else set())
    one, *rest = re.findall(r"\b[A-L]\b", text)
    if ask == "joined":
        return "".join(line[1] for line in lines if line[0] == one)
    reached, seen = {one: 0}, [one]
    for letter in seen:
        for line in lines:
            if line[0] == letter and line[1] not in reached:
                reached[line[1]] = reached[letter] + 1
                seen.append(line[1])
    if ask == "way":
        return "yes" if rest[0] in reached else "no"
    return str(reached[rest[0]])


def solve_scene_text(text: str, ask: str, drawn: dict[str, Any]) -> str:
    if ask == "word":
        return next(word for colour, word, *_ in drawn["signs"] if f" {colour} sign" in text)
    return next(colour for colour, word, *_ in drawn["signs"] if f'"{word}"' in text)


def solve_differences(text: str, ask: str, drawn: dict[str, Any]) -> str:
    first, second = drawn["first"], drawn["second"]
    names = [{f"{thing['colour']} {thing['shape']}" for thing in things} for things in (first, second)]
    only = [names[0] - names[1], names[1] - names[0]]
    if ask == "what":
        if len(first) != len(second):
            return "gone" if len(first) > len(second) else "new"
        return "another colour" if only[0] else "moved"
    if only[0] or only[1]:
        return next(iter(only[0] or only[1]))
    shift = Counter((b["x"] - a["x"], b["y"] - a["y"]) for a, b in pair_things(first, second)).most_common(1)[0][0]
    return next(
        f"{a['colour']} {a['shape']}"
        for a, b in pair_things(first, second)
        if (b["x"] - a["x"], b["y"] - a["y"]) != shift
    )


def pair_things(first: list[Any], second: list[Any]) -> list[tuple[Any, Any]]:
    by_name = {(thing["colour"], thing["shape"]): thing for thing in second}
    return [(thing, by_name[thing["colour"], thing["shape"]]) for thing in first]


def solve_picture_tables(text: str, ask: str, drawn: dict[str, Any]) -> str:
    head, *rows = drawn["rows"]
    quoted = [head.index(name) for name in re.findall(r'"([^"]+)"', text)]
    keys = {row[0]: row for row in rows}
    asked = mentioned(text, [key for key in keys if re.search(rf"(?<!\w){key}(?!\w)", text)])
    if ask == "cell":
        return str(keys[asked[0]][quoted[0]])
    if ask == "row":
        return next(row[0] for row in rows if re.search(rf"\b{row[quoted[0]]}\b", text))
    if ask in ("most", "least"):
        return str((max if ask == "most" else min)(rows, key=lambda row: int(row[quoted[0]]))[0])
    if ask == "other_cell":
        value = re.findall(r"row with (\w+) in", text)[0]
        return next(row[quoted[1]] for row in rows if row[quoted[0]] == value)
    if ask == "count_above":
        return str(sum(int(row[quoted[0]]) > int(re.findall(r"\d+", text)[0]) for row in rows))
    if ask == "difference":
        return str(int(keys[asked[0]][quoted[0]]) - int(keys[asked[1]][quoted[0]]))
    value = re.findall(r"rows with (\w+) in", text)[0]
    return str(max((row for row in rows if row[quoted[0]] == value), key=lambda row: int(row[quoted[1]]))[0])


SOLVERS: dict[str, Callable[[str, str, dict[str, Any]], str]] = {
    "charts": solve_chart,
    "counting": solve_counting,
    "differences": solve_differences,
    "documents": solve_documents,
    "gauges": solve_gauges,
    "graphs": solve_graphs,
    "picture_tables": solve_picture_tables,
    "presence": solve_presence,
    "scene_text": solve_scene_text,
    "spatial": solve_spatial,
}


def is_found(gold: str, found: str, name: str, ask: str, choices: tuple[str, ...]) -> bool:
    """Whether a solver has found what is right; of several joined letters exactly one is offered."""
    if ask == "joined":
        return gold in found and not {*found} & {*choices} - {gold}
    return found.endswith(gold) if name == "differences" and ask == "which" else found == gold


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("name", SOLVERS)
def test_the_right_answer_follows_from_what_is_drawn(name: str, level: int) -> None:
    task = build_picture_task(name, TaskOptions(level=level))
    for row in (row for number in range(30 if level < 3 else 14) for row in task.draw_scene(number)[1]):
        ask, gold = row["facts"]["ask"], row["gold"]
        found = SOLVERS[name](row["question"], ask.rstrip("123"), row["drawn"])
        assert is_found(gold, found, name, ask, row["choices"]), (row["question"], row["drawn"])


def test_every_family_is_solved() -> None:
    assert {*SOLVERS} == {name for name in PICTURES if not name.endswith("_open")}
