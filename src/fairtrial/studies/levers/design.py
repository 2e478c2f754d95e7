"""Which candidate of a trial is which combination of steps, and what is asked of them.

Knows the plan and the study's settings; reads no answers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from fairtrial.ledger.plan import TaskRecord, TrialRecord
from fairtrial.spec.steps import iterate_arms, list_chains, name_arm
from fairtrial.stats.factorial import make_effects

Arm = tuple[str, ...]
"""Steps in the order in which they were applied; the base has none."""
QuestionKind = Literal["alone", "after", "whole", "main", "interaction", "order"]
BASE: Arm = ()
TUNE = "tune"
"""The lever that trains."""


@dataclass(frozen=True, slots=True)
class LeverDesign:
    """The candidates of the study, and the tasks that they are asked.

    Attributes:
        base: name of the candidate that the steps were applied to.
        steps: names of the steps, in order.
        levers: of each step, the names of its levers.
        names: candidate of each combination of steps that stands trial.
        chains: combinations that are told step by step.
        factorial: whether every combination stands trial.
        inside: tasks that the steps are meant to help with.
        outside: other tasks that are not about harm; none if no domain was written.
        harms: tasks about harm.
    """

    base: str
    steps: tuple[str, ...]
    levers: Mapping[str, tuple[str, ...]]
    names: Mapping[Arm, str]
    chains: tuple[Arm, ...]
    factorial: bool
    inside: tuple[TaskRecord, ...]
    outside: tuple[TaskRecord, ...]
    harms: tuple[TaskRecord, ...]

    @property
    def arms(self) -> list[Arm]:
        """The combinations, the base first."""
        return list(self.names)


def read_design(plan: TrialRecord, settings: Mapping[str, Any]) -> LeverDesign:
    """Return the design of a trial that is the study `levers`; combinations that the plan lacks are left out."""
    written = settings["levers"]
    steps = [str(one["step"]) for one in written]
    base = str(settings.get("base") or plan.baseline)
    design, combine = str(settings.get("design", "steps")), settings.get("combine")
    known = {candidate.name for candidate in plan.candidates}
    arms = {arm: name for arm in iterate_arms(steps, design, combine) if (name := name_arm(base, arm)) in known}
    domain = list(settings.get("domain") or ())
    harms = tuple(task for task in plan.own_tasks if task.card.harms is not None and task.name not in domain)
    others = [task for task in plan.own_tasks if task not in harms]
    inside = tuple(task for task in others if not domain or task.name in domain)
    chains = [chain for chain in list_chains(steps, combine) if chain in arms] if combine != [] else []
    return LeverDesign(
        base,
        tuple(steps),
        {str(one["step"]): tuple(name for lever in one["levers"] for name in lever) for one in written},
        arms,
        tuple(chains or [(step,) for step in steps if (step,) in arms]),
        design == "factorial" and len(arms) == 2 ** len(steps),
        inside,
        tuple(task for task in others if task not in inside),
        harms,
    )


@dataclass(frozen=True, slots=True)
class StepQuestion:
    """A weighted sum of combinations that is asked for.

    Attributes:
        kind: ``alone``: a step applied to the base; ``after``: after other steps; ``whole``: several together;
            ``main``, ``interaction``: effects of a factorial design; ``order``: one step less another.
        steps: that it is about.
        weights: of the combinations; they add up to 0.
        label: in words.
    """

    kind: QuestionKind
    steps: tuple[str, ...]
    weights: tuple[tuple[Arm, float], ...]
    label: str

    def weigh_ends(self, means: Mapping[Arm, float]) -> tuple[float, float]:
        """Return the mean before and after, each over the combinations that it is of; NaN for an interaction."""
        if self.kind in ("interaction", "order"):
            return math.nan, math.nan
        ends = [sum(abs(w) * means[arm] for arm, w in self.weights if sign * w > 0) for sign in (-1, 1)]
        return ends[0], ends[1]

    @property
    def before(self) -> Arm:
        """The combination that the steps were applied to."""
        return next(arm for arm, weight in self.weights if weight < 0)

    @property
    def after(self) -> Arm:
        """The combination with the steps."""
        return next(arm for arm, weight in self.weights if weight > 0)


def list_differences(design: LeverDesign) -> list[StepQuestion]:
    """Return what is asked of two combinations: each step alone, each in its place, and several together."""
    found = [
        _subtract("alone", (step,), BASE, (step,), f"{step}, alone") for step in design.steps if (step,) in design.names
    ]
    for chain in design.chains:
        for end in range(2, len(chain) + 1):
            before, step = chain[: end - 1], chain[end - 1]
            found.append(_subtract("after", (step,), before, chain[:end], f"{step}, after {join_words(before)}"))
    wholes = [arm for arm in design.names if len(arm) > 1 and (arm in design.chains or design.factorial)]
    found += [_subtract("whole", arm, BASE, arm, f"{' + '.join(arm)}, together") for arm in wholes]
    return [one for one in dict.fromkeys(found) if {arm for arm, _ in one.weights} <= design.names.keys()]


def _subtract(kind: QuestionKind, steps: tuple[str, ...], before: Arm, after: Arm, label: str) -> StepQuestion:
    return StepQuestion(kind, steps, ((before, -1.0), (after, 1.0)), label)


def list_effects(design: LeverDesign) -> list[StepQuestion]:
    """Return what a step brings as such, for the order of worth: main effects where the design is full, else alone."""
    if not design.factorial:
        return [one for one in list_differences(design) if one.kind == "alone"]
    return [one for one in _list_factorial(design) if one.kind == "main"]


def list_interactions(design: LeverDesign) -> list[StepQuestion]:
    """Return the interactions of two and three steps; none where the design is not full."""
    return [one for one in _list_factorial(design) if one.kind == "interaction"] if design.factorial else []


def _list_factorial(design: LeverDesign) -> Iterator[StepQuestion]:
    arms = design.arms
    combined = np.array([[step in arm for step in design.steps] for arm in arms], dtype=np.bool_)
    for factors, weights in make_effects(combined).items():
        names = tuple(design.steps[at] for at in factors)
        pairs = tuple((arm, float(weight)) for arm, weight in zip(arms, weights, strict=True))
        if len(names) == 1:
            yield StepQuestion("main", names, pairs, f"{names[0]}, on average over all others")
        else:
            yield StepQuestion("interaction", names, pairs, " × ".join(names))


def list_orders(effects: Sequence[StepQuestion]) -> list[StepQuestion]:
    """Return each two effects' difference."""
    found = []
    for one, other in combinations(effects, 2):
        total: dict[Arm, float] = {}
        for sign, question in ((1.0, one), (-1.0, other)):
            for arm, weight in question.weights:
                total[arm] = total.get(arm, 0.0) + sign * weight
        steps = (one.steps[0], other.steps[0])
        found.append(StepQuestion("order", steps, tuple(total.items()), f"{steps[0]} less {steps[1]}"))
    return found


def join_words(words: Sequence[str]) -> str:
    """Return words as a list: ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
