"""What whoever trains on a set must know of it, a sentence each."""

from __future__ import annotations

from fairtrial.curation.base import CardFacts
from fairtrial.curation.card.licences import list_open, weigh_licences

UNNAMED = "authors not named ("
"""How the credit of rows begins whose licence asks for credit, and of which nobody is named."""


def list_doubts(facts: CardFacts) -> list[str]:
    """Return the doubts, those of the run first."""
    return [*facts.doubts, *_doubt_rights(facts), *_doubt_content(facts)]


def _doubt_rights(facts: CardFacts) -> list[str]:
    found = []
    if "rights" not in facts.steps:
        found.append("Whether the rows may be trained on was not checked: the step rights was off.")
    unknown = facts.licences.get("", 0)
    if unknown:
        found.append(f"{unknown:,} rows are under no licence that anybody stated.")
    unnamed = sum(rows for credit, rows in facts.attributions.items() if credit.startswith(UNNAMED))
    if unnamed:
        found.append(f"{unnamed:,} rows are under a licence that asks for credit, and nobody says whom to name.")
    combination = weigh_licences(facts.licences)
    if combination is not None:
        found += list_open(combination)
        if combination.non_commercial:
            found.append("Some rows allow no commercial use, and neither may a model that is trained on them.")
    return found


def _doubt_content(facts: CardFacts) -> list[str]:
    found = []
    if "quality" not in facts.steps:
        found.append("Poor texts were not looked for: the step quality was off.")
    if "language" not in facts.steps:
        found.append("The language of the rows was not looked at.")
    if "personal" not in facts.steps:
        found.append("Personal data was not looked for.")
    if "toxicity" not in facts.steps:
        found.append("Toxic rows were not looked for.")
    if "against" not in facts.steps:
        found.append("Items of benchmarks were not looked for: results on public benchmarks may be too good.")
    if facts.train == 0:
        found.append("There is no row to train on.")
    elif facts.validation == 0:
        found.append("No row is held back for validation: nothing shows when training should stop.")
    count, largest = facts.clusters
    kept = facts.train + facts.validation
    if count and kept >= 20 and largest > 0.2 * kept:
        found.append(f"{largest:,} of {kept:,} rows are much alike: they form one cluster.")
    return found
