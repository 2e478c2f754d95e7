"""`set` and `list`: the answer names the right things, all of them and no others, in any order or in the right one.

Beside it the partial credit that F1 gives: of a set over its members, of a list over the longest common subsequence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar, TypeVar

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from fairtrial.errors import DataError
from fairtrial.records import Measure
from fairtrial.spec.answers import ListSettings, SetSettings
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.graders.elements import ListElement, compute_f1, find_like, read_elements, read_right

S = TypeVar("S", bound=SetSettings)


class ListedGrader(Grader[S], ABC):
    """Reads what is listed, and compares it with the right list; a JSON list in a row is that list, and no choice."""

    expects_json = True
    exact: ClassVar[str]
    partial: ClassVar[str]

    @abstractmethod
    def count_matches(self, said: list[ListElement], right: list[ListElement]) -> tuple[int, int, int]:
        """Return how many match, how many were said, and how many are right."""

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Compare with the nearest right list; an answer that lists nothing matches none."""
        shares = [self._compare(answer, text) for text in expected]
        best = max(shares, default=0.0)
        return {self.exact: (float(best == 1.0), 1.0), self.partial: (best, 1.0)}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if a right answer lists nothing."""
        super().check_row(expected, row)
        for text in expected:
            if read_right(text, self.settings.separator) is None:
                raise DataError(f"the right answer {text!r:.80} lists nothing; write [] if it is to be empty")

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell the answers that list nothing that can be read."""
        return ["unread"] if read_elements(answer, self.settings.separator) is None else []

    def _compare(self, answer: str, text: str) -> float:
        right = read_right(text, self.settings.separator) or []
        said = read_elements(answer, self.settings.separator, right)
        if said is None:
            return 0.0
        ignore = self.settings.ignore
        things = [[ListElement.read(one, ignore) for one in texts] for texts in (said, right)]
        return compute_f1(*self.count_matches(*things))


class SetGrader(ListedGrader[SetSettings]):
    """`set_match`: 1 where the things are the right ones; `set_f1`.  What is named twice counts once."""

    Settings: ClassVar = SetSettings
    exact, partial = "set_match", "set_f1"
    measures = (Measure("set_match"), Measure("set_f1"))

    def count_matches(self, said: list[ListElement], right: list[ListElement]) -> tuple[int, int, int]:
        """Return the size of the largest matching of what was said with what is right, and the sizes of both."""
        said, right = _drop_copies(said), _drop_copies(right)
        like = find_like(said, right, self.settings.tolerance)
        rows = [i for i, places in enumerate(like) for _ in places]
        columns = [j for places in like for j in places]
        graph = csr_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(len(said), len(right)))
        matched = int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum()) if rows else 0
        return matched, len(said), len(right)


class ListGrader(ListedGrader[ListSettings]):
    """`list_match`: 1 where the things are the right ones in the right order; `list_f1`."""

    Settings: ClassVar = ListSettings
    exact, partial = "list_match", "list_f1"
    measures = (Measure("list_match"), Measure("list_f1"))

    def count_matches(self, said: list[ListElement], right: list[ListElement]) -> tuple[int, int, int]:
        """Return the length of the longest common subsequence, and the lengths of both."""
        row = [0] * (len(right) + 1)
        for places in map(set, find_like(said, right, self.settings.tolerance)):
            before = 0
            for j in range(1, len(right) + 1):
                before, row[j] = row[j], before + 1 if j - 1 in places else max(row[j], row[j - 1])
        return row[-1], len(said), len(right)


def _drop_copies(things: Sequence[ListElement]) -> list[ListElement]:
    """Return things without those whose text or number stood before."""
    texts: set[str] = set()
    numbers: set[Fraction] = set()
    kept = []
    for one in things:
        if one.text not in texts and one.number not in numbers:
            kept.append(one)
            texts.add(one.text)
            numbers |= set() if one.number is None else {one.number}
    return kept
