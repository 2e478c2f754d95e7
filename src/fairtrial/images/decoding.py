"""Bytes of a file to pixels, and pixels to the bytes of a PNG file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from fairtrial.errors import ImageError
from fairtrial.images.hashing import hash_picture
from fairtrial.images.opening import open_picture
from fairtrial.records.images import OBSERVED, ImageNote


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """An image as every engine is shown it.

    Attributes:
        pixels: array of shape (height, width, 3), uint8, RGB; it cannot be written to.
        hash: of the pixels; see `fairtrial.images.hashing`.
        media_type: of the file, told by its bytes.
        notes: decisions that were taken to show it, and what is odd about it.
    """

    pixels: NDArray[np.uint8]
    hash: str
    media_type: str
    notes: tuple[ImageNote, ...]

    @property
    def decided(self) -> bool:
        """Whether its pixels hang on a decision, so that another program may show something else."""
        return any(note.kind not in OBSERVED for note in self.notes)


def decode(data: bytes, where: str = "") -> DecodedImage:
    """Return the pixels of an image file; pure.

    Files that nobody has looked at yet belong in `fairtrial.images.examine` first.

    Args:
        data: PNG, JPEG, WebP, GIF, BMP or TIFF.
        where: names it in errors.

    Raises:
        ImageError: it is of another kind, too large, damaged, or has no agreed look.
    """
    picture, kind, notes = open_picture(data, where)
    pixels = np.asarray(picture)
    pixels.setflags(write=False)
    return DecodedImage(pixels, hash_picture(picture), kind.media_type, notes)


def encode_png(pixels: NDArray[Any]) -> bytes:
    """Return a picture as the bytes of a PNG file: the same bytes for the same pixels and version of Pillow.

    Args:
        pixels: array of shape (height, width, 3), or (height, width) for shades of grey; uint8.

    Raises:
        ValueError: the array is of another shape or type, or empty.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)) or not pixels.size:
        raise ValueError(f"pixels are uint8 of shape (height, width, 3), not {pixels.dtype} of shape {pixels.shape}")
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG", compress_level=3)
    return out.getvalue()


def encode_picture(picture: object) -> bytes | None:
    """Return a picture of Pillow as the bytes of a file without loss, turned as its EXIF data say; None if it is none.

    Raises ImageError if it cannot be read any more, e.g. because its file was closed.
    """
    if not isinstance(picture, Image.Image):
        return None
    out = io.BytesIO()
    try:
        shown = ImageOps.exif_transpose(picture)
        shown.save(out, "PNG" if shown.mode in {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"} else "TIFF")
    except Exception as error:  # of files that are read only now, which may be anything
        raise ImageError(f"the picture cannot be read: {error}.") from error
    return out.getvalue()
