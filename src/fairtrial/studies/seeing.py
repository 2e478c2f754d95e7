"""What seeing costs: the same items read as text and seen as pictures, with and without their pictures.

Every comparison is within one candidate, item by item, with clusters; see `fairtrial.analysis.forms`.  Told of every
trial that asks such forms; named as the trial's study, it comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fairtrial.analysis.forms import FormResult, get_kind, is_unseeing, iterate_forms
from fairtrial.analysis.verdicts import get_bounds
from fairtrial.analysis.yes_rates import YesRate, iterate_yes_rates
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import CandidateRecord, TaskRecord, TrialRecord
from fairtrial.spec.forms import TWINS
from fairtrial.stats.intervals import estimate
from fairtrial.studies.base import Cell, Column, Findings, Interval, SlopeLine, Slopes, Table

CONTAMINATION = ("permuted", "order")
SHOWN = {
    "": "text",
    "rendered": "text in a picture",
    "inside": "all in a picture",
    "distractor": "text after a picture",
    "chart": "chart",
    "grid": "picture of the table",
    "blind": "without the picture",
    "swapped": "another picture",
}
"""What a form shows, in words."""

MOST_SENTENCES = 12


def study_seeing(ledger: Ledger, trial_id: str, settings: Mapping[str, Any]) -> Findings:
    """Return the findings of a trial that is this study; they say so if there is nothing to compare."""
    return _find(ledger, trial_id) or Findings(
        "What does seeing cost?",
        notes=("Nothing to compare: ask a task in forms such as `forms: [rendered]`, or one with images.",),
    )


def tell_seeing(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return the same of a trial that is another study or none; None if it has no such forms or no answers yet."""
    plan = query.find_trial(ledger, trial_id).plan
    if plan.study and plan.study.get("name") == "seeing":
        return None
    return _find(ledger, trial_id)


def _find(ledger: Ledger, trial_id: str) -> Findings | None:
    plan = query.find_trial(ledger, trial_id).plan
    found = list(iterate_forms(ledger, trial_id, lambda kind: kind not in CONTAMINATION))
    seeing = [one for one in found if not is_unseeing(one.candidate)]
    groups: list[tuple[str, Callable[[FormResult], bool], Callable[[FormResult], str]]] = [
        ("Worth of the picture", lambda one: get_kind(one.form) == "blind", _tell_blind),
        ("Seen instead of read", lambda one: get_kind(one.form) in TWINS, _tell_twin),
        ("With the picture of another item", lambda one: get_kind(one.form) == "swapped", _tell_other),
        ("With a changed picture", lambda one: get_kind(one.form) not in SHOWN, _tell_other),
    ]
    sentences, tables = list[str](), list[Table]()
    for caption, belongs, tell in groups:
        chosen = [one for one in seeing if belongs(one)]
        if chosen:
            sentences += map(tell, chosen)
            tables.append(_make_table(caption, chosen))
    if not tables:
        return None
    if rates := list(iterate_yes_rates(ledger, trial_id)):
        tables.append(_make_yes_table(rates))
    if len(sentences) > MOST_SENTENCES:
        more = len(sentences) - MOST_SENTENCES
        sentences = [*sentences[:MOST_SENTENCES], f"{more:,} more comparisons are in the tables."]
    slopes = tuple(_make_slopes(ledger, trial_id, plan))
    return Findings(
        "What does seeing cost?", tuple(sentences), tuple(tables), (), tuple(_list_notes(plan, seeing)), slopes
    )


