"""What the network learns from: pictures of fairtrial's own tasks, each with all questions about it.

All questions about a picture are branches behind it: one row of tokens, in which a question sees the picture and itself
alone, at the positions that it has when it is asked alone.  The picture is computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
import torch

from examples.tiny_lmm.network import CELLS, IMAGE, PATCH, SIDE
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.canvas import COLOURS
from fairtrial.tasks.pictures.shapes import SHAPES
from fairtrial.tasks.pictures.training import build_picture_task

NAMES = [*COLOURS, *SHAPES]
CELL = -1
"""Stands for a cell of the picture in rows of tokens."""


@dataclass(frozen=True)
class Question:
    """One question behind a picture.

    Attributes:
        before: the prompt up to the picture.
        text: the prompt after it.
        answer: the right one.
        choices: all that are offered, the right one among them; none for questions that only teach.
        kind: of question; empty for questions that only teach.
    """

    before: str
    text: str
    answer: str
    choices: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Lesson:
    """A picture and what is asked about it.

    Attributes:
        family: name of the task.
        pixels: uint8 of shape (112, 112, 3).
        questions: at least one.
        looks: what each cell of the picture shows, int64 of shape (cells, 2): colour and shape, -1 for none.
    """

    family: str
    pixels: np.ndarray
    questions: tuple[Question, ...]
    looks: np.ndarray


def draw_lessons(family: str, seed: int = 0, start: int = 0, teach: bool = True) -> Iterator[Lesson]:
    """Yield lessons without end, from draws that no item of a trial comes from."""
    task = build_picture_task(family, TaskOptions(seed=seed))
    for number in count(start):
        scene, rows = task.draw_scene(number)
        asked = []
        for row in rows:
            before, after = task.show(row).split(IMAGE)
            asked.append(
                Question(before, after, row["gold"], tuple(row["choices"]), f"{family}: {row['facts']['ask']}")
            )
        before, more = asked[0].before, describe(scene.drawn) if teach else ()
        asked += [Question(before, f"\nQuestion: {text}\nAnswer:", answer) for text, answer in more]
        yield Lesson(family, np.asarray(scene.pictures[0]), tuple(asked), label_cells(scene.drawn))


def describe(drawn: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield questions that no task asks, about each thing that was drawn: they teach to see."""
    for thing in drawn.get("things", ()):
        at = f"{thing['x'] // PATCH} {thing['y'] // PATCH}"
        yield f"What is at {at}?", f"{thing['colour']} {thing['shape']}"
    if "values" in drawn:
        yield "List all bars.", ", ".join(f"{c} {v}" for c, v in zip(drawn["colours"], drawn["values"], strict=True))


def label_cells(drawn: Mapping[str, Any]) -> np.ndarray:
    """Return the number of the colour and of the shape that cover the middle of each cell; -1 for none."""
    middles = np.arange(SIDE // PATCH) * PATCH + PATCH // 2
    looks = np.full((*[SIDE // PATCH] * 2, 2), -1)
    for thing in drawn.get("things", ()):
        near = (middles[:, None] - thing["y"]) ** 2 + (middles - thing["x"]) ** 2 <= thing["radius"] ** 2
        looks[near] = NAMES.index(thing["colour"]), NAMES.index(thing["shape"])
    return looks.reshape(CELLS, 2)


@dataclass
class Batch:
    """Rows of tokens, padded to one length.

    Attributes:
        pixels: float32 of shape (rows, 3, 112, 112), as the network takes them.
        tokens: int64 of shape (rows, length); `CELL` where the picture stands.
        positions: as tokens.
        branches: of each token; 0 before the first question, -1 for padding.
        answers: the token that each place should say next, or -100.
        looks: of `Lesson`, one row a picture.
    """

    pixels: torch.Tensor
    tokens: torch.Tensor
    positions: torch.Tensor
    branches: torch.Tensor
    answers: torch.Tensor
    looks: torch.Tensor

    def to(self, device: str) -> Batch:
        """Return it on a device."""
        return Batch(*(getattr(self, name).to(device) for name in Batch.__dataclass_fields__))

    def mask(self) -> torch.Tensor:
        """Return which token sees which: bool of shape (rows, 1, length, length)."""
        length = self.tokens.shape[1]
        one, other = self.branches[:, :, None], self.branches[:, None, :]
        causal = torch.ones(length, length, dtype=torch.bool, device=one.device).tril()
        return (((other == 0) | (one == other)) & causal)[:, None]


class Writer:
    """Makes batches of lessons."""

    def __init__(self, tokenizer: Any, mean: Sequence[float], std: Sequence[float]) -> None:
        self._tokenizer = tokenizer
        self._mean, self._std = (np.asarray(one, np.float32) for one in (mean, std))
        self._encode = lru_cache(maxsize=None)(self._encode_text)
        self._end = [tokenizer.eos_token_id]

    def write(self, lessons: Sequence[Lesson], multiple: int = 16) -> Batch:
        """Return lessons as a batch."""
        rows = [self._row(lesson.questions) for lesson in lessons]
        longest = -(-max(len(row[0]) for row in rows) // multiple) * multiple
        fill = (self._tokenizer.pad_token_id, 0, -1, -100)
        columns = [
            torch.tensor([row[i] + [fill[i]] * (longest - len(row[i])) for row in rows]) for i in range(len(fill))
        ]
        looks = torch.from_numpy(np.stack([lesson.looks for lesson in lessons]))
        return Batch(self._prepare([lesson.pixels for lesson in lessons]), *columns, looks)

    def _prepare(self, pictures: Sequence[np.ndarray]) -> torch.Tensor:
        pixels = (np.stack(pictures).astype(np.float32) / 255 - self._mean) / self._std
        return torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())

    def _row(self, questions: Sequence[Question]) -> tuple[list[int], ...]:
        head = [*self._encode(questions[0].before), *[CELL] * CELLS]
        tokens, positions = list(head), list(range(len(head)))
        branches, answers = [0] * len(head), [-100] * len(head)
        for number, question in enumerate(questions, start=1):
            asked = self._encode(question.text)
            whole = [*asked, *self._encode(f" {question.answer}"), *self._end]
            tokens += whole[:-1]
            positions += range(len(head), len(head) + len(whole) - 1)
            branches += [number] * (len(whole) - 1)
            answers += [-100] * (len(asked) - 1) + whole[len(asked) :]
        return tokens, positions, branches, answers

    def _encode_text(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False))


def run(network: Any, batch: Batch, logits_at: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits at some places of a batch, and the pictures' cells as the language model gets them.

    Args:
        network: of `network.make_network`.
        batch: of `Writer.write`.
        logits_at: bool of shape (rows, length).
    """
    inner = network.model
    seen = inner.vision_tower(batch.pixels, output_hidden_states=True).hidden_states[-1]
    cells = inner.multi_modal_projector(seen)
    words = inner.language_model.embed_tokens(batch.tokens.clamp(min=0))
    given = words.masked_scatter((batch.tokens == CELL)[..., None], cells.to(words.dtype))
    hidden = inner.language_model(
        inputs_embeds=given, attention_mask=batch.mask(), position_ids=batch.positions, use_cache=False
    ).last_hidden_state
    return network.lm_head(hidden[logits_at]), cells
