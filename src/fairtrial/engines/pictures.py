"""Made-up pictures, for whoever has to find out how an engine or a model sees.

They show nothing, but no part of one is like another, and no picture like the next.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fairtrial.errors import EngineError
from fairtrial.images import encode_png
from fairtrial.records import ImagePart

SIZES = ((64, 64), (48, 96), (150, 70))
"""Heights and widths of `PICTURES`."""


def make_picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return (height, width, 3) pixels of a made-up picture: slopes with noise, nowhere the same."""
    rng = np.random.default_rng(seed)
    down, across = np.linspace(0, 160, height)[:, None], np.linspace(0, 160, width)[None, :]
    turn = rng.permutation(3)
    slopes = np.stack([down + 0 * across, across + 0 * down, (down + across) / 2], axis=2)[:, :, turn]
    return (slopes + rng.integers(0, 90, (height, width, 3))).astype(np.uint8)


def _make_files() -> dict[ImagePart, bytes]:
    files = [encode_png(make_picture(*size, seed=seed)) for seed, size in enumerate(SIZES)]
    return {ImagePart.of(data, "image/png"): data for data in files}


PICTURES: Mapping[ImagePart, bytes] = _make_files()
"""Three pictures, and the bytes of their files."""


def read_picture(image: ImagePart) -> bytes:
    """Return the bytes of one of `PICTURES`; for `EngineSettings.read_image`.  Raises EngineError about any other."""
    if image not in PICTURES:
        raise EngineError(f"the image {image.hash} is none of the made-up pictures.")
    return PICTURES[image]
