"""Answers that were given elsewhere or earlier: read, found again by what was asked, and graded anew.

    replay:LEDGER#CANDIDATE   every answer that a ledger holds for a candidate
    import:FILE-OR-FOLDER     another tool's log, or any table with a mapping

Everything read is hostile input: sizes are bounded, nothing is executed, lines with mistakes are named.  Knows nothing
of tasks and grades.
"""

from __future__ import annotations

from fairtrial.recorded.base import Importer, RecordedAnswer, RecordedAnswers
from fairtrial.recorded.formats import IMPORTERS
from fairtrial.recorded.imported import imported_record
from fairtrial.recorded.replayed import replayed_record
from fairtrial.recorded.source import identify

__all__ = [
    "IMPORTERS",
    "Importer",
    "RecordedAnswer",
    "RecordedAnswers",
    "identify",
    "imported_record",
    "replayed_record",
]
