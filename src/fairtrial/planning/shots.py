"""The few-shot examples of a trial's tasks as a text that a lever can learn from; never a word of what is asked.

Knows tasks and the settings of levers, and what no lever may know: which texts are items.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from filelock import FileLock

from fairtrial.errors import SpecError
from fairtrial.tasks.base import ShowsExamples, Task

MOST_CHARACTERS = 400_000
"""Of the text: some 100,000 tokens of English."""
_BETWEEN = "\n\n"


def write_shots(tasks: Sequence[Task], folder: Path) -> Path:
    """Return a file in ``folder`` with the tasks' examples.  Raises SpecError if none of them has any."""
    return write_text_file(join_shots(tasks), folder)


def join_shots(tasks: Sequence[Task]) -> str:
    """Return the examples of all tasks in turn, without those that hold the question of an item of any of them.

    Raises SpecError if there are none.
    """
    asked = {question for task in tasks for item in task.items() if (question := item.question.strip())}
    found = [
        [text for text in dict.fromkeys(task.examples()) if not _holds_any(text, asked)]
        for task in tasks
        if isinstance(task, ShowsExamples)
    ]
    text = _BETWEEN.join(_take_in_turn(found))[:MOST_CHARACTERS]
    if not text:
        raise SpecError(
            "calibrate: shots needs few-shot examples that are not items, and none of the trial's tasks has any.",
            fix="Name a text of your own: calibrate: FILE.",
        )
    return text


def _holds_any(text: str, asked: Iterable[str]) -> bool:
    """Whether one of the questions stands in a text."""
    return any(question in text for question in asked)


def _take_in_turn(lists: Sequence[Sequence[str]]) -> list[str]:
    """Return the first of each list, then the second of each, and so on."""
    longest = max(map(len, lists), default=0)
    return [texts[i] for i in range(longest) for texts in lists if i < len(texts)]


def write_text_file(text: str, folder: Path) -> Path:
    """Return a file with that text, under a name made from it."""
    path = folder / f"shots-{hashlib.sha256(text.encode()).hexdigest()[:16]}.txt"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not path.is_file():
            part = path.with_suffix(".part")
            part.write_text(text, encoding="utf-8")
            part.replace(path)
    return path
