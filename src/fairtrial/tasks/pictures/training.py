"""Pictures without end for whoever trains a model on these tasks.

They come from draws of their own: whatever the seeds, no picture here is drawn from the same numbers as one of a trial.
Nothing is encoded or hashed for the ledger, so a small picture with its questions takes well under a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from fairtrial.errors import UnknownNameError
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures import PICTURES
from fairtrial.tasks.pictures.base import PictureTask


@dataclass(frozen=True, slots=True)
class TrainingQuestion:
    """A question about a picture.

    Attributes:
        prompt: as a model is asked without a chat template, with ``<image>`` for each picture.
        question: the question alone.
        choices: as offered, in the order in which they are scored.
        gold: the right one of them.
        kind: of question, e.g. ``highest``.
    """

    prompt: str
    question: str
    choices: tuple[str, ...]
    gold: str
    kind: str


@dataclass(frozen=True, slots=True)
class TrainingPicture:
    """A picture, or two, with all questions about it.

    Attributes:
        pixels: one array a picture, uint8 of shape (height, width, 3).
        questions: at least one.
    """

    pixels: tuple[NDArray[np.uint8], ...]
    questions: tuple[TrainingQuestion, ...]


def draw_pictures(name: str, level: int | None = None, seed: int = 0, start: int = 0) -> Iterator[TrainingPicture]:
    """Yield pictures without end, the same ones for the same arguments.

    Args:
        name: of the task, e.g. ``charts``.
        level: its difficulty; None is the task's own.
        seed: other seeds give other pictures.
        start: number of the first picture, to go on or to share the work.

    Raises UnknownNameError for a name that is no task with pictures, SpecError for a level that does not exist.
    """
    task = build_picture_task(name, TaskOptions(level=level, seed=seed))
    while True:
        scene, rows = task.draw_scene(start)
        questions = tuple(
            TrainingQuestion(
                task.show(row), row["question"], tuple(row["choices"]), row["gold"], row["facts"].get("ask", "")
            )
            for row in rows
        )
        yield TrainingPicture(tuple(np.asarray(picture) for picture in scene.pictures), questions)
        start += 1


def build_picture_task(name: str, options: TaskOptions) -> PictureTask:
    """Return the task with pictures of this name.  Raises UnknownNameError if there is none."""
    if name not in PICTURES:
        raise UnknownNameError("task with pictures", name, sorted(PICTURES))
    module, _, function = PICTURES[name].partition(":")
    task: PictureTask = getattr(import_module(module), function)(options)
    return task
