"""Answers that were given elsewhere or earlier: read, found again by what was asked, and graded anew.

    replay:LEDGER#CANDIDATE   every answer that a ledger holds for a candidate
    import:FILE-OR-FOLDER     another tool's log, or any table with a mapping

Everything read is hostile input: sizes are bounded, nothing is executed, lines with mistakes are named.  Knows nothing
of tasks and grades.
"""

from __future__ import annotations

from fairtrial.recorded.base import Importer, RecordedAnswer, RecordedAnswers
from fairtrial.recorded.formats import IMPORTERS
from fairtrial.recorded.imported import read_log
from fairtrial.recorded.replayed import open_replay
from fairtrial.recorded.source import hash_files

__all__ = [
    "IMPORTERS",
    "Importer",
    "RecordedAnswer",
    "RecordedAnswers",
    "hash_files",
    "open_replay",
    "read_log",
]
