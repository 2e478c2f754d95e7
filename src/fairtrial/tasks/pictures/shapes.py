"""Plain shapes, and places for them that do not touch.  Knows nothing of questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fairtrial.tasks.pictures.canvas import COLOURS, Canvas, CanvasPoint, Colour
from fairtrial.tasks.procedural.draw import Draw


@dataclass(frozen=True, slots=True)
class PlacedShape:
    """A shape in a picture.

    Attributes:
        shape, colour: their names.
        x, y: its middle, in pixels from the left and from the top.
        radius: half its size, in pixels.
    """

    shape: str
    colour: str
    x: int
    y: int
    radius: int

    @property
    def name(self) -> str:
        """What a question calls it, e.g. ``red circle``."""
        return f"{self.colour} {self.shape}"

    def describe(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"shape": self.shape, "colour": self.colour, "x": self.x, "y": self.y, "radius": self.radius}


def _turn(corners: int, x: float, y: float, radius: float, inner: float = 1.0) -> list[CanvasPoint]:
    """Return the corners of a regular polygon that points up, with as many inner corners between them if asked for."""
    parts = corners if inner == 1.0 else 2 * corners
    found: list[CanvasPoint] = []
    for i in range(parts):
        angle = 2 * math.pi * i / parts - math.pi / 2
        far = radius * (inner if parts > corners and i % 2 else 1.0)
        found.append((round(x + far * math.cos(angle)), round(y + far * math.sin(angle))))
    return found


def _draw_circle(on: Canvas, x: int, y: int, r: int, fill: Colour) -> None:
    on.pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)


def _draw_square(on: Canvas, x: int, y: int, r: int, fill: Colour) -> None:
    side = round(r * 0.86)
    on.box(x - side, y - side, x + side, y + side, fill)


def _draw_triangle(on: Canvas, x: int, y: int, r: int, fill: Colour) -> None:
    on.pen.polygon([(x, y - r), (x + r, y + round(r * 0.8)), (x - r, y + round(r * 0.8))], fill=fill)


def _draw_star(on: Canvas, x: int, y: int, r: int, fill: Colour) -> None:
    on.pen.polygon(_turn(5, x, y, r * 1.05, 0.42), fill=fill)


def _draw_cross(on: Canvas, x: int, y: int, r: int, fill: Colour) -> None:
    arm = max(1, round(r * 0.34))
    on.box(x - r, y - arm, x + r, y + arm, fill)
    on.box(x - arm, y - r, x + arm, y + r, fill)


def _draw_diamond(on: Canvas, x: int, y: int, r: int, fill: Colour) -> None:
    on.pen.polygon([(x, y - r), (x + round(r * 0.72), y), (x, y + r), (x - round(r * 0.72), y)], fill=fill)


def _draw_ring(on: Canvas, x: int, y: int, r: int, fill: Colour) -> None:
    on.pen.ellipse((x - r, y - r, x + r, y + r), outline=fill, width=max(2, round(r * 0.36)))


def _draw_heart(on: Canvas, x: int, y: int, r: int, fill: Colour) -> None:
    half = round(r * 0.52)
    on.pen.ellipse((x - 2 * half, y - r + 1, x, y - r + 1 + 2 * half), fill=fill)
    on.pen.ellipse((x, y - r + 1, x + 2 * half, y - r + 1 + 2 * half), fill=fill)
    low = y - r + 1 + half
    on.pen.polygon([(x - 2 * half, low + 1), (x + 2 * half, low + 1), (x, y + r)], fill=fill)


SHAPES: Mapping[str, Callable[[Canvas, int, int, int, Colour], None]] = {
    "circle": _draw_circle,
    "square": _draw_square,
    "triangle": _draw_triangle,
    "star": _draw_star,
    "cross": _draw_cross,
    "diamond": _draw_diamond,
    "ring": _draw_ring,
    "heart": _draw_heart,
}
"""Names of shapes; the first six are those of level 1."""


def name_several(shape: str) -> str:
    """Return the plural of a shape's name."""
    return shape + ("es" if shape.endswith("s") else "s")


def draw_thing(on: Canvas, thing: PlacedShape) -> None:
    """Draw a shape where it stands."""
    SHAPES[thing.shape](on, thing.x, thing.y, thing.radius, COLOURS[thing.colour])


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a shape: its middle and the largest radius that touches no other spot."""

    x: int
    y: int
    radius: int


def draw_spots(draw: Draw, count: int, width: int, height: int, sizes: tuple[int, int]) -> list[Spot]:
    """Return ``count`` places that do not touch each other or the edge, in random order.

    Args:
        draw: source of the places.
        count: how many.
        width, height: of the picture.
        sizes: smallest and largest radius.

    Each place lies in a cell of its own of a grid that is just fine enough, somewhere in the cell.
    """
    columns = max(2, math.ceil(math.sqrt(count * width / height)))
    rows = max(2, math.ceil(count / columns))
    across, down = width / columns, height / rows
    most = min(sizes[1], int(min(across, down) / 2) - 3)
    least = min(sizes[0], most)
    found = []
    for cell in draw.sample(range(columns * rows), count):
        radius = draw.draw_between(least, most)
        free_x, free_y = int(across / 2) - radius - 3, int(down / 2) - radius - 3
        x = int((cell % columns + 0.5) * across) + draw.draw_between(-max(0, free_x), max(0, free_x))
        y = int((cell // columns + 0.5) * down) + draw.draw_between(-max(0, free_y), max(0, free_y))
        found.append(Spot(x, y, radius))
    return found
