"""How candidates stand across tasks, in sentences and as rows of tables.  Knows no HTML and no terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairtrial.analysis.standings import (
    CandidateRank,
    Ranking,
    RankStability,
    Standings,
    TaskAgreement,
    WeightedPlace,
    WeightedScore,
)
from fairtrial.report import words
from fairtrial.report.summary import Summary

OFTEN = 0.05
"""Share of redrawn tasks from which a flipped order is worth a sentence."""

MOST_PAIRS = 12
"""Pairs of tasks that the table of agreement shows: those that agree least."""


@dataclass(frozen=True, slots=True)
class PlaceCell:
    """One candidate on one task: ``1`` or ``1–3``, and the value it rests on."""

    rank: str
    value: str
    first: bool


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One task: a cell for each candidate (None: no answers), and how many pairs it tells apart."""

    task: str
    measure: str
    cells: tuple[PlaceCell | None, ...]
    told: str


def is_comparable(summary: Summary) -> bool:
    """Return whether there are candidates and tasks enough to look across."""
    return len(summary.standings.candidates) > 1 and len(summary.standings.tasks) > 1


def describe_standings(summary: Summary) -> list[str]:
    """Return what the tasks say together, the most important first; nothing if they cannot be compared."""
    found = summary.standings
    if not is_comparable(summary):
        return []
    return [
        *_describe_order(summary),
        *_describe_agreement(found),
        *_describe_health(summary),
        *_describe_left_out(found),
    ]


def summarise_standings(summary: Summary) -> list[str]:
    """Return the most important of them."""
    return [*_describe_order(summary), *_describe_health(summary)] if is_comparable(summary) else []


def _describe_order(summary: Summary) -> list[str]:
    """Return who dominates whom, and how firm the order is."""
    found = summary.standings
    firm: Iterator[str] | list[str] = [] if found.firmness is None else _describe_stability(found.firmness)
    if firm and not _is_anything_decided(summary):
        firm = ["Nothing is decided on any task, so the order by mean rank means nothing."]
    return [*_describe_dominances(found, summary.decide.margin), *firm]


def _is_anything_decided(summary: Summary) -> bool:
    """Return whether any two candidates are told apart, or tied, on any task."""
    ordered = any(pair.ahead is not None for ranking in summary.standings.rankings for pair in ranking.pairs)
    compared = any(verdict.verdict != "undecided" for verdict in summary.verdicts)
    return ordered or compared or any(p.verdict != "undecided" for one in summary.best for p in one.pairs)


def _describe_dominances(found: Standings, margin: float) -> list[str]:
    """Return who dominates whom; or that nobody does, and between whom it depends on the task."""
    grouped: dict[tuple[str, tuple[str, ...], bool], list[str]] = {}
    for d in found.dominances:
        grouped.setdefault((d.a, d.better_on, d.together), []).append(d.b)
    if grouped:
        ordered = sorted(grouped.items(), key=lambda entry: -len(entry[1]))
        return [
            _describe_dominance(a, b, better, found.tasks, margin) + _describe_caveat(sure)
            for (a, better, sure), b in ordered
        ]
    split = [m for m in found.matches if m.a_ahead and m.b_ahead]
    if not split:
        return [f"No candidate wins everywhere: on these {len(found.tasks)} tasks too much is undecided."]
    ways = "; ".join(
        f"{m.a} is certainly ahead of {m.b} on {_join_names(m.a_ahead)}, "
        f"and certainly behind on {_join_names(m.b_ahead)}"
        for m in split[:3]
    )
    return [f"No candidate wins everywhere: {ways}."]


def _describe_dominance(
    a: str, beaten: Sequence[str], better: Sequence[str], tasks: Sequence[str], margin: float
) -> str:
    """Return one dominance in words."""
    if len(better) == len(tasks):
        return f"{a} dominates {_join_names(beaten)}: better on all {len(tasks)} tasks."
    level = "at least as good on every task" + (" within the margin" if margin > 0 else "")
    return f"{a} dominates {_join_names(beaten)}: {level}, better on {len(better)}: {_join_names(better)}."


def _describe_caveat(together: bool) -> str:
    """Return what is to be added where a dominance does not hold among all orders of the trial."""
    return (
        "" if together else " This holds task by task; it does not survive correction for all comparisons of the trial."
    )


