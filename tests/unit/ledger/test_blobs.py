"""Images in the ledger: each once, checked by its hash, known to all that looks after a ledger."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fairtrial.errors import LedgerError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.blobs import ImageReader, add_images, read_image
from fairtrial.ledger.examine import examine, salvage
from fairtrial.ledger.export import export_text
from fairtrial.ledger.gc import collect
from fairtrial.records import ImagePart
from tests.support.ledgers import TASK, filled, make_items

DATA = b"\x89PNG made up"
IMAGE = ImagePart.of(DATA, "image/png")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with filled(path) as ledger:
        add_images(ledger, TASK, [(IMAGE, DATA), (IMAGE, DATA)])
        ledger.add_items(TASK, [replace(make_items(1)[0], id="f" * 32, doc_id=99, images=(IMAGE,))])
    return path


def test_an_image_is_kept_once_and_comes_back(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert ledger.connection.execute("SELECT count(*) FROM blobs").fetchone() == (1,)
        assert read_image(ledger, IMAGE) == ImageReader(path)(IMAGE) == DATA
        assert query.read_items(ledger, TASK)["f" * 32].images == (IMAGE,)
        assert all(item.images == () for id, item in query.read_items(ledger, TASK).items() if id != "f" * 32)
        for read in (lambda one: read_image(ledger, one), ImageReader(path)):
            with pytest.raises(LedgerError, match="lacks the image"):
                read(ImagePart("0" * 32, "image/png"))
        with pytest.raises(LedgerError, match="are not those of the image"):
            add_images(ledger, TASK, [(IMAGE, b"something else")])
    assert examine(path).sound


def test_a_damaged_image_is_found_and_can_be_left_out(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE blobs SET bytes = ?", (b"damaged",))
        db.commit()
    with Ledger.open(path) as ledger:
        for read in (lambda one: read_image(ledger, one), ImageReader(path)):
            with pytest.raises(LedgerError, match="not those that its hash names"):
                read(IMAGE)
    [damage] = examine(path).damages
    assert (damage.table, damage.key) == ("blobs", IMAGE.hash)
    salvage(path, tmp_path / "saved.db")
    [lost] = examine(tmp_path / "saved.db").damages
    assert lost.problem == "1 images of items are not there"
    with Ledger.open(tmp_path / "saved.db") as ledger:
        add_images(ledger, TASK, [(IMAGE, DATA)])  # as the next run does
    assert examine(tmp_path / "saved.db").sound


def test_an_image_goes_with_the_last_task_that_shows_it(path: Path) -> None:
    with Ledger.open(path) as ledger, ledger.writing():
        out = io.StringIO()
        export_text(ledger, out, full=True)
        shown = [row["image"] for row in map(json.loads, out.getvalue().splitlines()) if "image" in row]
        assert shown == [{"hash": IMAGE.hash, "media_type": "image/png", "bytes": len(DATA), "task": "quiz"}]
        collect(ledger)
        assert read_image(ledger, IMAGE) == DATA
        collect(ledger, [trial.id for trial in query.read_trials(ledger)])
        assert ledger.connection.execute("SELECT count(*) FROM blobs").fetchone() == (0,)
