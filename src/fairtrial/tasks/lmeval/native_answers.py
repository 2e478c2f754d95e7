"""Our own grading of written answers for tasks that lm-evaluation-harness has as Python classes.

Sources: SQuAD 2, arXiv 1806.03822; FDA, SWDE and SQuAD completion as the recall tasks of Based, arXiv 2402.18668.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fairtrial.tasks.lmeval.scorers import list_words, make_word_f1_scorer

_compute_f1 = make_word_f1_scorer(empty_counts=True)


def grade_squad(row: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float]:
    """Return exact match and F1 over words, of all rows and of those with and without an answer in the passage.

    What has no answer is answered rightly by a text without words.
    """
    said = str(results[0])
    golds = [text for text in row["answers"]["text"] if list_words(text)] or [""]
    scored = _compute_f1([said], golds)
    exact = float(any(list_words(said) == list_words(text) for text in golds))
    f1 = scored[0] if scored else 0.0
    kind = "HasAns" if row["answers"]["text"] else "NoAns"
    return {"exact": exact, "f1": f1, f"{kind}_exact": exact, f"{kind}_f1": f1}


def grade_containing(row: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float]:
    """Return whether the text holds the right one, in either case."""
    wanted = re.escape(str(row["value"]).strip())
    return {"contains": float(re.search(wanted, str(results[0]), re.IGNORECASE) is not None)}
