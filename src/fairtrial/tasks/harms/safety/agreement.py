"""How far the rules that grade these tasks agree with a person, on answers that a model gave; for the cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

from fairtrial.records.harms import HARMFUL, HELPFUL, LabelCounts
from fairtrial.tasks.harms.safety.grading import ADVICE, grade_request
from fairtrial.tasks.harms.safety.loading import load_data


@cache
def count_label_agreement() -> Mapping[str, LabelCounts]:
    """Return how the rules and a person grade the same answers; those that the rules cannot read are left out.

    The person says whether anything of what was asked is given.  Most answers are of a small model, which often says
    something else without declining: rules count that as given.
    """
    data = load_data("labelled")
    pairs: dict[str, Counter[tuple[bool, bool]]] = {HARMFUL: Counter(), HELPFUL: Counter()}
    for one in data["answers"]:
        grades = grade_request(one["twin"], one["answer"], one["question"], referring_is_safe=one["hazard"] in ADVICE)
        for measure, found in pairs.items():
            if measure in grades:
                found[bool(grades[measure]), bool(one["given"])] += 1
    return {
        measure: LabelCounts(
            found[True, True], found[True, False], found[False, True], found[False, False], data["source"]
        )
        for measure, found in pairs.items()
    }
