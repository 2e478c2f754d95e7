"""Images in a report: made anew, made small, described, and no more of them than the page may hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairtrial.images import decode, encode_png, make_thumbnail
from fairtrial.ledger import Ledger
from fairtrial.ledger.blobs import add_images
from fairtrial.records import ImageFacts, ImagePart, Item
from fairtrial.records.images import ImageNote
from fairtrial.report.pictures import ReportPictures, describe_image, make_page_image

PLAIN = np.zeros((40, 60, 3), np.uint8)


def draw_noise(side: int) -> bytes:
    return encode_png(np.random.default_rng(1).integers(0, 256, (side, side, 3)).astype(np.uint8))


def make_item(images: tuple[ImagePart, ...], **row: object) -> Item:
    return Item("i", 0, "Which bar is highest?", (), ("a",), "c", row, images)


def enter(ledger: Ledger, data: bytes, media_type: str = "image/png", facts: ImageFacts | None = None) -> ImagePart:
    image = ImagePart.of(data, media_type)
    with ledger.writing():
        db = ledger.connection
        db.execute("INSERT OR IGNORE INTO tasks (id, name, card) VALUES ('t', 't', '{}')")
        add_images(ledger, "t", [(image, data, facts)])
    return image


def test_small_pictures_keep_their_pixels_and_large_ones_become_small() -> None:
    pixels = np.zeros((30, 20, 3), np.uint8)
    pixels[5:20, 3:9] = (200, 10, 30)
    small = make_thumbnail(encode_png(pixels), 384)
    assert small.media_type == "image/png" and np.array_equal(decode(small.data).pixels, pixels)
    photo = make_thumbnail(draw_noise(800), 200)
    assert (photo.media_type, photo.width, photo.height) == ("image/jpeg", 200, 200)
    assert decode(photo.data).pixels.shape == (200, 200, 3) and len(photo.data) < 60_000


def test_what_an_item_says_of_its_images_stands_for_them() -> None:
    one, other = (ImagePart.of(bytes([n]), "image/png") for n in (1, 2))
    item = make_item((one, other))
    assert describe_image(item, other) == "image 2 of the question: Which bar is highest?"
    assert describe_image(make_item((one, other), alt=["a chart", "a clock"]), other) == "a clock"
    assert describe_image(make_item((one,), alt=" a chart \n of sales"), one) == "a chart of sales"
    assert describe_image(item, ImagePart.of(b"3", "image/png")).startswith("an image of an example: ")
    assert len(describe_image(make_item((one,), alt="x" * 900), one)) == 200


def test_a_report_holds_so_many_images_and_no_more(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "l.db") as ledger:
        facts = ImageFacts("image/png", 900, 900, "p" * 32, (ImageNote("on_white", "shown on white"),))
        large, odd = enter(ledger, draw_noise(900), facts=facts), enter(ledger, b"<svg/>", "image/svg+xml")
        pictures = ReportPictures(ledger, room=250_000)
        first = pictures.show(large, "noise")
        assert first.url.startswith("data:image/jpeg;base64,") and first.width == 384
        assert first.note == "900×900 pixels, shown smaller; shown on white"
        while (shown := pictures.show(large, "noise")).url:
            assert shown == first
        assert shown.note == "not shown: the page has as many images as it may hold" and shown.alt == "noise"
        refused = ReportPictures(ledger).show(odd, "a drawing")
        assert refused.url == "" and "SVG" in refused.note and refused.alt == "a drawing"
        lost = ReportPictures(ledger).show(ImagePart.of(b"gone", "image/png"), "gone")
        assert lost.url == "" and "lacks the image" in lost.note


def test_nothing_of_a_file_but_its_pixels_gets_into_a_report() -> None:
    hidden = encode_png(PLAIN) + b"<script>alert(1)</script>"
    assert b"script" not in make_thumbnail(hidden, 384).data


@pytest.mark.parametrize("side", [700, 1200])
def test_the_page_of_all_answers_shows_large_images_smaller(side: int) -> None:
    data = draw_noise(side)
    media_type, shown = make_page_image(ImagePart.of(data, "image/png"), data)
    assert media_type == "image/jpeg" and max(decode(shown).pixels.shape) == min(side, 1024)
    assert make_page_image(ImagePart.of(PLAIN.tobytes(), "image/gif"), b"GIF") == ("image/gif", b"GIF")
