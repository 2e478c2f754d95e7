"""What a trial found: estimates of every measure and verdicts on every pair, read from the ledger.

Reads only; knows no engine, task or lever, and works on a ledger that is half filled: what has no rows yet has no
estimate and no verdict.
"""

from __future__ import annotations

from fairtrial.analysis.verdicts.estimates import estimates, through
from fairtrial.analysis.verdicts.found import Estimate, Verdict
from fairtrial.analysis.verdicts.judging import earlier_answers, verdict
from fairtrial.analysis.verdicts.matched import least_matched, matched_share, too_few_matched
from fairtrial.analysis.verdicts.questions import (
    Question,
    bounds_of,
    questions,
    rule_of,
    scaled,
    unit_through,
)
from fairtrial.analysis.verdicts.together import verdicts

__all__ = [
    "Estimate",
    "Question",
    "Verdict",
    "bounds_of",
    "earlier_answers",
    "estimates",
    "least_matched",
    "matched_share",
    "questions",
    "rule_of",
    "scaled",
    "through",
    "too_few_matched",
    "unit_through",
    "verdict",
    "verdicts",
]
