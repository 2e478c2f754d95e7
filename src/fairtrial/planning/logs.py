"""Logs against logs: tasks ``log:NAME`` are what the logs of all candidates hold, with the grades that are there.

Nothing is asked and no task file is needed: items, prompts, answers and grades come from the logs.  ``regrade:NAME``
grades the logged answers anew where the log has what that takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.models import ResolvedModel
from fairtrial.planning.base import LogFacts, Pairing, PlannedCandidate, PlannedTask
from fairtrial.planning.joining import JoinedRows, JoinKey, KeyedRows, join_rows, match_tasks
from fairtrial.planning.logged_rows import LoggedGrades
from fairtrial.planning.matching import find_log, plan_recorded
from fairtrial.planning.sampling import count_largest_cluster, draw_items, hash_to_int
from fairtrial.planning.tasks import choose_measures, make_card_document
from fairtrial.recorded import IMPORTERS, hash_files
from fairtrial.recorded.graded.base import LoggedRow, LoggedTask
from fairtrial.recorded.graded.raters import describe_no_scale, pair_grades
from fairtrial.recorded.graded.reading import LoggedSystem, read_graded
from fairtrial.recorded.graded.values import find_bounds
from fairtrial.records import Item, Measure, content_hash
from fairtrial.records.duplicates import count_copies, put_copies_together
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.schemes import scheme_of
from fairtrial.spec.trial import TaskEntry, Trial
from fairtrial.tasks.base import TaskCard
from fairtrial.tasks.logged import LoggedItems
from fairtrial.tasks.regrading import LoggedAnswer, regrade

PREFIXES = ("log:", "regrade:")
"""What the names of tasks that are in logs begin with."""

EXAMPLES = 3
TOLERANCE = 1e-6
"""By which a grade made anew may differ from the log's."""


@dataclass(frozen=True, slots=True)
class LogPlan:
    """What a trial of logs compares."""

    candidates: tuple[PlannedCandidate, ...]
    tasks: tuple[PlannedTask, ...]
    grades: tuple[LoggedGrades, ...]


def is_of_logs(trial: Trial) -> bool:
    """Return whether a trial compares logs.  Raises SpecError if some of its tasks are to be asked."""
    of_logs = [entry.task.startswith(PREFIXES) for entry in trial.tasks]
    if not any(of_logs):
        return False
    if not all(of_logs):
        other = next(entry.task for entry, own in zip(trial.tasks, of_logs, strict=True) if not own)
        raise SpecError(
            f"task {other!r} is asked, and others are taken from logs (log:NAME); a trial has one kind.",
            fix="Write two trials.",
        )
    for spec in trial.candidates:
        scheme = scheme_of(spec.model)
        if scheme is None or scheme.answers != "log" or spec.levers:
            raise SpecError(
                f"candidate {spec.id!r} is no log, and tasks log:NAME are those of logs.",
                fix="Give it as import:FILE-OR-FOLDER without levers; or name a task that can be asked.",
            )
    if trial.decide.stop_early:
        raise SpecError("logs hold all answers already: nothing can stop early.", fix="Leave stop_early out.")
    return True


def plan_logs(trial: Trial, base_dir: Path, placed: Callable[[int], AbstractContextManager[None]]) -> LogPlan:
    """Read the logs of a trial's candidates and bring their rows together.

    Args:
        trial: of logs, see `is_of_logs`.
        base_dir: folder that relative paths are relative to.
        placed: names the line of a candidate, by number, in errors.

    Raises SpecError, ModelError: a log that cannot be read, several systems where one is meant, nothing in common.
    """
    systems: dict[str, LoggedSystem] = {}
    candidates = []
    for i, spec in enumerate(trial.candidates):
        with placed(i):
            path = find_log(base_dir, spec.model.partition(":")[2])
            systems[spec.id] = _choose_system(spec, path)
            candidates.append(_plan_candidate(spec, path, systems[spec.id], base_dir))
    tasks, notes = match_tasks({name: system.tasks for name, system in systems.items()})
    if not tasks:
        raise _make_nothing_common(systems)
    tasks = {name: pair_grades(own) for name, own in tasks.items()}
    found = [_plan_task(trial, entry, name, tasks[name], systems, notes) for entry, name in _select(trial, tasks)]
    planned = {candidate.name: candidate for candidate in candidates}
    grades = [LoggedGrades(planned[name], task, rows) for task, own in found for name, rows in own.items()]
    return LogPlan(tuple(candidates), tuple(task for task, _ in found), tuple(grades))


