"""The numbers of an adapter, read from its file as 32-bit floats.  Every type that is read fits into these exactly."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairtrial.errors import ModelError
from fairtrial.models.adapters.peft import TYPES, TensorPlace

AdapterFloats = NDArray[np.float32]


def read_numbers(path: Path, place: TensorPlace) -> AdapterFloats:
    """Return a tensor as 32-bit floats; raise ModelError if it is cut short or holds what is no finite number."""
    count = math.prod(place.shape)
    if place.start + TYPES[place.type] * count > path.stat().st_size:
        raise ModelError("The adapter is cut short: get it again.", where=str(path))
    if place.type == "BF16":
        found = np.fromfile(path, "<u2", count, offset=place.start).astype("<u4")
        numbers = (found << 16).view("<f4")
    else:
        numbers = np.fromfile(path, "<f4" if place.type == "F32" else "<f2", count, offset=place.start)
    numbers = numbers.astype(np.float32).reshape(place.shape)
    if not np.isfinite(numbers).all():
        raise ModelError("The adapter holds what is no finite number: its training failed.", where=str(path))
    return numbers
