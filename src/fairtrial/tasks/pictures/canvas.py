"""What pictures are drawn on: a canvas with plain shapes and text, colours that have one name each, and noise.

Everything is drawn with hard edges, so that a pixel of a shape has exactly the shape's colour; letters are the only
exception.  The font is the one that Pillow brings.  Knows nothing of questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.random import PCG64, SeedSequence
from PIL import Image, ImageDraw, ImageFont, features

from fairtrial.errors import TaskError
from fairtrial.tasks.procedural.draw import Draw

Colour = tuple[int, int, int]
CanvasPoint = tuple[float, float]

COLOURS: Mapping[str, Colour] = {
    "red": (214, 32, 36),
    "blue": (24, 78, 204),
    "green": (36, 160, 72),
    "yellow": (248, 208, 32),
    "purple": (124, 44, 156),
    "orange": (246, 128, 20),
    "black": (24, 24, 24),
    "pink": (250, 156, 200),
    "brown": (108, 68, 50),
    "grey": (146, 146, 146),
}
"""Names of colours; the first eight are those of level 1."""

WHITE, INK, FAINT = (255, 255, 255), (40, 40, 40), (214, 214, 214)


def name_library() -> str:
    """Return the versions of what draws pictures: pixels are the same for the same versions."""
    return f"Pillow {features.version('pil')}, FreeType {features.version('freetype2')}"


@lru_cache(maxsize=64)
def load_font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font that Pillow brings.  Raises TaskError if this Pillow cannot draw it."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TaskError(
            "this Pillow was built without FreeType, which draws the letters of pictures.",
            fix="Install Pillow from its wheel: pip install --force-reinstall pillow",
        )
    return font


class Canvas:
    """A picture in the making.

    Args:
        width, height: in pixels.
        background: colour of all pixels at first.
    """

    def __init__(self, width: int, height: int, background: Colour = WHITE) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width, height), background)
        self.pen = ImageDraw.Draw(self.image)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """Fill a rectangle, edges included; coordinates are rounded."""
        self.pen.rectangle((round(left), round(top), round(right), round(bottom)), fill=fill)

    def line(self, *points: CanvasPoint, fill: Colour = INK, width: int = 1) -> None:
        """Draw a line through points."""
        self.pen.line([(round(x), round(y)) for x, y in points], fill=fill, width=width)

    def write(
        self, text: str, at: CanvasPoint, size: int, anchor: str = "mm", fill: Colour = INK, face: str = "plain"
    ) -> None:
        """Write one line of text.

        Args:
            text: what it says.
            at: where its anchor is.
            size: of its letters.
            anchor: as Pillow has it: horizontal l, m, r, then vertical a, m, s, d.
            fill: colour of the letters.
            face: one of `FACES`.
        """
        x, y = round(at[0]), round(at[1])
        if face in ("plain", "bold"):
            for right in range(2 if face == "bold" else 1):
                self.pen.text((x + right, y), text, fill, load_font(size), anchor)
            return
        mask = _make_mask(text, size, face)
        left = x - round(mask.width * {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]])
        top = y - round(mask.height * {"a": 0.0, "m": 0.5, "s": 0.8, "d": 1.0}[anchor[1]])
        self.image.paste(fill, (left, top), mask)


FACES = ("plain", "bold", "slanted", "narrow")
"""Ways in which letters look: the font that Pillow brings, with thicker strokes, aslant, and pressed together."""


def _make_mask(text: str, size: int, face: str) -> Image.Image:
    """Return letters that are narrow, or aslant, as shades of grey."""
    slant = size // 4
    mask = Image.new("L", (round(measure_text(text, size)) + slant + 2, round(size * 1.3)))
    ImageDraw.Draw(mask).text((0, mask.height // 2), text, fill=255, font=load_font(size), anchor="lm")
    if face == "narrow":
        return mask.resize((round(mask.width * 0.8), round(mask.height * 1.1)), Image.Resampling.BILINEAR)
    shear = slant / mask.height
    return mask.transform(mask.size, Image.Transform.AFFINE, (1, shear, -slant, 0, 1, 0), Image.Resampling.BILINEAR)


def add_grain(picture: Image.Image, draw: Draw, strength: int) -> None:
    """Make each pixel of a picture lighter or darker by up to ``strength`` steps of 255, in place; 0 changes none."""
    if not strength:
        return
    pixels = np.asarray(picture).astype(np.int16)
    raw = PCG64(SeedSequence(draw.draw_below(1 << 62))).random_raw(-(-pixels.shape[0] * pixels.shape[1] // 8))
    grain = raw.view(np.uint8)[: pixels.shape[0] * pixels.shape[1]].astype(np.int16) % (2 * strength + 1) - strength
    shown = np.clip(pixels + grain.reshape(*pixels.shape[:2], 1), 0, 255).astype(np.uint8)
    picture.paste(Image.fromarray(shown))


def measure_text(text: str, size: int) -> float:
    """Return the width of a line of text in pixels."""
    return load_font(size).getlength(text)
