"""What does a token of thinking buy?  Who reasons less per token?

Systems are candidates that differ in their length of thinking only.  On each task a system's main measure is a curve
over the tokens that it generated; what is told of curves is in `fairtrial.stats.token_curves`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import Ledger, query
from fairtrial.studies.base import Findings
from fairtrial.studies.reasoning.claims import ReasoningClaim, find_claims, is_judged
from fairtrial.studies.reasoning.families import APART, Family, TaskCurve, find_families, read_curve
from fairtrial.studies.reasoning.figures import (
    LEAST_SPAN,
    describe_curves,
    has_span,
    make_charts,
    make_curve_tables,
    make_need_table,
)
from fairtrial.studies.reasoning.telling import describe_claims, make_claims_table

TITLE = "What does a token of thinking buy?"


def study_reasoning(ledger: Ledger, trial_id: str, settings: Mapping[str, Any]) -> Findings:
    """Return what is known by now; see the module's docstring."""
    rows = TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan)
    families = find_families(rows.plan)
    tasks = [task for task in rows.plan.tasks if task.form not in APART and is_judged(task)]
    curves = {
        (family.name, task.name): curve
        for family in families
        for task in tasks
        if (curve := read_curve(rows, family, task)) is not None
    }
    if not curves:
        return Findings(TITLE, ("No task has answers whose tokens are counted yet.",))
    claims = find_claims(rows, curves, families, settings)
    margin = settings.get("margin")
    told = rows.plan.decide.margin if margin is None else float(margin)
    return Findings(
        TITLE,
        (*describe_claims(claims, told), *describe_curves(curves.values(), rows)),
        (
            *([make_claims_table(claims)] if claims else []),
            *make_curve_tables(tasks, curves, rows),
            make_need_table(curves.values(), rows, settings.get("accuracy") or ()),
        ),
        tuple(make_charts(tasks, curves, rows)),
        tuple(_list_notes(rows, families, curves, claims, told)),
    )


def _list_notes(
    rows: TrialValues,
    families: Sequence[Family],
    curves: Mapping[tuple[str, str], TaskCurve],
    claims: Sequence[ReasoningClaim],
    margin: float,
) -> Iterator[str]:
    """Yield how to read it, and what is not covered."""
    level = 100 * rows.confidence
    yield (
        "Tokens are those that were generated for an item, of the thought and of the answer together; a choice that is "
        "scored counts as one. The mean over the curve is taken over the logarithm of tokens, between the limits told, "
        "on straight lines between the points, level after the last one."
    )
    if claims:
        yield (
            f"Supported: certainly less, perhaps by {100 * margin:g} points or more. Refuted: certainly not less by "
            f"{100 * margin:g} points or more. All {len(claims)} verdicts hold together with {level:g}% "
            "confidence; the differences are shown with the interval of each alone. Less over the same tokens may come "
            "from what is known before any thinking ('at once') or from thinking itself ('by thinking')."
        )
    yield (
        f"Intervals of single points are those of the scores; all others hold the middle {level:g}% of 1,000 draws of "
        "clusters of items, with replacement, the same ones for all lengths and systems; with fewer than about 20 "
        "clusters they are too narrow. Those of claims are not."
    )
    if rows.early:
        yield (
            "The trial may have stopped early, when its verdicts against the baseline were certain; what is told here "
            "takes no account of that. Without stop_early it does not matter."
        )
    if few := [family.name for family in families if len(family.members) == 1]:
        yield f"One length only, so a point and no curve: {', '.join(few)}."
    yield from _list_points(families, curves)
    if any(has_span(one) for one in curves.values()):
        yield (
            f"What 100 more tokens bring is told only between lengths that are {LEAST_SPAN:g} tokens or more apart; "
            "'gain' is the plain difference from the length before."
        )
    for task in rows.plan.tasks:
        lacking = [one.name for one in families if (one.name, task.name) not in curves]
        if task.form in APART:
            continue
        if not is_judged(task):
            yield f"{task.name} is left out: its main measure has no bounds, or less of it is better."
        elif lacking:
            yield f"Not on {task.name}, where nothing was answered or no tokens were counted: {', '.join(lacking)}."


def _list_points(families: Sequence[Family], curves: Mapping[tuple[str, str], TaskCurve]) -> Iterator[str]:
    """Yield the tasks on which a system with several lengths wrote equally much with all of them."""
    several = [one.name for one in families if len(one.members) > 1]
    for (name, task), one in curves.items():
        if name in several and not has_span(one):
            yield f"On {task}, {name} has one number of tokens only, so a point and no mean over a curve."
