"""What do fewer bits cost?  One family of files made from the same weights, each beside the parent (the baseline).

Three things are told apart that one accuracy hides: how far the next-token distributions moved, how many answers
changed (right to wrong and wrong to right; an accuracy can stay while they do; Dutta et al. 2024, arXiv:2407.09141),
and whether the accuracy did.  The smallest file that is as good as the parent is found by going through the files from
the largest down, each judged on every task, until one is not: tests in an order fixed before need no correction
(Maurer, Hothorn and Lehmacher 1995).  So that question is answered by verdicts as each would be alone; the tables show
the words that hold among all questions of the trial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.analysis.standings.costs import measure_cost
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.verdicts import Verdict, apply_transform, find_verdicts, get_bounds
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import CandidateRecord, TaskRecord
from fairtrial.stats.intervals import estimate
from fairtrial.studies.base import Axis, Cell, Chart, Column, Findings, Interval, Point, Table

OWN_ROUNDING = "kl_own_rounding"
SMALL = 10
"""A divergence below so many times the engine's own is shown beside it."""
OF_TEXT = ("perplexity", "bits_per_byte", "kl_divergence", "top_token_agreement")
MOST_CHARTS = 4
MOST_CHANGED = 3
AS_GOOD = ("tied", "better")


@dataclass(frozen=True, slots=True)
class FamilyFile:
    """One file of the family.

    Attributes:
        name: of the candidate.
        type: that the lever gave its weights; empty where it was taken as it is.
        bytes: of the file; None if unknown.
        verdicts: against the parent, on the main measure of each task, by task; what has no verdict is not in it.
    """

    name: str
    type: str
    bytes: int | None
    verdicts: Mapping[str, Verdict]


def study_quantisation(ledger: Ledger, trial_id: str, settings: Mapping[str, Any]) -> Findings:
    """Return what is known by now; see the module's docstring."""
    rows = TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan)
    family, parent = find_quantised_family(rows, settings), rows.plan.baseline
    title = f"What do fewer bits cost? The family of {parent}"
    levels = _read_family(rows, family, find_verdicts(ledger, trial_id))
    tasks = rows.plan.own_tasks
    own = next(level for level in levels if level.name == parent)
    others = [level for level in levels if level is not own]
    if not others:
        return Findings(title, (f"No other candidate is made from the same weights as {parent}.",))
    return Findings(
        title,
        (
            *_describe_smallest(own, others, [task.name for task in tasks], rows),
            *_describe_larger(own, others),
            *_describe_changed(others),
            *_describe_rounding(rows, own, others),
        ),
        (
            _make_text_table(rows, levels),
            *(_make_task_table(task, others) for task in tasks),
            _make_needs_table(rows, levels, tasks),
        ),
        tuple(_make_charts(rows, levels, tasks)),
        tuple(_list_notes(rows, family)),
    )


def find_quantised_family(rows: TrialValues, settings: Mapping[str, Any]) -> list[str]:
    """Return the names of the family, in the plan's order: those told; else those made from the baseline's weights."""
    told = set(settings.get("family") or ())
    parent = rows.plan.baseline
    root = _find_root(rows.candidate(parent))
    return [
        name
        for name in rows.names
        if name == parent or (name in told if told else _find_root(rows.candidate(name)) == root)
    ]


def _find_root(candidate: CandidateRecord) -> str:
    """Return the hash of the file that a candidate's weights come from; a name of its own if there is none."""
    record = candidate.record
    return str(record.parent_sha256 or record.sha256 or candidate.id)


def _read_family(rows: TrialValues, family: Sequence[str], known: Sequence[Verdict]) -> list[FamilyFile]:
    """Return the family's files, the largest first."""
    mains = {task.name: task.main_measure.name for task in rows.plan.tasks if not task.form}
    found = []
    for name in family:
        record = rows.candidate(name).record
        own = {v.task: v for v in known if v.a == name and v.measure == mains.get(v.task)}
        found.append(FamilyFile(name, record.quantized_to or "", record.bytes, own))
    return sorted(found, key=lambda level: -(level.bytes or 0))


