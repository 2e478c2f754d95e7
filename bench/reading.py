"""How well and how fast the lever `read` reads drawn pages.

    python -m bench.reading

prints a line a kind of page: character error rate (edit distance to the right text in reading order, tables as
Markdown, over its length), processor seconds an image, and the least sure line.  Pages are drawn from a seed.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterator

from PIL import Image

from fairtrial.levers.read.layout import write_page
from fairtrial.levers.read.ocr import OcrReader
from fairtrial.spec.read import Read
from tests.support import pages

WORDS = (
    *("harbour", "ledger", "winter", "signal", "quiet", "market", "paper", "window", "garden", "bridge", "copper"),
    *("evening", "answer", "table", "silver", "morning", "river", "letter", "engine", "summer", "number", "castle"),
    *("forest", "island", "button", "mirror", "candle", "ticket", "branch", "valley"),
)
PER_KIND = 5

Page = tuple[Image.Image, str]


def draw_text(drawn: random.Random, font: int) -> Page:
    """Return a page with one paragraph."""
    lines = [" ".join(drawn.choices(WORDS, k=7)).capitalize() for _ in range(8)]
    pitch = round(1.4 * font)
    return pages.draw(pages.place(lines, 20, 20, pitch), (24 * font + 200, 10 * pitch + 40), font), "\n".join(lines)


def draw_columns(drawn: random.Random) -> Page:
    """Return a page with two columns, not of one length."""
    left, right = ([" ".join(drawn.choices(WORDS, k=4)) for _ in range(n)] for n in (9, 7))
    placed = [*pages.place(left, 30, 30), *pages.place(right, 520, 37)]
    return pages.draw(placed, (1000, 300)), "\n".join(left) + "\n\n" + "\n".join(right)


def draw_table(drawn: random.Random) -> Page:
    """Return a page with a table of words, counts and prices."""
    rows = [("Item", "Count", "Price")]
    rows += [(drawn.choice(WORDS), str(drawn.randint(1, 40)), f"{drawn.uniform(1, 90):.2f}") for _ in range(7)]
    return pages.draw(pages.place_table(rows, 30, 30, (240, 140, 120)), (560, 340)), pages.markdown(rows)


def draw_form(drawn: random.Random) -> Page:
    """Return a page with labels and what was filled in."""
    rows = [(f"{label}:", " ".join(drawn.choices(WORDS, k=2))) for label in ("Name", "Street", "Town", "Trade")]
    rows.append(("Date:", f"{drawn.randint(1, 28):02d}.{drawn.randint(1, 12):02d}.{drawn.randint(1960, 2020)}"))
    return pages.draw(pages.place_table(rows, 30, 30, (180, 300), 44), (560, 280)), pages.markdown(rows)


def spoilt(draw: Callable[[random.Random], Page], noise: float, blur: float) -> Callable[[random.Random], Page]:
    """Return what draws a page and makes a poor copy of it."""

    def made(drawn: random.Random) -> Page:
        page, text = draw(drawn)
        return pages.spoil(page, drawn.randint(0, 999), noise, blur), text

    return made


def turned(draw: Callable[[random.Random], Page], degrees: float) -> Callable[[random.Random], Page]:
    """Return what draws a page and turns it."""

    def made(drawn: random.Random) -> Page:
        page, text = draw(drawn)
        return pages.turn(page, degrees), text

    return made


def list_kinds() -> Iterator[tuple[str, Callable[[random.Random], Page]]]:
    """Yield the kinds of pages."""
    for font in (28, 20, 14, 10):
        yield f"paragraph, {font} px", lambda drawn, font=font: draw_text(drawn, font)  # type: ignore[misc]
    yield from (("two columns", draw_columns), ("table", draw_table), ("form", draw_form))
    yield "table, noise 18, blur 0.6", spoilt(draw_table, 18, 0.6)
    yield "table, noise 50, blur 1.2", spoilt(draw_table, 50, 1.2)
    yield "table, 6 degrees askew", turned(draw_table, 6)
    yield "columns, on their side", turned(draw_columns, 90)
    yield "columns, on their head", turned(draw_columns, 180)


def main() -> None:
    """Read all kinds of pages and print what came of it."""
    reader = OcrReader(Read())
    reader.read(pages.pixels_of(pages.receipt()))  # loads the models
    print(f"{'page':28}{'CER':>8}{'s/image':>9}{'least sure':>12}")
    for name, draw in list_kinds():
        wrong = letters = 0
        seconds, least = 0.0, 1.0
        for seed in range(PER_KIND):
            page, text = draw(random.Random(seed))
            started = time.process_time()
            lines = reader.read(pages.pixels_of(page))
            seconds += time.process_time() - started
            wrong += pages.edit_distance(write_page([one for one in lines if one.confidence >= 0.5]), text)
            letters += len(text)
            least = min([least, *(one.confidence for one in lines)])
        print(f"{name:28}{wrong / letters:>8.2%}{seconds / PER_KIND:>9.2f}{least:>12.2f}", flush=True)
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
