"""Where the images of a row stand in its text.

Where the prompt's template names them; else where the text itself does, as ``<image>`` once for each or by number,
``<image 2>``; else before the text, each on a line of its own.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fairtrial.errors import DataError
from fairtrial.records import ImagePart
from fairtrial.records.content import PLACEHOLDER
from fairtrial.tasks.own.images import RowImages

_MARK = "\ufdd0{}\ufdd1"
"""Stands for an image while a template is filled: characters that are none, so that no text has them."""

_MARKED = re.compile("\ufdd0([0-9]+)\ufdd1")
_NUMBERED = re.compile(r"<image[ _]?([0-9]{1,2})>")


def mark_images(images: RowImages) -> Mapping[str, str]:
    """Return what a template shows for each column of images."""
    return {name: "\n".join(map(_MARK.format, places)) for name, places in images.places.items()}


def place_row_images(text: str, images: Sequence[ImagePart]) -> tuple[str, tuple[ImagePart, ...]]:
    """Return a row's text with a placeholder for each image, and the images in this order.

    Raises DataError if the text has placeholders of its own, and not one for each image.
    """
    if not images:
        return _MARKED.sub("", text), ()
    own = text.count(PLACEHOLDER)
    if _MARKED.search(text):
        if own:
            raise DataError(
                f"the prompt places the images, and the row's text has {PLACEHOLDER} as well.",
                fix=f"Leave one of the two out; `{PLACEHOLDER}` in a text stands for an image.",
            )
        return _replace(_MARKED, text, images, 0)
    if any(0 < int(number) <= len(images) for number in _NUMBERED.findall(text)):
        if own:
            raise DataError(
                f"the text names images both by number and as {PLACEHOLDER}.",
                fix=f"Number all of them, `<image 1>`, or none; a plain `{PLACEHOLDER}` stands for the next one.",
            )
        placed, shown = _replace(_NUMBERED, text, images, 1)
        named = {int(number) - 1 for number in _NUMBERED.findall(text)}
        rest = [image for at, image in enumerate(images) if at not in named]
        return _put_before(placed, len(rest)), (*rest, *shown)
    if own == len(images):
        return text, tuple(images)
    if own:
        raise DataError(
            f"the text has {own} times {PLACEHOLDER}, and the row has {len(images)} image{'s'[: len(images) - 1]}."
        )
    return _put_before(text, len(images)), tuple(images)


def _put_before(text: str, count: int) -> str:
    return f"{PLACEHOLDER}\n" * count + text


def _replace(
    pattern: re.Pattern[str], text: str, images: Sequence[ImagePart], first: int
) -> tuple[str, tuple[ImagePart, ...]]:
    """Return a text with placeholders for the images that a pattern's numbers name, and these images."""
    shown: list[ImagePart] = []

    def put(match: re.Match[str]) -> str:
        at = int(match[1]) - first
        if not 0 <= at < len(images):
            return match[0]
        shown.append(images[at])
        return PLACEHOLDER

    return pattern.sub(put, text), tuple(shown)
