"""How engines run, apart from what they are asked.  Nothing here changes an answer beyond the last digits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from fairtrial.errors import EngineError, FairtrialError
from fairtrial.records import ImagePart

ReadImage = Callable[[ImagePart], bytes]
"""Returns the bytes of an image."""


def refuse_image(image: ImagePart) -> bytes:
    """Say that there are no bytes: the engine was opened without a ledger that holds them."""
    raise EngineError(f"the bytes of the image {image.hash} are not to be had here.", fix="Ask it in a trial.")


class ImageSources:
    """Reads images from several places: those added are asked first, the last one first of all."""

    def __init__(self, read: ReadImage) -> None:
        """Begin with one place."""
        self._places: list[ReadImage] = [read]

    def add(self, read: ReadImage) -> None:
        """Add a place; it raises a FairtrialError for an image that it lacks."""
        self._places.append(read)

    def __call__(self, image: ImagePart) -> bytes:
        """Return the bytes of an image.  Raises what the first place raises if no place has them."""
        for read in reversed(self._places[1:]):
            with suppress(FairtrialError):
                return read(image)
        return self._places[0](image)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Settings of a machine, not of a candidate.

    Attributes:
        threads: processor threads; None takes as many as there are physical cores to be had.
        batch_tokens: tokens of one pass through the network; None takes what suits the machine.
        flash_attention: None lets the engine choose.
        read_image: gives the bytes of the images in prompts.
        on_note: called, from any thread, with a line about what takes time; None if nobody wants to know.
    """

    threads: int | None = None
    batch_tokens: int | None = None
    flash_attention: bool | None = None
    read_image: ReadImage = field(default=refuse_image, compare=False, repr=False)
    on_note: Callable[[str], None] | None = field(default=None, compare=False, repr=False)
