"""The program that looks at image files for `fairtrial.images.examining`, in a process of its own with limits.

Started as ``child.py PACKAGE_FOLDER [IMPORT_FOLDER ...]``.  It reads JSON lines ``{"image": BASE64}`` and answers each
with what the image is, or ``{"error": ..., "fix": ...}``.  Libraries are imported first, then the limits are set, and
only then is a file looked at.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from base64 import b64decode
from typing import Any

MEMORY = 1 << 30
"""Bytes of address space: more than the largest picture that is read needs in any mode."""

SECONDS = 8


def _make_packages(folder: str) -> None:
    """Make fairtrial's packages known without running what they run when imported."""
    for name in ("", "images", "records", "sandbox"):
        package = types.ModuleType(f"fairtrial.{name}".rstrip("."))
        package.__path__ = [os.path.join(folder, name)]  # noqa: PTH118
        sys.modules[package.__name__] = package


def _import_pillow() -> None:
    """Import all that will be needed, for nothing can be opened afterwards."""
    from PIL import Image, features

    Image.init()
    for name in ("BmpImagePlugin", "GifImagePlugin", "JpegImagePlugin", "MpoImagePlugin", "PngImagePlugin",
                 "TiffImagePlugin", "WebPImagePlugin", "ImageOps", "ImageSequence", "ExifTags"):  # fmt: skip
        importlib.import_module(f"PIL.{name}")
    features.get_supported()


def main() -> None:
    """Serve until the input ends."""
    _make_packages(sys.argv[1])
    sys.path += sys.argv[2:]
    source, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    _import_pillow()
    opening = importlib.import_module("fairtrial.images.opening")
    hashing = importlib.import_module("fairtrial.images.hashing")
    facts = importlib.import_module("fairtrial.records.images")
    errors = importlib.import_module("fairtrial.errors")
    limits = importlib.import_module("fairtrial.sandbox.limits")
    limits.set_limits(memory=MEMORY)
    limits.allow_only(limits.NEEDED)

    def look(data: bytes) -> dict[str, Any]:
        try:
            picture, kind, notes = opening.open_picture(data)
        except errors.ImageError as error:
            return {"error": error.message, "fix": error.fix}
        digest = hashing.hash_picture(picture)
        return dict(facts.ImageFacts(kind.media_type, picture.width, picture.height, digest, notes).document())

    while line := source.readline():
        limits.limit_time(SECONDS)
        out.write(json.dumps(look(b64decode(json.loads(line)["image"]))).encode() + b"\n")
        out.flush()


if __name__ == "__main__":
    main()
