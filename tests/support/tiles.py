"""An image encoder that needs no network: an image of two tiles, with tokens of a vocabulary around and between."""

from __future__ import annotations

import numpy as np

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.local.images import CellBlock, ImageEncoder, ImageLayout, Pixels
from fairtrial.records import ImagePart

CELLS = 3
"""Of each tile."""


def name_shade(shade: int) -> ImagePart:
    """Return the name of an image that is of one shade."""
    return ImagePart.of(bytes([shade]), "image/png")


class Tiles(ImageEncoder):
    """Reads ``[cells|cells]``; the first tile takes three positions, or in a plane two."""

    def __init__(self, *, plane: bool = False, whole: bool = False, kept_bytes: int = 1 << 20) -> None:
        self.shades = {name_shade(shade).hash: shade for shade in range(256)}
        super().__init__(lambda image: np.full((1, 1, 3), self.shades[image.hash], dtype=np.uint8), kept_bytes)
        self.sections, self.whole = 3 if plane else 1, whole
        self.record = {"cells": 2 * CELLS}

    def _lay_out(self, pixels: Pixels) -> ImageLayout:
        flat = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0]], dtype=np.int32)
        block = CellBlock(CELLS, 2, flat) if self.sections > 1 else CellBlock(CELLS, CELLS)
        edge, bar, end = (np.array([ord(text)], dtype=np.int32) for text in "[|]")
        return ImageLayout((edge, block, bar, block, end))

    def _encode(self, pixels: Pixels) -> Floats32:
        return np.arange(2 * CELLS, dtype=np.float32)[:, None] + pixels[0, 0, 0]
