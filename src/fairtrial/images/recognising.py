"""Which kind of file some bytes are, by their beginning; names are not asked.  Knows nothing of Pillow.

Kinds that are read are in `KINDS`; others that people take for images are refused by name, with what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairtrial.errors import ImageError

MOST_BYTES = 32 << 20
"""Largest file that is read."""

READ = "PNG, JPEG, WebP, GIF, BMP and TIFF"


@dataclass(frozen=True, slots=True)
class ImageKind:
    """A kind of image file that is read.

    Attributes:
        name: for people.
        pillow: the same for Pillow.
        media_type: its registered type.
        magic: how its bytes begin.
    """

    name: str
    pillow: str
    media_type: str
    magic: re.Pattern[bytes]


KINDS = (
    ImageKind("PNG", "PNG", "image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ImageKind("JPEG", "JPEG", "image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ImageKind("WebP", "WEBP", "image/webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    ImageKind("GIF", "GIF", "image/gif", re.compile(rb"GIF8[79]a")),
    ImageKind(
        "BMP", "BMP", "image/bmp", re.compile(rb"BM.{4}\x00{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00{3}", re.DOTALL)
    ),
    ImageKind("TIFF", "TIFF", "image/tiff", re.compile(rb"II\*\x00|MM\x00\*|II\x2b\x00|MM\x00\x2b")),
)
"""Kinds that are read; the type of a BMP's header must be a known one, since two letters are few."""

SENT_AS_THEY_ARE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""Media types that servers and browsers show."""

_DRAWING = (
    "Draw it as PNG first, at the size at which it is to be seen: what a drawing looks like hangs on who draws it."
)
_CONVERT = "Convert it to PNG or JPEG first."
_REFUSED: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"%PDF-"), "a PDF document", "Make an image of each page first, e.g. with pdftoppm -png."),
    (re.compile(rb"%!PS|\xc5\xd0\xd3\xc6"), "a PostScript drawing", _DRAWING),
    (re.compile(rb"....ftyp(heic|heix|hevc|mif1|msf1|heim)", re.DOTALL), "an HEIC photograph", _CONVERT),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "an AVIF image", _CONVERT),
    (re.compile(rb"....ftyp", re.DOTALL), "a video (MP4)", "Take the frames out first."),
    (re.compile(rb"RIFF....AVI |\x1a\x45\xdf\xa3", re.DOTALL), "a video", "Take the frames out first."),
    (re.compile(rb"\xff\x0a|\x00\x00\x00\x0cJXL "), "a JPEG XL image", _CONVERT),
    (re.compile(rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"), "a JPEG 2000 image", _CONVERT),
    (re.compile(rb"8BPS"), "a Photoshop document", _CONVERT),
    (re.compile(rb"\x00\x00[\x01\x02]\x00"), "an icon", _CONVERT),
    (re.compile(rb"P[1-7]\s"), "a Netpbm image", _CONVERT),
    (re.compile(rb"#\?RADIANCE|\x76\x2f\x31\x01"), "an image of high dynamic range", "Map its tones to 8 bits first."),
    (re.compile(rb".{128}DICM", re.DOTALL), "a DICOM image", "Choose a window of its values, and save that as PNG."),
    (re.compile(rb"PK\x03\x04|\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!"), "an archive", "Unpack it first."),
    (
        re.compile(rb"version https://git-lfs"),
        "a pointer of Git LFS, not the image itself",
        "Run `git lfs pull` first.",
    ),
)
_TEXTS: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"<svg[\s>/]|<!doctype svg", re.IGNORECASE), "an SVG drawing", _DRAWING),
    (re.compile(rb"<!doctype html|<html|<head|<body", re.IGNORECASE), "a web page",
     "A download probably gave an error page; fetch the image again."),
    (re.compile(rb"\s*data:image/", re.IGNORECASE), "a data URL written to a file", "Decode its base64 first."),
)  # fmt: skip


def recognise(data: bytes, where: str = "") -> ImageKind:
    """Return what kind of image some bytes are.

    Args:
        data: the file.
        where: names it in errors.

    Raises:
        ImageError: it is empty, too large, or of a kind that is not read.
    """
    if not data:
        raise ImageError("the image is empty: it has 0 bytes.", where=where, fix="Fetch or make the file again.")
    if len(data) > MOST_BYTES:
        raise ImageError(
            f"the image has {len(data):,} bytes; the most is {MOST_BYTES:,}.", where=where, fix="Make it smaller first."
        )
    for kind in KINDS:
        if kind.magic.match(data):
            return kind
    for pattern, what, fix in _REFUSED:
        if pattern.match(data):
            raise ImageError(f"this is {what}; images are read from {READ}.", where=where, fix=fix)
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    for pattern, what, fix in _TEXTS:
        if (pattern.search(head) and not head.lstrip()[:1].isalnum()) or pattern.match(head):
            raise ImageError(f"this is {what}; images are read from {READ}.", where=where, fix=fix)
    begins = ", it is all zeros" if not data.strip(b"\0") else f"; it begins with {data[:12]!r}"
    raise ImageError(
        f"this is no image of a known kind{begins}. Images are read from {READ}.",
        where=where,
        fix="If it opens in an image viewer, save it as PNG there; else fetch the file again.",
    )
