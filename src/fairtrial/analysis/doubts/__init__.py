"""Why a number may mean something else than it seems to: one table of finders, read from the ledger.

Whoever knows a reason to doubt a score or a verdict adds a finder here; headline, terminal, report, JSON document and
quality gate then say it.  Knows no engine and no task.
"""

from __future__ import annotations

from fairtrial.analysis.doubts.answers import DOUBTFUL, answer_doubts, letter_doubts, verdict_doubts
from fairtrial.analysis.doubts.base import Doubt, Finder
from fairtrial.analysis.doubts.choices import choice_doubts
from fairtrial.analysis.doubts.copies import copy_doubts
from fairtrial.analysis.doubts.few import few_doubts
from fairtrial.analysis.doubts.golds import gold_doubts
from fairtrial.analysis.doubts.guessing import guessing_doubts, same_candidate_doubts
from fairtrial.analysis.doubts.hosted import hosted_doubts
from fairtrial.analysis.doubts.matches import match_doubts, record_doubts
from fairtrial.analysis.doubts.quoting import exact
from fairtrial.analysis.doubts.same_text import same_text_doubts
from fairtrial.analysis.doubts.weights import weight_doubts
from fairtrial.ledger import Ledger, query

__all__ = ["DOUBTFUL", "DOUBTS", "Doubt", "exact", "find_doubts"]

DOUBTS: tuple[Finder, ...] = (
    same_candidate_doubts,
    verdict_doubts,
    answer_doubts,
    letter_doubts,
    same_text_doubts,
    guessing_doubts,
    gold_doubts,
    choice_doubts,
    copy_doubts,
    match_doubts,
    record_doubts,
    few_doubts,
    hosted_doubts,
    weight_doubts,
)
"""All finders, in the order in which their doubts are told."""


def find_doubts(ledger: Ledger, trial_id: str) -> tuple[Doubt, ...]:
    """Return all doubts about a trial, those of the headline first."""
    trial = query.trial(ledger, trial_id)
    found = [doubt for finder in DOUBTS for doubt in finder(ledger, trial)]
    return tuple(sorted(found, key=lambda doubt: not doubt.headline))
