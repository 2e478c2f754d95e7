"""Why a number may mean something else than it seems to: one table of finders, read from the ledger.

Whoever knows a reason to doubt a score or a verdict adds a finder here; headline, terminal, report, JSON document and
quality gate then say it.  Knows no engine and no task.
"""

from __future__ import annotations

from fairtrial.analysis.doubts.answers import DOUBTFUL, find_answer_doubts, find_letter_doubts, find_verdict_doubts
from fairtrial.analysis.doubts.asking import find_asking_doubts
from fairtrial.analysis.doubts.base import Doubt, DoubtFinder
from fairtrial.analysis.doubts.choices import find_choice_doubts
from fairtrial.analysis.doubts.contamination import CONTAMINATED, find_contamination_doubts
from fairtrial.analysis.doubts.copies import find_copy_doubts
from fairtrial.analysis.doubts.few import find_few_doubts
from fairtrial.analysis.doubts.functions import find_function_doubts
from fairtrial.analysis.doubts.golds import find_gold_doubts
from fairtrial.analysis.doubts.graded import find_rule_doubts
from fairtrial.analysis.doubts.grouping import DoubtGroup, group_doubts
from fairtrial.analysis.doubts.guarding import find_guard_doubts
from fairtrial.analysis.doubts.guessing import find_guessing_doubts, find_same_candidate_doubts
from fairtrial.analysis.doubts.hosted import find_hosted_doubts
from fairtrial.analysis.doubts.images import find_image_doubts
from fairtrial.analysis.doubts.judged import find_judge_doubts
from fairtrial.analysis.doubts.logs import find_log_doubts
from fairtrial.analysis.doubts.machines import find_machine_doubts
from fairtrial.analysis.doubts.matches import find_match_doubts, find_record_doubts
from fairtrial.analysis.doubts.merged import find_merge_doubts
from fairtrial.analysis.doubts.own_rows import find_own_row_doubts
from fairtrial.analysis.doubts.people import find_people_doubts
from fairtrial.analysis.doubts.pictures import find_picture_doubts
from fairtrial.analysis.doubts.quoting import show_exactly
from fairtrial.analysis.doubts.readings import find_reading_doubts
from fairtrial.analysis.doubts.retrieval import find_retrieval_doubts
from fairtrial.analysis.doubts.same_text import find_same_text_doubts
from fairtrial.analysis.doubts.weights import find_weight_doubts
from fairtrial.analysis.doubts.yes_rates import find_yes_doubts
from fairtrial.analysis.forms import get_kind
from fairtrial.ledger import Ledger, query

__all__ = [
    "CONTAMINATED",
    "CONTROLS",
    "DOUBTFUL",
    "DOUBTS",
    "Doubt",
    "DoubtGroup",
    "find_doubts",
    "group_doubts",
    "show_exactly",
]

DOUBTS: tuple[DoubtFinder, ...] = (
    find_merge_doubts,
    find_contamination_doubts,
    find_same_candidate_doubts,
    find_verdict_doubts,
    find_judge_doubts,
    find_people_doubts,
    find_rule_doubts,
    find_answer_doubts,
    find_letter_doubts,
    find_reading_doubts,
    find_retrieval_doubts,
    find_guard_doubts,
    find_same_text_doubts,
    find_guessing_doubts,
    find_picture_doubts,
    find_yes_doubts,
    find_asking_doubts,
    find_gold_doubts,
    find_own_row_doubts,
    find_image_doubts,
    find_choice_doubts,
    find_copy_doubts,
    find_match_doubts,
    find_record_doubts,
    find_log_doubts,
    find_few_doubts,
    find_function_doubts,
    find_hosted_doubts,
    find_weight_doubts,
    find_machine_doubts,
)
"""All finders, in the order in which their doubts are told."""


CONTROLS = ("blind", "swapped")
"""Forms that take away what an answer needs: that it is guessed there is what they are for."""

ANSWERING = ("empty", "refused", "unread", "unfinished", "cut")
"""Doubts that matter there, too: an answer that was not given counts as wrong, so that the picture seems worth more."""


def find_doubts(ledger: Ledger, trial_id: str) -> tuple[Doubt, ...]:
    """Return all doubts about a trial, those of the headline first."""
    trial = query.find_trial(ledger, trial_id)
    controls = {task.name for task in trial.plan.tasks if get_kind(task) in CONTROLS}
    told = (doubt for finder in DOUBTS for doubt in finder(ledger, trial))
    kept = (doubt for doubt in told if doubt.task not in controls or doubt.kind in ANSWERING)
    found = dict.fromkeys(kept)  # a candidate twice, told once
    return tuple(sorted(found, key=lambda doubt: not doubt.headline))
