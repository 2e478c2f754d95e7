"""From a trial's specification to a plan: tasks built, items drawn and ordered, weights found, levers applied.

Planning opens no engine and asks nothing; it is where everything that can be wrong with a trial file is found out
before anything is paid for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.cache import cache_folder
from fairtrial.engines import engine_version
from fairtrial.errors import FairtrialError, SpecError, UnknownNameError
from fairtrial.levers import apply
from fairtrial.levers.cascade import SMALL, joined
from fairtrial.measures import MEASURES
from fairtrial.models import candidate_id, resolve_candidate, run_by
from fairtrial.planning.base import PlannedCandidate as PlannedCandidate
from fairtrial.planning.base import PlannedTask as PlannedTask
from fairtrial.planning.base import check_asked_alike
from fairtrial.planning.calibration import prepared
from fairtrial.planning.frontiers import frontiers_of
from fairtrial.planning.matching import Recording, paired_items, recordings, trimmed
from fairtrial.planning.passages import Passages, passages_of
from fairtrial.planning.sampling import draw, largest_cluster, most_to_learn_from, split
from fairtrial.planning.sampling import stable_int as stable_int
from fairtrial.records import Measure, content_hash
from fairtrial.records.duplicates import copies, in_clusters
from fairtrial.spec.candidate import Candidate, larger_of
from fairtrial.spec.cascade import cascade_of
from fairtrial.spec.trial import TaskEntry, Trial
from fairtrial.spec.yamlfile import Location
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.forms import FORMS, STRETCH
from fairtrial.tasks.letters import built
from fairtrial.tasks.procedural import PROCEDURAL

DEFAULT_PROCEDURAL_ITEMS = 200
FEWSHOT_SEED = 1234
"""Of few-shot draws in tasks that are not ours: what lm-evaluation-harness uses, whatever the trial's seed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before the first question is asked."""

    trial: Trial
    candidates: tuple[PlannedCandidate, ...]
    tasks: tuple[PlannedTask, ...]
    passages: Passages | None = None
    fit: Mapping[str, Any] | None = None
    """Memory predicted, and who was left out: see `fairtrial.running.memory_fit`; no part of the trial's identity."""

    @property
    def baseline(self) -> str:
        """Name of the candidate that the others are compared with."""
        return self.trial.baseline or self.trial.candidates[0].id

    @property
    def predicted(self) -> dict[str, float]:
        """Bytes of memory that each candidate will need, by its id, as far as they are predicted."""
        told = (self.fit or {}).get("candidates", {})
        return {c.id: float(m["peak"]) for c in self.candidates if (m := told.get(c.name, {}).get("memory"))}

    @property
    def id(self) -> str:
        """Content hash of all that decides the trial's outcome; a resumed trial has the same one."""
        return content_hash(
            [
                [[c.name, c.id] for c in self.candidates],
                [[t.name, t.id, [item.id for item in t.items], t.entry.repeats, list(t.measures)] for t in self.tasks],
                self.baseline,
                self.trial.decide.model_dump(mode="json"),
                self.trial.seed,
                self.trial.name,
                # other readings of the same answers; none is asked again
                *([self.weights] if self.weights else []),
                *([self.frontier] if self.frontier else []),
                *([self.study] if self.study else []),
                *([self.passages.id] if self.passages else []),
            ]
        )

    @property
    def study(self) -> dict[str, Any] | None:
        """Settings of the study that the trial is, as JSON values; None if it is none."""
        return None if self.trial.study is None else self.trial.study.model_dump(mode="json")

    @property
    def frontier(self) -> list[list[dict[str, Any]]]:
        """The measures that are set against each other, as JSON values."""
        return frontiers_of(self.trial)

    @property
    def weights(self) -> dict[str, float]:
        """The user's weight of each task by name, a group's shared equally by its tasks; empty if none are written."""
        written = zip(self.trial.tasks, self.trial.task_names(), strict=True)
        shares = [(name, [t.name for t in self.tasks if t.entry is entry and not t.form]) for entry, name in written]
        wanted = self.trial.weights
        return {task: wanted[name] / len(tasks) for name, tasks in shares for task in tasks if wanted}

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON values, as the ledger keeps it."""
        return {
            "name": self.trial.name,
            "seed": self.trial.seed,
            "baseline": self.baseline,
            "decide": self.trial.decide.model_dump(mode="json"),
            "weights": self.weights,
            **({"frontier": self.frontier} if self.frontier else {}),
            "study": self.study,
            **({"text": self.passages.document()} if self.passages else {}),
            "candidates": [
                {
                    "name": c.name,
                    "id": c.id,
                    "spec": c.spec.model_dump(mode="json"),
                    "record": c.model.record(),
                    **({"parts": [{"name": name, "id": part.id} for name, part in c.parts.items()]} if c.parts else {}),
                }
                for c in self.candidates
            ],
            "tasks": [
                {
                    "name": t.name,
                    "id": t.id,
                    "entry": t.entry.model_dump(mode="json"),
                    "card": card_document(t.plain, MEASURES.values()),
                    "measures": list(t.measures),
                    "items_total": t.total,
                    "order": t.order,
                    "largest_cluster": t.largest_cluster,
                    "united": dict(t.united),
                    "copies": list(t.copies),
                    **({"pairings": [asdict(p) for p in t.pairings]} if t.pairings else {}),
                    **({"form": t.form, "of": t.of} if t.form else {}),
                }
                for t in self.tasks
            ],
        }


def card_document(task: Task, more: Iterable[Measure] = ()) -> dict[str, Any]:
    """Return a task's card as JSON values, with more measures added to its own."""
    document: dict[str, Any] = {f.name: getattr(task.card, f.name) for f in fields(task.card)}
    document["settings"] = dict(task.card.settings)
    document["measures"] = [asdict(m) for m in (*task.card.measures, *more)]
    return document


