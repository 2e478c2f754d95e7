"""What is known of an image beside its bytes: its size, its pixels as they are shown, what was decided to show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ImageNote:
    """Something about how a file became pixels.

    Attributes:
        kind: name of the decision, e.g. ``turned``; one word, for programs.  All are in `NOTE_KINDS`.
        text: the same for people, about one image: ``turned by its EXIF orientation (6)``.
    """

    kind: str
    text: str


NOTE_KINDS: Mapping[str, str] = {
    "turned": "turned or mirrored, as the EXIF data say",
    "first_frame": "animated or of several pictures, of which the first one is shown",
    "first_page": "of several pages, of which the first one is shown",
    "on_white": "transparent in parts, shown on white",
    "from_16_bit": "of 16 bits a channel, shown with 8",
    "from_cmyk": "in the colours of print (CMYK), shown in RGB",
    "exif_unreadable": "with EXIF data that cannot be read, shown as stored",
    "one_colour": "of one colour all over",
}
"""Kinds of notes, and what images with such a note are."""

OBSERVED = frozenset({"one_colour"})
"""Kinds that tell what is seen; all others are decisions: another program may show other pixels."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image is.

    Attributes:
        media_type: told by its bytes, whatever its name says.
        width: in pixels, as it is shown.
        height: in pixels, as it is shown.
        pixels: hash of the pixels as they are shown, 32 hexadecimal digits; see `fairtrial.images.hashing`.
        notes: decisions that were taken to show it, and what is odd about it.
    """

    media_type: str
    width: int
    height: int
    pixels: str
    notes: tuple[ImageNote, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether its pixels hang on a decision, so that another program may show something else."""
        return any(note.kind not in OBSERVED for note in self.notes)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        notes = [[note.kind, note.text] for note in self.notes]
        return {"media_type": self.media_type, "width": self.width, "height": self.height, "pixels": self.pixels,
                "notes": notes}  # fmt: skip

    @classmethod
    def from_document(cls, body: Mapping[str, Any]) -> ImageFacts:
        """Return what `document` described; raises KeyError, TypeError or ValueError if that is nothing of the kind."""
        notes = tuple(ImageNote(str(kind), str(text)) for kind, text in body["notes"])
        return cls(str(body["media_type"]), int(body["width"]), int(body["height"]), str(body["pixels"]), notes)
