"""Pictures made harder to see: blurred, turned, compressed, partly covered, noisy.  Pure functions of pixels."""

from __future__ import annotations

import io

import numpy as np
from numpy.random import PCG64, SeedSequence
from numpy.typing import NDArray
from PIL import Image, ImageFilter

_Pixels = NDArray[np.uint8]
COVER = (128, 128, 128)
STRIPES = 12
"""Stripes across the shorter side of a picture that is partly covered."""


def blur(pixels: _Pixels, radius: float) -> _Pixels:
    """Return a picture blurred by a normal kernel.

    Args:
        pixels: uint8 of shape (height, width, 3).
        radius: standard deviation in pixels.
    """
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def turn(pixels: _Pixels, degrees: float) -> _Pixels:
    """Return a picture turned clockwise and shrunk to its size, so that nothing is cut off.

    What comes into view has the commonest colour of the picture's edge.
    """
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colours, counts = np.unique(edge, axis=0, return_counts=True)
    fill = tuple(int(part) for part in colours[counts.argmax()])
    picture = Image.fromarray(pixels)
    turned = picture.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)
    scale = min(picture.width / turned.width, picture.height / turned.height)
    small = turned.resize((round(turned.width * scale), round(turned.height * scale)), Image.Resampling.LANCZOS)
    shown = Image.new("RGB", picture.size, fill)
    shown.paste(small, ((picture.width - small.width) // 2, (picture.height - small.height) // 2))
    return np.asarray(shown)


def compress(pixels: _Pixels, quality: int) -> _Pixels:
    """Return a picture as it looks after JPEG compression, ``quality`` 1 to 95 as in libjpeg."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out).convert("RGB"))


def cover(pixels: _Pixels, share: float) -> _Pixels:
    """Return a picture behind slanting grey stripes that cover ``share`` of it, each thinner than what it shows."""
    height, width = pixels.shape[:2]
    period = max(6, min(height, width) // STRIPES)
    place = np.add.outer(np.arange(height), np.arange(width)) % period
    shown = pixels.copy()
    shown[place < round(share * period)] = COVER
    return shown


def add_noise(pixels: _Pixels, strength: float, seed: int) -> _Pixels:
    """Return a picture with about normal noise in each channel, the same for the same seed on every machine.

    Args:
        pixels: uint8 of shape (height, width, 3).
        strength: standard deviation in hundredths of the range.
        seed: not negative.
    """
    raw = PCG64(SeedSequence(seed)).random_raw(pixels.size)
    parts = np.asarray(raw, dtype="<u8").view(np.uint8).reshape(-1, 8)
    normal = (parts.sum(axis=1, dtype=np.int64) - 1020) / np.sqrt(8 * (256**2 - 1) / 12)
    noisy = pixels + normal.reshape(pixels.shape) * strength / 100 * 255
    shown: _Pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return shown
