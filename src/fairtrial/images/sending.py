"""What is sent to an endpoint for an image."""

from __future__ import annotations

from functools import lru_cache

from fairtrial.images.decoding import decode, encode_png
from fairtrial.images.recognising import SENT_AS_THEY_ARE


@lru_cache(maxsize=8)
def prepare_to_send(data: bytes) -> tuple[str, bytes]:
    """Return the media type and bytes that make an endpoint show what every other engine is shown.

    These are the bytes as they are where nothing had to be decided to show them and servers know their kind (PNG, JPEG,
    WebP, GIF); else a PNG of the pixels.  Raises ImageError as `decode` does.
    """
    image = decode(data)
    if image.media_type in SENT_AS_THEY_ARE and not image.decided:
        return image.media_type, data
    return "image/png", encode_png(image.pixels)
