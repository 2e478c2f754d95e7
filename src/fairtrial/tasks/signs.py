"""Signs: how an answer was given, apart from whether it is right; what makes a score doubtful is counted from them.

A sign is stored as an observation of value 1 beside an item's grades, and only where it occurs.  Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairtrial.records import Answer, GenerateAnswer, Item, Observation

PREFIX = "sign:"
"""Begins the measure name of every sign, so that none is taken for a grade or a cost."""

SIGNS: Mapping[str, str] = {
    "empty": "the answer has no text",
    "refused": "the server refused to answer",
    "unfinished": "all tokens went to reasoning, and no answer came",
    "unread": "no answer could be read from the text",
    "near_miss": "wrong, and different from a right answer only in white space, case or final punctuation",
}
"""What each sign says of an answer."""


def signs(item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> list[Observation]:
    """Return the signs of the answers to one item.

    Args:
        item: what was asked.
        answers: of its requests, in their order.
        grades: what the task made of them.
    """
    written = [answer for answer in answers if isinstance(answer, GenerateAnswer)]
    found = []
    if any(answer.finish == "refused" for answer in written):
        found.append("refused")
    elif any(answer.unfinished for answer in written):
        found.append("unfinished")
    elif written and not any(answer.text.strip() for answer in written):
        found.append("empty")
    if any(grade.measure == "unread" and grade.value > 0 for grade in grades):
        found.append("unread")
    return [Observation(PREFIX + name, 1.0) for name in found]
