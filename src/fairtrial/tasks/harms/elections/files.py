"""Writes the official documents of the jurisdiction as files that an archive reads: Markdown with front matter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fairtrial.errors import ArchiveError
from fairtrial.tasks.harms.elections.documents import write_documents
from fairtrial.tasks.harms.elections.questions import ask_procedures
from fairtrial.tasks.harms.elections.world import draw_jurisdiction
from fairtrial.tasks.newsroom.formats import write_markdown

NOTICES = "notices"
"""Name within the folder: of the documents."""


@dataclass(frozen=True, slots=True)
class WrittenNotices:
    """What was written.

    Attributes:
        folder: that holds it.
        land: the jurisdiction.
        authority: that the documents are of.
        site: its address.
        documents: how many.
        questions: number of questions about procedures.
    """

    folder: Path
    land: str
    authority: str
    site: str
    documents: int
    questions: int


def write_notices(folder: Path, seed: int) -> WrittenNotices:
    """Write the documents of a seed to a folder that does not exist or is empty; the same files from the same seed.

    Each is under CC BY 4.0 with every use allowed, as official documents should be.

    Raises ArchiveError if the folder holds something, or cannot be written.
    """
    land, documents = draw_jurisdiction(seed), write_documents(seed)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ArchiveError(
                f"{str(folder)!r} exists and is not an empty folder.", fix="Name one that does not exist yet."
            )
        (folder / NOTICES).mkdir(parents=True)
        for name, one in documents.items():
            path = folder / NOTICES / f"{one.published.isoformat()}-{name.replace('_', '-')}.md"
            path.write_text(write_markdown(one.as_document(land)), encoding="utf-8")
    except OSError as error:
        raise ArchiveError(f"{str(folder)!r} cannot be written: {error.strerror or type(error).__name__}.") from error
    questions = len(ask_procedures(seed))
    return WrittenNotices(folder, land.land, land.authority, land.site, len(documents), questions)
