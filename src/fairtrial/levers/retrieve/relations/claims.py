"""What a passage says that another one could say otherwise: a value, and all that tells of what.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from fairtrial.levers.retrieve.relations.meanings import exclude_each_other
from fairtrial.levers.retrieve.relations.reading import ProperName


@dataclass(frozen=True, slots=True)
class PassageClaim:
    """A value that a clause gives.

    Attributes:
        kind: of value: ``number``, ``money``, ``date`` ...; only those of one kind are compared.
        thing: what it is a value of, as a note names it.
        unit: what is counted or measured, in any of these words or meanings.
        low, high: between these the value lies; equal where it is exact.
        stems: of the telling words of the clause.
        meanings: of the words of the clause.
        years, days: to which the clause ties it.
        names: in the sentence.
        provisional: whether the clause says that it will change.
        moved: whether it says that it has changed.
        order: stems of the telling words of the clause in a row; before those with a capital a full stop, a
            colon if an article stands before it.
    """

    kind: str
    thing: str
    unit: frozenset[str]
    low: float
    high: float
    stems: frozenset[str]
    meanings: frozenset[str]
    years: frozenset[int] = frozenset()
    days: frozenset[str] = frozenset()
    names: tuple[ProperName, ...] = ()
    provisional: bool = False
    moved: bool = False
    order: tuple[str, ...] = ()

    def measures_same(self, other: PassageClaim) -> bool:
        """Return whether both count or measure the same, as far as the unit tells."""
        return self.kind == other.kind and not self.unit.isdisjoint(other.unit)

    def agrees(self, other: PassageClaim) -> bool:
        """Return whether both can be true of one thing."""
        return self.low <= other.high and other.low <= self.high

    def is_apart(self, other: PassageClaim) -> bool:
        """Return whether they are about different things or times."""
        return (
            (bool(self.years and other.years) and self.years.isdisjoint(other.years))
            or (bool(self.days and other.days) and self.days.isdisjoint(other.days))
            or exclude_each_other(self.meanings, other.meanings)
        )

    def shares(self, other: PassageClaim, known: frozenset[str]) -> int:
        """Return in how many words, or meanings, both clauses tell of what the value is, beside those known."""
        words = (self.stems & other.stems) - known
        meanings = {one for one in self.meanings & other.meanings if not one.startswith(("role/", "opposite/"))}
        return len(words) + len(meanings - {f"alike/{word}" for word in known})
