"""What a trial found: estimates of every measure and verdicts on every pair, read from the ledger.

Reads only; knows no engine, task or lever, and works on a ledger that is half filled: what has no rows yet has no
estimate and no verdict.
"""

from __future__ import annotations

from fairtrial.analysis.verdicts.estimates import apply_transform, find_estimates
from fairtrial.analysis.verdicts.judging import find_earlier_answers, judge_question
from fairtrial.analysis.verdicts.matched import count_matched, find_too_few_matched, get_least_matched
from fairtrial.analysis.verdicts.questions import (
    TrialQuestion,
    get_bounds,
    get_transformed_unit,
    iterate_questions,
    make_rule,
    scale_margin,
)
from fairtrial.analysis.verdicts.results import Estimate, Verdict
from fairtrial.analysis.verdicts.together import find_verdicts

__all__ = [
    "Estimate",
    "TrialQuestion",
    "Verdict",
    "apply_transform",
    "count_matched",
    "find_earlier_answers",
    "find_estimates",
    "find_too_few_matched",
    "find_verdicts",
    "get_bounds",
    "get_least_matched",
    "get_transformed_unit",
    "iterate_questions",
    "judge_question",
    "make_rule",
    "scale_margin",
]
