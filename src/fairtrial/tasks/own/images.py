"""The images of a file's rows: which columns hold them, in which ways cells name them, and where they lie.

A cell is a path, a ``data:`` URL, base64, bytes (Parquet), ``{"bytes": ..., "path": ...}``, or a list of these.  Paths
stay in one folder, links followed; nothing is fetched from the network.  Every image is looked at once, in a process
with limits, before anything is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError, SpecError
from fairtrial.records import ImageFacts, ImagePart
from fairtrial.records.content import PLACEHOLDER
from fairtrial.spec.own import ImageColumns
from fairtrial.tasks.data.images import ImageReader, find_image_kind, read_image_source, split_cell
from fairtrial.tasks.own.columns import fold_name
from fairtrial.tasks.own.faults import show

USUAL = (
    "image", "images", "imagepath", "imagepaths", "imagefile", "imagefiles", "imagefilename", "img", "imgs", "imgpath",
    "imgfile", "filename", "picture", "pictures", "picturepath", "photo", "photos", "figure", "figures", "screenshot",
    "diagram", "scan",
)  # fmt: skip
"""Names of columns that hold images if their cells look like such."""

CERTAIN = frozenset(USUAL[:11])
"""Names by which a column is an image, so that cells of another kind are a mistake and not left aside."""

MOST_IMAGES = 64
"""Of one row."""

_SERIES = re.compile(r"(?:image|img|picture|photo|figure|imagepath|imgpath)(?P<number>\d{1,2})")
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class RowImages:
    """The images of one row.

    Attributes:
        parts: all of them, in the order of the columns.
        places: of each column, which of ``parts`` it holds.
        fault: what is wrong with one of them; empty if nothing.
    """

    parts: tuple[ImagePart, ...] = ()
    places: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    fault: str = ""


NO_IMAGES = RowImages()


@dataclass(slots=True)
class OwnImages:
    """All images of a file.

    Attributes:
        columns: that hold them.
        rows: of each row.
        facts: what each of them is, by its hash.
        sources: where its bytes are, by its hash: a file, or the bytes themselves.
    """

    columns: tuple[str, ...]
    rows: list[RowImages] = field(default_factory=list)
    facts: dict[str, ImageFacts] = field(default_factory=dict)
    sources: dict[str, Path | bytes] = field(default_factory=dict)

    def read(self, image: ImagePart) -> bytes:
        """Return the bytes of an image.  Raises DataError if its file has changed since it was looked at."""
        return read_image_source(image, self.sources[image.hash])


def find_image_columns(names: Sequence[str], rows: Sequence[Mapping[str, Any]], said: ImageColumns | None) -> list[str]:
    """Return the columns of images: those that are said, else those whose names and cells are those of images.

    Raises SpecError if a column has the name of one, and its cells are something else.
    """
    if said is not None and (said.columns or not said.folder):
        return list(said.columns)
    numbered = {name: int(match["number"]) for name in names if (match := _SERIES.fullmatch(fold_name(name)))}
    plain = [name for name in names if fold_name(name) in USUAL]
    certain = [name for name in plain if fold_name(name) in CERTAIN]
    found = [name for name in plain if _look_like_images(rows, name)]
    found += sorted((name for name in numbered if _look_like_images(rows, name)), key=numbered.__getitem__)
    if not found and (odd := next((name for name in certain if _has_any(rows, name)), "")):
        cell = next(row[odd] for row in rows if row[odd] is not None)
        raise SpecError(
            f"the column {odd!r} has a name of images, and its cells, e.g. {show(cell)}, are no paths of image files, "
            "data URLs or base64.",
            fix=f"If it holds other things, say so: image: []. If it holds images: image: {odd}.",
        )
    named = [name for name in found if name in plain]
    return (_drop_lesser_names(rows, named) if len(named) > 1 else named) + [
        name for name in found if name not in plain
    ]


def _drop_lesser_names(rows: Sequence[Mapping[str, Any]], found: list[str]) -> list[str]:
    """Leave out columns that only say again where the images of another one come from, e.g. ``file_name``."""
    sure = [name for name in found if fold_name(name) in CERTAIN]
    embedded = [name for name in sure if any(not _is_path(row[name]) for row in rows[:_LOOKED_AT] if row[name])]
    return embedded[:1] or sure[:1] or found[:1]


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and find_image_kind(value) == "path"


def _has_any(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(row[name] is not None for row in rows)


def _look_like_images(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    present = [row[name] for row in rows if row[name] is not None][:_LOOKED_AT]
    return bool(present) and 2 * sum(map(_looks_like_image, present)) > len(present)


def _looks_like_image(value: Any) -> bool:
    parts = split_cell(value)
    return bool(parts) and all(
        isinstance(part, bytes) or (isinstance(part, Mapping) and not part.keys().isdisjoint(("bytes", "path")))
        or (isinstance(part, str) and bool(find_image_kind(part)))
        for part in parts
    )  # fmt: skip


def read_images(
    rows: Sequence[dict[str, Any]], columns: Sequence[str], folder: Path
) -> tuple[list[dict[str, Any]], OwnImages]:
    """Return rows whose cells of images hold placeholders, and the images themselves.

    The names of files are not kept: they may give the right answer away.
    """
    reader = ImageReader(folder, fix="; `image: {columns: ..., folder: PATH}` names another one")
    found = OwnImages(tuple(columns), [], reader.facts, reader.sources)
    told: list[dict[str, Any]] = []
    for row in rows:
        images = _read_row(row, columns, reader)
        found.rows.append(images)
        shown = {name: "\n".join([PLACEHOLDER] * len(images.places.get(name, ()))) or None for name in columns}
        told.append({**row, **shown})
    return told, found


def _read_row(row: Mapping[str, Any], columns: Sequence[str], reader: ImageReader) -> RowImages:
    parts: list[ImagePart] = []
    places: dict[str, tuple[int, ...]] = {}
    for name in columns:
        before = len(parts)
        for value in split_cell(row[name]):
            try:
                parts.append(reader.read(value))
            except DataError as error:
                return RowImages(fault=f"{name} {show(value)}: {error.message}")
            if len(parts) > MOST_IMAGES:
                return RowImages(fault=f"{name} has more than {MOST_IMAGES} images")
        places[name] = tuple(range(before, len(parts)))
    return RowImages(tuple(parts), places)


def describe_images(images: OwnImages, shown: Sequence[RowImages]) -> Iterator[str]:
    """Yield what the images of rows are, e.g. ``60 images (PNG, 112x112) in 'image'``, and what was decided."""
    hashes = dict.fromkeys(part.hash for row in shown for part in row.parts)
    facts = [images.facts[digest] for digest in hashes]
    if facts:
        kinds = Counter(one.media_type.removeprefix("image/").upper().replace("WEBP", "WebP") for one in facts)
        kind = ", ".join(name if len(kinds) == 1 else f"{count:,} {name}" for name, count in kinds.most_common())
        widths, heights = [one.width for one in facts], [one.height for one in facts]
        if len({*zip(widths, heights, strict=True)}) == 1:
            size = f"{_format_span(widths)}x{_format_span(heights)}"
        else:
            size = f"{_format_span(widths)} wide, {_format_span(heights)} high"
        named = ", ".join(map(repr, images.columns[:5])) + (" ..." if len(images.columns) > 5 else "")
        yield f"{len(facts):,} image{'s' if len(facts) > 1 else ''} ({kind}, {size}) in {named}"
        notes = Counter(note.kind for one in facts for note in one.notes)
        yield from (f"{count:,} {_SAID[kind]}" for kind, count in sorted(notes.items()) if kind in _SAID)
    if without := sum(not row.parts for row in shown):
        yield f"{without:,} row{'s' if without > 1 else ''} without an image"


_SAID = {
    "turned": "turned by EXIF", "first_frame": "of several frames (the first is shown)",
    "first_page": "of several pages (the first is shown)", "on_white": "transparent (shown on white)",
    "from_16_bit": "of 16 bits (shown with 8)", "from_cmyk": "in CMYK", "one_colour": "of one colour all over",
}  # fmt: skip


def _format_span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