def _describe_stability(found: RankStability) -> Iterator[str]:
    """Yield who is on top by mean rank, and how much that depends on the choice of tasks."""
    best = found.order[0]
    top = tuple(o.candidate for o in found.order if o.mean_rank <= best.mean_rank + 1e-9)
    count = len(found.without)
    if len(top) > 1:
        yield f"By mean rank {_join_names(top)} share first place ({best.mean_rank:.3g})."
    else:
        yield (
            f"By mean rank {best.candidate} comes first ({best.mean_rank:.3g}); it is ranked first in "
            f"{format_percent(best.on_top)} of bootstrap samples of the {count} tasks. That is about the choice of "
            "tasks only; whether it is certainly ahead on any of them is shown below."
        )
    changed = [d for d in found.without if set(d.top) != set(top)]
    if changed:
        ways = "; ".join(
            f"without {d.task}, {_join_names(d.top)} {'are' if len(d.top) > 1 else 'is'} first" for d in changed[:4]
        )
        tasks = "one task" if len(changed) == 1 else f"single tasks ({len(changed)} of {count})"
        yield f"First place depends on {tasks}: {ways}{'; and so on' if len(changed) > 4 else ''}."
    elif count > 2:
        yield "First place stays the same whichever task is left out."
    places = {o.candidate: i for i, o in enumerate(found.order)}
    shaky = [f for f in found.flips if f.share >= OFTEN and places[f.after] - places[f.before] == 1]
    if shaky:
        ways = "; ".join(f"{f.before} before {f.after} in {format_percent(f.share)}" for f in shaky[:4])
        yield f"Orders by mean rank that often reverse between bootstrap samples of the tasks: {ways} of the samples."


def _describe_agreement(found: Standings) -> Iterator[str]:
    """Yield how far the tasks agree, and which say the same about these candidates."""
    known = [k for k in found.kinships if k.tau is not None]
    if not known:
        return
    ordered = sorted(known, key=lambda k: -(k.tau or 0.0))
    if len(ordered) > 1 and ordered[0].tau == ordered[-1].tau:
        tau = format_tau(ordered[0])
        yield f"All pairs of tasks agree equally on the order of the candidates: {tau} and so on."
    elif len(ordered) == 1:
        yield f"Agreement of {ordered[0].x} and {ordered[0].y} on the order: {format_tau(ordered[0])}."
    else:
        most, least = ordered[0], ordered[-1]
        yield (
            f"{most.x} and {most.y} agree most on the order of the candidates ({format_tau(most)}), {least.x} and "
            f"{least.y} least ({format_tau(least)})."
        )
    groups = _group_redundant(found.tasks, found.kinships)
    if groups:
        number = math.factorial(len(found.candidates))
        chance = f"; unrelated ones would do so by chance one time in {number}" if number < 1000 else ""
        said = "; ".join(_join_names(group) for group in groups)
        yield (
            f"Redundant for these candidates, and perhaps only for these: {said}. They put the candidates in "
            f"(almost) the same order{chance}."
        )


def format_tau(found: TaskAgreement) -> str:
    """Return Kendall's tau with its interval."""
    values = [f"{x or 0.0:.2f}".replace("-", words.MINUS) for x in (found.tau, found.low, found.high)]
    return f"Kendall’s tau {values[0]} [{values[1]}, {values[2]}]"


def _group_redundant(tasks: Sequence[str], kinships: Sequence[TaskAgreement]) -> list[tuple[str, ...]]:
    """Return groups of tasks of which every two are redundant."""
    alike = {frozenset((k.x, k.y)) for k in kinships if k.redundant}
    groups: list[list[str]] = []
    for task in tasks:
        home = next((g for g in groups if all(frozenset((task, other)) in alike for other in g)), None)
        if home is None:
            groups.append([task])
        else:
            home.append(task)
    return [tuple(group) for group in groups if len(group) > 1]


def _describe_health(summary: Summary) -> Iterator[str]:
    """Yield which tasks can say little about these candidates."""
    health = summary.standings.health
    full = [h.task for h in health if h.saturated]
    if full:
        yield f"Saturated (at least half of the candidates are near the best possible value): {_join_names(full)}."
    guessed = [h for h in health if h.at_chance]
    if guessed:
        levels = [f"{h.task} ({words.format_quantity(summary.task(h.task).chance or 0.0, '1')})" for h in guessed]
        yield f"No candidate is certainly above guessing on {_join_names(levels)}."
    blind = [h.task for h in health if h.telling == 0]
    if blind:
        yield f"On {_join_names(blind)} no two candidates could be told apart."


