"""The images of a file's rows: which columns hold them, in which ways cells name them, and where they lie.

A cell is a path, a ``data:`` URL, base64, bytes (Parquet), ``{"bytes": ..., "path": ...}``, or a list of these.  Paths
stay in one folder, links followed; nothing is fetched from the network.  Every image is looked at once, in a process
with limits, before anything is asked.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError, ImageError, SpecError
from fairtrial.images import examine
from fairtrial.images.recognising import KINDS, MOST_BYTES
from fairtrial.records import ImageFacts, ImagePart
from fairtrial.records.content import PLACEHOLDER
from fairtrial.spec.own import ImageColumns
from fairtrial.spec.regular import read_regular
from fairtrial.tasks.own.columns import fold_name
from fairtrial.tasks.own.faults import show
from fairtrial.tasks.own.options import parse_list

USUAL = (
    "image", "images", "imagepath", "imagepaths", "imagefile", "imagefiles", "imagefilename", "img", "imgs", "imgpath",
    "imgfile", "filename", "picture", "pictures", "picturepath", "photo", "photos", "figure", "figures", "screenshot",
    "diagram", "scan",
)  # fmt: skip
"""Names of columns that hold images if their cells look like such."""

CERTAIN = frozenset(USUAL[:11])
"""Names by which a column is an image, so that cells of another kind are a mistake and not left aside."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
OTHER_SUFFIXES = (".svg", ".pdf", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".psd", ".eps", ".ico")
MOST_IMAGES = 64
"""Of one row."""

_SERIES = re.compile(r"(?:image|img|picture|photo|figure|imagepath|imgpath)(?P<number>\d{1,2})")
_DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?:;[^;,]*)*;base64,", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,10}://", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
_LISTED = re.compile(r"\[\s*'[^'\"]*'(?:\s*,\s*'[^'\"]*')*\s*,?\s*\]")
_QUOTED = re.compile(r"'([^'\"]*)'")
_LOOKED_AT = 50
_NEAR = 2000


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
        source = self.sources[image.hash]
        if isinstance(source, bytes):
            return source
        try:
            data = read_regular(source, MOST_BYTES)
        except OSError as error:
            raise DataError(f"the image {source.name!r} cannot be read any more: {error.strerror}.") from error
        if ImagePart.of(data, image.media_type) != image:
            raise DataError(f"the image {source.name!r} has changed since it was looked at.", fix="Run it again.")
        return data


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
    return isinstance(value, str) and _find_kind(value) == "path"


