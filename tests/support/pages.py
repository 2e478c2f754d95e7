"""Pages drawn for tests, with the text that stands on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Pixels = NDArray[np.uint8]

LEFT = (
    "The harbour master keeps a ledger of",
    "every boat that has come in since",
    "the spring of 1987, with its length",
    "and the name of the person who owns",
    "it, and a note on the weather.",
)
RIGHT = (
    "On quiet days the gulls sit in rows",
    "along the outer wall and wait for",
    "the trawlers, which return at about",
    "half past four in winter and rather",
    "later in the summer months.",
)
TABLE = (
    ("Item", "Qty", "Price"),
    ("Oat biscuits", "3", "4.50"),
    ("Pears", "12", "18.00"),
    ("Ground coffee", "1", "7.25"),
    ("Total", "16", "29.75"),
)


def draw(texts: Sequence[tuple[float, float, str]], size: tuple[int, int] = (900, 520), font: int = 20) -> Image.Image:
    """Return a white page with black texts, each at its place from the left and from above."""
    page = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(page)
    for x, y, text in texts:
        pen.text((x, y), text, fill="black", font=ImageFont.load_default(font))
    return page


def place(lines: Sequence[str], x: float, y: float, pitch: float = 26) -> list[tuple[float, float, str]]:
    """Return lines below each other."""
    return [(x, y + i * pitch, line) for i, line in enumerate(lines)]


def place_table(
    rows: Sequence[Sequence[str]], x: float, y: float, widths: Sequence[float], pitch: float = 36
) -> list[tuple[float, float, str]]:
    """Return the cells of a table; empty ones are left out."""
    edges = [x + sum(widths[:i]) for i in range(len(widths))]
    return [(edges[j], y + i * pitch, cell) for i, row in enumerate(rows) for j, cell in enumerate(row) if cell]


def two_columns() -> Image.Image:
    """Return a page with a heading over two columns of running text."""
    return draw(
        [(230, 20, "Notes on a small harbour in the north"), *place(LEFT, 30, 80), *place(RIGHT, 480, 80)], (900, 240)
    )


def receipt() -> Image.Image:
    """Return a page with a shop's name, a table and a line below it."""
    head, foot = (180, 16, "HARBOUR STORES"), (30, 290, "Paid by card, thank you")
    return draw([head, *place_table(TABLE, 30, 70, (230, 90, 90)), foot], (480, 330))


def spoil(page: Image.Image, seed: int = 1, noise: float = 18.0, blur: float = 0.6) -> Image.Image:
    """Return a page with noise and a little blur, as a poor copy has them."""
    pixels = np.asarray(page.filter(ImageFilter.GaussianBlur(blur)), np.float64)
    noisy = pixels + np.random.default_rng(seed).normal(0, noise, pixels.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def turn(page: Image.Image, degrees: float) -> Image.Image:
    """Return a page turned to the left."""
    return page.rotate(degrees, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)


def pixels_of(page: Image.Image) -> Pixels:
    """Return the pixels of a page."""
    return np.asarray(page.convert("RGB"))


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def edit_distance(a: str, b: str) -> int:
    """Return the insertions, deletions and replacements that make one text of another (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]
