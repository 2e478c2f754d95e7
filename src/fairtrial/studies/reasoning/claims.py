"""Claims that one system reasons less per token than another, or over one form of a task than over another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.verdicts import make_rule
from fairtrial.ledger.plan import TaskRecord
from fairtrial.stats.token_curves import (
    AreaDifference,
    AreaQuestion,
    TokenCurve,
    compare_many,
    compute_area,
    compute_curve,
    draw_clusters,
    find_limits,
)
from fairtrial.studies.base import Interval
from fairtrial.studies.reasoning.families import APART, Family, TaskCurve, pair_curves

DRAWS, SEED = 1000, 6
"""Of clusters; what is drawn at random, with the trial's seed."""


@dataclass(frozen=True, slots=True)
class ReasoningClaim:
    """A claim that ``a`` reasons less per token than ``b``, and what became of it.

    Attributes:
        about: what is compared, the same for all tasks.
        task: name of the task family.
        limits: in tokens, of the area.
        items: that both have answered.
        alone, together: the comparison by itself, and among all claims of the trial; the verdict is that of the latter.
        at_once: difference where the limits begin; ``by_thinking``: what comes to it, on average over the area.
    """

    about: str
    task: str
    limits: tuple[float, float]
    items: int
    alone: AreaDifference
    together: AreaDifference
    at_once: Interval
    by_thinking: Interval

    @property
    def verdict(self) -> str:
        """The verdict with all claims counted together."""
        return self.together.claim


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two curves that are compared; the task is that of ``b``."""

    about: str
    a: TaskCurve
    b: TaskCurve


def find_claims(
    rows: TrialValues,
    curves: Mapping[tuple[str, str], TaskCurve],
    families: Sequence[Family],
    settings: Mapping[str, Any],
) -> list[ReasoningClaim]:
    """Return all claims of a trial, judged together.

    Args:
        rows: of the trial.
        curves: by family and task.
        families: of the trial.
        settings: of the study.
    """
    pairs = [*_pair_families(rows, curves, families, settings), *_pair_forms(rows, curves, families)]
    asked = [(pair, question) for pair in pairs if (question := _ask(rows, pair, families, settings))]
    judged = compare_many([question for _, question in asked], 1 - rows.confidence)
    return [
        ReasoningClaim(
            pair.about,
            pair.b.task.name,
            question.limits,
            question.a.values.shape[1],
            alone,
            together,
            *_split_difference(question, rows.confidence),
        )
        for (pair, question), (alone, together) in zip(asked, judged, strict=True)
    ]


def list_contrasts(families: Sequence[Family], settings: Mapping[str, Any], baseline: str) -> list[tuple[str, str]]:
    """Return who is compared with whom: as the study says, else every system with that of the baseline."""
    told = [(a, b) for a in settings.get("multimodal") or () for b in settings.get("language") or ()]
    told += [(pair[0], pair[1]) for pair in settings.get("contrasts") or ()]
    base = next((family.name for family in families if baseline in family.members), families[0].name)
    return list(dict.fromkeys(told)) or [(one.name, base) for one in families if one.name != base]


def is_judged(task: TaskRecord) -> bool:
    """Return whether a task's main measure is one of which more is better, between bounds."""
    measure = task.main_measure
    return measure.higher_is_better is True and measure.transform == "identity" and measure.bounds is not None


def _pair_families(
    rows: TrialValues,
    curves: Mapping[tuple[str, str], TaskCurve],
    families: Sequence[Family],
    settings: Mapping[str, Any],
) -> Iterator[_Pair]:
    for a, b in list_contrasts(families, settings, rows.plan.baseline):
        for task in rows.plan.tasks:
            if (a, task.name) in curves and (b, task.name) in curves and task.form not in APART:
                yield _Pair(f"{a} less than {b}", curves[a, task.name], curves[b, task.name])


def _pair_forms(
    rows: TrialValues, curves: Mapping[tuple[str, str], TaskCurve], families: Sequence[Family]
) -> Iterator[_Pair]:
    """Yield each system over another form of a task, beside the task itself."""
    own = {task.id: task.name for task in rows.plan.own_tasks}
    for family in families:
        for task in rows.plan.tasks:
            plain = own.get(task.of, "")
            if (
                task.form
                and task.form not in APART
                and {(family.name, task.name), (family.name, plain)} <= curves.keys()
            ):
                about = f"{family.name}: {task.form} less than the task itself"
                yield _Pair(about, curves[family.name, task.name], curves[family.name, plain])


def _ask(
    rows: TrialValues, pair: _Pair, families: Sequence[Family], settings: Mapping[str, Any]
) -> AreaQuestion | None:
    """Return the question of a pair; None if the two share no items, or nobody thought longer than the other began."""
    both = pair_curves(pair.a, pair.b)
    if both is None or not is_judged(pair.b.task):
        return None
    a, b = both
    given = settings.get("tokens")
    limits = (float(given[0]), float(given[1])) if given else find_limits(compute_curve(a), compute_curve(b))
    if limits is None:
        return None
    members = [next(one for one in families if one.name == side.family).members[0] for side in (pair.a, pair.b)]
    records = (rows.candidate(members[0]), rows.candidate(members[1]))
    rule = make_rule(rows.plan, pair.b.task, pair.b.task.main_measure, records)
    margin = settings.get("margin")
    rule = rule if margin is None else replace(rule, margin=float(margin))
    rng = np.random.default_rng([rows.plan.seed, SEED])
    return AreaQuestion(a, b, limits, rule, draw_clusters(b.clusters, DRAWS, rng))


def _split_difference(question: AreaQuestion, confidence: float) -> tuple[Interval, Interval]:
    """Return the difference where the area begins, and what thinking adds to it, with the middle of the draws."""
    now = [compute_curve(sample) for sample in (question.a, question.b)]
    drawn = [compute_curve(sample, question.draws) for sample in (question.a, question.b)]
    start = (question.limits[0], question.limits[0] * (1 + 1e-6))

    def split(one: TokenCurve, other: TokenCurve) -> tuple[Any, Any]:
        begun = np.round(compute_area(one, start) - compute_area(other, start), 5) + 0.0  # no -0.0
        whole = compute_area(one, question.limits) - compute_area(other, question.limits)
        return begun, whole - begun

    return (
        make_interval(split(*now)[0], split(*drawn)[0], confidence),
        make_interval(split(*now)[1], split(*drawn)[1], confidence),
    )


def make_interval(value: Any, drawn: Any, confidence: float) -> Interval:
    """Return a value with the middle of its draws; ends that are infinite stay so."""
    ends = (1 - confidence) / 2, (1 + confidence) / 2
    low, high = np.quantile(drawn, ends, method="nearest")
    return Interval(float(value), float(low), float(high))