def _has_any(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(row[name] is not None for row in rows)


def _look_like_images(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    present = [row[name] for row in rows if row[name] is not None][:_LOOKED_AT]
    return bool(present) and 2 * sum(map(_looks_like_image, present)) > len(present)


def _looks_like_image(value: Any) -> bool:
    parts = split_cell(value)
    return bool(parts) and all(
        isinstance(part, bytes) or (isinstance(part, Mapping) and not part.keys().isdisjoint(("bytes", "path")))
        or (isinstance(part, str) and bool(_find_kind(part)))
        for part in parts
    )  # fmt: skip


def _find_kind(text: str) -> str:
    """Return how a text names an image: ``data``, ``address``, ``base64`` or ``path``; empty if it does not look so."""
    if _DATA_URL.match(text):
        return "data"
    if _ADDRESS.match(text):
        return "address"
    if len(text) >= 60 and _BASE64.fullmatch(text[:4096].rstrip("=")) and _begins_image(text):
        return "base64"
    return "path" if text.lower().endswith((*SUFFIXES, *OTHER_SUFFIXES)) and len(text) < 4096 else ""


def _begins_image(text: str) -> bool:
    try:
        head = b64decode("".join(text[:120].split())[:40])
    except (Base64Error, ValueError):
        return False
    return any(kind.magic.match(head) for kind in KINDS)


def split_cell(value: Any) -> list[Any]:
    """Return what a cell names, one by one: the parts of a list, also as JSON text or paths between ``;`` or ``|``."""
    listed = _parse_long_list(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
    if isinstance(listed, list):
        return [part for part in listed if part not in (None, "")]
    if isinstance(value, str):
        text = value.strip()
        for mark in ("\n", ";", "|"):
            parts = [part.strip() for part in text.split(mark) if part.strip()] if mark in text[:20_000] else []
            if len(parts) > 1 and all(_find_kind(part) == "path" for part in parts):
                return parts
        return [text] if text else []
    return [] if value is None else [value]


def _parse_long_list(text: str) -> list[Any] | None:
    """Return a list of texts that stands in a cell, as JSON or as Python writes it, however long; else None."""
    if (found := parse_list(text)) is not None:
        return found
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = _QUOTED.findall(text) if _LISTED.fullmatch(text.strip()) else None
    return found if isinstance(found, list) else None


class ImageReader:
    """Reads the images that cells name.

    Args:
        folder: what paths are relative to, and must stay in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = Path(os.path.realpath(folder))
        self._known: dict[str, ImagePart] = {}
        self.facts: dict[str, ImageFacts] = {}
        self.sources: dict[str, Path | bytes] = {}

    def read(self, value: Any) -> ImagePart:
        """Return the image that one part of a cell names.  Raises DataError, which says why it cannot be shown."""
        if isinstance(value, Mapping):
            inner = value.get("bytes")
            return self.read(value.get("path") if inner is None else inner)
        if isinstance(value, bytes):
            return self._keep(value, value)
        if not isinstance(value, str):
            raise DataError("is no path of an image, data URL or base64")
        kind = _find_kind(value)
        if kind == "address":
            raise DataError("is a network address, and images are not fetched; download it and name the file")
        if kind in ("data", "base64"):
            return self._read_base64(value)
        if value not in self._known:
            path = self._find(value)
            try:
                data = read_regular(path, MOST_BYTES)
            except OSError as error:
                raise DataError(f"cannot be read: {error.strerror}") from error
            self._known[value] = self._keep(data, path)
        return self._known[value]

    def _read_base64(self, text: str) -> ImagePart:
        found = _DATA_URL.match(text)
        if found and found["type"] and not found["type"].lower().startswith(("image/", "application/octet")):
            raise DataError(f"is a data URL of {found['type']}, no image")
        if len(text) > MOST_BYTES * 3 // 2:
            raise DataError(f"has more than {MOST_BYTES:,} bytes")
        try:
            data = b64decode("".join(text[found.end() if found else 0 :].split()), validate=True)
        except (Base64Error, ValueError) as error:
            raise DataError(f"is no valid base64: {str(error).lower()}") from error
        return self._keep(data, data)

    def _keep(self, data: bytes, source: Path | bytes) -> ImagePart:
        try:
            facts = examine(data)
        except ImageError as error:
            raise DataError(f"{error.message.rstrip('.')}. {error.fix}".strip().rstrip(".")) from error
        image = ImagePart.of(data, facts.media_type)
        self.facts[image.hash] = facts
        self.sources.setdefault(image.hash, source)
        return image

    def _find(self, written: str) -> Path:
        """Return the file that a path names, links followed.  Raises DataError if it is not there or leads out."""
        if "\0" in written or len(written) > 4096:
            raise DataError("is no path")
        path = self._folder / Path(written)
        try:
            real = Path(os.path.realpath(path))
            if not real.is_relative_to(self._root):
                out = "leads out of" if path.is_symlink() or path.exists() else "is not in"
                raise DataError(f"{out} the folder {self._root.name!r}; `image: {{columns: ..., folder: PATH}}` "
                                "names another one")  # fmt: skip
            if not real.exists():
                raise DataError(f"there is no such file in the folder {self._root.name!r}{self._name_near(path)}")
        except OSError as error:
            raise DataError(f"cannot be looked for: {error.strerror}") from error
        return real

    def _name_near(self, path: Path) -> str:
        """Return the names of files beside a missing one that are like its name, ready to be said."""
        try:
            there = [entry.name for _, entry in zip(range(_NEAR), os.scandir(path.parent), strict=False)]
        except OSError:
            return ""
        near = difflib.get_close_matches(path.name, there, n=2)
        return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def read_images(
    rows: Sequence[dict[str, Any]], columns: Sequence[str], folder: Path
) -> tuple[list[dict[str, Any]], OwnImages]:
    """Return rows whose cells of images hold placeholders, and the images themselves.

    The names of files are not kept: they may give the right answer away.
    """
    reader = ImageReader(folder)
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
        size = f"{_span(widths)}x{_span(heights)}" if len({*zip(widths, heights, strict=True)}) == 1 else (
            f"{_span(widths)} wide, {_span(heights)} high"
        )  # fmt: skip
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


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
