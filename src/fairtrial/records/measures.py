"""Measures and what is observed of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """A named quantity, and how its value for many items is made from the values of single items.

    Every measure is a ratio of sums, ``transform(sum(weight * value) / sum(weight))``: a plain mean when all weights
    are 1, a word perplexity when value is nats per word and weight is words, an F1 when weight is 2tp + fp + fn.

    Attributes:
        name: standard name, e.g. ``acc_norm``.
        unit: ``1`` for shares, else ``s``, ``B``, ``J``, ``USD``, ``token``, ``nat`` ...
        higher_is_better: direction; None where neither direction is better (e.g. a bias score whose best is 0).
        bounds: smallest and largest possible single value, or None if unbounded.
        transform: ``identity`` or ``exp``, applied to the ratio for display.
    """

    name: str
    unit: str = "1"
    higher_is_better: bool | None = True
    bounds: tuple[float, float] | None = (0.0, 1.0)
    transform: Literal["identity", "exp"] = "identity"


@dataclass(frozen=True, slots=True)
class CorpusScore:
    """A score of all answers together that is no ratio of sums, e.g. BLEU; no item has a value of it.

    It is reported beside the measures, with an interval where there can be one, and gets no verdict: ``paired`` names
    the measure that is compared instead.

    Attributes:
        name: as the task names it, e.g. ``bleu``; never that of a measure of the task.
        formula: what is computed from the counts that items contribute; see `fairtrial.stats.corpus`.
        paired: the measure that says item by item what comes nearest to it.
        higher_is_better: its direction.
    """

    name: str
    formula: str
    paired: str
    higher_is_better: bool = True


COUNT = "count:"
"""Begins the measure name of a count that an item contributes to a corpus score: ``count:SCORE:NAME``."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One stored number about one item (see `Measure` for ``weight``)."""

    measure: str
    value: float
    weight: float = 1.0
    unit: str = "1"
