"""Doubts about where weights come from: files made from weights that had been rounded before.

Only what is on record counts: a file that somebody else made does not say from what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import WeightsRecord

UNROUNDED = frozenset({"f32", "f16", "bf16", "f64"})


def find_weight_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each type that the weights of several candidates were rounded to before their own."""
    found: dict[str, list[str]] = {}
    for candidate in trial.plan.candidates:
        if kind := find_coarsest_type(candidate.record):
            found.setdefault(kind, []).append(candidate.name)
    baseline = trial.plan.baseline
    for kind, names in found.items():
        size = f", about {count_bits(kind)} bits a weight" if count_bits(kind) else ""
        text = (
            f"{_join_names(names)}: made from weights that had already been rounded to {kind}{size}. What is measured "
            "is the cost of rounding a second time; the weights before any rounding may be better than all of these."
        )
        yield Doubt("worn", text, candidate=names[0] if len(names) == 1 else "", headline=baseline in names)


def find_coarsest_type(record: WeightsRecord) -> str:
    """Return the type of fewest bits that a candidate's weights had before; empty if they had not been rounded."""
    before = record.made_from if record.made_from is not None else (record.parent_type,)
    rounded = [kind for kind in before if kind and kind not in UNROUNDED]
    return min(rounded, key=lambda kind: count_bits(kind) or 99, default="")


def count_bits(kind: str) -> int:
    """Return about how many bits a weight of a type has, by its name; 0 if that does not say."""
    digits = re.search(r"\d+", kind)
    return int(digits[0]) if digits else 0


def _join_names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
