"""Facets: what items can be told apart by, such as level or subject, found in the rows of tasks.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_VALUES = 60
"""Different values of a facet; a column that has more is no facet."""

MOST_FACETS = 6
LONGEST = 60
"""Characters of a value or a name."""

FIRST = ("level", "difficulty", "category", "subject", "topic", "type", "kind", "language", "split")
"""Names that stand first, where rows have them."""

NO_FACETS = frozenset({"task", "version", "answer", "gold", "label", "target", "question", "choices", "index", "idx"})
"""Columns that tell the answer, or what the page has other filters for."""


@dataclass(frozen=True, slots=True)
class Facet:
    """A column by which items can be filtered.

    Attributes:
        name: of the column.
        values: that occur, in their natural order.
        of_items: for each item the place of its value in ``values``; -1 where its row has none.
    """

    name: str
    values: tuple[str, ...]
    of_items: tuple[int, ...]


@dataclass(slots=True)
class FacetColumns:
    """Collects the values of columns, item by item."""

    count: int = 0
    columns: dict[str, dict[int, str]] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)

    def add(self, row: Mapping[str, object], level: object = None) -> None:
        """Take the next item's row; ``level`` is the whole task's, where the row has none of its own."""
        given = row if level is None or "level" in row else {**row, "level": level}
        for name, value in given.items():
            if isinstance(value, str | int) and name.casefold() not in NO_FACETS and len(name) <= LONGEST:
                self._add_value(name, str(value))
        self.count += 1

    def _add_value(self, name: str, value: str) -> None:
        seen = self.seen.setdefault(name, set())
        if len(seen) > MOST_VALUES:
            return
        seen.add(value if len(value) <= LONGEST else value[:LONGEST])
        if len(value) > LONGEST:
            seen.update(str(i) for i in range(MOST_VALUES + 1))  # free text is no facet
        if len(seen) > MOST_VALUES:
            self.columns.pop(name, None)
        else:
            self.columns.setdefault(name, {})[self.count] = value

    def facets(self) -> list[Facet]:
        """Return the facets of all items, the most telling ones first."""
        found = []
        for name, column in self.columns.items():
            counts = Counter(column.values())
            if 2 <= len(counts) <= max(2, len(column) // 2):
                values = sorted(counts, key=_natural_key)
                place = {value: i for i, value in enumerate(values)}
                at = tuple(place[column[i]] if i in column else -1 for i in range(self.count))
                found.append(Facet(name, tuple(values), at))
        found.sort(key=lambda f: (FIRST.index(f.name.casefold()) if f.name.casefold() in FIRST else 99, len(f.values)))
        return found[:MOST_FACETS]


def _natural_key(value: str) -> tuple[bool, float, str]:
    """Return what sorts numbers by size and before words."""
    try:
        return False, float(value), value
    except ValueError:
        return True, 0.0, value
