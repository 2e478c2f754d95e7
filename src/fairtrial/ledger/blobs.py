"""The bytes of images: each once in the ledger, under the hash that messages name it by.

An image belongs to the tasks that show it; `fairtrial.ledger.gc` takes it out with the last of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fairtrial.errors import LedgerError
from fairtrial.ledger.opening import FAILURES, unusable
from fairtrial.ledger.shape import make_damage_error
from fairtrial.ledger.store import Ledger
from fairtrial.records import ImagePart, hash_bytes

_READ = "SELECT bytes FROM blobs WHERE hash = ?"


def add_images(ledger: Ledger, task_id: str, images: Iterable[tuple[ImagePart, bytes]]) -> None:
    """Enter the images of a task, each once.

    Raises LedgerError if bytes are not those that their image is named by; then nothing is entered.
    """
    with ledger.transaction() as db:
        for image, data in images:
            if hash_bytes(data) != image.hash:
                raise LedgerError(f"{len(data):,} bytes are not those of the image {image.hash}.")
            db.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)", (image.hash, image.media_type, data))
            db.execute("INSERT OR IGNORE INTO task_blobs VALUES (?, ?)", (task_id, image.hash))


def read_image(ledger: Ledger, image: ImagePart) -> bytes:
    """Return the bytes of an image.  Raises LedgerError if the ledger lacks them or they are damaged."""
    return _checked(image, list(ledger.read(_READ, (image.hash,))))


def check_blob(digest: str, data: object) -> bytes:
    """Return the bytes of a row.  Raises LedgerError if they are not those that the hash names."""
    if not isinstance(data, bytes) or hash_bytes(data) != digest:
        raise make_damage_error(f"the bytes of the image {digest[:40]} are not those that its hash names")
    return data


@dataclass(frozen=True, slots=True)
class ImageReader:
    """Reads images from a ledger file, from any thread or process; see `fairtrial.engines.settings`.

    Attributes:
        path: the file.
    """

    path: Path

    def __call__(self, image: ImagePart) -> bytes:
        """Return the bytes of an image.  Raises LedgerError as `read_image` does."""
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as db:
                return _checked(image, db.execute(_READ, (image.hash,)).fetchall())
        except FAILURES as error:
            raise unusable(error, self.path, "read") from error


def _checked(image: ImagePart, rows: list[tuple[object]]) -> bytes:
    if not rows:
        raise LedgerError(f"the ledger lacks the image {image.hash}.", fix="Run the trial again: it is entered anew.")
    return check_blob(image.hash, rows[0][0])
