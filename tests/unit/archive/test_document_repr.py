"""What is printed of documents where nobody looks for their rights: in errors, logs and debuggers."""

from __future__ import annotations

from fairtrial.archive.document import Correction, Document, Passage, Picture
from fairtrial.records import ImagePart


def test_the_repr_of_a_document_has_none_of_its_words() -> None:
    picture = Picture(ImagePart("0" * 32, "image/png"), "SECRET caption", "A. Photographer", "SECRET sign")
    corrections = (Correction("SECRET correction"),)
    document = Document(
        "https://x.example/1", "dump", "SECRET text", title="SECRET title", corrections=corrections,
        retracted="SECRET reason", pictures=(picture,),
    )  # fmt: skip
    passage = Passage(document.id, 0, 0, 11, ("SECRET heading",), "SECRET text")
    assert "https://x.example/1" in repr(document)
    assert "SECRET" not in repr([document, passage, picture, corrections])
