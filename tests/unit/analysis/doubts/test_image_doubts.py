"""What was decided to show images is counted, and said in the headline where what is asked about may be lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fairtrial.analysis.doubts.images import find_image_doubts
from fairtrial.ledger import query
from fairtrial.ledger.blobs import add_images
from fairtrial.records import ImageFacts, ImageNote, ImagePart
from tests.support.ledgers import TASK, filled, make_items

TURNED, BLANK = ImageNote("turned", "turned by its EXIF orientation (6)"), ImageNote("one_colour", "all white")


def test_notes_on_images_are_counted_over_what_the_trial_shows(tmp_path: Path) -> None:
    with filled(tmp_path / "ledger.db") as ledger:
        [trial] = query.read_trials(ledger)
        assert list(find_image_doubts(ledger, trial)) == []
        asked = query.read_trial_order(ledger, trial.id, TASK)
        images = {n: ImagePart.of(b"%d" % n, "image/png") for n in range(len(asked) + 1)}  # the last is shown nowhere
        notes = {0: (TURNED,), 1: (TURNED, BLANK), len(asked): (BLANK,)}
        add_images(
            ledger,
            TASK,
            [
                (image, b"%d" % n, ImageFacts("image/png", 2, 2, "p" * 32, notes.get(n, ())))
                for n, image in images.items()
            ],
        )
        with ledger.transaction() as db:
            db.execute("DELETE FROM items")
        shown = [replace(one, images=(images[n],)) for n, one in enumerate(make_items(len(asked)))]
        ledger.add_items(TASK, shown)
        blank, turned = find_image_doubts(ledger, trial)
        of = len(asked)
        assert turned.text == f"2 of {of:,} images of quiz are turned or mirrored, as the EXIF data say."
        assert (turned.kind, turned.count, turned.of, turned.headline) == ("image_turned", 2, of, False)
        assert blank.text.startswith(f"1 of {of:,} images of quiz is of one colour all over.")
        assert blank.headline == (of <= 20)
