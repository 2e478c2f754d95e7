"""`point_in_box`: the place that an answer names lies in a right box; or its box overlaps one enough.

A box is answered by its middle, unless `iou` asks for overlap: intersection over union (Jaccard 1912), at least that
share.  An edge belongs to its box.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from fairtrial.errors import DataError
from fairtrial.records import Measure
from fairtrial.spec.answers import Coordinates, PointInBox
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.graders.places import PlaceCoordinates, read_place

WHOLE = {"relative": 1.0, "percent": 100.0, "thousand": 1000.0}
"""What the whole image is in each way of counting, but for pixels."""

Box = tuple[float, float, float, float]


class PointInBoxGrader(Grader[PointInBox]):
    """1 where the place is a right one, else 0; with `iou` also how much the boxes overlap."""

    Settings: ClassVar = PointInBox
    expects_json = True

    def __init__(self, settings: PointInBox) -> None:
        super().__init__(settings)
        self.measures = (Measure("box_match"), Measure("iou")) if settings.iou else (Measure("point_in_box"),)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Compare with each right box in shares of the image, or as counted where both are counted alike."""
        said, boxes = self._read(answer, row), self._read_boxes(expected, row)
        if self.settings.iou:
            overlap = max((compute_iou(said, box) for box in boxes), default=0.0) if said and len(said) == 4 else 0.0
            return {"box_match": (float(overlap >= self.settings.iou), 1.0), "iou": (overlap, 1.0)}
        inside = said is not None and any(_is_inside(said, box) for box in boxes)
        return {"point_in_box": (float(inside), 1.0)}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if a right answer is no box, or the size of the image is missing."""
        super().check_row(expected, row)
        for how in {self.settings.coordinates, self.settings.expected or self.settings.coordinates}:
            self._find_most(how, row)
        self._read_boxes(expected, row)

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell the answers without a place, and those whose place lies outside the image."""
        said = self._read(answer, row)
        if said is None or (self.settings.iou and len(said) != 4):
            return ["unread"]
        most = self._find_most(self.settings.expected or self.settings.coordinates, row)  # as `_read` counts
        outside = most is not None and any(not 0 <= x <= most[i % 2] for i, x in enumerate(said))
        return ["outside"] if outside and self.is_wrong(grades) else []

    def _read(self, answer: str, row: Row) -> PlaceCoordinates | None:
        """Return the place that an answer names, counted as right answers are."""
        place = read_place(answer, self.settings.order)
        if place is None:
            return None
        own, theirs = self.settings.coordinates, self.settings.expected or self.settings.coordinates
        place = _sort_corners(place)
        if own == theirs:
            return place
        (w, h), (to_w, to_h) = self._find_most(own, row) or (1.0, 1.0), self._find_most(theirs, row) or (1.0, 1.0)
        return tuple(x * (to_h / h if i % 2 else to_w / w) for i, x in enumerate(place))

    def _find_most(self, how: Coordinates, row: Row) -> tuple[float, float] | None:
        """Return what the far corner of the image is in a way of counting; None for pixels of an unknown size."""
        if how != "pixel":
            return WHOLE[how], WHOLE[how]
        sizes = (self.settings.width, self.settings.height)
        if None in sizes:
            return None
        width, height = (_read_size(size, row) for size in sizes)
        return width, height

    def _read_boxes(self, expected: Sequence[str], row: Row) -> list[Box]:
        return [box for text in expected for box in self._parse(text)]

    def _parse(self, text: str) -> list[Box]:
        """Return the boxes of a right answer: one, or a JSON list of several, any of which is right."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = read_place(text)
        several = (
            value if isinstance(value, list) and value and all(isinstance(one, list) for one in value) else [value]
        )
        return [self._check(one, text) for one in several]

    def _check(self, value: object, text: str) -> Box:
        fine = isinstance(value, list | tuple) and len(value) == 4
        numbers = [float(x) for x in value if _is_coordinate(x)] if fine else []  # type: ignore[attr-defined]
        if len(numbers) != 4:
            raise DataError(f"the right answer {text!r:.80} is no box; write four numbers, e.g. [10, 20, 60, 45]")
        x0, y0, x1, y1 = numbers
        if self.settings.boxes == "size":
            x1, y1 = x0 + x1, y0 + y1
        if not (x0 < x1 and y0 < y1):
            raise DataError(
                f"the box {text!r:.80} ends before it begins; `boxes: size` is for a corner with width and height"
            )
        return x0, y0, x1, y1


def _is_coordinate(value: object) -> bool:
    """Return whether a JSON value is a number with a place: no boolean, no NaN, not without end."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e7


def _read_size(size: int | str | None, row: Row) -> float:
    """Return a side of the image in pixels.  Raises DataError if the row does not tell it."""
    value = row.get(size) if isinstance(size, str) else size
    try:
        pixels = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        pixels = 0.0
    if not 0 < pixels < 1e7:
        raise DataError(f"{size} is {value!r:.40}, and should be the pixels of the image")
    return pixels


def _sort_corners(place: PlaceCoordinates) -> PlaceCoordinates:
    """Return a place, of a box with the corner first that is nearer to the beginning."""
    if len(place) != 4:
        return place
    x0, y0, x1, y1 = place
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _is_inside(place: PlaceCoordinates, box: Box) -> bool:
    x, y = (place[0], place[1]) if len(place) == 2 else ((place[0] + place[2]) / 2, (place[1] + place[3]) / 2)
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def compute_iou(a: PlaceCoordinates, b: PlaceCoordinates) -> float:
    """Return the area that two boxes share over the area that either covers; each as two corners."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, across) * max(0.0, down)
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return min(1.0, shared / both) if both > 0 else 0.0
