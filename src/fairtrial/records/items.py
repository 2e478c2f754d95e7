"""A question of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairtrial.records.content import ImagePart


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a task, with all that is needed to ask, grade, pair and show it.

    Attributes:
        id: content hash of ``data`` (and of its occurrence number where a task repeats a row): the pairing key.
        doc_id: position in the task's own order, from 0.
        question: what a person reads: the question without few-shot examples and instructions.
        choices: the answers offered, empty for free text.
        gold: the right answers as text; for choices, the texts of the right ones; empty if there is no right one.
        cluster: items that share a passage, template or image carry the same cluster name; alone in it by default.
        data: the task's own row, JSON values only; rendering and grading read it.
        images: those that the question shows, in order.
    """

    id: str
    doc_id: int
    question: str
    choices: tuple[str, ...]
    gold: tuple[str, ...]
    cluster: str
    data: Mapping[str, Any]
    images: tuple[ImagePart, ...] = ()
