"""Generates scenes with words in them: signs, shop fronts, a bus; and asks what they say, or which one says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import COLOURS, INK, WHITE, Canvas, Colour, add_grain, measure_text
from fairtrial.tasks.pictures.icons import GRASS, SKY
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_words

DARK = ("red", "blue", "green", "purple", "black", "brown")
"""Colours on which letters are white; on the others they are dark."""

STREET = (176, 176, 182)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign: its colour, what it says, and its edges in pixels."""

    colour: str
    word: str
    left: int
    top: int
    right: int
    bottom: int


def build_scene_text(options: TaskOptions) -> PictureTask:
    """Return the task ``scene_text``."""
    return build_pictures("scene_text", make_scene, options)


def build_scene_text_open(options: TaskOptions) -> PictureTask:
    """Return the task ``scene_text_open``: the same scenes, answered in writing."""
    return build_pictures("scene_text_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return signs of different colours and words of one length, with a question of each kind of the level.

    Among the words offered are those of other signs, and words that are nowhere.
    """
    kind, asked = draw_kind(draw, level)
    how = level.settings
    lists = load_words()
    length = draw.pick(how["letters"])
    words = [word for name in ("things", "animals", "crafts", "fruits") for word in lists[name] if len(word) == length]
    words = draw.sample(dict.fromkeys(words), how["signs"] + 3)
    colours = draw.sample(list(COLOURS)[: how["colours"]], how["signs"] + 2)
    on = Canvas(how["size"], how["size"], SKY)
    spots = _draw_street(draw, on, how) if kind == "street" else _draw_board(draw, how)
    signs = [Sign(colour, word, *spot) for colour, word, spot in zip(colours, words, spots, strict=False)]
    for sign in signs:
        _draw_sign(draw, on, sign, how)
    questions = tuple(ASK[one](draw, suite, signs, (words, colours), count) for one, count in asked.items())
    add_grain(on.image, draw, how.get("grain", 0))
    drawn = {"signs": [[sign.colour, sign.word, sign.left, sign.top] for sign in signs]}
    return PictureScene(kind, questions, pictures=(on.image,), drawn=drawn)


def _draw_board(draw: Draw, how: Mapping[str, Any]) -> list[tuple[int, int, int, int]]:
    """Return places of signs below each other, over the whole width."""
    size, signs = how["size"], how["signs"]
    high = size // signs
    return [
        (
            left := draw.draw_between(2, 10),
            row * high + draw.draw_between(3, 7),
            size - 12 + left - 2,
            row * high + high - draw.draw_between(4, 8),
        )
        for row in range(signs)
    ]


def _draw_street(draw: Draw, on: Canvas, how: Mapping[str, Any]) -> list[tuple[int, int, int, int]]:
    """Draw a street with houses, and return places for signs on the houses, on a wall and on a bus."""
    size, houses = how["size"], how["signs"] - 1
    ground = size * 3 // 5
    on.box(0, ground, size, size, STREET)
    on.box(0, size * 9 // 10, size, size, GRASS)
    wide = size // houses
    spots = []
    for number in range(houses):
        left, right = number * wide + 3, (number + 1) * wide - 4
        top = draw.draw_between(size // 8, size // 4)
        on.box(
            left, top, right, ground, draw.pick(((226, 206, 178), (206, 190, 196), (190, 204, 196), (232, 222, 200)))
        )
        row = top + size // 7
        for window in range(2):
            x = left + (right - left) * (2 * window + 1) / 4
            on.box(x - wide / 12, top + size / 24, x + wide / 12, top + size / 8, (110, 150, 190))
            on.box(x - wide / 12, row + size / 7, x + wide / 12, ground - size / 40, (110, 150, 190))
        spots.append((left + 3, row, right - 3, row + size // 10))
    long = draw.draw_between(size * 2 // 5, size // 2)
    left = draw.draw_between(4, size - long - 5)
    top, bottom = ground + size // 20, ground + size // 4
    on.box(left, top, left + long, bottom, (250, 250, 246))
    on.pen.rectangle((left, top, left + long, bottom), outline=INK, width=2)
    for wheel in (0.2, 0.8):
        x, r = left + long * wheel, size // 28
        on.pen.ellipse((x - r, bottom - r, x + r, bottom + r), fill=INK)
    spots.append((left + 8, top + size // 24, left + long - 8, top + size // 24 + size // 10))
    return draw.shuffle(spots)


def _draw_sign(draw: Draw, on: Canvas, sign: Sign, how: Mapping[str, Any]) -> None:
    """Draw a sign with its word as large as it fits, but no larger than the level says."""
    paint = COLOURS[sign.colour]
    ink: Colour = WHITE if sign.colour in DARK else INK
    if how.get("pale"):
        ink = tuple((3 * one + 2 * other) // 5 for one, other in zip(ink, paint, strict=True))  # type: ignore[assignment]
    on.box(sign.left, sign.top, sign.right, sign.bottom, paint)
    room = sign.right - sign.left - 6
    letters = next(n for n in range(how["font"], 6, -1) if measure_text(sign.word, n) <= room)
    letters = min(letters, round((sign.bottom - sign.top) * 0.8))
    free = int((room - measure_text(sign.word, letters)) / 2)
    x = (sign.left + sign.right) / 2 + draw.draw_between(-free, free)
    on.write(sign.word, (x, (sign.top + sign.bottom) / 2), letters, fill=ink)


_Drawn = tuple[Sequence[str], Sequence[str]]


def _ask_word(draw: Draw, suite: Suite, signs: Sequence[Sign], drawn: _Drawn, count: int) -> Question:
    """Ask what a sign says; of the words offered two at least are in the picture."""
    sign = draw.pick(signs)
    shown = draw.sample([one.word for one in signs if one is not sign], min(len(signs) - 1, count // 2))
    wrong = (*shown, *drawn[0][len(signs) :][: count - 1 - len(shown)])
    text = draw.pick(suite.read_lines("word")).format(colour=sign.colour)
    return Question(text, sign.word, wrong, {"ask": "word"})


def _ask_colour(draw: Draw, suite: Suite, signs: Sequence[Sign], drawn: _Drawn, count: int) -> Question:
    """Ask which sign says a word."""
    sign = draw.pick(signs)
    shown = draw.sample([one.colour for one in signs if one is not sign], min(len(signs) - 1, count - 1))
    wrong = (*shown, *drawn[1][len(signs) :][: count - 1 - len(shown)])
    text = draw.pick(suite.read_lines("colour")).format(word=sign.word)
    return Question(text, sign.colour, wrong, {"ask": "colour"})


ASK = {"word": _ask_word, "colour": _ask_colour}