def _describe_smallest(
    own: FamilyFile, others: Sequence[FamilyFile], tasks: Sequence[str], rows: TrialValues
) -> Iterator[str]:
    """Say which is the smallest file that is as good as the parent."""
    margin = 100 * rows.plan.decide.margin
    below = [level for level in others if level.bytes and own.bytes and level.bytes < own.bytes]
    if not below:
        yield f"No file is smaller than {own.name}."
        return
    last, stopped = None, None
    for level in below:
        if all((v := level.verdicts.get(task)) and v.alone in AS_GOOD for task in tasks):
            last = level
        else:
            stopped = level
            break
    within = f"within {margin:g} points of {own.name} on {'the task' if len(tasks) == 1 else 'every task'}"
    if last is None or last.bytes is None or own.bytes is None:
        yield f"No smaller file has been shown to be {within}."
    else:
        share = f"{_format_megabytes(last.bytes)}, {100 * last.bytes / own.bytes:.0f}% of {own.name}"
        yield f"{last.name} is the smallest file that is {within}: {share}."
    if stopped is not None:
        place = "the largest of them" if last is None else "the next smaller one"
        yield f"{stopped.name}, {place}, {_explain_failure(stopped, tasks)}."


def _explain_failure(level: FamilyFile, tasks: Sequence[str]) -> str:
    """Say what keeps a file from being as good as its parent."""
    told = {kind: [t for t in tasks if t in level.verdicts and level.verdicts[t].alone == kind] for kind in KINDS}
    missing = [task for task in tasks if task not in level.verdicts]
    words = [f"{KINDS[kind]} {_join_names(names)}" for kind, names in told.items() if names]
    return "; ".join([*words, *([f"has no answers yet on {_join_names(missing)}"] if missing else [])])


KINDS = {"worse": "is worse on", "undecided": "is undecided on", "different": "is different on"}


def _describe_larger(own: FamilyFile, others: Sequence[FamilyFile]) -> Iterator[str]:
    """Say which files are larger than the parent: they can be faster, never better than what they were made from."""
    above = [level.name for level in others if level.bytes and own.bytes and level.bytes > own.bytes]
    if above:
        verb = "is" if len(above) == 1 else "are"
        yield f"{_join_names(above)} {verb} larger than {own.name} and made from it: only speed can improve."


def _describe_changed(others: Sequence[FamilyFile]) -> Iterator[str]:
    """Say where the most answers changed under an accuracy that stayed."""
    found = sorted(_find_hidden_changes(others), reverse=True)
    yield from (sentence for _, sentence in found[:MOST_CHANGED])


def _find_hidden_changes(others: Sequence[FamilyFile]) -> Iterator[tuple[float, str]]:
    """Yield the share of answers that changed and its sentence, where many more changed than the accuracy tells."""
    for level in others:
        for task, found in level.verdicts.items():
            lost, won = found.flips_to_wrong, found.flips_to_right
            if lost is None or won is None or found.alone not in ("tied", "undecided"):
                continue
            share = (lost + won) / found.items_used
            if lost + won >= 5 and share >= max(0.02, 3 * abs(found.difference)):
                yield (
                    share,
                    f"{level.name} on {task}: the accuracy moved by {100 * found.difference:+.1f} points, and "
                    f"{100 * share:.1f}% of the answers changed between right and wrong ({won} fixed, {lost} broke).",
                )


def is_small(far: Interval | None, noise: Interval | None) -> bool:
    """Return whether much of a divergence may be the engine's own rounding."""
    return far is not None and noise is not None and far.low < SMALL * noise.high


def _describe_rounding(rows: TrialValues, own: FamilyFile, others: Sequence[FamilyFile]) -> Iterator[str]:
    """Say which divergences are so small that the engine's own rounding is a part of them, and how large that is."""
    noise = find_text_value(rows, own.name, OWN_ROUNDING)
    for level in others:
        far = find_text_value(rows, level.name, "kl_divergence")
        if noise is not None and far is not None and is_small(far, noise):
            yield (
                f"{level.name}: its KL divergence of {_format_nats(far)} includes the engine's own rounding, which "
                f"alone gives {_format_nats(noise)} for {own.name} against itself in passes of another shape. The "
                "weights have changed less than the figure says."
            )