def _choose_system(spec: Candidate, path: Path) -> LoggedSystem:
    """Return the one system that a candidate is."""
    systems = read_graded(path, spec.recorded)
    if len(systems) > 1:
        known = "; ".join(f"{one.label}: only: {dict(one.told)}" for one in systems[:6])
        raise SpecError(
            f"the log of {spec.id!r} has {len(systems)} systems.",
            fix=f"Say which with recorded: {{only: ...}}: {known}.",
        )
    return systems[0]


def _plan_candidate(spec: Candidate, path: Path, system: LoggedSystem, base_dir: Path) -> PlannedCandidate:
    sha256 = hash_files(path, spec.recorded)
    plugin = IMPORTERS.find_origin(system.format)
    notes: dict[str, object] = {
        "format": system.format,
        "files_sha256": sha256,
        "answers": sum(len(task.rows) for task in system.tasks.values()),
        "recorded": True,
        "graded": True,
        **({"logged_model": system.model} if system.model else {}),
        **({"system": system.label} if system.label else {}),
        **({"plugins": [plugin]} if plugin else {}),
    }
    identity = content_hash(["graded", sha256, spec.recorded.model_dump(mode="json"), dict(system.told)])
    model = ResolvedModel(spec.model, "recorded", None, identity, path.stem, notes, source=path)
    return plan_recorded(spec, model, base_dir)


def _make_nothing_common(systems: Mapping[str, LoggedSystem]) -> SpecError:
    told = "; ".join(f"{name}: {', '.join(list(system.tasks)[:5])}" for name, system in systems.items())
    return SpecError(
        f"the logs have no task in common ({told[:400]}).",
        fix="Compare logs of the same tasks; tasks with other names are paired if each log has one, about the same "
        "items.",
    )


def _select(trial: Trial, tasks: Mapping[str, object]) -> list[tuple[TaskEntry, str]]:
    """Return the tasks that a trial's entries name, with their entries; ``*`` stands for any name."""
    found: dict[str, TaskEntry] = {}
    for entry in trial.tasks:
        wanted = entry.task.partition(":")[2]
        names = [wanted] if wanted in tasks else [name for name in tasks if fnmatchcase(name, wanted)]
        if not names:
            raise SpecError(
                f"the logs have no task {wanted!r} in common.{did_you_mean(wanted, list(tasks))}",
                fix=f"Tasks that all have: {', '.join(list(tasks)[:20])}.",
            )
        for name in names:
            found.setdefault(name, entry)
    return [(entry, name) for name, entry in found.items()]


_Rows = dict[str, list[tuple[Item, int, LoggedRow]]]


def _plan_task(
    trial: Trial,
    entry: TaskEntry,
    name: str,
    logs: Mapping[str, LoggedTask],
    systems: Mapping[str, LoggedSystem],
    notes: Sequence[str],
) -> tuple[PlannedTask, _Rows]:
    """Bring the rows of one task together and draw the items; return it with each candidate's rows."""
    ours, ways = _grade_anew(logs, entry.task.startswith("regrade:"))
    joined = join_rows(list(ours.values()))
    if not joined.shared:
        counted = ", ".join(f"{candidate}: {len(task.rows):,} rows" for candidate, task in logs.items())
        raise SpecError(
            f"task {name}: the logs have no item in common ({counted}). Rows are about the same item if their content "
            "is the same, or their id and right answer.",
            fix="Compare logs of the same data.",
        )
    clusters = {c.id: c.recorded.cluster for c in trial.candidates}
    items = _make_items(name, joined, next(iter(filter(None, clusters.values())), ""))
    measures, guessed = _make_measures(name, ours, joined)
    unscaled = describe_no_scale(list(ours.values()), [m.name for m in measures if m.bounds is None])
    ways = _tell_sources(ways, logs, systems, (*notes, *unscaled), guessed)
    measures = tuple(sorted(measures, key=lambda m: m.name not in (*entry.measures, *trial.measures)))
    repeats = 1 + max(repeat for one in joined.logs for own in one.rows.values() for repeat in own)
    entry = entry.model_copy(update={"repeats": repeats})
    clusters_before = {item.id: item.cluster for item in items.values()}
    ordered = put_copies_together(list(items.values()))
    drawn = draw_items(ordered, entry, np.random.default_rng([trial.seed, hash_to_int(name)]), False)
    card = LoggedItems(_make_card(name, entry, items, measures, (ours, joined)), ordered)
    pairings = [
        _pair(candidate, task, keyed, joined, ways[candidate])
        for (candidate, task), keyed in zip(ours.items(), joined.logs, strict=True)
    ]
    planned = PlannedTask(
        name=entry.id or name,
        id=content_hash(make_card_document(card)),
        entry=entry,
        plain=card,
        chat=card,
        items=drawn,
        total=len(joined.every),
        measures=choose_measures(card, entry, trial),
        order="items",
        largest_cluster=count_largest_cluster(ordered),
        pairings=tuple(pairings),
        united={item.id: item.cluster for item in drawn if item.cluster != clusters_before[item.id]},
        copies=count_copies(drawn),
    )
    keys = {item.id: key for key, item in items.items()}
    rows = {
        candidate: [(item, n, row) for item in drawn for n, row in sorted(keyed.rows[keys[item.id]].items())]
        for candidate, keyed in zip(ours, joined.logs, strict=True)
    }
    return planned, rows


