"""What the licences of the rows say of a model that is trained on them, by the table of licences."""

from __future__ import annotations

from collections.abc import Mapping

from fairtrial.rights.licences import Combination, Ingredient, suggest_release


def weigh_licences(licences: Mapping[str, int]) -> Combination | None:
    """Return under which licence a model may best be passed on, as far as the rows are concerned, and what each says.

    Args:
        licences: of the rows, to how many have it; a row under several at once has them with ``AND`` between.

    None where no row has a licence.
    """
    names = dict.fromkeys(one for name in sorted(licences) if name for one in name.split(" AND "))
    return suggest_release([Ingredient(name, "data") for name in names]) if names else None


def describe_release(combination: Combination) -> str:
    """Return what was found in a sentence."""
    if combination.status == "compatible":
        return (
            f"As far as the rows are concerned, a model trained on them may be passed on under {combination.release}."
        )
    if not combination.release:
        return "Under which licence a model trained on the rows may be passed on is not known."
    told = {"conditional": "only after open questions are answered", "unknown": "or not: that is not known"}
    how = told.get(combination.status, "not at all")
    return f"A model trained on the rows may be passed on under {combination.release} {how}."


def list_open(combination: Combination) -> list[str]:
    """Return what stands in the way of passing a model on, a sentence a licence."""
    return [
        f"Rows under {one.ingredient.licence}: {one.why}." for one in combination.findings if one.status != "compatible"
    ]
