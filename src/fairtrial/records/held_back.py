"""Answers that a guard ended in its policy's own words: these words, and what of the model's was given before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairtrial.records.trace import Trace

REFUSAL = "I can't help with that."
"""What stands, for grading, for an answer that was refused or held back by somebody else than the model."""

METHOD = 2
"""Of finding these words: raise it whenever an answer would be graded otherwise for it."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An answer that a guard held back.

    Attributes:
        given: what of the model's answer was given before; empty as a rule.
        words: the policy's own, which stand in place of the rest.
    """

    given: str
    words: str


def find_held_back(answer: str, trace: Trace) -> HeldBack | None:
    """Return what a guard left of an answer and what it said; None if the answer does not end in a guard's words.

    A guard of a part, whose answer another part replaced, has held nothing back.
    """
    text = answer.strip()
    for step in reversed(trace):
        words = step.said.strip()
        if words and text.endswith(words):
            return HeldBack(text.removesuffix(words).strip(), words)
    return None


def read_own_words(answer: str, trace: Trace) -> str:
    """Return what of an answer is no guard's: all of it where no guard ended it."""
    held = find_held_back(answer, trace)
    return answer if held is None else held.given


def knows_held_back(settings: Mapping[str, object]) -> bool:
    """Return whether a task, or the grader of its main measure, tells a guard's words from a model's.

    Args:
        settings: of the task's card; who knows such words says so under ``held_back``.
    """
    graders = settings.get("grade")
    first = graders[0] if isinstance(graders, Sequence) and graders else {}
    named = first.values() if isinstance(first, Mapping) else ()
    return any(isinstance(one, Mapping) and "held_back" in one for one in (settings, *named))
