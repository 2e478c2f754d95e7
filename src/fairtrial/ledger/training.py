"""What a trial's plan says of what its candidates were trained on, read strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairtrial.ledger.shape import Bool, StoredCount, Str


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """Items of one task that a candidate was trained on.

    Attributes:
        task: its name.
        items: their ids.
        of: how many items are asked.
        rules: by what in common they were found, in words, to how many.
        example: words in common, or the question of one.
    """

    task: Str
    items: tuple[Str, ...]
    of: StoredCount
    rules: Mapping[Str, StoredCount] = field(default_factory=dict)
    example: Str = ""


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """What is known of a candidate's training.

    Attributes:
        candidate: its name.
        seen: items of the trial among what it was trained on.
        unknown: it has an adapter of which nothing tells what it was trained on.
        withdrawn: how many of its documents were withdrawn from their archive since.
        denied: how many of them may not be trained on any more, as their rights are now.
        graded: answers that people have graded for the trial's judges among it, by file.
    """

    candidate: Str
    seen: tuple[SeenRecord, ...] = ()
    unknown: Bool = False
    withdrawn: StoredCount = 0
    denied: StoredCount = 0
    graded: tuple[SeenRecord, ...] = ()


def find_trained_on(training: Sequence[TrainingRecord], candidate: str, task: str) -> frozenset[str]:
    """Return the ids of a task's items that a candidate was trained on, both by name."""
    told = [seen for one in training if one.candidate == candidate for seen in one.seen if seen.task == task]
    return frozenset(item for seen in told for item in seen.items)


def find_graded_on(training: Sequence[TrainingRecord], judge: str) -> frozenset[str]:
    """Return the ids of the answers graded by people that a judge was trained on, by its name."""
    return frozenset(item for one in training if one.candidate == judge for seen in one.graded for item in seen.items)