def _tell_sources(
    ways: Mapping[str, LogFacts],
    logs: Mapping[str, LoggedTask],
    systems: Mapping[str, LoggedSystem],
    notes: Sequence[str],
    guessed: tuple[str, ...],
) -> dict[str, LogFacts]:
    """Return what is known of each log, with whose it is and what must be said of it."""
    return {
        log: replace(
            fact,
            source=_name_source(systems[log]),
            model=systems[log].model,
            notes=(*logs[log].notes, *notes),
            guessed_scale=guessed,
        )
        for log, fact in ways.items()
    }


def _pair(candidate: str, task: LoggedTask, keyed: KeyedRows, joined: JoinedRows, facts: LogFacts) -> Pairing:
    """Return how one log's rows and the items came together."""
    absent = [key for key in joined.every if key not in keyed.rows]
    told = replace(
        facts,
        joined_by=joined.by,
        rows=len(task.cells) or len(task.rows) + task.ungraded,
        copies=keyed.copies,
        unlike=joined.unlike,
        prompts_differ=joined.prompts_differ,
    )
    return Pairing(
        candidate,
        items=len(joined.every),
        paired=len(keyed.rows),
        recorded=len(task.rows),
        ambiguous=keyed.clashing,
        examples=tuple(_show(joined, key) for key in absent[:EXAMPLES]),
        together=len(joined.shared),
        empty=task.ungraded,
        log=told,
    )


def _name_source(system: LoggedSystem) -> str:
    told = system.label or system.model
    return f"{system.format} log{f' of {told}' if told else ''}" if system.format != "table" else "table of grades"


def _show(joined: JoinedRows, key: JoinKey) -> str:
    """Return the question of an item that not all have, shortened."""
    row = next(next(iter(one.rows[key].values())) for one in joined.logs if key in one.rows)
    return " ".join(row.question.split())[:160]


def _make_items(name: str, joined: JoinedRows, cluster: str) -> dict[JoinKey, Item]:
    """Return the items that every log has, by key; what they say is what the first log says."""
    found = {}
    for number, key in enumerate(joined.shared):
        row = next(iter(joined.logs[0].rows[key].values()))
        identity = content_hash(["logged", key[0], key[1], list(row.expected)])
        own = row.cluster
        if cluster and not own:
            if cluster not in row.data:
                raise SpecError(
                    f"task {name}: the rows have no column {cluster!r} to name their cluster."
                    f"{did_you_mean(cluster, list(map(str, row.data)))}",
                    fix=f"Columns: {', '.join(map(str, row.data))[:300]}.",
                    where=row.at,
                )
            own = str(row.data[cluster])
        found[key] = Item(identity, number, row.question, row.choices, row.expected, own or identity, row.data)
    return found