def _tell_blind(one: FormResult) -> str:
    """Return a sentence: ``charts: lmm 62.0% with the picture, 27.0% without: the picture is worth 35 points ...``."""
    worth, low, high = one.loss
    unit = one.task.main_measure.unit
    scores = f"{_show(one.contrast.first, unit)} with the picture, {_show(one.contrast.second, unit)} without"
    ends = f"({_count(low, unit)} to {_count(high, unit)})"
    if low > 0:
        told = f"the picture is worth {_format_points(worth, unit)} {ends}"
    elif high < 0:
        told = f"the picture costs {_format_points(-worth, unit)} ({_count(-high, unit)} to {_count(-low, unit)})"
    else:
        ends = f"{_format_signed(low, unit)} to {_format_signed(high, unit)}"
        told = f"that the picture is worth anything is not shown ({ends})"
    return f"{one.task.name}: {one.candidate.name} {scores}: {told}."


def _tell_twin(one: FormResult) -> str:
    return _tell_change(one, f"{one.candidate.name} as {_name_shown(one.form)}")


def _tell_other(one: FormResult) -> str:
    return _tell_change(one, f"{one.candidate.name}, {_name_shown(one.form)}")


def _tell_change(one: FormResult, what: str) -> str:
    cost, low, high = one.loss
    unit = one.task.main_measure.unit
    scores = f"{_show(one.contrast.first, unit)} to {_show(one.contrast.second, unit)}"
    if low > 0:
        told = f"costs {_format_points(cost, unit)} ({_count(low, unit)} to {_count(high, unit)})"
    elif high < 0:
        told = f"gains {_format_points(-cost, unit)} ({_count(-high, unit)} to {_count(-low, unit)})"
    else:
        told = f"undecided ({_format_signed(low, unit)} to {_format_signed(high, unit)} lost)"
    return f"{one.task.name}: {what}: {scores}, {told}."


def _name_shown(form: TaskRecord) -> str:
    kind = get_kind(form)
    setting = form.form[len(kind) + 1 :]
    return f"{SHOWN.get(kind, kind)} ({setting})" if setting else SHOWN.get(kind, kind)


def _show(value: float, unit: str) -> str:
    return f"{100 * value:.1f}%" if unit == "1" else f"{value:.4g} {unit}".rstrip()


def _count(value: float, unit: str) -> str:
    return _use_minus_sign(f"{100 * value:.0f}" if unit == "1" else f"{value:.3g}")


def _format_signed(value: float, unit: str) -> str:
    shown = f"{100 * value:+.0f}" if unit == "1" else f"{value:+.3g}"
    return _use_minus_sign("0" if shown in ("+0", "-0") else shown)


def _format_points(value: float, unit: str) -> str:
    shown = _count(value, unit)
    return f"{shown} point{'' if shown == '1' else 's'}" if unit == "1" else f"{shown} {unit}".rstrip()


def _use_minus_sign(text: str) -> str:
    return text.replace("-", "−")


def _make_table(caption: str, found: Sequence[FormResult]) -> Table:
    """Return one row a task, form and candidate: both scores, and the loss with its interval."""
    unit = found[0].task.main_measure.unit
    blind = get_kind(found[0].form) == "blind"
    heads = ("with it", "without", "worth") if blind else ("as it is", "so shown", "loss")
    columns = [Column("task"), *([] if blind else [Column("shown as")]), Column("candidate")]
    columns += [Column(heads[0], unit), Column(heads[1], unit), Column(heads[2], unit, difference=True)]
    columns += [*([Column("blind share", "1")] if blind else []), Column("items")]
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        first, second = one.contrast.first, one.contrast.second
        share = second / first if first > 0 else None
        rows.append(
            (
                one.task.name,
                *([] if blind else [_name_shown(one.form)]),
                one.candidate.name,
                first,
                second,
                Interval(*one.loss),
                *([share] if blind else []),
                float(one.contrast.items),
            )
        )
    return Table(caption, tuple(columns), tuple(rows))


