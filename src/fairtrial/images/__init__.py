"""Images: bytes of a file to pixels, within limits, and back.  Pillow opens files here only; tasks draw with it, too.

`decode` gives the pixels that every engine is shown.  `examine` does the same for files that nobody has looked at yet,
in a process of its own with limits, and tells what it found without the pixels; what has passed it may be decoded.
`encode_png` writes drawn pictures, `prepare_to_send` what an endpoint is sent,
`make_thumbnail` what a page shows, `read_caption` what a file says of itself.
"""

from fairtrial.images.captions import Caption, read_caption
from fairtrial.images.decoding import DecodedImage, decode, encode_picture, encode_png
from fairtrial.images.examining import examine
from fairtrial.images.sending import prepare_to_send
from fairtrial.images.thumbnails import Thumbnail, make_thumbnail

__all__ = [
    "Caption",
    "DecodedImage",
    "Thumbnail",
    "decode",
    "encode_picture",
    "encode_png",
    "examine",
    "make_thumbnail",
    "prepare_to_send",
    "read_caption",
]
