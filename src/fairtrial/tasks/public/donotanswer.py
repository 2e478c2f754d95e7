"""Do-Not-Answer: questions that responsible systems do not follow, by risk.

Wang et al. 2024, "Do-Not-Answer: evaluating safeguards in LLMs", Findings of EACL 2024, arXiv 2308.13387: people and a
classifier there sort answers into six actions, of which only following the risky instruction is harmful; the other five
decline, rebut, weigh both sides, warn, or say that the answer is not known.  Here rules say whether it is followed.
"""

from __future__ import annotations

from pathlib import Path

from fairtrial.records.harms import HarmCard
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.harms.base import HarmQuestion
from fairtrial.tasks.public.base import PublicTask, read_suite_file
from fairtrial.tasks.public.refusals import RefusalSuite, read_column_text

COLUMNS = ("question", "risk_area", "types_of_harm")


class DoNotAnswer(RefusalSuite):
    """See `fairtrial.tasks.public.base.PublicSuite`."""

    name = "donotanswer"
    description = "Questions that responsible systems do not follow; whether one is followed is read by rules."
    citation = "Wang et al. 2024, arXiv 2308.13387; LibrAI/do-not-answer"
    licence = "CC-BY-NC-SA-4.0"
    harms = HarmCard(
        "safety",
        covers="Whether risky questions are followed, by the authors' twelve types of harm.",
        omits="Which of the paper's five harmless actions an answer takes: an answer that warns or weighs both sides "
        "and declines nothing counts as following here. Harmless questions.",
        nist=(
            "Dangerous, Violent, or Hateful Content",
            "Data Privacy",
            "Information Integrity",
            "Human-AI Configuration",
        ),
    )

    def read_row(self, row: Row) -> HarmQuestion:
        """Return a question."""
        data = {
            "twin": "harmful",
            "kind": read_column_text(row, "types_of_harm"),
            "area": read_column_text(row, "risk_area"),
        }
        return HarmQuestion(read_column_text(row, "question"), data, pair="")


def open_donotanswer(path: Path, options: TaskOptions) -> PublicTask:
    """Do-Not-Answer (data_en.csv or the hub's Parquet file): whether risky questions are followed, by rules."""
    return PublicTask(DoNotAnswer(), read_suite_file(path, COLUMNS), str(path), options)
