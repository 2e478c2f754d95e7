"""Generates tables shown as pictures, and the questions about them that `fairtrial.tasks.procedural.table` knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind, draw_range
from fairtrial.tasks.pictures.canvas import FAINT, INK, WHITE, Canvas, Colour, add_grain, measure_text
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel
from fairtrial.tasks.procedural.table import DrawnTable, QuestionContext, draw_question, draw_table

HEAD: Colour = (206, 220, 240)
STRIPE: Colour = (240, 243, 248)


def build_picture_tables(options: TaskOptions) -> PictureTask:
    """Return the task ``picture_tables``."""
    return build_pictures("picture_tables", make_scene, options)


def build_picture_tables_open(options: TaskOptions) -> PictureTask:
    """Return the task ``picture_tables_open``: the same tables, answered in writing."""
    return build_pictures("picture_tables_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return a table with a question of each kind of the level; every choice stands in the table, but for sums."""
    _, asked = draw_kind(draw, level)
    how = level.settings
    spec = draw.pick(suite.read_table("tables"))
    ranks = [draw.draw_below(count) for count in asked.values()]
    while True:
        drawn = draw_table(draw, spec, how)
        questions = [
            ASK.get(one, draw_question)(QuestionContext(draw, drawn, suite, one, count, rank))
            for (one, count), rank in zip(asked.items(), ranks, strict=True)
        ]
        ready = [
            Question(question.text, question.gold, question.wrong, {"ask": one})
            for question, one in zip(questions, asked, strict=True)
            if question is not None
        ]
        if len({question.text for question in ready}) == len(asked):
            break
    rows = _list_rows(drawn)
    on = _draw_rows(rows, draw.pick(how["looks"]), draw.pick(how["faces"]), how)
    add_grain(on.image, draw, how.get("grain", 0))
    return PictureScene("table", tuple(ready), pictures=(on.image,), drawn={"rows": rows})


def _ask_above(a: QuestionContext) -> Question:
    """Ask how many rows have more than a number, which stands in the column; the counts offered are drawn first."""
    column = a.draw.pick(a.table.numbers)
    offered = draw_range(a.draw, 0, len(column.cells) - 1, a.count)
    number = a.draw.pick(offered)
    limit = sorted(column.cells, reverse=True)[number]
    text = a.fill_text(column=column.name, value=limit)
    return Question(text, str(number), tuple(str(n) for n in offered if n != number))


def _ask_gap(a: QuestionContext) -> Question:
    """Ask how much one row has more than another one; what else is offered are differences of other rows."""
    column = a.draw.pick(a.table.numbers)
    pairs: dict[int, list[tuple[int, int]]] = {}
    for one, other in permutations(range(len(column.cells)), 2):
        if column.cells[one] > column.cells[other]:
            pairs.setdefault(column.cells[one] - column.cells[other], []).append((one, other))
    gold, *wrong = a.draw.sample(sorted(pairs), a.count)
    high, low = a.draw.pick(pairs[gold])
    text = a.fill_text(column=column.name, the_key=a.table.name_row(high), the_other_key=a.table.name_row(low))
    return Question(text, str(gold), tuple(map(str, wrong)))


ASK: Mapping[str, Callable[[QuestionContext], Question | None]] = {"count_above": _ask_above, "difference": _ask_gap}
"""Kinds that are asked otherwise than of tables as text: numbers whose frequency tells nothing."""


def _list_rows(drawn: DrawnTable) -> list[list[str]]:
    """Return all cells as they are written, the names of the columns first."""
    columns = [drawn.key, *drawn.words, *drawn.shared, *drawn.numbers]
    cells = zip(*(column.cells for column in columns), strict=True)
    return [[column.name for column in columns], *([str(cell) for cell in row] for row in cells)]


def _draw_rows(rows: Sequence[Sequence[str]], look: str, face: str, how: Mapping[str, Any]) -> Canvas:
    """Draw a table as wide as its cells: with lines, with stripes, or with its head alone set apart."""
    letters, high = how["font"], how["row"]
    gap = letters if letters > 11 else 6
    widths = [max(measure_text(cell, letters) for cell in column) + gap for column in zip(*rows, strict=True)]
    width, height = how["size"]
    on = Canvas(width, height)
    spare = (width - 4 - sum(widths)) / len(widths)
    widths = [wide + spare for wide in widths]
    assert spare > -3, "the cells of a level fit into its pictures"
    top = round((height - high * len(rows)) / 2)
    edges = [2 + sum(widths[:at]) for at in range(len(widths) + 1)]
    for number, row in enumerate(rows):
        y = top + number * high
        if number == 0:
            on.box(edges[0], y, edges[-1], y + high, HEAD if look != "bare" else WHITE)
        elif look == "striped" and number % 2 == 0:
            on.box(edges[0], y, edges[-1], y + high, STRIPE)
        for at, cell in enumerate(row):
            is_number = len(rows) > 1 and rows[1][at].isdigit()
            x = edges[at + 1] - gap / 2 if is_number else edges[at] + gap / 2
            on.write(
                cell, (x, y + high / 2), letters, "rm" if is_number else "lm", face="bold" if number == 0 else face
            )
    lines = range(len(rows) + 1) if look == "lined" else (1,)
    for number in lines:
        on.line((edges[0], top + number * high), (edges[-1], top + number * high), fill=FAINT if number > 1 else INK)
    if look == "lined":
        for x in edges:
            on.line((x, top), (x, top + high * len(rows)), fill=FAINT)
    return on
