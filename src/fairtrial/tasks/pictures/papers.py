"""Draws papers: notes, forms, receipts, invoices.  Knows nothing of questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from fairtrial.tasks.pictures.canvas import FAINT, INK, WHITE, Canvas

PAPER = (252, 250, 244)


@dataclass(frozen=True, slots=True)
class PaperField:
    """A labelled field of a paper.

    Attributes:
        label, value: as they are written.
        kind: list of words that the value comes from; empty for a number.
        alike: numbers that are offered for it, its own first; empty for words.
    """

    label: str
    value: str
    kind: str
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purchase:
    """A thing bought: its name, the number of pieces, and the price of a piece in cents."""

    name: str
    pieces: int
    price: int

    @property
    def amount(self) -> int:
        """What all pieces cost, in cents."""
        return self.pieces * self.price


def draw_note(on: Canvas, lines: Sequence[str], moved: Sequence[tuple[int, int]], letters: int) -> None:
    """Draw a sheet of paper with lines of large letters, each moved a little from the middle."""
    on.box(0, 0, on.width, on.height, FAINT)
    on.box(6, 12, on.width - 7, on.height - 13, WHITE)
    for share, line, (x, y) in zip((0.36, 0.66), lines, moved, strict=True):
        on.write(line, (on.width / 2 + x, on.height * share + y), letters)


def draw_form(on: Canvas, title: str, fields: Sequence[PaperField], face: str, letters: int) -> None:
    """Draw a title over fields, a label and a value on a line each."""
    on.box(0, 0, on.width, on.height, PAPER)
    on.write(title, (on.width / 2, letters * 1.5), letters + 4, face="bold")
    top = letters * 3
    high = (on.height - top - 6) / len(fields)
    for row, field in enumerate(fields):
        y = top + (row + 0.5) * high
        on.write(f"{field.label}:", (12, y), letters, "lm")
        on.line((on.width * 0.44, y + letters * 0.8), (on.width - 12, y + letters * 0.8), fill=(170, 170, 170))
        on.write(field.value, (on.width * 0.46, y), letters + 2, "lm", fill=(24, 48, 120), face=face)


def draw_receipt(
    on: Canvas, shop: str, date: str, lines: Sequence[tuple[str, str]], sums: Mapping[str, str], face: str
) -> None:
    """Draw a receipt: shop and date, things with their prices, sums."""
    on.box(0, 0, on.width, on.height, WHITE)
    on.write(shop, (on.width / 2, 18), 16, face=face)
    on.write(date, (on.width / 2, 38), 12, face=face)
    rows = [*lines, *sums.items()]
    high = (on.height - 62) / len(rows)
    for row, (name, amount) in enumerate(rows):
        y = 56 + (row + 0.5) * high
        if row == len(lines):
            on.line((10, y - high / 2), (on.width - 10, y - high / 2))
        on.write(name, (14, y), 14, "lm", face=face)
        on.write(amount, (on.width - 14, y), 14, "rm", face=face)


def draw_invoice(
    on: Canvas,
    fields: Sequence[PaperField],
    rows: Sequence[tuple[str, ...]],
    total: str,
    faces: tuple[str, str],
    letters: int,
) -> None:
    """Draw an invoice: fields at the top, a table of things, and the sum."""
    on.box(0, 0, on.width, on.height, PAPER)
    on.write("INVOICE", (20, 24), letters + 8, "lm", face="bold")
    for row, field in enumerate(fields):
        y = 52 + row * letters * 1.6
        on.write(f"{field.label}:", (20, y), letters, "lm")
        on.write(field.value, (on.width * 0.42, y), letters, "lm", face=faces[0])
    top = 52 + len(fields) * letters * 1.6 + 10
    edges = (20, on.width * 0.52, on.width * 0.72, on.width - 20)
    for x, name, anchor in zip(edges, ("Item", "Pieces", "Price", "Amount"), ("lm", "rm", "rm", "rm"), strict=True):
        on.write(name, (x, top), letters, anchor, face="bold")
    on.line((16, top + letters), (on.width - 16, top + letters))
    high = (on.height - top - letters * 3.4) / (len(rows) + 1)
    for place, cells in enumerate(rows):
        y = top + letters + (place + 0.7) * high
        for x, cell, anchor in zip(edges, cells, ("lm", "rm", "rm", "rm"), strict=True):
            on.write(cell, (x, y), letters, anchor, face=faces[1])
    y = top + letters + (len(rows) + 0.8) * high
    on.line((on.width * 0.5, y - high / 2), (on.width - 16, y - high / 2), fill=INK)
    on.write("Total", (on.width * 0.52, y), letters + 1, "lm", face="bold")
    on.write(total, (on.width - 20, y), letters + 1, "rm", face="bold")


def turn_slightly(picture: Image.Image, degrees: int) -> Image.Image:
    """Return a paper that lies a little aslant on a grey table."""
    return picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(196, 190, 182))
