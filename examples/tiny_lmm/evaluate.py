"""How much a trained network sees: its score per kind of question, beside controls that do not see the picture."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import torch

from examples.tiny_lmm.batches import BatchWriter, run_network
from examples.tiny_lmm.lessons import Lesson, Question, draw_lessons, offer_letters

HELD_OUT = 1_000_000
"""Seed of pictures that are not trained on."""


@dataclass(frozen=True)
class Score:
    """What was found of one kind of question.

    Attributes:
        kind: of question.
        items: how many were asked.
        right: share of them whose likeliest choice is the right one.
        swapped: the same, shown another picture of the same family.
        blind: share that is right if the answer most frequent in training is given to each wording.
        chance: mean of 1 / number of choices.
    """

    kind: str
    items: int
    right: float
    swapped: float
    blind: float
    chance: float


def score_network(
    network: Any,
    writer: BatchWriter,
    families: Sequence[str],
    pictures: int,
    *,
    letters: bool = False,
    device: str = "cpu",
) -> list[Score]:
    """Return scores on held-out pictures, per kind of question.

    Args:
        network: trained.
        writer: with its tokeniser.
        families: to be asked.
        pictures: of each family.
        letters: ask for the letter of a choice.
        device: of the network.
    """
    found = []
    draw = random.Random(0)
    for family in families:
        lessons = list(islice(draw_lessons(family, HELD_OUT), pictures))
        if letters:
            lessons = [replace(one, questions=tuple(offer_letters(q, draw) for q in one.questions)) for one in lessons]
        shown = [one.pictures for one in lessons]
        others = [replace(one, pictures=other) for one, other in zip(lessons, [*shown[1:], shown[0]], strict=True)]
        right, swapped = (choose(network, writer, some, device) for some in (lessons, others))
        blind = guess_blindly(family, lessons)
        asked = [question for lesson in lessons for question in lesson.questions]
        for kind in dict.fromkeys(question.kind for question in asked):
            at = [i for i, question in enumerate(asked) if question.kind == kind]
            shares = [sum(chosen[i] == asked[i].answer for i in at) / len(at) for chosen in (right, swapped, blind)]
            found.append(Score(kind, len(at), *shares, sum(1 / len(asked[i].choices) for i in at) / len(at)))
    return found


def choose(network: Any, writer: BatchWriter, lessons: Sequence[Lesson], device: str, batch: int = 8) -> list[str]:
    """Return the likeliest choice of each question."""
    network.eval()
    spread = [
        replace(one, questions=tuple(replace(q, answer=choice) for q in one.questions for choice in q.choices))
        for one in lessons
    ]
    sums: list[float] = []
    for start in range(0, len(spread), batch):
        part = writer.write(spread[start : start + batch]).to(device)
        at = part.answers >= 0
        with torch.inference_mode():
            logits = torch.log_softmax(run_network(network, part, at)[0].float(), -1)
        each = torch.zeros(at.shape, device=device)
        each[at] = logits.gather(1, part.answers[at][:, None])[:, 0]
        most = int(part.branches.max()) + 1
        found = torch.zeros(len(at), most, device=device).scatter_add(1, part.branches.clamp(min=0), each)
        for row, lesson in zip(found.tolist(), spread[start:], strict=False):
            sums += row[1 : 1 + len(lesson.questions)]
    chosen = []
    for question in (question for lesson in lessons for question in lesson.questions):
        scores, sums = sums[: len(question.choices)], sums[len(question.choices) :]
        chosen.append(question.choices[scores.index(max(scores))])
    return chosen


def guess_blindly(family: str, lessons: Sequence[Lesson], pictures: int = 2000) -> list[str]:
    """Return, for each question, the choice that is right most often for its wording in other pictures."""
    known: Mapping[str, Counter[str]] = defaultdict(Counter)
    for lesson in islice(draw_lessons(family, HELD_OUT + 1), pictures):
        for question in lesson.questions:
            known[question.text][question.answer] += 1
    draw = random.Random(0)

    def guess(question: Question) -> str:
        order = draw.sample(question.choices, len(question.choices))
        return max(order, key=lambda choice: known[question.text][choice])

    return [guess(question) for lesson in lessons for question in lesson.questions]
