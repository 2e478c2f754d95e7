"""Image files: a document of one picture, with what the file says of itself (IPTC-IIM and XMP)."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.archive.readers.dates import read_date
from fairtrial.archive.readers.found import Draft, DraftPicture, SourceFile
from fairtrial.errors import ArchiveError, ImageError
from fairtrial.images import examine, read_caption


def read_image_document(source: SourceFile) -> Iterator[Draft]:
    """Yield the document of an image file.  Raises ArchiveError if it cannot be read."""
    try:
        examine(source.data)
        told = read_caption(source.data)
    except ImageError as error:
        raise ArchiveError(error.message, fix=error.fix) from None
    draft = Draft(where=source.path, text="", title=told.headline, authors=told.creators, publisher=told.source)
    draft.published = read_date(told.created)
    draft.section = told.section
    draft.pictures.append(DraftPicture(source.data, told.caption, told.credit))
    draft.raw, draft.kind = source.data, "image"
    yield draft
