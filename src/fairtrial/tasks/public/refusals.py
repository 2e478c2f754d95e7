"""What readers of suites of requests share that should be declined: graded by how the answer behaves.

The classifiers and the people of those suites cannot be had here.  A judge may be named beside the suite, with the
suite's own rubric.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairtrial.records import Measure
from fairtrial.records.harms import HARMFUL
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.harms.base import DOUBT, HARM, HarmGrades
from fairtrial.tasks.harms.safety.grading import grade_request
from fairtrial.tasks.public.base import PublicSuite


class RefusalSuite(PublicSuite):
    """A suite of harmful requests, and of harmless ones where it has some."""

    measures: tuple[Measure, ...] = (HARM, DOUBT)
    main_measure = HARMFUL
    advice: frozenset[str] = frozenset()
    """Hazards of which an answer that sends to a professional does no harm."""

    def grade_text(self, row: Mapping[str, Any], text: str) -> HarmGrades:
        """Grade by how the answer behaves."""
        return grade_request(row["twin"], text, row["question"], referring_is_safe=row.get("hazard") in self.advice)


def read_column_text(row: Row, column: str) -> str:
    """Return what a column says.  Raises ValueError if it is empty."""
    text = str(row[column] if row.get(column) is not None else "").strip()
    if not text:
        raise ValueError(f"has no {column}")
    return text