def _describe_left_out(found: Standings) -> Iterator[str]:
    """Yield what is not part of the comparison, and why."""
    for reason in dict.fromkeys(found.left_out.values()):
        tasks = [task for task, why in found.left_out.items() if why == reason]
        yield f"{_join_names(tasks)} {'is' if len(tasks) == 1 else 'are'} left out: {reason}."
    if "kinships" in found.reasons and not found.kinships and len(found.candidates) > 2:
        yield f"Agreement between tasks: {found.reasons['kinships']}."
    if "weighted" in found.reasons and found.reasons["weighted"] != "the trial file writes no weights":
        yield f"There is no weighted score: {found.reasons['weighted']}."


def describe_guarantee(summary: Summary) -> str:
    """Return what the word certain means in places and orders, and how many orders would be certain alone."""
    pairs = [p for r in summary.standings.rankings for p in r.pairs]
    certain, single = sum(p.ahead is not None for p in pairs), sum(p.ahead_alone is not None for p in pairs)
    coverage = words.format_coverage(summary.decide.confidence)
    if len(pairs) < 2:
        return f"Certain means that the interval of the paired difference excludes zero, with {coverage} probability."
    more = f" {single - certain:,} more would be certain if each were the only one." if single > certain else ""
    return (
        f"Certain holds for all {len(pairs):,} orders (of two candidates on one task) together: with {coverage} "
        f"probability none of the {certain:,} that are called certain is false.{more}"
    )


def make_place_rows(summary: Summary) -> list[PlaceRow]:
    """Return the places on the main measure of each task."""
    found = summary.standings
    health = {h.task: h for h in found.health}
    rows = []
    for ranking in found.rankings:
        if ranking.measure != summary.task(ranking.task).main_measure:
            continue
        by_name = {place.candidate: place for place in ranking.places}
        cells = tuple(_make_place_cell(ranking, by_name.get(name)) for name in found.candidates)
        certain = sum(pair.ahead is not None for pair in ranking.pairs)
        told = f"{certain} of {len(ranking.pairs)}" if ranking.task in health and ranking.pairs else ""
        rows.append(PlaceRow(ranking.task, ranking.measure, cells, told))
    return rows


def _make_place_cell(ranking: Ranking, place: CandidateRank | None) -> PlaceCell | None:
    """Return one cell of the table of places."""
    if place is None:
        return None
    rank = f"{place.best}" if place.certain else f"{place.best}–{place.worst}"
    return PlaceCell(rank, words.format_quantity(place.mean, ranking.unit), place.certain and place.best == 1)


def find_least_alike(found: Standings) -> list[TaskAgreement]:
    """Return the pairs of tasks that agree least, those first."""
    return sorted((k for k in found.kinships if k.tau is not None), key=lambda k: k.tau or 0.0)[:MOST_PAIRS]


def format_weighted(place: WeightedPlace, scale: str) -> str:
    """Return a weighted score with its interval."""
    if scale == "rank" or place.low is None or place.high is None:
        return f"mean rank {place.score:.3g}"
    low, high = words.format_quantity(place.low, "1"), words.format_quantity(place.high, "1")
    return f"{words.format_quantity(place.score, '1')} [{low}, {high}]"


def describe_weighted(found: WeightedScore) -> str:
    """Return the outcome by the user's weights in one sentence."""
    scores = "; ".join(f"{place.candidate} {format_weighted(place, found.scale)}" for place in found.places)
    best = found.places[0]
    return (
        f"By the trial file's weights: {scores}. With similar weights {best.candidate} is the best in "
        f"{format_percent(best.on_top)} of the samples."
    )


def format_weights(summary: Summary) -> str:
    """Return the user's weights as shares."""
    found = summary.standings.weighted
    return (
        "" if found is None else ", ".join(f"{task} {format_percent(share)}" for task, share in found.weights.items())
    )


def format_percent(share: float) -> str:
    """Return a share without decimals, never rounded to a certainty that it is not."""
    if 0 < share < 0.01:
        return "under 1%"
    if 0.99 < share < 1:
        return "over 99%"
    return f"{100 * share:.0f}%"


def _join_names(names: Sequence[str]) -> str:
    """Return names as a list in words; a long one is cut short."""
    shown = list(names) if len(names) <= 6 else [*names[:5], f"{len(names) - 5} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
