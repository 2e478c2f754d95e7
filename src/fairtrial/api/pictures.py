"""Pictures in rows that are given from Python: of Pillow, arrays of numpy, bytes and paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.images import encode_picture, encode_png
from fairtrial.records import make_data_url
from fairtrial.tasks.data.images import find_image_kind


def write_picture(value: Any) -> str | None:
    """Return a picture as text that a row can hold: a path, or a ``data:`` URL; None for what is no picture.

    Arrays are pictures if they are uint8 of shape (height, width, 3) or (height, width).
    """
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return make_data_url("application/octet-stream", value)
    if isinstance(value, np.ndarray):
        flat = value.dtype == np.uint8 and value.size and (value.ndim == 2 or value.shape[2:] == (3,))
        return make_data_url("image/png", encode_png(value)) if flat else None
    data = encode_picture(value)
    return None if data is None else make_data_url("application/octet-stream", data)


def names_image_file(value: Any) -> bool:
    """Return whether a value of a row is the path of an image, or a list of such."""
    if isinstance(value, list | tuple):
        return any(map(names_image_file, value))
    return isinstance(value, str | Path) and find_image_kind(str(value)) == "path"
