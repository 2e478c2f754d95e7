"""Whether a model made from another one and from data may be passed on under a licence: rules over the table.

The weights of a base model are changed, so what its licence asks of changed works holds.  Whether weights are a changed
work of the data that they were trained on is not settled, so what share-alike and no-derivatives ask of data is an open
question, and is told as one: https://creativecommons.org/using-cc-licensed-works-for-ai-training-2/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from fairtrial.rights.licences.table import GNU, LicenceTerms, find_licence

Compatibility = Literal["compatible", "conditional", "unknown", "incompatible"]
LicenceRole = Literal["base", "data"]
_ORDER: Sequence[Compatibility] = ("compatible", "conditional", "unknown", "incompatible")
OPEN = "whether a model is a changed work of its training data is not settled"


@dataclass(frozen=True, slots=True)
class Ingredient:
    """Something that a model is made of: its licence as it was stated, and what it is.

    Attributes:
        licence: id or address; empty if none was stated.
        role: the model that was changed, or data that it was trained on.
        name: for people.
    """

    licence: str
    role: LicenceRole
    name: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one ingredient says of passing the model on.

    Attributes:
        ingredient: the one.
        status: ``conditional`` if something must be done, or an open question answered, first.
        why: in words.
        duties: what must be done.
        source: page that says so; empty if none is known.
    """

    ingredient: Ingredient
    status: Compatibility
    why: str
    duties: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Combination:
    """What all ingredients say together.

    Attributes:
        release: id of the licence that was asked about; empty if none was.
        status: the least favourable of the findings.
        findings: one an ingredient.
    """

    release: str
    status: Compatibility
    findings: tuple[Finding, ...]

    @property
    def duties(self) -> tuple[str, ...]:
        """All that must be done, each once."""
        return tuple(dict.fromkeys(duty for finding in self.findings for duty in finding.duties))

    @property
    def non_commercial(self) -> bool:
        """Whether an ingredient allows no commercial use."""
        return any(
            terms.non_commercial for one in self.findings if (terms := find_licence(one.ingredient.licence)) is not None
        )


def combine_licences(ingredients: Iterable[Ingredient], release: str) -> Combination:
    """Return whether a model may be passed on under a licence.

    Args:
        ingredients: what it is made of; at least one.
        release: the licence, by its id of SPDX or of the hub.
    """
    wanted = find_licence(release)
    findings = tuple(_judge(one, wanted, release) for one in ingredients)
    statuses: list[Compatibility] = [one.status for one in findings]
    status: Compatibility = max(statuses, key=_ORDER.index, default="unknown")
    return Combination(wanted.id if wanted else release, status, findings)


def suggest_release(ingredients: Sequence[Ingredient]) -> Combination:
    """Return what all say of the licence that a changed model usually gets: its base's, or the strictest of its data's.

    Of several the first with the most favourable answer; the base's own if none is better.
    """
    names = [one.licence for one in sorted(ingredients, key=lambda one: one.role)]
    asked = dict.fromkeys(name for name in names if find_licence(name))
    found = [combine_licences(ingredients, name) for name in asked]
    return min(found, key=lambda one: _ORDER.index(one.status), default=combine_licences(ingredients, ""))


def _judge(one: Ingredient, wanted: LicenceTerms | None, release: str) -> Finding:
    terms = find_licence(one.licence)
    if terms is None:
        told = f"the licence {one.licence[:80]!r} is not in the table" if one.licence else "no licence is stated"
        return Finding(one, "unknown", told)
    if wanted is None:
        told = f"the licence {release[:80]!r} is not in the table" if release else "no licence to pass it on is known"
        return Finding(one, "unknown", told, _list_duties(terms), terms.source)
    status, why = _weigh(one, terms, wanted)
    duties = _list_duties(terms)
    source = GNU if why.startswith("the FSF") else terms.source
    if status == "compatible" and duties and not why:
        why = "allowed, with duties"
    return Finding(one, status, why or "allowed", duties, source)


def _weigh(one: Ingredient, terms: LicenceTerms, wanted: LicenceTerms) -> tuple[Compatibility, str]:
    """Return what a known licence says of another one, and why; no reason where there is nothing to say."""
    if terms.non_commercial and not wanted.non_commercial:
        return "incompatible", f"it allows no commercial use, and {wanted.id} does"
    if wanted.id == terms.id and not terms.no_derivatives:
        return "compatible", ""
    if one.role == "base" and _list_duties(terms) and not _list_duties(wanted):
        return "conditional", f"it has duties, and {wanted.id} tells nobody who gets the model of any"
    if terms.no_derivatives:
        if one.role == "base":
            return "incompatible", "a changed work must not be passed on; used where it was made, it may be"
        return "conditional", f"changed works must not be passed on, and {OPEN}"
    if wanted.id in terms.not_under:
        return "incompatible", f"the FSF says that {terms.id} and {wanted.id} cannot be combined"
    if terms.share_alike is None or wanted.id in terms.share_alike:
        return "compatible", ""
    alike = " or ".join(sorted(terms.share_alike))
    if terms.about_data and one.role == "data":
        return "compatible", "a changed collection must be shared alike; what is computed from it need not be"
    if one.role == "data":
        return "conditional", f"changed works must be under {alike}, and {OPEN}"
    return "incompatible", f"a changed work must be under {alike}"


def _list_duties(terms: LicenceTerms) -> tuple[str, ...]:
    named = [f"{terms.id}: name the authors and keep their notices"] if terms.attribution else []
    alone = [f"{terms.id}: no commercial use"] if terms.non_commercial else []
    passed = [f"{terms.id}: {terms.passes_on}"] if terms.passes_on else []
    return (*named, *alone, *passed)
