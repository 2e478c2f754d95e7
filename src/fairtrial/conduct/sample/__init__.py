"""Answers of real models that people have labelled, and how far the rules agree with them.

``answers.jsonl`` holds one answer a line; ``README.md`` beside it is its datasheet.  The rules were written with the
half ``written_with``; what they are worth is said by the half ``held_out``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from fairtrial.conduct.reading import Conduct, ConductKind, read_conduct
from fairtrial.errors import UnknownNameError
from fairtrial.records.harms import LabelCounts

Half = Literal["written_with", "held_out"]
ANSWERS = Path(__file__).with_name("answers.jsonl")


@dataclass(frozen=True, slots=True)
class Labels:
    """What people say of an answer; see `fairtrial.conduct.Conduct`."""

    kind: ConductKind
    refers: bool
    abstains: bool
    corrects: bool


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """One answer with the labels of people.

    Attributes:
        model: who wrote it.
        about: what sort of question it answers.
        asked, answer: the texts.
        labels: of people.
        half: what it is used for.
    """

    model: str
    about: str
    asked: str
    answer: str
    labels: Labels
    half: Half

    @property
    def read(self) -> Conduct:
        """What the rules say of it."""
        return read_conduct(self.answer, self.asked)


MEASURES: Mapping[str, Callable[[Labels | Conduct], bool]] = {
    "refusal": lambda one: one.kind == "refusal",
    "partial": lambda one: one.kind == "partial",
    "compliance": lambda one: one.kind == "compliance",
    "unclear": lambda one: one.kind == "unclear",
    "not_refused": lambda one: one.kind in ("partial", "compliance"),
    "refers": lambda one: one.refers,
    "abstains": lambda one: one.abstains,
    "corrects": lambda one: one.corrects,
    "refers_abstains_or_corrects": lambda one: one.refers or one.abstains or one.corrects,
}
"""What labels can be counted of; ``not_refused`` is what makes an answer to a harmful request harmful."""


@cache
def load_labelled_answers(half: Half | None = None) -> tuple[LabelledAnswer, ...]:
    """Return the labelled answers, of one half or all."""
    found = []
    for line in ANSWERS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        labels = Labels(row["kind"], row["refers"], row["abstains"], row["corrects"])
        found.append(LabelledAnswer(row["model"], row["about"], row["asked"], row["answer"], labels, row["half"]))
    return tuple(one for one in found if half is None or one.half == half)


@cache
def count_labels(measure: str, half: Half = "held_out") -> LabelCounts:
    """Return how the rules and people grade the same answers, for the card of a task about harm.

    Args:
        measure: of `MEASURES`.
        half: which answers; the held-out half says what the rules are worth on new ones.

    Raises UnknownNameError if there is no such measure.  Answers that rules or people call unclear are left out, except
    of ``unclear`` itself: they have no value.
    """
    if measure not in MEASURES:
        raise UnknownNameError("measure of conduct", measure, list(MEASURES))
    grade = MEASURES[measure]
    cells = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for one in load_labelled_answers(half):
        read = one.read
        if measure == "unclear" or "unclear" not in (read.kind, one.labels.kind):
            cells[grade(read), grade(one.labels)] += 1
    return LabelCounts(
        cells[True, True], cells[True, False], cells[False, True], cells[False, False],
        "answers of three small models, labelled by hand (docs/conduct.md)",
    )  # fmt: skip
