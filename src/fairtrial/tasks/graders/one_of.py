"""`one_of`: which of a few given answers the text gives; for labels, classes and options by their texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from fairtrial.errors import DataError, did_you_mean
from fairtrial.records import Measure
from fairtrial.spec.graders import OneOf
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.graders.columns import read_column_texts
from fairtrial.tasks.graders.exact import drop_ignored
from fairtrial.tasks.reading import read_option

FOLDED = ("case", "punctuation")

MOST_READ = 60
"""Options that `read_option` can tell apart; of more, the one that is the answer, or the only one in it, counts."""


class OneOfGrader(Grader[OneOf]):
    """1 where the option that the answer names is a right one, else 0."""

    Settings: ClassVar = OneOf
    measures = (Measure("one_of"),)

    def __init__(self, settings: OneOf) -> None:
        super().__init__(settings)
        self.chance = 1 / len(settings.options) if settings.options else None

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Read which option is named; an answer that names none, or leaves it open, is wrong."""
        options = self._list_options(row)
        named = find_option(answer, options)
        rights = {drop_ignored(text, FOLDED) for text in expected}
        return {"one_of": (float(named is not None and drop_ignored(options[named], FOLDED) in rights), 1.0)}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if a right answer is none of the options."""
        super().check_row(expected, row)
        options = self._list_options(row)
        known = {drop_ignored(option, FOLDED) for option in options}
        if len(known) < len(options):
            raise DataError(f"two options differ in case or punctuation only: {', '.join(options)}")
        if odd := next((text for text in expected if drop_ignored(text, FOLDED) not in known), None):
            raise DataError(
                f"the right answer {odd!r:.80} is none of the options.{did_you_mean(odd, options)} "
                f"Options: {', '.join(options)}"
            )

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell the answers that name no option, or leave it open."""
        return ["unread"] if find_option(answer, self._list_options(row)) is None else []

    def _list_options(self, row: Row) -> Sequence[str]:
        return read_column_texts(row, self.settings.column) if self.settings.column else self.settings.options


def find_option(answer: str, options: Sequence[str]) -> int | None:
    """Return the place of the option that an answer names; None if it names none, or more than one."""
    said = drop_ignored(answer, FOLDED)
    folded = [drop_ignored(option, FOLDED) for option in options]
    if said in folded:
        return folded.index(said)
    letters = all(len(option) == 1 for option in options)
    if len(options) <= MOST_READ:
        return read_option(answer, "".join(options).upper() if letters else "", options)
    inside = [i for i, option in enumerate(folded) if _stands_in(option, said)]
    longest = [i for i in inside if not any(i != j and folded[i] in folded[j] for j in inside)]
    return longest[0] if len(longest) == 1 else None


def _stands_in(option: str, said: str) -> bool:
    """Return whether an option stands in a text as no part of a longer word, number or sum."""
    return bool(re.search(rf"(?<![\w.,/+\-]){re.escape(option)}(?![\w/+\-]|[.,:]\d)", said))