Where = Callable[..., str]
"""Gives ``file:line`` of a part of the trial file, e.g. ``where("tasks", 0, "task")``; empty if there is no file."""


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Say in an error which line of the trial file has led to it, unless it names one already."""
    try:
        yield
    except FairtrialError as error:
        if not error.where:
            error.where = where
        elif not error.where.startswith(where.rpartition(":")[0]):
            error.where = f"{where}: {error.where}"
        raise


def plan_trial(
    trial: Trial,
    base_dir: Path,
    *,
    trust_task_code: bool = False,
    on_progress: Callable[[str], None] = lambda _: None,
    where: Where = lambda *_: "",
) -> Plan:
    """Build the tasks, find the models and apply the levers.

    Args:
        trial: what the user asked for.
        base_dir: folder that relative paths are relative to.
        trust_task_code: whether Python code that task files name may run.
        on_progress: called with a line for each step that takes time.
        where: where each part of the trial stands in its file.

    Raises:
        SpecError, TaskError, ModelError: whatever is wrong with the trial, with the line where that is known.
    """
    with placed(where("task_paths")):
        finder = TaskFinder([base_dir / path for path in trial.task_paths], trust_code=trust_task_code)
    known = recordings(trial, base_dir, lambda i: placed(where("candidates", i, "model")))
    tasks: list[PlannedTask] = []
    for i, (entry, shown) in enumerate(zip(trial.tasks, trial.task_names(), strict=True)):
        with placed(where("tasks", i, "task")):
            leaves = finder.expand(entry.task)
        for leaf in leaves:
            with placed(where("tasks", i)):
                task = plan_task(finder, leaf, entry, trial, shown if leaves == [entry.task] else leaf, known)
                if entry.forms and known:
                    raise SpecError(f"task {task.name}: there are no recorded answers to other forms of it.")
                tasks += [task, *(plan_form(task, form, trial.seed) for form in entry.forms)]
    check_names(tasks, trial, where)
    candidates: dict[str, PlannedCandidate] = {}
    for i, spec in sorted(enumerate(trial.candidates), key=lambda pair: larger_of(pair[1]) is not None):
        with placed(where("candidates", i)):
            line = where("candidates", i, "model")
            if spec.id in known:
                candidates[spec.id] = known[spec.id].candidate
            elif larger_of(spec) is None:
                candidates[spec.id] = plan_candidate(spec, base_dir, on_progress, line, tasks)
            else:
                candidates[spec.id] = plan_cascade(spec, candidates, tasks, base_dir, on_progress)
    planned = tuple(candidates[spec.id] for spec in trial.candidates)
    with placed(where("frontier")):
        frontiers_of(trial)
    with placed(where("study")):
        parent = candidates[trial.baseline or trial.candidates[0].id].id
        passages = passages_of(trial.study, tasks, parent, base_dir)
    return Plan(trial, planned, tuple(tasks), passages)


def plan_candidate(
    spec: Candidate,
    base_dir: Path,
    on_progress: Callable[[str], None],
    where: str = "",
    tasks: Sequence[PlannedTask] = (),
) -> PlannedCandidate:
    """Find a candidate's weights and apply its levers.

    Args:
        spec: what the user wrote.
        base_dir: folder that relative paths are relative to.
        on_progress: called with a line for each step that takes time.
        where: the line that names the model.
        tasks: whose few-shot examples a lever may learn from.
    """
    with placed(where):
        model = resolve_candidate(spec, base_dir)
    if spec.levers:
        cache = cache_folder()
        ready = prepared(spec, tasks, base_dir, cache)
        model = apply(ready, model, cache, lambda line: on_progress(f"{spec.id}: {line}"))
    with placed(where):
        model = run_by(model, spec.engine)
    identity = candidate_id(spec, model, base_dir=base_dir, engine_version=engine_version(model.engine))
    if spec.chat not in ("none", "model"):
        spec = spec.model_copy(update={"chat": str((base_dir / spec.chat).resolve())})
    return PlannedCandidate(spec, identity, model)


def plan_cascade(
    spec: Candidate,
    known: Mapping[str, PlannedCandidate],
    tasks: Sequence[PlannedTask],
    base_dir: Path,
    on_progress: Callable[[str], None],
) -> PlannedCandidate:
    """Plan both candidates of a cascade; ``known`` are those that it may name.

    Its identity holds both of theirs, its settings, and the items that it learns from.
    """
    settings, larger = cascade_of(spec.levers), larger_of(spec)
    assert settings is not None and larger is not None
    alone = spec.model_copy(update={"levers": spec.levers[:-1]})
    small = plan_candidate(alone, base_dir, on_progress, tasks=tasks)
    other = known[larger] if isinstance(larger, str) else plan_candidate(larger, base_dir, on_progress, tasks=tasks)
    check_asked_alike(spec.id, small, other)
    parts = {SMALL: small, other.name: other}
    own = settings.model_dump(mode="json", exclude={"to"})
    learns = [[task.id, [item.id for item in task.tuning]] for task in tasks] if settings.learn else []
    identity = content_hash(["cascade", small.id, other.id, own, learns])
    return PlannedCandidate(spec, identity, joined(small.model, other.model, (SMALL, other.name)), parts)


def plan_task(
    finder: TaskFinder, name: str, entry: TaskEntry, trial: Trial, shown: str, known: Mapping[str, Recording]
) -> PlannedTask:
    """Build one task, draw its items, of those that every record has an answer to, and put them in a random order."""
    default_seed = trial.seed if name in PROCEDURAL else FEWSHOT_SEED
    seed = default_seed if entry.seed is None else entry.seed
    learned = most_to_learn_from(trial)
    options = TaskOptions(
        shots=entry.shots,
        seed=seed,
        level=entry.level,
        items=(entry.limit or DEFAULT_PROCEDURAL_ITEMS) + learned,
        clean=trimmed(known) or None,
    )
    plain = built(finder, name, options, entry.ask)
    needs_chat = any(c.chat != "none" for c in trial.candidates)
    chat = built(finder, name, replace(options, chat=True), entry.ask) if needs_chat else plain
    own, pairings = paired_items((plain, chat), known, shown, entry.repeats)
    answered = in_clusters(own)
    clusters = {item.id: item.cluster for item in own}
    tuning, everything = split(answered, learned, trial.seed)
    measures = verdict_measures(plain, entry, trial)
    largest = largest_cluster(everything)
    whole = trial.decide.stop_early and trial.decide.target == "population" and largest > 1
    items = draw(everything, entry, np.random.default_rng([trial.seed, stable_int(name)]), whole)
    return PlannedTask(
        name=shown,
        id=content_hash(card_document(plain)),
        entry=entry,
        plain=plain,
        chat=chat,
        items=items,
        total=len(plain.items()) - len(tuning),
        measures=measures,
        order="clusters" if whole else "items",
        largest_cluster=largest,
        tuning=tuning,
        pairings=pairings,
        united={item.id: item.cluster for item in items if item.cluster != clusters[item.id]},
        copies=copies(items),
    )


def plan_form(task: PlannedTask, form: str, seed: int) -> PlannedTask:
    """Plan another form of a task: for the same items where it has them, else for about as many.  No verdict on it."""
    plain = FORMS[form](task.plain)
    chat = plain if task.chat is task.plain else FORMS[form](task.chat)
    everything = plain.items()
    known = {item.id: item for item in everything}
    items = tuple(known[item.id] for item in task.items if item.id in known)
    if not items:
        wanted = task.entry.model_copy(update={"limit": -(-len(task.items) // STRETCH), "sample": "random"})
        items = draw(everything, wanted, np.random.default_rng([seed, stable_int(task.name)]), False)
    return replace(
        task,
        name=f"{task.name}-{form}",
        id=content_hash(card_document(plain)),
        plain=plain,
        chat=chat,
        items=items,
        total=len(everything),
        measures=(),
        order="items",
        tuning=(),
        pairings=(),
        united={},
        copies=(0, 0),
        form=form,
        of=task.id,
    )


def verdict_measures(task: Task, entry: TaskEntry, trial: Trial) -> tuple[str, ...]:
    """Return the measures that verdicts on this task are about: the entry's, else the trial's, else the main one.

    Raises UnknownNameError for a measure that the entry names and the task does not have.  Of the trial's measures,
    those that this task does not have are left out; if none is left, its main measure is used.
    """
    own = [m.name for m in task.card.measures]
    known = [*own, *MEASURES]
    for name in entry.measures:
        if name not in known:
            raise UnknownNameError(
                f"measure of task {task.card.name}", name, known, fix=f"Its measures: {', '.join(known)}."
            )
    if entry.measures:
        return entry.measures
    wanted = tuple(name for name in trial.measures if name in known)
    return wanted if any(name in own for name in wanted) else (task.card.main_measure, *wanted)


def check_names(tasks: Sequence[PlannedTask], trial: Trial, where: Where) -> None:
    """Raise SpecError if two tasks share a name or are the same, UnknownNameError for a measure that none has."""
    names = [task.name for task in tasks]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(
                f"the trial has two tasks named {name!r}.",
                fix="Give one of them an id of its own, or name it only once.",
                where=where("tasks"),
            )
    ids = [task.id for task in tasks]
    for i, task in enumerate(tasks):
        if task.id in ids[:i]:
            raise SpecError(
                f"the tasks {tasks[ids.index(task.id)].name!r} and {task.name!r} ask the same questions.",
                fix="Name the task once, or set level, shots or seed apart.",
                where=where("tasks"),
            )
    known = sorted({m.name for task in tasks for m in task.plain.card.measures} | set(MEASURES))
    named: list[tuple[str, Location]] = [(name, ("measures", i)) for i, name in enumerate(trial.measures)]
    for measure, at in named + [(name, ("decide", "margins", name)) for name in trial.decide.margins]:
        if measure not in known:
            told = f"Measures of these tasks: {', '.join(known)}."
            raise UnknownNameError("measure", measure, known, fix=told, where=where(*at))
