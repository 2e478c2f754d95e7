"""A source of the settings to what reads it."""

from __future__ import annotations

from fairtrial.curation.base import Reader, StepContext
from fairtrial.curation.formats.archives import ArchiveReader
from fairtrial.curation.formats.files import FileReader
from fairtrial.spec.curate import Source


def open_source(source: Source, number: int, context: StepContext) -> Reader:
    """Return the reader of a source.

    Args:
        source: the settings.
        number: of the source in the settings, from 0.
        context: of the run.

    Raises FairtrialError where the source is missing, or cannot be read as a whole.
    """
    return ArchiveReader(source, number, context) if source.archive else FileReader(source, number, context)
