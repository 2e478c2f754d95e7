"""``doc_to_image``: the images that a row shows, and where they stand in its text.

Functions of a task file pass images on and do not look into them, so a row has a short name in place of each image,
and what ``doc_to_image`` gives is looked up by it.  A text says ``<image>`` where an image stands, once for each;
images of a text that says it nowhere stand before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError
from fairtrial.records import ImagePart, Part, place_images
from fairtrial.records.content import PLACEHOLDER, name_image
from fairtrial.tasks.data.images import ImageReader, read_image_source
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.lmeval.template import Fields, TemplateField

MOST_IMAGES = 64
"""Of one row."""

_NAMED = re.compile(r"<image ([0-9a-f]{32})>")


class Pictures:
    """The images of a task's rows.

    Args:
        field: the task's ``doc_to_image``; None for a task without images.
        folder: what paths of images are relative to; None where rows lie in no folder.
    """

    def __init__(self, field: TemplateField, folder: Path | None) -> None:
        self._field = field
        self._reader = ImageReader(folder or Path(), look=False)
        self._local = folder is not None
        self._parts: dict[str, ImagePart] = {}

    @property
    def shown(self) -> bool:
        """Whether the task shows images."""
        return self._field is not None

    def name(self, rows: Sequence[RowDict]) -> list[RowDict]:
        """Return rows with the name of an image in place of it."""
        return [{key: self._name(value) for key, value in row.items()} for row in rows] if self.shown else [*rows]

    def _name(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._name(part) for part in value]
        packed = isinstance(value, Mapping) and isinstance(value.get("bytes"), bytes)
        if not packed and not isinstance(value, bytes):
            return value
        try:
            return self._keep(self._reader.read(value))
        except DataError:
            return value  # bytes that are no image: what shows them says so

    def _keep(self, image: ImagePart) -> str:
        self._parts[image.hash] = image
        return name_image(image)

    def of(self, row: Mapping[str, Any], fields: Fields) -> tuple[ImagePart, ...]:
        """Return the images that a row shows.  Raises DataError if ``doc_to_image`` gives something else."""
        if not self.shown:
            return ()
        found = fields.images(self._field, row)
        values = [one for one in (found if isinstance(found, list) else [found]) if one is not None]
        if len(values) > MOST_IMAGES:
            raise DataError(f"doc_to_image gives {len(values)} images; the most is {MOST_IMAGES}")
        return tuple(map(self._find, values))

    def _find(self, value: Any) -> ImagePart:
        named = _NAMED.fullmatch(value) if isinstance(value, str) else None
        if named and named[1] in self._parts:
            return self._parts[named[1]]
        try:
            if isinstance(value, str) and not self._local and not value.startswith("data:"):
                raise DataError("is a path, and the rows lie in no folder")
            image = self._reader.read(value)
        except DataError as error:
            shown = repr(value) if len(repr(value)) < 80 else f"{repr(value)[:79]}…"
            raise DataError(f"the image {shown} that doc_to_image gives {error.message}") from error
        self._parts[image.hash] = image
        return image

    def read(self, image: ImagePart) -> bytes:
        """Return the bytes of an image that a row shows."""
        return read_image_source(image, self._reader.sources[image.hash])


def hide_names(value: Any) -> Any:
    """Return a value of a row with a placeholder where the name of an image stands."""
    if isinstance(value, str):
        return PLACEHOLDER if _NAMED.fullmatch(value) else value
    return [hide_names(part) for part in value] if isinstance(value, list) else value


def place(text: str, images: Sequence[ImagePart], required: bool) -> tuple[Part, ...]:
    """Return a text with its images where it says ``<image>``, or before it if it says so nowhere.

    Args:
        text: of a question.
        images: in order.
        required: whether a placeholder without an image is an error; else it is plain text.

    Raises DataError if the text says ``<image>`` more or less often than there are images.
    """
    count = text.count(PLACEHOLDER)
    if images and not count:
        return place_images(f"{PLACEHOLDER}\n" * len(images) + text, images)
    if count != len(images) and (images or required):
        number = f"{len(images)} image{'' if len(images) == 1 else 's'}" if images else "none"
        raise DataError(f"doc_to_text has {count} times {PLACEHOLDER}, and doc_to_image gives {number}")
    return place_images(text, images)
