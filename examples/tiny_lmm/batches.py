"""Lessons as rows of tokens: a picture is computed once, and every question about it is a branch behind it.

A question sees the picture and itself alone, at the positions that it has when it is asked alone: what is trained is
exactly what fairtrial's prefix tree asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from PIL import Image

from examples.tiny_lmm.lessons import Lesson
from examples.tiny_lmm.network import CELLS, MEAN, SIDE, STD, make_images

CELL = -1
"""Stands for a cell of a picture in rows of tokens."""


@dataclass
class Batch:
    """Rows of tokens, padded to one length.

    Attributes:
        pixels: of all pictures in order, float32 of shape (pictures, 3, 112, 112), as the network takes them.
        looks: labels of their cells, int64 of shape (pictures, cells, 3).
        tokens: int64 of shape (rows, length); `CELL` where a picture stands.
        positions: as tokens.
        branches: of each token; 0 before the first question, -1 for padding.
        answers: the token that each place should say next, or -100.
    """

    pixels: torch.Tensor
    looks: torch.Tensor
    tokens: torch.Tensor
    positions: torch.Tensor
    branches: torch.Tensor
    answers: torch.Tensor

    def to(self, device: str) -> Batch:
        """Return it on a device."""
        return Batch(*(getattr(self, name).to(device) for name in Batch.__dataclass_fields__))

    def mask(self) -> torch.Tensor:
        """Return which token sees which: bool of shape (rows, 1, length, length)."""
        length = self.tokens.shape[1]
        one, other = self.branches[:, :, None], self.branches[:, None, :]
        causal = torch.ones(length, length, dtype=torch.bool, device=one.device).tril()
        return (((other == 0) | (one == other)) & causal)[:, None]


class BatchWriter:
    """Makes batches of lessons, with one tokeniser."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._images = make_images()
        self._encode = lru_cache(maxsize=None)(self._encode_text)

    def split(self, lessons: Sequence[Lesson], rows: int) -> list[list[Lesson]]:
        """Return lessons in groups of about equally long rows, so that little is padded."""
        order = sorted(lessons, key=lambda lesson: len(self._row(lesson)[0]))
        return [order[start : start + rows] for start in range(0, len(order), rows)]

    def write(self, lessons: Sequence[Lesson], multiple: int = 16) -> Batch:
        """Return lessons as a batch whose rows are a multiple of so many tokens long."""
        rows = [self._row(lesson) for lesson in lessons]
        longest = -(-max(len(row[0]) for row in rows) // multiple) * multiple
        fill = (self._tokenizer.pad_token_id, 0, -1, -100)
        columns = [
            torch.tensor([row[i] + [fill[i]] * (longest - len(row[i])) for row in rows]) for i in range(len(fill))
        ]
        looks = torch.from_numpy(np.concatenate([lesson.looks for lesson in lessons]))
        pictures = [picture for lesson in lessons for picture in lesson.pictures]
        return Batch(self._prepare(pictures), looks.view(-1, CELLS, looks.shape[-1]), *columns)

    def _prepare(self, pictures: Sequence[np.ndarray]) -> torch.Tensor:
        fitting = [one if one.shape[:2] == (SIDE, SIDE) else self._resize(one) for one in pictures]
        shape = (len(fitting), SIDE, SIDE, 3)
        pixels = (np.array(fitting, np.float32).reshape(shape) / 255 - np.float32(MEAN)) / np.float32(STD)
        return torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())

    def _resize(self, picture: np.ndarray) -> np.ndarray:
        raw = self._images(Image.fromarray(picture), do_normalize=False, do_rescale=False)
        return np.asarray(raw["pixel_values"][0]).transpose(1, 2, 0)

    def _row(self, lesson: Lesson) -> tuple[list[int], ...]:
        head: list[int] = []
        for i, text in enumerate(lesson.before):
            head += [*self._encode(text), *[CELL] * (CELLS if i < len(lesson.pictures) else 0)]
        tokens, positions = list(head), list(range(len(head)))
        branches, answers = [0] * len(head), [-100] * len(head)
        for number, question in enumerate(lesson.questions, start=1):
            asked = self._encode(question.text)
            whole = [*asked, *self._encode(question.answer), self._tokenizer.eos_token_id]
            tokens += whole[:-1]
            positions += range(len(head), len(head) + len(whole) - 1)
            branches += [number] * (len(whole) - 1)
            answers += [-100] * (len(asked) - 1) + whole[len(asked) :]
        return tokens, positions, branches, answers

    def _encode_text(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False))


def run_network(network: Any, batch: Batch, logits_at: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits at some places of a batch, and the pictures' cells as the language model gets them.

    Args:
        network: of `network.make_network`.
        batch: of `BatchWriter.write`.
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