def _make_yes_table(rates: Sequence[YesRate]) -> Table:
    """Return how often each candidate says yes, how often that is right, and how often it says so where it is not."""
    columns = ["task", "candidate"], ["yes-rate", "right yes", "false yes"], ["items"]
    rows = tuple(
        (
            one.task.name,
            one.candidate.name,
            Interval(one.rate.mean, one.rate.low, one.rate.high),
            one.right,
            one.false_yes,
            float(one.items),
        )
        for one in rates
    )
    heads = [*map(Column, columns[0]), *(Column(name, "1") for name in columns[1]), *map(Column, columns[2])]
    return Table("How often yes is said", tuple(heads), rows)


def _make_slopes(ledger: Ledger, trial_id: str, plan: TrialRecord) -> Iterator[Slopes]:
    """Yield a slope chart of each task with twins or a blind form: one line a candidate, from form to form."""
    for task in plan.own_tasks:
        forms = [one for one in plan.tasks if one.of == task.id and get_kind(one) not in CONTAMINATION]
        lacking = [one for kind in ("swapped", "blind") for one in forms if get_kind(one) == kind]
        stages = [*lacking, task, *(one for one in forms if one not in lacking)]
        if len(stages) < 2:
            continue
        bounds = task.main_measure.bounds
        lines = []
        for candidate in plan.candidates:
            values = [_estimate(ledger, trial_id, candidate, stage, plan.decide.confidence) for stage in stages]
            if sum(value is not None for value in values) > 1 and not is_unseeing(candidate):
                lines.append(SlopeLine(candidate.name, tuple(values)))
        names = [_name_stage(stage, task, bool(lacking)) for stage in stages]
        if lines:
            yield Slopes(
                task.name,
                tuple(names),
                task.card.main_measure,
                task.main_measure.unit,
                bounds if task.main_measure.unit == "1" else None,
                tuple(lines),
                task.card.chance,
                f"{_name_percent(plan.decide.confidence)} intervals of each score by itself; how two scores of one "
                "candidate differ is in the tables, where they are paired.",
            )


def _name_stage(stage: TaskRecord, task: TaskRecord, has_images: bool) -> str:
    if stage is task:
        return "as it is" if has_images else "text"
    return _name_shown(stage)


def _estimate(
    ledger: Ledger, trial_id: str, candidate: CandidateRecord, task: TaskRecord, confidence: float
) -> Interval | None:
    measure = task.main_measure
    rows = query.read_values(ledger, trial_id, candidate.id, task.id, measure.name)
    if not (rows.weights > 0).any():
        return None
    found = estimate(rows.values, rows.weights, rows.clusters, confidence, get_bounds(measure))
    return Interval(found.mean, found.low, found.high)


def _list_notes(plan: TrialRecord, seeing: Sequence[FormResult]) -> Iterator[str]:
    level = _name_percent(plan.decide.confidence)
    yield f"Paired item by item within each candidate, with {level} intervals by clusters, each for itself."
    if unseeing := [one.name for one in plan.candidates if is_unseeing(one)]:
        yield f"Shown no images, and so not in these tables: {', '.join(unseeing)}."
    yield from _list_unshown(seeing)
    if plan.decide.stop_early:
        yield "Where a task was stopped early, its forms are compared on the items that were asked of it."


def _list_unshown(seeing: Sequence[FormResult]) -> Iterator[str]:
    """Yield the tasks on which nobody is certainly better with the picture, and somebody might be by a useful gain."""
    blind = [one for one in seeing if get_kind(one.form) == "blind"]
    for task in dict.fromkeys(one.task.name for one in blind):
        own = [one for one in blind if one.task.name == task]
        if all(one.loss[1] <= 0 for one in own) and not all(one.is_small for one in own):
            items, clusters = (max(getattr(one.contrast, name) for one in own) for name in ("items", "clusters"))
            among = f"{items:,} items" if clusters == items else f"{items:,} items in {_count_clusters(clusters)}"
            yield f"Whether the picture is used on {task} is not shown ({among})."


def _count_clusters(count: int) -> str:
    return f"{count:,} cluster{'' if count == 1 else 's'}"


def _name_percent(confidence: float) -> str:
    return f"{100 * confidence:g}%"
