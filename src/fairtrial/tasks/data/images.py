"""Images as data files name them: paths, ``data:`` URLs, base64, bytes, ``{"bytes": ..., "path": ...}``, and lists.

Paths stay in one folder, links followed; nothing is fetched from the network.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError, ImageError
from fairtrial.images import examine
from fairtrial.images.recognising import KINDS, MOST_BYTES, recognise
from fairtrial.records import ImageFacts, ImagePart
from fairtrial.spec.regular import read_regular

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""Of image files that are read."""

OTHER_SUFFIXES = (".svg", ".pdf", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".psd", ".eps", ".ico")
"""Of files that people take for images, and that are refused by name."""

_DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?:;[^;,]*)*;base64,", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,10}://", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
_LISTED = re.compile(r"\[\s*'[^'\"]*'(?:\s*,\s*'[^'\"]*')*\s*,?\s*\]")
_QUOTED = re.compile(r"'([^'\"]*)'")
_NEAR = 2000


def find_image_kind(text: str) -> str:
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
            if len(parts) > 1 and all(find_image_kind(part) == "path" for part in parts):
                return parts
        return [text] if text else []
    return [] if value is None else [value]


def _parse_long_list(text: str) -> list[Any] | None:
    """Return a list of texts that stands in a cell, as JSON or as Python writes it, however long; else None."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = _QUOTED.findall(text) if _LISTED.fullmatch(text.strip()) else None
    return found if isinstance(found, list) else None


class ImageReader:
    """Reads the images that cells name.

    Args:
        folder: what paths are relative to, and must stay in.
        look: look at each image at once; without it only its first bytes are.
        fix: what to do where a path leads out of the folder; empty for nothing.

    Attributes:
        facts: what each image is, by its hash; empty if they are not looked at.
        sources: where its bytes are, by its hash: a file, or the bytes themselves.
    """

    def __init__(self, folder: Path, *, look: bool = True, fix: str = "") -> None:
        self._folder, self._look, self._fix = folder, look, fix
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
        kind = find_image_kind(value)
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
            facts = examine(data) if self._look else None
            image = ImagePart.of(data, facts.media_type if facts else recognise(data).media_type)
        except ImageError as error:
            raise DataError(f"{error.message.rstrip('.')}. {error.fix}".strip().rstrip(".")) from error
        if facts is not None:
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
                raise DataError(f"{out} the folder {self._root.name!r}{self._fix}")
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
        near = difflib.get_close_matches(path.name, there, n=2, cutoff=0.7)
        return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def read_image_source(image: ImagePart, source: Path | bytes) -> bytes:
    """Return the bytes of an image.  Raises DataError if its file has changed since it was looked at."""
    if isinstance(source, bytes):
        return source
    try:
        data = read_regular(source, MOST_BYTES)
    except OSError as error:
        raise DataError(f"the image {source.name!r} cannot be read any more: {error.strerror}.") from error
    if ImagePart.of(data, image.media_type) != image:
        raise DataError(f"the image {source.name!r} has changed since it was looked at.", fix="Run it again.")
    return data
