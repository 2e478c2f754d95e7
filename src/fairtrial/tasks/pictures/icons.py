"""Small drawings of things that a landscape may have.  Knows nothing of questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from fairtrial.tasks.pictures.canvas import Canvas, Colour

SKY, GRASS, SAND = (196, 224, 250), (150, 200, 120), (238, 220, 176)
_WOOD, _LEAF, _WALL, _ROOF, _GLASS = (128, 84, 44), (44, 132, 60), (240, 226, 204), (188, 64, 48), (90, 130, 170)
_DARK, _METAL, _WHITE = (40, 40, 40), (120, 124, 132), (252, 252, 252)


def _draw_house(on: Canvas, x: int, y: int, r: int) -> None:
    on.box(x - 0.7 * r, y - 0.2 * r, x + 0.7 * r, y + r, _WALL)
    on.pen.polygon([(x - r, y - 0.2 * r), (x + r, y - 0.2 * r), (x, y - r)], fill=_ROOF)
    on.box(x - 0.2 * r, y + 0.3 * r, x + 0.15 * r, y + r, _WOOD)
    on.box(x + 0.3 * r, y + 0.1 * r, x + 0.58 * r, y + 0.4 * r, _GLASS)


def _draw_tree(on: Canvas, x: int, y: int, r: int) -> None:
    on.box(x - 0.14 * r, y + 0.2 * r, x + 0.14 * r, y + r, _WOOD)
    on.pen.ellipse((x - 0.7 * r, y - r, x + 0.7 * r, y + 0.4 * r), fill=_LEAF)


def _draw_car(on: Canvas, x: int, y: int, r: int) -> None:
    paint: Colour = (206, 44, 52)
    on.pen.polygon(
        [(x - 0.6 * r, y), (x - 0.35 * r, y - 0.5 * r), (x + 0.35 * r, y - 0.5 * r), (x + 0.6 * r, y)], fill=paint
    )
    on.pen.polygon(
        [(x - 0.38 * r, y), (x - 0.24 * r, y - 0.38 * r), (x + 0.24 * r, y - 0.38 * r), (x + 0.38 * r, y)], fill=_GLASS
    )
    on.box(x - r, y, x + r, y + 0.5 * r, paint)
    for side in (-0.55, 0.55):
        on.pen.ellipse((x + (side - 0.25) * r, y + 0.25 * r, x + (side + 0.25) * r, y + 0.75 * r), fill=_DARK)


def _draw_boat(on: Canvas, x: int, y: int, r: int) -> None:
    on.pen.polygon([(x - r, y + 0.4 * r), (x + r, y + 0.4 * r), (x + 0.6 * r, y + r), (x - 0.6 * r, y + r)], fill=_WOOD)
    on.box(x - 0.06 * r, y - r, x + 0.06 * r, y + 0.4 * r, _DARK)
    on.pen.polygon(
        [(x + 0.12 * r, y - 0.95 * r), (x + 0.12 * r, y + 0.25 * r), (x + 0.85 * r, y + 0.25 * r)], fill=_WHITE
    )


def _draw_sun(on: Canvas, x: int, y: int, r: int) -> None:
    for turn in range(12):
        far = (x + r * math.cos(turn * math.pi / 6), y + r * math.sin(turn * math.pi / 6))
        on.line((x, y), far, fill=(250, 186, 24), width=max(2, r // 7))
    on.pen.ellipse((x - 0.62 * r, y - 0.62 * r, x + 0.62 * r, y + 0.62 * r), fill=(255, 208, 40))


def _draw_cloud(on: Canvas, x: int, y: int, r: int) -> None:
    for left, top, wide in ((-1, -0.1, 0.8), (-0.5, -0.6, 1.0), (0.15, -0.2, 0.85)):
        on.pen.ellipse((x + left * r, y + top * r, x + (left + wide) * r, y + (top + wide * 0.8) * r), fill=_WHITE)
    on.box(x - 0.7 * r, y + 0.1 * r, x + 0.7 * r, y + 0.52 * r, _WHITE)


def _draw_flower(on: Canvas, x: int, y: int, r: int) -> None:
    on.box(x - 0.07 * r, y, x + 0.07 * r, y + r, _LEAF)
    for turn in range(6):
        cx, cy = x + 0.42 * r * math.cos(turn * math.pi / 3), y - 0.4 * r + 0.42 * r * math.sin(turn * math.pi / 3)
        on.pen.ellipse((cx - 0.27 * r, cy - 0.27 * r, cx + 0.27 * r, cy + 0.27 * r), fill=(226, 60, 140))
    on.pen.ellipse((x - 0.25 * r, y - 0.65 * r, x + 0.25 * r, y - 0.15 * r), fill=(255, 214, 48))


def _draw_bench(on: Canvas, x: int, y: int, r: int) -> None:
    for top in (-0.3, 0.0, 0.3):
        on.box(x - r, y + top * r, x + r, y + (top + 0.18) * r, _WOOD)
    for side in (-0.8, 0.66):
        on.box(x + side * r, y + 0.3 * r, x + (side + 0.14) * r, y + r, _DARK)


def _draw_lamp(on: Canvas, x: int, y: int, r: int) -> None:
    on.box(x - 0.07 * r, y - 0.5 * r, x + 0.07 * r, y + r, _DARK)
    on.box(x - 0.3 * r, y + 0.9 * r, x + 0.3 * r, y + r, _DARK)
    on.pen.ellipse((x - 0.32 * r, y - r, x + 0.32 * r, y - 0.36 * r), fill=(255, 244, 170), outline=_DARK, width=2)


def _draw_ball(on: Canvas, x: int, y: int, r: int) -> None:
    on.pen.ellipse((x - 0.7 * r, y - 0.4 * r, x + 0.7 * r, y + r), fill=(238, 92, 36))
    on.pen.arc((x - 0.7 * r, y - 0.4 * r, x + 0.7 * r, y + r), 0, 360, fill=_DARK, width=2)
    on.line((x - 0.7 * r, y + 0.3 * r), (x + 0.7 * r, y + 0.3 * r), fill=_DARK, width=2)
    on.line((x, y - 0.4 * r), (x, y + r), fill=_DARK, width=2)


def _draw_bird(on: Canvas, x: int, y: int, r: int) -> None:
    on.pen.ellipse((x - 0.6 * r, y - 0.2 * r, x + 0.5 * r, y + 0.5 * r), fill=_METAL)
    on.pen.ellipse((x + 0.25 * r, y - 0.6 * r, x + 0.75 * r, y - 0.1 * r), fill=_METAL)
    on.pen.polygon(
        [(x + 0.72 * r, y - 0.42 * r), (x + 0.72 * r, y - 0.24 * r), (x + r, y - 0.33 * r)], fill=(246, 150, 20)
    )
    on.pen.polygon([(x - 0.5 * r, y + 0.1 * r), (x - r, y - 0.15 * r), (x - r, y + 0.3 * r)], fill=_METAL)
    on.pen.polygon([(x - 0.3 * r, y), (x + 0.2 * r, y), (x - 0.2 * r, y - 0.7 * r)], fill=_DARK)


def _draw_fence(on: Canvas, x: int, y: int, r: int) -> None:
    for top in (0.15, 0.55):
        on.box(x - r, y + top * r, x + r, y + (top + 0.14) * r, _WHITE)
    for place in range(5):
        left = x - r + place * 0.45 * r
        on.box(left, y - 0.2 * r, left + 0.2 * r, y + r, _WHITE)


ICONS: Mapping[str, Callable[[Canvas, int, int, int], None]] = {
    "house": _draw_house,
    "tree": _draw_tree,
    "car": _draw_car,
    "boat": _draw_boat,
    "sun": _draw_sun,
    "cloud": _draw_cloud,
    "flower": _draw_flower,
    "bench": _draw_bench,
    "street lamp": _draw_lamp,
    "ball": _draw_ball,
    "bird": _draw_bird,
    "fence": _draw_fence,
}
"""Names of things to what draws one, in a square of twice the radius around its middle."""

UP = ("sun", "cloud", "bird")
"""What stands in the sky; the rest stands on the ground."""
