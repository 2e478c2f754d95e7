"""From the image that a prompt names to the pixels that a model is shown.  Knows no model."""

from __future__ import annotations

from fairtrial.engines.local.images import Pixels, ReadPixels
from fairtrial.engines.settings import ReadImage
from fairtrial.images import decode
from fairtrial.records import ImagePart


def make_pixel_reader(read_image: ReadImage) -> ReadPixels:
    """Return what gives an image's pixels, (height, width, 3); ``read_image`` gives the bytes of its file."""

    def read(image: ImagePart) -> Pixels:
        return decode(read_image(image)).pixels

    return read
