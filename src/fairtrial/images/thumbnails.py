"""Small copies of images, for pages: made anew from the pixels, so that nothing else of a file gets into a page."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fairtrial.images.decoding import decode

COLOURS = 256
QUALITY = 82


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small copy of an image.

    Attributes:
        media_type: ``image/png`` or ``image/jpeg``, whichever is smaller.
        data: bytes of the file.
        width: in pixels.
        height: in pixels.
    """

    media_type: str
    data: bytes
    width: int
    height: int


def make_thumbnail(data: bytes, side: int, where: str = "") -> Thumbnail:
    """Return a copy of an image that is at most ``side`` pixels wide and high; smaller images keep their size.

    Raises ImageError if the image cannot be decoded; see `fairtrial.images.decode`.
    """
    picture = Image.fromarray(decode(data, where).pixels)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    drawn = _encode(_index_colours(picture), "PNG", optimize=True)
    photo = _encode(picture, "JPEG", quality=QUALITY, subsampling=0)
    # what is drawn stays sharp unless that costs much
    media_type, chosen = ("image/png", drawn) if len(drawn) <= 2 * len(photo) else ("image/jpeg", photo)
    return Thumbnail(media_type, chosen, picture.width, picture.height)


def _index_colours(picture: Image.Image) -> Image.Image:
    """Return a picture of few colours with a palette of just these; others as they are."""
    if picture.getcolors(COLOURS) is None:
        return picture
    pixels = np.asarray(picture)
    colours, places = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    indexed = Image.frombytes("P", picture.size, places.astype(np.uint8).tobytes())
    indexed.putpalette(colours.tobytes())
    return indexed


def _encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
