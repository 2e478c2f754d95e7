"""Questions of our own tasks without end, for whoever tunes a model on them.

They come from draws of their own: whatever the seeds, none is drawn from the same numbers as an item or an example of a
trial.  Simple levels have few different questions, so one may be drawn that a trial asks too: a question that is among
the items or examples of given test seeds is therefore left out, and how many were is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.records import content_hash, render_parts
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural import PROCEDURAL
from fairtrial.tasks.procedural.base import ProceduralTask

TEST_SEEDS = (0,)
"""Seeds of trials unless told otherwise: their items and examples are never training rows."""
TEST_ITEMS = 1000
"""Items of each test seed, and level, that are kept out."""
_MOST_DRAWS = 50
"""Draws for each row that is wanted, before a level is called exhausted."""


@dataclass
class TrainingQuestions:
    """Draws questions of one task at some levels.

    Attributes:
        task: name of the task.
        levels: to draw from, in turn.
        seed: other seeds give other questions.
        avoided: seeds of trials whose items are left out.
        left_out: questions that were drawn and left out, since a trial asks them or they came before.
    """

    task: str
    levels: Sequence[int] = ()
    seed: int = 0
    avoided: Sequence[int] = TEST_SEEDS
    left_out: int = 0
    _tasks: dict[int, ProceduralTask] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Find the task.  Raises UnknownNameError, or SpecError for a level that does not exist."""
        if not self.levels:
            self.levels = (build_procedural_task(self.task, TaskOptions()).level,)
        for level in self.levels:
            self._tasks[level] = build_procedural_task(self.task, TaskOptions(level=level, seed=self.seed))
            for seed in self.avoided:
                asked = build_procedural_task(self.task, TaskOptions(level=level, seed=seed, items=TEST_ITEMS))
                self._taken |= asked.list_asked()

    def draw(self, rows: int) -> Iterator[dict[str, Any]]:
        """Yield so many rows, each question once, levels in turn; the same ones for the same arguments.

        A row is ``{"id", "messages", "source", "cluster", "licence"}``: the task's own instruction as the system
        message, the question as a trial asks it, and the right answer.

        Raises SpecError if a level has too few different questions.
        """
        numbers = dict.fromkeys(self.levels, 0)
        for row in range(rows):
            level = self.levels[row % len(self.levels)]
            task = self._tasks[level]
            for _ in range(_MOST_DRAWS):
                found = task.draw_training(numbers[level])
                numbers[level] += 1
                fresh = [one for one in found if one[0] not in self._taken]
                self.left_out += len(found) - len(fresh)
                if fresh:
                    break
            else:
                raise SpecError(
                    f"{self.task} level {level} has too few different questions for {rows:,} rows; {row:,} were found.",
                    fix="Ask for fewer rows, or for harder levels.",
                )
            asked, item = fresh[0]
            self._taken.add(asked)
            yield self._write_row(task, level, item)

    def _write_row(self, task: ProceduralTask, level: int, item: Any) -> dict[str, Any]:
        messages = [
            {"role": "system", "content": task.instruction},
            {"role": "user", "content": render_parts(task.write_question(item))},
            {"role": "assistant", "content": item.gold[0]},
        ]
        source = {"task": self.task, "version": task.card.version, "level": level, "training_seed": self.seed}
        return {
            "id": content_hash(messages),
            "messages": messages,
            "source": source,
            "cluster": item.cluster,
            "licence": task.card.licence,
        }


def build_procedural_task(name: str, options: TaskOptions) -> ProceduralTask:
    """Return the procedural task of this name.  Raises UnknownNameError if there is none."""
    if name not in PROCEDURAL:
        raise UnknownNameError("procedural task", name, sorted(PROCEDURAL))
    module, _, function = PROCEDURAL[name].partition(":")
    task: ProceduralTask = getattr(import_module(module), function)(options)
    return task
