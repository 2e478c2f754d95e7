"""Text as a picture: wrapped, in one font, black on white, and never a character that the font lacks.

Pictures are a function of the text, the settings and the installed Pillow (and of matplotlib, where its font is
needed).  Knows nothing of tasks.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

from fairtrial.errors import MissingExtraError, TaskError
from fairtrial.images import encode_png

SIZE = 20
"""Height of the letters that is asked for by default, in pixels an em."""

WIDTHS = (320, 448, 640, 896, 1280, 1792)
"""Widths from which the narrowest is taken that does not make the picture higher than wide by more than a quarter."""

MOST_HEIGHT = 2.0
"""Times its width that a picture may be high."""

PADDING = 16
LEADING = 1.4
WHITE, INK = (255, 255, 255), (20, 20, 20)

_RIGHT_TO_LEFT = {"R", "AL", "AN"}


@dataclass(frozen=True, slots=True)
class Typeface:
    """A font in one size.

    Attributes:
        path: of its file; empty for the one that Pillow brings.
        size: pixels an em.
    """

    path: str
    size: int

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        """The font, ready to draw with."""
        return _load_font(self.path, self.size)

    @property
    def name(self) -> str:
        """Family and style."""
        return " ".join(part for part in self.font.getname() if part)

    @property
    def line(self) -> int:
        """Pixels from one line to the next."""
        return round(LEADING * self.size)

    def measure(self, text: str) -> float:
        """Return the width of a line of text in pixels."""
        return float(self.font.getlength(text))

    def find_missing(self, text: str) -> str:
        """Return a character that cannot be drawn, or not legibly without shaping; empty if there is none."""
        return next((char for char in sorted({*text}) if not _is_drawable(self.path, self.size, char)), "")


@lru_cache(maxsize=64)
def _load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    if path:
        try:
            return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
        except OSError as error:
            raise TaskError(
                f"the font {path!r} cannot be used: {error}.", fix="Name a TrueType or OpenType file."
            ) from None
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TaskError(
            "this Pillow was built without FreeType, which draws text as pictures.",
            fix="Install Pillow from its wheel: pip install --force-reinstall pillow",
        )
    return font


@lru_cache(maxsize=65536)
def _is_drawable(path: str, size: int, char: str) -> bool:
    """Return whether a font has a character, and whether it stands alone: no marks, nothing from right to left."""
    if char in " \n":
        return True
    if unicodedata.bidirectional(char) in _RIGHT_TO_LEFT or unicodedata.category(char)[0] in "MCZ":
        return False
    font = _load_font(path, size)
    mask, missing = font.getmask(char), font.getmask("\uffff")
    return (mask.size, bytes(mask)) != (missing.size, bytes(missing)) and mask.getbbox() is not None


def name_library() -> str:
    """Return the versions of what draws text: pixels are the same for the same versions."""
    return f"Pillow {features.version('pil')}, FreeType {features.version('freetype2')}"


def find_wide_font() -> str:
    """Return the file of a font with letters of many alphabets.  Raises MissingExtraError if it is absent."""
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise MissingExtraError("The font of matplotlib, which has letters that Pillow's lacks,", "plot")
    return str(Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf")


def choose_typeface(text: str, size: int, path: str = "") -> Typeface:
    """Return a typeface that has every character of a text: the font that is named, else Pillow's, else a wider one.

    Raises TaskError, which names the first character that none of them has; MissingExtraError as `find_wide_font`.
    """
    tidy = tidy_text(text)
    own = Typeface(path, size)
    if not own.find_missing(tidy):
        return own
    tried = own if path else Typeface(find_wide_font(), size)
    missing = tried.find_missing(tidy)
    if missing:
        name = unicodedata.name(missing, "no letter")
        raise TaskError(
            f"the character {missing!r} (U+{ord(missing):04X}, {name}) cannot be drawn legibly in {tried.name}.",
            fix="Name a font that has it, e.g. {rendered: {font: PATH}}; scripts that join letters, or run from right "
            "to left, are not drawn.",
        )
    return tried


def tidy_text(text: str) -> str:
    """Return a text as it is drawn: tabs as four spaces, blanks of an unusual kind as usual ones, letters composed."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4))
    return "".join(" " if char != " " and unicodedata.category(char) == "Zs" else char for char in text)


def render_text(text: str, size: int = SIZE, width: int = 0, font: str = "") -> bytes:
    """Return a text as a PNG.

    Args:
        text: any; its lines stay lines, and long ones are wrapped between words.
        size: pixels an em.
        width: of the picture in pixels; 0 chooses one of `WIDTHS`.
        font: path of a font file; empty for those that Pillow and matplotlib bring.

    Raises TaskError for characters that cannot be drawn, and for a text too long for one legible picture.
    """
    face = choose_typeface(text, size, font)
    tidy = tidy_text(text.strip("\n"))
    for tried in (width,) if width else WIDTHS:
        lines = [line for paragraph in tidy.split("\n") for line in wrap_line(paragraph, face, tried - 2 * PADDING)]
        height = 2 * PADDING + face.line * len(lines)
        if height <= 1.25 * tried:
            break
    if height > MOST_HEIGHT * tried:
        raise TaskError(
            f"a text of {len(text):,} characters is too long for one legible picture: {tried} pixels wide, it would be "
            f"{height:,} high, and {MOST_HEIGHT:g} times the width is allowed.",
            fix="Leave this form out for this task, or set a width or a smaller size: {rendered: {width: 2400}}.",
        )
    if not width:
        tried = max(96, min(tried, 2 * PADDING + round(max(map(face.measure, lines), default=0))))
    return draw_lines(lines, face, (tried, height))


def draw_lines(lines: Sequence[str], face: Typeface, size: tuple[int, int]) -> bytes:
    """Return lines of text as a PNG of a size (width, height)."""
    picture = Image.new("L", size, 255)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((PADDING, PADDING + number * face.line), line, fill=INK[0], font=face.font)
    return encode_png(np.asarray(picture))


def wrap_line(line: str, face: Typeface, width: float) -> Iterator[str]:
    """Yield a line in pieces that fit a width: cut between words, or within one that is wider by itself."""
    current, filled = "", 0.0
    for word in _split_words(line):
        wide = _measure_word(face, word)
        if current.strip() and filled + wide > width:
            yield current.rstrip()
            word = word.lstrip()
            current, filled, wide = "", 0.0, _measure_word(face, word)
        while filled + wide > width and len(current + word) > 1:
            whole = current + word
            cut = next((i for i in range(len(whole) - 1, 1, -1) if face.measure(whole[:i]) <= width), 1)
            yield whole[:cut]
            current, filled, word = "", 0.0, whole[cut:]
            wide = _measure_word(face, word)
        current, filled = current + word, filled + wide
    if current.strip() or not line.strip():
        yield current.rstrip()


@lru_cache(maxsize=65536)
def _measure_word(face: Typeface, word: str) -> float:
    return face.measure(word)


def _split_words(line: str) -> Iterator[str]:
    """Yield words with the blanks before them."""
    start = 0
    for at in range(1, len(line)):
        if line[at] == " " and line[at - 1] != " ":
            yield line[start:at]
            start = at
    yield line[start:]