def _make_measures(
    name: str, logs: Mapping[str, LoggedTask], joined: JoinedRows
) -> tuple[tuple[Measure, ...], tuple[str, ...]]:
    """Return the measures that all logs have, with bounds by the values seen; and those whose bounds are a guess."""
    first, *others = logs.values()
    shared = [m for m in first.measures if all(m.name in {x.name for x in other.measures} for other in others)]
    if not shared:
        told = "; ".join(f"{n}: {', '.join(m.name for m in task.measures)}" for n, task in logs.items())
        raise SpecError(f"task {name}: the logs have no measure in common ({told[:400]}).")
    found, guessed = [], []
    for measure in shared:
        raw = [cell.value for task in logs.values() for cell in task.cells if cell.value is not None]
        values = raw or joined.list_grades(measure.name)  # the mean of two grades on a scale is no grade on it
        bounds, is_guess = (measure.bounds, False) if measure.bounds else find_bounds(values)
        if measure.transform == "exp" or measure.unit:
            bounds, is_guess = None, False
        if is_guess and bounds:
            guessed.append(f"{measure.name} from {bounds[0]:g} to {bounds[1]:g}")
        unit = "1" if bounds == (0.0, 1.0) else measure.unit
        transform: Any = measure.transform
        found.append(Measure(measure.name, unit, measure.higher_is_better, bounds, transform))
    return tuple(found), tuple(guessed)


def _make_card(
    name: str,
    entry: TaskEntry,
    items: Mapping[JoinKey, Item],
    measures: tuple[Measure, ...],
    found: tuple[Mapping[str, LoggedTask], JoinedRows],
) -> TaskCard:
    """Return the card of a task that is in logs."""
    logs, joined = found
    config = next((task.config for task in logs.values() if task.config), None) or {}
    kept = ("output_type", "metric_list", "filter_list", "dataset_path", "dataset_name", "num_fewshot")
    version = config.get("metadata")
    return TaskCard(
        name=name,
        version=str(version.get("version", "unknown")) if isinstance(version, dict) else "unknown",
        revision=content_hash([[item.id, item.question, item.cluster, dict(item.data)] for item in items.values()]),
        licence="unknown",
        measures=measures,
        main_measure=measures[0].name,
        description="Answers and grades are those of logs.",
        chance=None,
        settings={
            "format": "log",
            "grades": "anew" if entry.task.startswith("regrade:") else "log",
            "joined_by": joined.by,
            "task_config": {key: config[key] for key in kept if config.get(key) is not None},
        },
    )


def _grade_anew(logs: Mapping[str, LoggedTask], takes: bool) -> tuple[Mapping[str, LoggedTask], dict[str, LogFacts]]:
    """Grade answers anew where the logs have what that takes, and compare; ours replace the log's if all have them.

    Returns the logs, with our grades if ``takes`` and all of them could be graded anew; and what became of each.
    """
    made = {name: _regrade_log(task) for name, task in logs.items()}
    used = takes and not any(isinstance(own, str) for own in made.values())
    facts, kept = {}, dict(logs)
    for name, own in made.items():
        if isinstance(own, str):
            facts[name] = LogFacts(grades="log", why_log=own if takes else "")
            continue
        rows, compared, differing = own
        facts[name] = LogFacts(grades="anew" if used else "log", compared=compared, differing=differing)
        if used:
            task = logs[name]
            kept[name] = replace(task, rows=rows)
    if takes and not used:
        why = next(f"{name}: {own}" for name, own in made.items() if isinstance(own, str))
        facts = {name: replace(fact, grades="log", why_log=why) for name, fact in facts.items()}
    return kept, facts


def _regrade_log(task: LoggedTask) -> tuple[list[LoggedRow], int, int] | str:
    """Return a log's rows with our grades, how many were compared with the log's own, and how many differ."""
    if task.config is None:
        return "the log does not say how answers are graded"
    answers = [
        LoggedAnswer(
            row.target, row.choices, row.text, tuple((logprob, greedy) for _, _, logprob, greedy in row.scores)
        )
        for row in task.rows
    ]
    got = regrade(task.config, answers)
    if isinstance(got, str):
        return got
    rows, compared, differing = [], 0, 0
    for row, values in zip(task.rows, got, strict=True):
        ours = {}
        for name in row.grades:
            value = values.get(name, values.get(name.partition(",")[0]))
            if value is not None:
                ours[name] = (value, 1.0)
        if ours:
            compared += 1
            differing += any(abs(value - row.grades[name][0]) > TOLERANCE for name, (value, _) in ours.items())
        rows.append(replace(row, grades={**row.grades, **ours}))
    return (rows, compared, differing) if compared else "none of its measures is one of ours"
