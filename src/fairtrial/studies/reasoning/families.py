"""Which candidates are one system at several lengths of thinking, and what each did on a task: rows as curves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fairtrial.analysis.standings.values import CandidateValues, TrialValues
from fairtrial.ledger import query
from fairtrial.ledger.plan import CandidateRecord, TaskRecord, TrialRecord
from fairtrial.spec.think import find_length, name_family
from fairtrial.stats.token_curves import CurveSample, TokenCurve, compute_curve

TOKENS, READ = "tokens_out", "tokens_in"
AS_IT_IS = "as it is"
LIMITED = " (limits)"
"""Ends the name of a system whose thinking and answer end at a limit: a curve of its own."""

APART = ("permuted", "order", "blind", "swapped")
"""Forms of a task that are no other way of showing the same question."""


@dataclass(frozen=True, slots=True)
class Family:
    """One system at several lengths of thinking.

    Attributes:
        name: of the candidates, without the length; with `LIMITED` where these are limits.
        members: names of the candidates, by growing length.
        lengths: of each in a word: tokens, ``native``, ``limit512``, or `AS_IT_IS`.
    """

    name: str
    members: tuple[str, ...]
    lengths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaskCurve:
    """What a family did on a task.

    Attributes:
        at: (n,) places of the items in the trial's order, those that all members have answered.
        items: ids of these items.
        sample: values and generated tokens.
        read: (k,) mean tokens read.
        lengths: of each point.
        curve: the points.
    """

    family: str
    task: TaskRecord
    at: NDArray[np.int64]
    items: tuple[str, ...]
    sample: CurveSample
    read: NDArray[np.float64]
    lengths: tuple[str, ...]
    curve: TokenCurve = field(compare=False)


def find_families(plan: TrialRecord) -> tuple[Family, ...]:
    """Return the systems of a trial, each with its candidates by growing length."""
    groups: dict[str, list[CandidateRecord]] = {}
    for candidate in plan.candidates:
        groups.setdefault(_identify(candidate), []).append(candidate)
    found = []
    for members in groups.values():
        ordered = sorted(members, key=_length_of)
        names = [name_family(one.name, one.spec.levers) for one in ordered]
        plain = next((one.name for one in members if find_length(one.spec.levers) is None), names[0])
        told = (find_length(one.spec.levers) for one in ordered)
        lengths = tuple(AS_IT_IS if length is None else length.name for length in told)
        if _is_limited(ordered[0]):
            plain += LIMITED
        found.append(Family(plain, tuple(one.name for one in ordered), lengths))
    return tuple(found)


def _identify(candidate: CandidateRecord) -> str:
    """Return all that was written of a candidate but its name and its length of thinking."""
    document = {name: value for name, value in candidate.spec.document.items() if name not in ("id", "levers")}
    length = find_length(candidate.spec.levers)
    levers = candidate.spec.levers[: -1 if length else None]
    return json.dumps([document, levers, _is_limited(candidate)], sort_keys=True, default=str)


def _is_limited(candidate: CandidateRecord) -> bool:
    """Return whether nothing is asked for after its length, which makes another curve than a forced answer."""
    length = find_length(candidate.spec.levers)
    return length is not None and length.limit is not None


def _length_of(candidate: CandidateRecord) -> tuple[int, int]:
    length = find_length(candidate.spec.levers)
    if length is None:
        return 1, 0
    if length.limit is not None:
        return 2, length.limit
    return (0, length.budget) if isinstance(length.budget, int) else (1, 1)


def read_curve(rows: TrialValues, family: Family, task: TaskRecord) -> TaskCurve | None:
    """Return what a family did on a task; None if no item was answered, and its tokens counted, at every length."""
    measure = task.main_measure
    cells = [(rows.cell(one, task, measure.name), rows.cell(one, task, TOKENS)) for one in family.members]
    kept = [at for at, (values, tokens) in enumerate(cells) if values.counts and tokens.at.size]
    if not kept:
        return None
    at = _intersect([cell for i in kept for cell in cells[i]])
    if not at.size:
        return None
    order = query.read_order(rows.ledger, rows.trial_id, task.id)
    values, tokens = (np.array([cells[i][part].select(at).values for i in kept]) for part in (0, 1))
    sample = CurveSample(values, tokens, rows.clusters(task, at))
    read = [rows.cell(family.members[i], task, READ).values for i in kept]
    return TaskCurve(
        family.name,
        task,
        at,
        tuple(order.item_ids[i] for i in at),
        sample,
        np.array([float(one.mean()) if one.size else np.nan for one in read]),
        tuple(family.lengths[i] for i in kept),
        compute_curve(sample),
    )


def pair_curves(a: TaskCurve, b: TaskCurve) -> tuple[CurveSample, CurveSample] | None:
    """Return two curves on the items that both have: by item, since forms of a task keep their items; None if none."""
    places = {item: i for i, item in enumerate(b.items)}
    both = [(i, places[item]) for i, item in enumerate(a.items) if item in places]
    if not both:
        return None
    left, right = (np.array(side, dtype=np.int64) for side in zip(*both, strict=True))
    return a.sample.select(left), b.sample.select(right)


def _intersect(cells: Sequence[CandidateValues]) -> NDArray[np.int64]:
    at = cells[0].at
    for cell in cells[1:]:
        at = np.intersect1d(at, cell.at, assume_unique=True)
    return at.astype(np.int64)
