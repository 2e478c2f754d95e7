"""Draws the pictures of articles: the town by its river, from a seed; small, and every one different."""

from __future__ import annotations

import numpy as np

from fairtrial.images import encode_png
from fairtrial.tasks.procedural.draw import Draw

HEIGHT, WIDTH = 72, 112


def draw_picture(*key: int) -> bytes:
    """Return a PNG file: sky, sun, hills, houses and the river."""
    draw = Draw(*key)
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    sky = np.array([draw.draw_between(110, 190), draw.draw_between(150, 210), draw.draw_between(200, 245)])
    rows = np.arange(HEIGHT)[:, None]
    pixels[:] = np.clip(sky + rows[:, :, None] * 0.8, 0, 255)
    top, left = draw.draw_between(8, 20), draw.draw_between(10, WIDTH - 20)
    columns = np.arange(WIDTH)[None, :]
    pixels[(rows - top) ** 2 + (columns - left) ** 2 < 30] = (250, 225, 140)
    for _ in range(2):
        middle, width = draw.draw_below(WIDTH), draw.draw_between(20, 45)
        hill = 40 - (16 * np.exp(-(((columns - middle) / width) ** 2)))
        pixels[rows > hill] = (draw.draw_between(70, 120), draw.draw_between(120, 160), draw.draw_between(70, 100))
    for _ in range(draw.draw_between(4, 8)):
        _draw_house(pixels, draw)
    pixels[58:] = (draw.draw_between(40, 80), draw.draw_between(90, 130), draw.draw_between(130, 180))
    return encode_png(pixels)


def _draw_house(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], draw: Draw) -> None:
    left, width = draw.draw_below(WIDTH - 16), draw.draw_between(9, 15)
    top = draw.draw_between(34, 46)
    wall = (draw.draw_between(150, 230), draw.draw_between(110, 200), draw.draw_between(90, 170))
    pixels[top:58, left : left + width] = wall
    pixels[top - 3 : top, left : left + width] = (120, 60, 50)
    for row in range(top + 2, 54, 6):
        for column in range(left + 2, left + width - 2, 4):
            pixels[row : row + 3, column : column + 2] = (250, 240, 180) if draw.chance(1, 2) else (60, 60, 80)