def _format_nats(found: Interval) -> str:
    """Return a divergence with its interval in words."""
    return f"{found.value:.4f} [{found.low:.4f}, {found.high:.4f}]"


def _make_text_table(rows: TrialValues, levels: Sequence[FamilyFile]) -> Table:
    """Return how far each file's distributions are from the parent's."""
    source = rows.plan.text.source if rows.plan.text else ""
    columns = (
        Column("candidate"),
        Column("type"),
        Column("file", "B"),
        Column("perplexity"),
        Column("bits per byte"),
        Column("KL divergence"),
        Column("engine's rounding"),
        Column("same top token", "1"),
    )
    family, parent = {level.name for level in levels}, rows.plan.baseline
    noise = find_text_value(rows, parent, OWN_ROUNDING)
    beside = _read_family(rows, [name for name in rows.names if name not in family], ())
    table = []
    for level in (*levels, *beside):
        kind = rows.candidate(level.name).record.weights_type
        told: list[Cell] = [level.type or (f"{kind}, as it is" if kind else "as it is"), level.bytes]
        lost, bits, far, same = (find_text_value(rows, level.name, measure) for measure in OF_TEXT)
        beside_it = noise if level.name == parent or is_small(far, noise) else None
        table.append((level.name, *told, lost, bits.value if bits else None, far, beside_it, same))
    return Table(f"Next-token distributions, read on {source}" if source else "The files", columns, tuple(table))


def find_text_value(rows: TrialValues, name: str, measure: str) -> Interval | None:
    """Return a candidate's value of a measure of text; None if there is none."""
    text = rows.plan.text
    if text is None:
        return None
    cell = rows.cell(name, text, measure)
    if not cell.counts:
        return None
    definition = next((m for m in text.card.measures if m.name == measure), None)
    if definition is None:  # a trial from before it was measured
        return None
    clusters = rows.clusters(text, cell.at)
    found = estimate(cell.values, cell.weights, clusters, rows.confidence, get_bounds(definition))
    shown = apply_transform(definition.transform, found)
    return Interval(shown.mean, shown.low, shown.high)


def _make_task_table(task: TaskRecord, others: Sequence[FamilyFile]) -> Table:
    """Return each file's verdict on one task, and the answers that changed."""
    unit = task.main_measure.unit
    columns = (
        Column("candidate"),
        Column("verdict"),
        Column("difference", unit, difference=True),
        Column("broke"),
        Column("fixed"),
        Column("changed", "1"),
        Column("items"),
    )
    found = [(level, level.verdicts[task.name]) for level in others if task.name in level.verdicts]
    table = tuple(
        (
            level.name,
            v.verdict,
            Interval(v.difference, v.low, v.high),
            *(
                (None, None, None)
                if v.flips_to_wrong is None or v.flips_to_right is None
                else (v.flips_to_wrong, v.flips_to_right, (v.flips_to_wrong + v.flips_to_right) / v.items_used)
            ),
            v.items_used,
        )
        for level, v in found
    )
    return Table(f"{task.name}: {task.main_measure.name} against the parent", columns, table)


SHOWN = {
    "prefill_tokens_per_second": "reading speed",
    "decode_tokens_per_second": "writing speed",
    "memory_bytes": "peak memory",
}
UNITS = {"prefill_tokens_per_second": "token/s", "decode_tokens_per_second": "token/s", "memory_bytes": "B"}
PER_ITEM = {"seconds": "s", "joules": "J", "joules_estimated": "J"}


def _make_needs_table(rows: TrialValues, levels: Sequence[FamilyFile], tasks: Sequence[TaskRecord]) -> Table:
    """Return each file's speed, memory and energy; of items, the mean over tasks of the mean over a task's items."""
    latest = {(w.candidate_id, w.measure): w.value for w in query.read_whole_rows(rows.ledger, rows.trial_id)}
    table = []
    for level in levels:
        identity = rows.candidate(level.name).id
        rates = [latest.get((identity, measure)) for measure in SHOWN]
        table.append(
            (level.name, *rates, *(_find_cost_per_item(rows, level.name, tasks, measure) for measure in PER_ITEM))
        )
    names = [*SHOWN.values(), "time per item", "energy per item", "energy per item (estimated)"]
    units = [*UNITS.values(), *PER_ITEM.values()]
    kept = [at for at in range(len(names)) if any(row[at + 1] is not None for row in table)]
    columns = (Column("candidate"), *(Column(names[at], units[at]) for at in kept))
    return Table(
        "Speed, memory and energy on this machine",
        columns,
        tuple((row[0], *(row[at + 1] for at in kept)) for row in table),
    )


