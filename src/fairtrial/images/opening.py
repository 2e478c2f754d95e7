"""Bytes of a file to a picture of Pillow's in RGB, as it is shown, with every decision noted.

Decisions: the first frame or page, turned as EXIF says, transparent parts on white, 16 bits to 8 by their upper half,
CMYK to RGB without profile.  Colour profiles and gamma are not applied: preprocessors of models do not either.  What is
truncated, damaged or has no agreed look is refused.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageOps, UnidentifiedImageError

from fairtrial.errors import ImageError
from fairtrial.images.recognising import ImageKind, recognise
from fairtrial.records.images import ImageNote

MOST_PIXELS = 40_000_000
"""Largest picture that is read: more than a page at 600 dots an inch, or a photograph of most cameras."""

MOST_SIDE = 65_000

_SMALLER = "Make it smaller first: models see far fewer pixels."

_ORIENTATION = 0x0112
_TURNS = frozenset({2, 3, 4, 5, 6, 7, 8})
_BITS, _SAMPLES = 258, 277
_QUIET = threading.Lock()


@contextmanager
def _ignore_warnings() -> Iterator[None]:
    """Keep Pillow's warnings about odd files from being printed: what matters is noted or refused."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_picture(data: bytes, where: str = "") -> tuple[Image.Image, ImageKind, tuple[ImageNote, ...]]:
    """Return a file's picture in mode RGB, what kind of file it is, and what was decided to show it.

    Raises ImageError if it is no image of a known kind, too large, damaged, or of no agreed look.
    """
    kind = recognise(data, where)
    try:
        with _ignore_warnings():
            picture, notes = _open(data, kind)
    except _RefusedError as error:
        raise ImageError(error.message, where=where, fix=error.fix) from None
    except MemoryError:
        raise ImageError(f"the {kind.name} image takes more memory than it may.", where=where) from None
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"the {kind.name} image says that it has {_find_count(error)} pixels; the most is {MOST_PIXELS:,}.",
            where=where,
            fix=_SMALLER,
        ) from None
    except Exception as error:  # hostile files make Pillow raise nearly anything
        if "MAX_TEXT" in str(error):
            told = f"the {kind.name} image has comments that unpack to more than is read."
            raise ImageError(told, where=where, fix="Save it again without comments.") from None
        raise ImageError(
            f"the {kind.name} image is damaged or cut off: {_explain(error)}.",
            where=where,
            fix="Fetch or make the file again.",
        ) from error
    if picture.width == 0 or picture.height == 0:
        raise ImageError(f"the {kind.name} image is {picture.width}x{picture.height} pixels large.", where=where)
    if all(low == high for low, high in picture.getextrema()):  # type: ignore[misc]
        notes = (*notes, ImageNote("one_colour", "all its pixels have one colour"))
    return picture, kind, notes


def _find_count(error: Image.DecompressionBombError) -> str:
    found = re.search(r"\d+", str(error))
    return f"{int(found[0]):,}" if found else "too many"


