"""The bytes of images: each once in the ledger, under the hash that messages name it by.

An image belongs to the tasks that show it; `fairtrial.ledger.gc` takes it out with the last of them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairtrial.errors import LedgerError
from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.opening import FAILURES, explain_sqlite_error
from fairtrial.ledger.shape import guard_reading, make_damage_error
from fairtrial.ledger.store import Ledger
from fairtrial.records import ImageFacts, ImagePart, hash_bytes

_READ = "SELECT bytes FROM blobs WHERE hash = ?"
_ADD = "INSERT OR IGNORE INTO blobs (hash, media_type, bytes) VALUES (?, ?, ?)"
_TELL = "UPDATE blobs SET width = ?, height = ?, pixels = ?, notes = ? WHERE hash = ? AND pixels IS NULL"
_FACTS = "SELECT media_type, width, height, pixels, notes FROM blobs"


def add_images(ledger: Ledger, task_id: str, images: Iterable[tuple[ImagePart, bytes, ImageFacts | None]]) -> None:
    """Enter the images of a task, each once, with what is known of them; what is known already stays.

    Raises LedgerError if bytes are not those that their image is named by; then nothing is entered.
    """
    with ledger.transaction() as db:
        for image, data, facts in images:
            if hash_bytes(data) != image.hash:
                raise LedgerError(f"{len(data):,} bytes are not those of the image {image.hash}.")
            db.execute(_ADD, (image.hash, image.media_type, data))
            db.execute("INSERT OR IGNORE INTO task_blobs VALUES (?, ?)", (task_id, image.hash))
            if facts is not None:
                notes = dumps([[note.kind, note.text] for note in facts.notes])
                db.execute(_TELL, (facts.width, facts.height, facts.pixels, notes, image.hash))


def read_facts(ledger: Ledger, image: ImagePart) -> ImageFacts | None:
    """Return what is known of an image; None if the ledger lacks it, or was written before that was told."""
    for row in ledger.read(f"{_FACTS} WHERE hash = ?", (image.hash,)):
        return _read_facts(row)
    return None


def read_task_facts(ledger: Ledger, task_id: str) -> Mapping[str, ImageFacts]:
    """Return what is known of the images of a task, by their hashes; those of which nothing is known are left out."""
    rows = ledger.read(
        "SELECT b.hash, b.media_type, b.width, b.height, b.pixels, b.notes FROM task_blobs t "
        "JOIN blobs b ON b.hash = t.hash WHERE t.task_id = ? ORDER BY b.hash",
        (task_id,),
    )
    return {row[0]: facts for row in rows if (facts := _read_facts(row[1:])) is not None}


def check_image(row: Mapping[str, Any]) -> None:
    """Raise LedgerError if a row of images is not what it should be."""
    check_blob(row["hash"], row["bytes"])
    if "pixels" in row:
        _read_facts(tuple(row[name] for name in ("media_type", "width", "height", "pixels", "notes")))


def _read_facts(row: tuple[Any, ...]) -> ImageFacts | None:
    media_type, width, height, pixels, notes = row
    if pixels is None:
        return None
    return guard_reading(
        lambda: ImageFacts.from_document(
            {"media_type": media_type, "width": width, "height": height, "pixels": pixels, "notes": json.loads(notes)}
        ),
        "what is known of an image",
    )


def find_image(ledger: Ledger, digest: str) -> ImagePart | None:
    """Return an image by its hash; None if the ledger lacks it."""
    rows = ledger.read("SELECT hash, media_type FROM blobs WHERE hash = ?", (digest,))
    return next((ImagePart(*row) for row in rows), None)


def read_image(ledger: Ledger, image: ImagePart) -> bytes:
    """Return the bytes of an image.  Raises LedgerError if the ledger lacks them or they are damaged."""
    return _check_image(image, list(ledger.read(_READ, (image.hash,))))


def check_blob(digest: str, data: object) -> bytes:
    """Return the bytes of a row.  Raises LedgerError if they are not those that the hash names."""
    if not isinstance(data, bytes) or hash_bytes(data) != digest:
        raise make_damage_error(f"the bytes of the image {digest[:40]} are not those that its hash names")
    return data


@dataclass(frozen=True, slots=True)
class LedgerImageReader:
    """Reads images from a ledger file, from any thread or process; see `fairtrial.engines.settings`.

    Attributes:
        path: the file.
    """

    path: Path

    def __call__(self, image: ImagePart) -> bytes:
        """Return the bytes of an image.  Raises LedgerError as `read_image` does."""
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as db:
                return _check_image(image, db.execute(_READ, (image.hash,)).fetchall())
        except FAILURES as error:
            raise explain_sqlite_error(error, self.path, "read") from error


def _check_image(image: ImagePart, rows: list[tuple[object]]) -> bytes:
    if not rows:
        raise LedgerError(f"the ledger lacks the image {image.hash}.", fix="Run the trial again: it is entered again.")
    return check_blob(image.hash, rows[0][0])