def _find_cost_per_item(rows: TrialValues, name: str, tasks: Sequence[TaskRecord], measure: str) -> float | None:
    """Return the mean cost of an item, every task counting alike; None if some task has none."""
    found = []
    for task in tasks:
        definition = next((m for m in task.card.measures if m.name == measure), None)
        paid = measure_cost(rows, task, definition, name) if definition else None
        if paid is None:
            return None
        found.append(paid.per_item.value)
    return sum(found) / len(found) if found else None


def _make_charts(rows: TrialValues, levels: Sequence[FamilyFile], tasks: Sequence[TaskRecord]) -> Iterator[Chart]:
    """Yield divergence against size, and each task's main measure against size."""
    size = Axis("size of the file", "B", log=True, less_is_better=True)
    far = [(level, find_text_value(rows, level.name, "kl_divergence")) for level in levels]
    points = [(level, found) for level, found in far if level.bytes and found and found.value > 0]
    if len(points) > 1:
        yield Chart(
            "Divergence from the parent against size",
            size,
            Axis("KL divergence, nats per token", "nat", log=True, less_is_better=True),
            _make_points(points, less_is_better=True),
        )
    for task in tasks[:MOST_CHARTS]:
        measure = task.main_measure
        known = [(level, _find_value(rows, task, measure, level.name)) for level in levels if level.bytes]
        some = [(level, found) for level, found in known if found is not None]
        if len(some) > 1:
            less = measure.higher_is_better is False
            yield Chart(
                f"{task.name} against size",
                size,
                Axis(measure.name, measure.unit, less_is_better=less),
                _make_points(some, less_is_better=less),
            )


def _make_points(points: Sequence[tuple[FamilyFile, Interval]], *, less_is_better: bool) -> tuple[Point, ...]:
    """Return the points of a chart of some value against the size of the file."""
    sign = 1 if less_is_better else -1
    sizes = {level.name: float(level.bytes or 0) for level, _ in points}
    return tuple(
        Point(
            level.name,
            Interval(sizes[level.name], sizes[level.name], sizes[level.name]),
            found,
            on_frontier=not any(
                sizes[other.name] <= sizes[level.name]
                and sign * its.value <= sign * found.value
                and (sizes[other.name], its.value) != (sizes[level.name], found.value)
                for other, its in points
            ),
        )
        for level, found in points
    )


def _find_value(rows: TrialValues, task: TaskRecord, measure: MeasureRecord, name: str) -> Interval | None:
    """Return a candidate's value of a task's measure, with its interval."""
    cell = rows.cell(name, task, measure.name)
    if not cell.counts:
        return None
    got = estimate(cell.values, cell.weights, rows.clusters(task, cell.at), rows.confidence, get_bounds(measure))
    shown = apply_transform(measure.transform, got)
    return Interval(shown.mean, shown.low, shown.high)


def _list_notes(rows: TrialValues, family: Sequence[str]) -> Iterator[str]:
    """Yield what the findings do not cover."""
    parent = rows.plan.baseline
    beside = [name for name in rows.names if name not in family]
    if beside:
        yield f"{_join_names(beside)}: other weights, shown for comparison with the family only."
    if rows.plan.text:
        yield (
            f"KL divergence: KL({parent} || file), nats per token; intervals treat passages of 1,000 characters as "
            "drawn at random. Engine's rounding: the parent against itself, computed in passes of another "
            "shape. Perplexities cannot be compared between models with different tokens; bits per byte can."
        )
    level = 100 * rows.confidence
    yield (
        f"The files are judged from the largest down, each verdict with {level:g}% confidence, so the chance of naming "
        f"a file that is too small is at most {100 - level:.3g}%."
    )


def _join_names(names: Sequence[str]) -> str:
    """Return names as words."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _format_megabytes(size: int) -> str:
    """Return a size in words."""
    return f"{size / 1e6:,.0f} MB"
