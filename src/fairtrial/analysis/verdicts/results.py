"""The values that are found: an estimate, a verdict."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Estimate:
    """One candidate's value of one measure on one task.

    Attributes:
        candidate, task, measure: names as the trial's author wrote them.
        mean: the value, in ``unit`` (after the measure's transform).
        low: lower end of the interval for new items like these; infinite where the data cannot bound it.
        high: upper end.
        items: items that it rests on.
        clusters: clusters among them.
        confidence: coverage of the interval.
        unit: unit of ``mean``; ``1`` for shares.
    """

    candidate: str
    task: str
    measure: str
    mean: float
    low: float
    high: float
    items: int
    clusters: int
    confidence: float
    unit: str

    def document(self) -> dict[str, Any]:
        """Return the estimate as JSON values; an end that the data cannot bound is null."""
        return make_finite(asdict(self))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Candidate ``a`` against the baseline ``b`` on one task and measure; see `fairtrial.stats.paired.Comparison`.

    Attributes:
        verdict: better, worse, tied, undecided; different, for a measure without a direction; barred, for what would
            be better and certainly breaks a limit of the trial.  It holds among all
            questions of the trial: one or more of its words are false with a chance of at most 1 - confidence.
        difference: a - b; of logarithms for a measure shown through ``exp``.
        low, high: its interval at ``confidence``, as if this were the only question.
        margin: differences inside +-margin are ties, in the unit of the difference.
        items_total: items that the task has in all.
        p_value: of this one question; valid at any look where the trial may stop early.
        e_value: evidence for a difference that may be looked at any number of times; None for a fixed sample.
        p_adjusted: corrected (Holm) for all questions of the trial that have one.
        flips_to_right, flips_to_wrong: items that only ``a`` has right, that only ``b`` has right.
        items_needed: about how many more items would settle an undecided question, where that can be said.
        e_adjusted: ``e_value`` corrected (e-Holm) for all questions of the trial that have one: claiming what has at
            least 20 makes one or more false claims with a chance of at most 5%, at any look.
        not_inferior: whether ``a`` is certainly behind ``b`` by no more than the margin, a one-sided claim of its own;
            among all questions of the trial.
        alone: the word if this were the only question: what ``low`` and ``high`` say.
        not_inferior_alone: the same of ``not_inferior``.
        family: questions of the trial, among which ``verdict`` holds.
        low_together, high_together: the interval that gives ``verdict``, wider than the other where there are several.
        confidence_together: coverage of that interval.
        limit: of the candidate that the verdict speaks for: ``broken`` if it certainly breaks a limit of the trial,
            ``open`` if it may; empty if it keeps all, there is none, or the verdict speaks for nobody.
    """

    a: str
    b: str
    task: str
    measure: str
    verdict: str
    difference: float
    low: float
    high: float
    confidence: float
    margin: float
    items_used: int
    items_total: int
    clusters_used: int
    flips_to_right: int | None
    flips_to_wrong: int | None
    p_value: float | None
    p_adjusted: float | None
    method: str
    unit: str
    items_needed: int | None = None
    e_value: float | None = None
    e_adjusted: float | None = None
    not_inferior: bool | None = None
    alone: str = ""
    not_inferior_alone: bool | None = None
    family: int = 1
    low_together: float = -math.inf
    high_together: float = math.inf
    confidence_together: float = 0.0
    limit: Literal["", "open", "broken"] = ""

    @property
    def label(self) -> str:
        """The word to show: ``not worse`` if what is certain is that ``a`` is not behind by more than the margin."""
        return "not worse" if self.verdict == "undecided" and self.not_inferior and self.margin > 0 else self.verdict

    @property
    def only_alone(self) -> bool:
        """Whether it would be decided if it were the only question, and is not among all of the trial."""
        return self.verdict == "undecided" and self.alone not in ("", "undecided")

    def document(self) -> dict[str, Any]:
        """Return the verdict as JSON values; an end that the data cannot bound is null."""
        return make_finite({**asdict(self), "label": self.label})


def make_finite(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with null for numbers that JSON lacks."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in document.items()}
