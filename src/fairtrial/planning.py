"""From a trial's specification to a plan: tasks built, items drawn and ordered, weights found, levers applied.

Planning opens no engine and asks nothing; it is where everything that can be wrong with a trial file is found out
before anything is paid for.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from platformdirs import user_cache_path

from fairtrial.engines import engine_version
from fairtrial.errors import FairtrialError, SpecError, UnknownNameError
from fairtrial.levers import apply
from fairtrial.measures import MEASURES
from fairtrial.models import ResolvedModel, candidate_id, resolve, run_by
from fairtrial.records import Item, Measure, content_hash
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import TaskEntry, Trial
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.procedural import PROCEDURAL

DEFAULT_PROCEDURAL_ITEMS = 200
FEWSHOT_SEED = 1234
"""Of few-shot draws in tasks that are not ours: what lm-evaluation-harness uses, whatever the trial's seed."""


@dataclass(frozen=True, slots=True)
class PlannedCandidate:
    """A candidate whose weights are at hand."""

    spec: Candidate
    id: str
    model: ResolvedModel

    @property
    def name(self) -> str:
        """The name that the user gave."""
        return self.spec.id


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task whose items are drawn.

    Attributes:
        name: as shown in tables.
        id: content hash of the card: the same questions, asked and graded the same way.
        entry: what the user wrote.
        plain: the task as asked in running text.
        chat: the task as asked through a chat template; the same items.
        items: the items to ask, in the order in which they are asked.
        total: items that the task has in all.
        measures: those that verdicts are about.
        order: what was put in random order: ``items``, or ``clusters`` with the items of each in one piece.
        largest_cluster: items in the task's largest cluster.
    """

    name: str
    id: str
    entry: TaskEntry
    plain: Task
    chat: Task
    items: tuple[Item, ...]
    total: int
    measures: tuple[str, ...]
    order: Literal["items", "clusters"]
    largest_cluster: int

    def for_candidate(self, candidate: Candidate) -> Task:
        """Return the form of the task in which this candidate is asked."""
        return self.plain if candidate.chat == "none" else self.chat


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before the first question is asked."""

    trial: Trial
    candidates: tuple[PlannedCandidate, ...]
    tasks: tuple[PlannedTask, ...]

    @property
    def baseline(self) -> str:
        """Name of the candidate that the others are compared with."""
        return self.trial.baseline or self.trial.candidates[0].id

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
                *([self.study] if self.study else []),
            ]
        )

    @property
    def study(self) -> dict[str, Any] | None:
        """Settings of the study that the trial is, as JSON values; None if it is none."""
        return None if self.trial.study is None else self.trial.study.model_dump(mode="json")

    @property
    def weights(self) -> dict[str, float]:
        """The user's weight of each task by name, a group's shared equally by its tasks; empty if none are written."""
        written = zip(self.trial.tasks, self.trial.task_names(), strict=True)
        shares = [(name, [task.name for task in self.tasks if task.entry is entry]) for entry, name in written]
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
            "study": self.study,
            "candidates": [
                {"name": c.name, "id": c.id, "spec": c.spec.model_dump(mode="json"), "record": c.model.record()}
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
    tasks: list[PlannedTask] = []
    for i, (entry, shown) in enumerate(zip(trial.tasks, trial.task_names(), strict=True)):
        with placed(where("tasks", i, "task")):
            leaves = finder.expand(entry.task)
        for leaf in leaves:
            with placed(where("tasks", i)):
                tasks.append(plan_task(finder, leaf, entry, trial, shown if leaves == [entry.task] else leaf))
    check_names(tasks, trial, where)
    candidates = []
    for i, spec in enumerate(trial.candidates):
        with placed(where("candidates", i)):
            candidates.append(plan_candidate(spec, base_dir, on_progress, where("candidates", i, "model")))
    return Plan(trial, tuple(candidates), tuple(tasks))


def plan_candidate(
    spec: Candidate, base_dir: Path, on_progress: Callable[[str], None], where: str = ""
) -> PlannedCandidate:
    """Find a candidate's weights and apply its levers; ``where`` is the line that names the model."""
    with placed(where):
        model = resolve(spec.model, base_dir)
    if spec.levers:
        model = apply(spec, model, user_cache_path("fairtrial"), lambda line: on_progress(f"{spec.id}: {line}"))
    with placed(where):
        model = run_by(model, spec.engine)
    identity = candidate_id(spec, model, base_dir=base_dir, engine_version=engine_version(model.engine))
    if spec.chat not in ("none", "model"):
        spec = spec.model_copy(update={"chat": str((base_dir / spec.chat).resolve())})
    return PlannedCandidate(spec, identity, model)


def plan_task(finder: TaskFinder, name: str, entry: TaskEntry, trial: Trial, shown: str) -> PlannedTask:
    """Build one task, draw its items and put them in a random order."""
    default_seed = trial.seed if name in PROCEDURAL else FEWSHOT_SEED
    seed = default_seed if entry.seed is None else entry.seed
    options = TaskOptions(
        shots=entry.shots, seed=seed, level=entry.level, items=entry.limit or DEFAULT_PROCEDURAL_ITEMS
    )
    plain = finder.build(name, options)
    needs_chat = any(c.chat != "none" for c in trial.candidates)
    chat = finder.build(name, replace(options, chat=True)) if needs_chat else plain
    everything = plain.items()
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
        total=len(everything),
        measures=measures,
        order="clusters" if whole else "items",
        largest_cluster=largest,
    )


def draw(items: Sequence[Item], entry: TaskEntry, rng: np.random.Generator, whole_clusters: bool) -> tuple[Item, ...]:
    """Return the items to ask, in random order: all, or as many as the entry's limit, chosen as it says.

    With ``whole_clusters`` the clusters are put in random order, and the items of each follow one another.
    """
    chosen = list(items)
    if entry.limit is not None and entry.sample == "first":
        chosen = chosen[: entry.limit]
    order = rng.permutation(len(chosen))
    if whole_clusters:  # every order of clusters equally likely, whatever their sizes
        names = sorted({item.cluster for item in chosen})
        rank = dict(zip((names[i] for i in rng.permutation(len(names))), range(len(names)), strict=True))
        order = np.array(sorted(order, key=lambda i: rank[chosen[i].cluster]), dtype=np.int64)
    shuffled = [chosen[i] for i in order]
    return tuple(shuffled if entry.limit is None else shuffled[: entry.limit])


def largest_cluster(items: Sequence[Item]) -> int:
    """Return the number of items in the largest cluster."""
    return max(Counter(item.cluster for item in items).values(), default=1)


def stable_int(text: str) -> int:
    """Return 64 bits of a hash of ``text``, the same everywhere, to seed a generator."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


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
    for i, measure in enumerate(trial.measures):
        if measure not in known:
            told = f"Measures of these tasks: {', '.join(known)}."
            raise UnknownNameError("measure", measure, known, fix=told, where=where("measures", i))
