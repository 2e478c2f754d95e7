"""A table as a picture: ruled, or as bars with their numbers beside them.  Every cell can be read off either.

Knows nothing of tasks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from fairtrial.errors import TaskError
from fairtrial.images import encode_png
from fairtrial.tasks.variants.rendering import INK, PADDING, WHITE, Typeface, choose_typeface, tidy_text
from fairtrial.tasks.variants.tabular import FoundTable, read_cell_number

HEAD, RULE = (232, 236, 242), (150, 150, 150)
BARS = ((31, 95, 170), (190, 96, 16), (34, 120, 84), (130, 60, 140))
"""Colours of the panels, one a column of numbers; the panel's title says which column it is."""

LONGEST_BAR = 220


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What both kinds need: the table with its text as it is drawn, and a typeface that has all of it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    face: Typeface

    @property
    def row(self) -> int:
        """Height of a row in pixels."""
        return self.face.line + 6


def _make_sheet(table: FoundTable, size: int, font: str) -> _Sheet:
    head = tuple(map(tidy_text, table.head))
    rows = tuple(tuple(map(tidy_text, row)) for row in table.rows)
    return _Sheet(head, rows, choose_typeface("".join(["".join(row) for row in (head, *rows)]), size, font))


def draw_grid(table: FoundTable, size: int, font: str = "") -> bytes:
    """Return a table with ruled lines as a PNG; numbers stand flush right.

    Raises TaskError for characters that cannot be drawn.
    """
    sheet = _make_sheet(table, size, font)
    columns = [[name, *(row[at] for row in sheet.rows)] for at, name in enumerate(sheet.head)]
    widths = [round(max(map(sheet.face.measure, cells))) + 2 * size for cells in columns]
    left, top = PADDING, PADDING
    width, height = sum(widths) + 2 * PADDING, sheet.row * (len(sheet.rows) + 1) + 2 * PADDING
    picture = Image.new("RGB", (width + 1, height + 1), WHITE)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((left, top, width - PADDING, top + sheet.row), fill=HEAD)
    for number in range(len(sheet.rows) + 2):
        pen.line([(left, top + number * sheet.row), (width - PADDING, top + number * sheet.row)], fill=RULE)
    x = left
    for at, cells in enumerate(columns):
        pen.line([(x, top), (x, height - PADDING)], fill=RULE)
        for number, cell in enumerate(cells):
            y = top + number * sheet.row + sheet.row // 2
            if at in table.numeric:
                pen.text((x + widths[at] - size, y), cell, fill=INK, font=sheet.face.font, anchor="rm")
            else:
                pen.text((x + size, y), cell, fill=INK, font=sheet.face.font, anchor="lm")
        x += widths[at]
    pen.line([(x, top), (x, height - PADDING)], fill=RULE)
    return encode_png(np.asarray(picture))


def draw_chart(table: FoundTable, size: int, font: str = "") -> bytes:
    """Return a table's numbers as bars, one panel a column, each with its number at its end, as a PNG.

    Beside the name of a row stand its other cells in brackets, so that nothing of the table is lost.

    Raises TaskError if no column holds numbers, a number is below 0, or a character cannot be drawn.
    """
    sheet = _make_sheet(table, size, font)
    numbers = {at: [read_cell_number(row[at]) or 0.0 for row in table.rows] for at in table.numeric}
    if not numbers or any(value < 0 for values in numbers.values() for value in values):
        raise TaskError("no chart can be drawn of a table without a column of numbers, none of them below 0.")
    others = [at for at in range(1, len(sheet.head)) if at not in numbers]
    named = [sheet.head, *sheet.rows]
    labels = [row[0] + (f" ({', '.join(row[at] for at in others)})" if others else "") for row in named]
    gutter = round(max(map(sheet.face.measure, labels))) + size
    tail = round(max(sheet.face.measure(row[at]) for row in sheet.rows for at in numbers)) + size
    panel = sheet.row * (len(sheet.rows) + 1) + size
    width = 2 * PADDING + gutter + LONGEST_BAR + tail
    picture = Image.new("RGB", (width, 2 * PADDING + panel * len(numbers)), WHITE)
    pen = ImageDraw.Draw(picture)
    for place, (at, values) in enumerate(numbers.items()):
        top, zero = PADDING + place * panel, PADDING + gutter
        reach = max(values) or 1.0
        pen.text((zero, top + sheet.row // 2), sheet.head[at], fill=INK, font=sheet.face.font, anchor="lm")
        pen.text((zero - size // 2, top + sheet.row // 2), labels[0], fill=INK, font=sheet.face.font, anchor="rm")
        for number, value in enumerate(values):
            y = top + (number + 1) * sheet.row
            end = zero + round(LONGEST_BAR * value / reach)
            pen.rectangle((zero, y + 4, end, y + sheet.row - 4), fill=BARS[place % len(BARS)])
            middle = y + sheet.row // 2
            pen.text((zero - size // 2, middle), labels[number + 1], fill=INK, font=sheet.face.font, anchor="rm")
            cell = sheet.rows[number][at]
            pen.text((end + size // 2, middle), cell, fill=INK, font=sheet.face.font, anchor="lm")
        pen.line([(zero, top + sheet.row), (zero, top + sheet.row * (len(values) + 1))], fill=INK)
    return encode_png(np.asarray(picture))


def draw_distractor(seed: int) -> bytes:
    """Return a picture of a few plain shapes without any text, decided by a seed, as a PNG."""
    draw = np.random.default_rng(seed)
    picture = Image.new("RGB", (224, 224), WHITE)
    pen = ImageDraw.Draw(picture)
    for _ in range(4):
        left, top, side = (int(draw.integers(*ends)) for ends in ((8, 150), (8, 150), (24, 66)))
        box = (left, top, left + side, top + side)
        colour = BARS[int(draw.integers(len(BARS)))]
        [pen.ellipse, pen.rectangle][int(draw.integers(2))](box, fill=colour)
    return encode_png(np.asarray(picture))
