"""When an item counts as seen: what was counted of its grams, to a finding.  Pure; the table of thresholds is here.

A row of training data is dropped by the stricter column, since a row too many costs little and an item that leaks much;
an item is held to have been seen by the other, over all rows together, as the papers do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OverlapKind = Literal["thirteen", "eight", "short", "changed", "near", "reworded"]

WORDS: dict[OverlapKind, str] = {
    "thirteen": "13 words in a row",
    "eight": "runs of 8 words",
    "short": "question and answer",
    "changed": "the wording, names and numbers apart",
    "near": "the same phrases in another order",
    "reworded": "most of the telling words",
}
"""What is in common, by the rule that found it."""


@dataclass(frozen=True, slots=True)
class OverlapRules:
    """Thresholds; a share is of the item's own grams, those left out that many items of its task have.

    Attributes:
        eight: least share of 8-grams.
        changed: least share of 8-grams without names and numbers.
        near: least share of phrases in any order.
        fewest: grams of a kind that an item must share, beside the share.
        practice: least share of all 8-grams, of an item that its task makes of templates: rows of the same templates
            have much in common with it and are no leak.
    """

    eight: float
    changed: float
    near: float
    fewest: int
    practice: float


FOR_ROWS = OverlapRules(eight=0.25, changed=0.6, near=0.5, fewest=3, practice=0.7)
"""For one row of training data."""
FOR_ITEMS = OverlapRules(eight=0.7, changed=0.9, near=0.75, fewest=1, practice=0.9)
"""For an item against all rows together: 70% of 8-grams is PaLM's threshold (section 8); any 13-gram is GPT-3's."""
LEAST_DISTINCT = 0.5
"""Share of an item's grams that must be its own for its wording to be told from that of its task."""


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """What was counted of one item.

    Attributes:
        own: kind to the number of its grams that few other items of its task have.
        all: kind to the number of all its grams.
        seen: kind to how many of its own were seen.
        seen_all: how many of all its 8-grams were seen.
        practice: the task makes its items of templates; see `items.ItemText`.
    """

    own: dict[str, int]
    all: dict[str, int]
    seen: dict[str, int]
    seen_all: int
    practice: bool


def judge(counts: ItemCounts, rules: OverlapRules, short: bool) -> tuple[OverlapKind, float] | None:
    """Return by which rule an item was seen, with the share of its grams; None where it was not.

    Args:
        counts: of its grams.
        rules: thresholds.
        short: whether its question, which has few words, and its answer were seen together.
    """
    shares = {kind: counts.seen[kind] / total if total else 0.0 for kind, total in counts.own.items()}
    whole = counts.seen_all / counts.all["eight"] if counts.all["eight"] else 0.0
    if counts.practice:
        return (
            ("eight", whole) if whole >= rules.practice and counts.seen["eight"] else ("short", 1.0) if short else None
        )
    if counts.seen["thirteen"]:
        return "thirteen", shares["thirteen"]
    if whole == 1.0 and counts.seen["eight"]:
        return "eight", 1.0
    if shares["eight"] >= rules.eight and counts.seen["eight"] >= min(rules.fewest, counts.own["eight"]):
        return "eight", shares["eight"]
    if short:
        return "short", 1.0
    for kind, least in (("changed", rules.changed), ("near", rules.near)):
        enough = counts.own[kind] >= LEAST_DISTINCT * counts.all[kind]
        if enough and shares[kind] >= least and counts.seen[kind] >= max(rules.fewest, 2):
            return kind, shares[kind]  # type: ignore[return-value]
    return None
