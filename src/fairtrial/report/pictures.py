"""Images in a report: small copies as ``data:`` URLs, within a limit for the whole page.  Reads the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.errors import FairtrialError
from fairtrial.images import make_thumbnail
from fairtrial.ledger import Ledger
from fairtrial.ledger.blobs import read_facts, read_image
from fairtrial.records import ImageFacts, ImagePart, Item, make_data_url

MOST_CHARACTERS = 3_000_000
"""Of all images of a report together, as they stand in the page."""

SIDE = 384
"""Pixels of the longer side of an image in a report, at most."""

BROWSER_IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""Kinds of images that every browser shows; an SVG is a document that can hold anything."""

MOST_BYTES = 300_000
LARGEST_SIDE = 1024
"""Bytes, and pixels of the longer side, of an image that the page of all answers shows as it is."""

LONGEST_ALT = 200
"""Characters of what stands for an image where it cannot be seen."""


@dataclass(frozen=True, slots=True)
class ShownImage:
    """An image as a page shows it.

    Attributes:
        url: a ``data:`` URL; empty if it is not shown.
        alt: what it is, for those who cannot see it.
        width: in pixels, of what is shown; 0 if it is not shown.
        height: in pixels.
        note: what a person should know of it: its real size, what was decided to show it, or why it is not shown.
    """

    url: str
    alt: str
    width: int = 0
    height: int = 0
    note: str = ""


class ReportPictures:
    """Gives the images of one report, as long as there is room."""

    def __init__(self, ledger: Ledger, room: int = MOST_CHARACTERS, side: int = SIDE) -> None:
        self._ledger, self._room, self._side = ledger, room, side
        self._made: dict[str, ShownImage] = {}

    def show(self, image: ImagePart, alt: str) -> ShownImage:
        """Return an image as the page shows it."""
        if image.hash not in self._made:
            self._made[image.hash] = self._make(image)
        made = self._made[image.hash]
        if len(made.url) > self._room:
            return ShownImage("", alt, note="not shown: the page has as many images as it may hold")
        self._room -= len(made.url)
        return ShownImage(made.url, alt, made.width, made.height, made.note)

    def show_all(self, item: Item, images: Sequence[ImagePart]) -> tuple[ShownImage, ...]:
        """Return images of an item as the page shows them."""
        return tuple(self.show(image, describe_image(item, image)) for image in images)

    def _make(self, image: ImagePart) -> ShownImage:
        try:
            facts = read_facts(self._ledger, image)
            small = make_thumbnail(read_image(self._ledger, image), self._side)
        except FairtrialError as error:
            return ShownImage("", "", note=f"not shown: {error.message}")
        return ShownImage(
            make_data_url(small.media_type, small.data), "", small.width, small.height, _tell(facts, small.width)
        )


def _tell(facts: ImageFacts | None, width: int) -> str:
    """Return what a person should know of an image that is shown so many pixels wide."""
    if facts is None:
        return ""
    told = [f"{facts.width}×{facts.height} pixels, shown smaller"] if facts.width > width else []
    return "; ".join([*told, *(note.text for note in facts.notes)])


def describe_image(item: Item, image: ImagePart) -> str:
    """Return what stands for an image of an item where it cannot be seen: the item's own ``alt``, else its question.

    ``alt`` in the item's row is a text, or a list of one for each image.
    """
    place = item.images.index(image) if image in item.images else None
    own = item.data.get("alt")
    if isinstance(own, list | tuple) and place is not None and place < len(own):
        own = own[place]
    if isinstance(own, str) and own.strip():
        return _shorten(own)
    number = "an image of an example" if place is None else f"image {place + 1} of the question"
    return _shorten(f"{number}: {item.question}") if item.question.strip() else number


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_ALT else text[: LONGEST_ALT - 1] + "…"


def make_page_image(image: ImagePart, data: bytes) -> tuple[str, bytes]:
    """Return media type and bytes of an image for the page of all answers: as it is, or a smaller copy.

    Raises ImageError if it is too large, or of a kind that browsers do not show, and cannot be decoded.
    """
    if image.media_type in BROWSER_IMAGES and len(data) <= MOST_BYTES:
        return image.media_type, data
    small = make_thumbnail(data, LARGEST_SIDE)
    return small.media_type, small.data