def _explain(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "what stands at its beginning makes no sense"
    return " ".join(str(error).split())[:120].rstrip(".") or type(error).__name__


class _RefusedError(Exception):
    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message, self.fix = message, fix


def _open(data: bytes, kind: ImageKind) -> tuple[Image.Image, tuple[ImageNote, ...]]:
    with Image.open(io.BytesIO(data), formats=[kind.pillow]) as picture:
        _check_size(picture, kind)
        notes = list(_note_frames(picture, kind))
        deep = _count_bits(picture, data, kind) > 8
        paged = kind.pillow == "TIFF"
        turn = _read_turn(picture, notes) if paged else 0  # Pillow turns pages while it reads them
        picture.load()
        _check_size(picture, kind)
        if not paged:  # where EXIF data may stand behind the pixels, asking for them reads these
            turn = _read_turn(picture, notes)
        shown = _to_rgb(picture, kind, deep, notes)
    if turn and not paged:
        shown = _turn(shown, turn)
    return shown, tuple(notes)


def _check_size(picture: Image.Image, kind: ImageKind) -> None:
    width, height = picture.size
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise _RefusedError(
            f"the {kind.name} image is {width:,} x {height:,} pixels large; the most is {MOST_PIXELS:,} pixels and "
            f"{MOST_SIDE:,} on a side.",
            _SMALLER,
        )


def _note_frames(picture: Image.Image, kind: ImageKind) -> Iterator[ImageNote]:
    """Yield that there are more frames or pages than the first; they are not counted, for there may be very many."""
    if not getattr(picture, "is_animated", False):
        return
    if kind.pillow == "TIFF":
        yield ImageNote("first_page", "the first of several pages")
    elif picture.format == "MPO":
        yield ImageNote("first_frame", "the first of several pictures in one file")
    else:
        yield ImageNote("first_frame", "the first frame of an animation")


def _count_bits(picture: Image.Image, data: bytes, kind: ImageKind) -> int:
    """Return the bits of a channel in the file."""
    if kind.pillow == "PNG":
        return data[24] if len(data) > 24 else 8
    if kind.pillow == "TIFF":
        bits = picture.tag_v2.get(_BITS, (8,))  # type: ignore[attr-defined]
        return int(max(bits)) if isinstance(bits, tuple) else int(bits)
    return 8


def _read_turn(picture: Image.Image, notes: list[ImageNote]) -> int:
    """Return how EXIF data say that a picture is turned; 0 for not at all."""
    try:
        turn = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # whatever hostile data make Pillow raise
        notes.append(ImageNote("exif_unreadable", "its EXIF data cannot be read, so it is shown as stored"))
        return 0
    if turn in _TURNS:
        notes.append(ImageNote("turned", f"turned by its EXIF orientation ({turn})"))
        return int(turn)
    return 0


def _turn(picture: Image.Image, turn: int) -> Image.Image:
    exif = Image.Exif()
    exif[_ORIENTATION] = turn
    picture.info["exif"] = exif.tobytes()
    return ImageOps.exif_transpose(picture)


def _to_rgb(picture: Image.Image, kind: ImageKind, deep: bool, notes: list[ImageNote]) -> Image.Image:
    if picture.mode == "F" or (picture.mode == "I" and kind.pillow != "PNG"):
        raise _RefusedError(
            f"the {kind.name} image has channels of 32 bits, for which no brightness is agreed.",
            "Save it with 8 or 16 bits a channel first.",
        )
    if picture.mode not in {"1", "L", "P", "LA", "La", "PA", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr",
                            "I", "I;16", "I;16L", "I;16B", "I;16N"}:  # fmt: skip
        raise _RefusedError(f"the {kind.name} image has colours of the kind {picture.mode}.", "Save it in RGB first.")
    if deep:
        notes.append(ImageNote("from_16_bit", "its 16-bit channels are shown with their upper 8 bits"))
    if picture.mode.startswith("I"):
        return _take_upper_bytes(picture).convert("RGB")
    if picture.mode == "CMYK":
        notes.append(ImageNote("from_cmyk", "its CMYK colours are shown in RGB, without a colour profile"))
        return picture.convert("RGB")
    if picture.has_transparency_data:
        return _put_on_white(picture, notes)
    return picture.convert("RGB")


def _take_upper_bytes(picture: Image.Image) -> Image.Image:
    """Return a picture of one 16-bit channel with 8 bits."""
    if picture.mode == "I":
        picture = picture.convert("I;16")
    return Image.frombytes("L", picture.size, picture.tobytes("raw", "I;16")[1::2])


def _put_on_white(picture: Image.Image, notes: list[ImageNote]) -> Image.Image:
    seen = picture.convert("RGBA")
    if seen.getchannel("A").getextrema()[0] == 255:
        return seen.convert("RGB")
    notes.append(ImageNote("on_white", "its transparent parts are shown on white"))
    ground = Image.new("RGBA", seen.size, (255, 255, 255, 255))
    ground.alpha_composite(seen)
    return ground.convert("RGB")
