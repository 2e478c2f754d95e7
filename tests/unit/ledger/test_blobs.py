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
from fairtrial.ledger.blobs import LedgerImageReader, add_images, read_facts, read_image, read_task_facts
from fairtrial.ledger.examine import examine_ledger, salvage
from fairtrial.ledger.export import export_text
from fairtrial.ledger.gc import collect
from fairtrial.records import ImageFacts, ImageNote, ImagePart
from tests.support.ledgers import TASK, filled, make_items

DATA = b"\x89PNG made up"
IMAGE = ImagePart.of(DATA, "image/png")
FACTS = ImageFacts("image/png", 3, 2, "a" * 32, (ImageNote("turned", "turned by its EXIF orientation (6)"),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with filled(path) as ledger:
        add_images(ledger, TASK, [(IMAGE, DATA, FACTS), (IMAGE, DATA, FACTS)])
        ledger.add_items(TASK, [replace(make_items(1)[0], id="f" * 32, doc_id=99, images=(IMAGE,))])
    return path


def test_an_image_is_kept_once_and_comes_back(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert ledger.connection.execute("SELECT count(*) FROM blobs").fetchone() == (1,)
        assert read_image(ledger, IMAGE) == LedgerImageReader(path)(IMAGE) == DATA
        assert query.read_items(ledger, TASK)["f" * 32].images == (IMAGE,)
        assert all(item.images == () for id, item in query.read_items(ledger, TASK).items() if id != "f" * 32)
        for read in (lambda one: read_image(ledger, one), LedgerImageReader(path)):
            with pytest.raises(LedgerError, match="lacks the image"):
                read(ImagePart("0" * 32, "image/png"))
        with pytest.raises(LedgerError, match="are not those of the image"):
            add_images(ledger, TASK, [(IMAGE, b"something else", None)])
    assert examine_ledger(path).sound


def test_what_is_known_of_an_image_is_kept_with_it(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert read_facts(ledger, IMAGE) == FACTS and FACTS.decided
        assert read_task_facts(ledger, TASK) == {IMAGE.hash: FACTS}
        with ledger.transaction() as db:  # as in a ledger that was written before it was told
            db.execute("UPDATE blobs SET width = NULL, height = NULL, pixels = NULL, notes = NULL")
        assert read_facts(ledger, IMAGE) is None and read_task_facts(ledger, TASK) == {}
        add_images(ledger, TASK, [(IMAGE, DATA, None)])
        assert read_facts(ledger, IMAGE) is None
        add_images(ledger, TASK, [(IMAGE, DATA, FACTS)])
        add_images(ledger, TASK, [(IMAGE, DATA, replace(FACTS, width=9))])  # what is known stays
        assert read_facts(ledger, IMAGE) == FACTS


@pytest.mark.parametrize("change", ["notes = '[1]'", "notes = 'x'", "notes = NULL", "width = 'wide'", "height = NULL"])
def test_damage_of_what_is_known_is_found(path: Path, change: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"UPDATE blobs SET {change}")
        db.commit()
    [damage] = examine_ledger(path).damages
    assert (damage.table, damage.key) == ("blobs", IMAGE.hash)
    with Ledger.open(path) as ledger, pytest.raises(LedgerError, match="damaged"):
        read_facts(ledger, IMAGE)


def test_a_damaged_image_is_found_and_can_be_left_out(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE blobs SET bytes = ?", (b"damaged",))
        db.commit()
    with Ledger.open(path) as ledger:
        for read in (lambda one: read_image(ledger, one), LedgerImageReader(path)):
            with pytest.raises(LedgerError, match="not those that its hash names"):
                read(IMAGE)
    [damage] = examine_ledger(path).damages
    assert (damage.table, damage.key) == ("blobs", IMAGE.hash)
    salvage(path, tmp_path / "saved.db")
    [lost] = examine_ledger(tmp_path / "saved.db").damages
    assert lost.problem == "1 images of items are not there"
    with Ledger.open(tmp_path / "saved.db") as ledger:
        add_images(ledger, TASK, [(IMAGE, DATA, FACTS)])  # as the next run does
    assert examine_ledger(tmp_path / "saved.db").sound


def test_an_image_goes_with_the_last_task_that_shows_it(path: Path) -> None:
    with Ledger.open(path) as ledger, ledger.writing():
        out = io.StringIO()
        export_text(ledger, out, full=True)
        shown = [row["image"] for row in map(json.loads, out.getvalue().splitlines()) if "image" in row]
        told = {"width": 3, "height": 2, "pixels": "a" * 32, "notes": [[FACTS.notes[0].kind, FACTS.notes[0].text]]}
        assert shown == [{"hash": IMAGE.hash, "media_type": "image/png", "bytes": len(DATA), "task": "quiz", **told}]
        collect(ledger)
        assert read_image(ledger, IMAGE) == DATA
        collect(ledger, [trial.id for trial in query.read_trials(ledger)])
        assert ledger.connection.execute("SELECT count(*) FROM blobs").fetchone() == (0,)
