"""What is particular to the files of VLMEvalKit: images named by the number of another row, hints, circular copies.

Such a file has the columns ``index``, ``question`` and ``image`` or ``image_path``, beside ``A`` to ``Z``, ``answer``,
``hint``, ``category`` and others.  All else about it is read as any file of rows (`fairtrial.tasks.own`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairtrial.tasks.data.rows import RowDict

LONGEST_NUMBER = 64
"""Characters of a cell up to which it may name another row; images are longer."""

CIRCULAR_STEP = 1_000_000
"""Rows from this number on are rotations of those before, made for circular evaluation."""

MOST_STEPS = 8
"""From row to row until one has the image itself; one step is usual."""

_KEYS = {"index", "question"}
_IMAGES = {"image", "image_path"}


def is_benchmark(columns: Sequence[str]) -> bool:
    """Return whether columns are those of a file of VLMEvalKit."""
    return {*columns} >= _KEYS and not _IMAGES.isdisjoint(columns)


def give_images(rows: Sequence[RowDict]) -> tuple[list[RowDict], dict[int, str]]:
    """Return rows with the image itself where one names the row that has it, and what is wrong, by numbers of rows.

    A file has the bytes of an image once; further rows about it say the ``index`` of that row.
    """
    by_index = {_format_cell(row["index"]): row for row in rows}
    given: list[RowDict] = []
    faults: dict[int, str] = {}
    for n, row in enumerate(rows):
        image, fault = _follow(row.get("image"), by_index)
        if fault:
            faults[n] = fault
        given.append({**row, "image": image} if "image" in row else row)
    return given, faults


def _follow(cell: Any, by_index: Mapping[str, RowDict]) -> tuple[Any, str]:
    """Return what a cell of images holds, or the cell that it leads to; or what is wrong with it."""
    image = cell
    for _ in range(MOST_STEPS):
        if not _names_row(image):
            return image, ""
        other = by_index.get(_format_cell(image))
        if other is None:
            return None, f"image {image!r}: there is no row with this index"
        image = other.get("image")
    return None, f"image {cell!r}: rows name each other, and none has an image"


def find_first_rotations(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the numbers of the rows that are no rotated copies of another one."""
    numbers = [int(text) if (text := _format_cell(row["index"])).isdecimal() and len(text) < 18 else -1 for row in rows]
    first = {number for number in numbers if 0 <= number < CIRCULAR_STEP}
    return [n for n, number in enumerate(numbers) if number < CIRCULAR_STEP or number % CIRCULAR_STEP not in first]


def _names_row(cell: Any) -> bool:
    text = _format_cell(cell)
    return cell is not None and len(text) <= LONGEST_NUMBER and text.isdecimal()


def _format_cell(cell: Any) -> str:
    """Return a cell as text; whole numbers without the ``.0`` that comes of empty cells in their column."""
    return str(cell).strip().removesuffix(".0")
