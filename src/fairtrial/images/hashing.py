"""The hash of a picture's pixels."""

from __future__ import annotations

from PIL import Image

from fairtrial.records.hashing import hash_bytes


def hash_picture(picture: Image.Image) -> str:
    """Return the hash of a picture's size and pixels (rows from the top, RGB, one byte a channel)."""
    return hash_bytes(f"{picture.width}x{picture.height}:".encode() + picture.tobytes())
