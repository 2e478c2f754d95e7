"""What is asked: questions with choices about pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairtrial.images import encode_png
from fairtrial.records import ImagePart

QUESTIONS = (
    "How many red circles are there?",
    "Which one is the largest of them?",
    "Is the bar of May higher than the bar of June?",
    "What does the picture show?",
    "The colour of the square on the left is",
    "The colour of the one on the right is",
    "How many squares are blue?",
    "What is the word on the right?",
    "Which bar is the highest?",
    "Is there a green circle?",
    "How many bars are there?",
    "What does the clock show?",
)
CHOICES = ("three", "four of them", "the one on the left", "a table of numbers", "No", "Yes")


@dataclass(frozen=True)
class Item:
    """A question about a picture: what stands around the picture, and what may be answered."""

    picture: int
    before: str
    after: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Work:
    """Pictures as PNG files, and the questions about them."""

    files: tuple[bytes, ...]
    items: tuple[Item, ...]

    @property
    def parts(self) -> list[ImagePart]:
        """The pictures as prompts name them."""
        return [ImagePart.of(data, "image/png") for data in self.files]


def make_work(pictures: int, questions: int, choices: int, side: int) -> Work:
    """Return so many questions, each with so many choices, about each of so many pictures of ``side`` pixels."""
    rng = np.random.default_rng(11)
    files = []
    for _ in range(pictures):
        pixels = np.full((side, side, 3), 255, np.uint8)
        for _ in range(8):
            x, y = rng.integers(0, side - 30, 2)
            w, h = rng.integers(20, side // 2, 2)
            pixels[y : y + h, x : x + w] = rng.integers(0, 256, 3)
        files.append(encode_png(pixels))
    items = [
        Item(picture, "", f"\nQuestion: {QUESTIONS[q % len(QUESTIONS)]}\nAnswer:", CHOICES[:choices])
        for picture in range(pictures)
        for q in range(questions)
    ]
    return Work(tuple(files), tuple(items))
