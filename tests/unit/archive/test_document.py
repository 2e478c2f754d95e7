"""Documents: what tells them apart, and what of them is never printed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from fairtrial.archive.base import Entry
from fairtrial.archive.document import Correction, Document, Passage, Picture
from fairtrial.archive.stores.rows import prepare
from fairtrial.records import ImagePart
from fairtrial.rights import Evidence, RightsRecord

AT = datetime(2026, 1, 2, tzinfo=UTC)
RIGHTS = RightsRecord((Evidence("rsl", "rsl.xml", "secret raw", "0" * 64, AT),))
PICTURE = Picture(ImagePart("a" * 32, "image/png"), "secret caption", "Lens", "secret sign", RIGHTS)
DOCUMENT = Document(
    "n/1", "feed", "secret text", "secret title", corrections=(Correction("secret correction"),),
    retracted="secret reason", pictures=(PICTURE,), rights=RIGHTS,
)  # fmt: skip


def test_no_words_are_printed() -> None:
    passage = Passage(DOCUMENT.id, 0, 0, 11, ("secret heading",), "secret text")
    entry = Entry(DOCUMENT, (passage,))
    for one in (DOCUMENT, passage, PICTURE, entry, prepare(entry)):
        assert "secret" not in repr(one)
    assert DOCUMENT.uri in repr(DOCUMENT)


def test_rights_and_source_are_no_part_of_the_id() -> None:
    assert replace(DOCUMENT, rights=RightsRecord(), source="other").id == DOCUMENT.id
    for change in ({"text": "x"}, {"uri": "x"}, {"label": "satire"}, {"modified": AT}, {"corrections": ()}):
        assert replace(DOCUMENT, **change).id != DOCUMENT.id  # type: ignore[arg-type]
