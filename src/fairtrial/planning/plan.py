"""From a trial's specification to a plan: tasks built, items drawn and ordered, weights found, levers applied.

Planning opens no engine and asks nothing; it is where everything that can be wrong with a trial file is found out
before anything is paid for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fairtrial.errors import SpecError
from fairtrial.levers import LearningLever
from fairtrial.measures import find_measures
from fairtrial.planning.base import PlannedCandidate as PlannedCandidate
from fairtrial.planning.base import PlannedTask as PlannedTask
from fairtrial.planning.candidates import CandidatePlanner, check_order
from fairtrial.planning.contamination import ContaminationCheck, describe_training, tell_graded, tell_training
from fairtrial.planning.frontiers import plan_frontiers
from fairtrial.planning.judges import Judges, list_graded, plan_judges
from fairtrial.planning.limits import plan_limits
from fairtrial.planning.logged_rows import LoggedGrades
from fairtrial.planning.logs import is_of_logs, plan_logs
from fairtrial.planning.matching import Recording, open_recordings
from fairtrial.planning.passages import DivergencePassages, plan_passages
from fairtrial.planning.places import Where, add_place, name_candidate
from fairtrial.planning.prompting import check_prompts
from fairtrial.planning.sources import SourceFinder
from fairtrial.planning.tasks import check_names, make_card_document, plan_forms, plan_task
from fairtrial.records import content_hash
from fairtrial.spec.trial import Trial
from fairtrial.tasks.find import TaskFinder


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before the first question is asked."""

    trial: Trial
    candidates: tuple[PlannedCandidate, ...]
    tasks: tuple[PlannedTask, ...]
    passages: DivergencePassages | None = None
    judges: Judges = field(default_factory=Judges)
    fit: Mapping[str, Any] | None = None
    """Memory predicted, and who was left out: see `fairtrial.running.memory_fit`; no part of the trial's identity."""
    logged: tuple[LoggedGrades, ...] = ()
    """Of a trial of logs: all answers with their grades; then there is nobody to ask."""

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
                *([{"limits": self.limits}] if self.limits else []),
                *([self.study] if self.study else []),
                *([self.passages.id] if self.passages else []),
                *([[one.task.id for one in self.judges.examinations]] if self.judges.examinations else []),
                # a stored plan stays as it was, and what is known of a training may be more by now
                *([{"training": told}] if (told := describe_training(self._every_model)) else []),
            ]
        )

    @property
    def _every_model(self) -> list[PlannedCandidate]:
        """Candidates and judges, each once."""
        return list({one.name: one for one in (*self.candidates, *self.judges.named)}.values())

    @property
    def study(self) -> dict[str, Any] | None:
        """Settings of the study that the trial is, as JSON values; None if it is none."""
        return None if self.trial.study is None else self.trial.study.model_dump(mode="json")

    @property
    def frontier(self) -> list[list[dict[str, Any]]]:
        """The measures that are set against each other, as JSON values."""
        return plan_frontiers(self.trial)

    @property
    def limits(self) -> list[dict[str, Any]]:
        """What the trial forbids, as JSON values."""
        return plan_limits(self.trial, self.tasks)

    @property
    def weights(self) -> dict[str, float]:
        """The user's weight of each task by name, a group's shared equally by its tasks; empty if none are written."""
        written = zip(self.trial.tasks, self.trial.task_names(), strict=True)
        shares = [(name, [t.name for t in self.tasks if t.entry is entry and not t.form]) for entry, name in written]
        wanted = self.trial.weights
        return {task: wanted[name] / len(tasks) for name, tasks in shares for task in tasks if wanted}

    @property
    def learners(self) -> list[tuple[PlannedCandidate, tuple[PlannedCandidate, ...]]]:
        """Candidates whose lever has a value that may be learned, inner ones first, each with all that use it."""
        parts: dict[str, PlannedCandidate] = {}
        users: dict[str, dict[str, PlannedCandidate]] = {}
        for candidate in self.candidates:
            for part in reversed([*candidate.with_parts()]):
                parts.setdefault(part.id, part)
                users.setdefault(part.id, {})[candidate.name] = candidate
        return [
            (part, tuple(users[part.id].values()))
            for part in parts.values()
            if part.lever and isinstance(part.lever.lever, LearningLever)
        ]

    @property
    def learned(self) -> dict[str, Any]:
        """Ids of the candidates that learn a value, and of those whose answers it comes from; items of each task."""
        learners = [part for part, _ in self.learners if part.lever and part.lever.items_to_learn]
        asked = [one.id for part in learners for one in (part, *part.parts.values())]
        items = {task.id: [item.id for item in task.tuning] for task in self.tasks if task.tuning and learners}
        return {"candidates": list(dict.fromkeys(asked)), "items": items}

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON values, as the ledger keeps it."""
        return {
            "name": self.trial.name,
            "seed": self.trial.seed,
            "baseline": self.baseline,
            "decide": self.trial.decide.model_dump(mode="json"),
            "weights": self.weights,
            **({"frontier": self.frontier} if self.frontier else {}),
            **({"limits": self.limits} if self.limits else {}),
            "study": self.study,
            **({"text": self.passages.document()} if self.passages else {}),
            **self.judges.document(),
            **({"training": told} if (told := describe_training(self._every_model)) else {}),
            "candidates": [
                {
                    "name": c.name,
                    "id": c.id,
                    "spec": c.spec.model_dump(mode="json"),
                    "record": c.model.record(),
                    **({"parts": c.parts_document()} if len(c.models) > 1 else {}),
                }
                for c in self.candidates
            ],
            **({"learned": self.learned} if any(c.parts for c in self.candidates) else {}),
            "tasks": [
                {
                    "name": t.name,
                    "id": t.id,
                    "entry": t.entry.model_dump(mode="json"),
                    "card": make_card_document(t.plain, t.plugin, find_measures(self.trial).values(), t.judged_by),
                    "measures": list(t.measures),
                    "items_total": t.total,
                    "order": t.order,
                    "largest_cluster": t.largest_cluster,
                    "united": dict(t.united),
                    "copies": list(t.copies),
                    **({"pairings": [asdict(p) for p in t.pairings]} if t.pairings else {}),
                    **({"form": t.form, "of": t.of} if t.form else {}),
                    **({"unasked": sorted(t.unasked)} if t.unasked else {}),
                }
                for t in self.tasks
            ],
        }


def plan_trial(
    trial: Trial,
    base_dir: Path,
    *,
    trust_task_code: bool = False,
    trains: bool = True,
    on_progress: Callable[[str], None] = lambda _: None,
    where: Where = lambda *_: "",
) -> Plan:
    """Build the tasks, find the models and apply the levers.

    Args:
        trial: what the user asked for.
        base_dir: folder that relative paths are relative to.
        trust_task_code: whether Python code that task files name may run.
        trains: whether candidates that must be trained are; else they are planned as they were before, with what it
            would take under ``unmade`` in their model's notes: enough to foresee costs, not to ask anything.
        on_progress: called with a line for each step that takes time.
        where: where each part of the trial stands in its file.

    Raises:
        SpecError, TaskError, ModelError: whatever is wrong with the trial, with the line where that is known.
    """
    for i, spec in enumerate(trial.candidates):
        check_order(spec, partial(where, "candidates", i))
    with add_place(where("tasks")):
        of_logs = is_of_logs(trial)
    if of_logs:
        found = plan_logs(trial, base_dir, lambda i: add_place(where("candidates", i, "model")))
        check_names(found.tasks, trial, where)
        plan_limits(trial, found.tasks, where)
        return Plan(trial, found.candidates, found.tasks, logged=found.grades)
    known = open_recordings(trial, base_dir, lambda i: add_place(where("candidates", i, "model")))
    tasks = plan_tasks(trial, base_dir, known, trust_task_code=trust_task_code, on_progress=on_progress, where=where)
    specs = {c.id: c for c in (*trial.candidates, *trial.judges)}
    planner = CandidatePlanner(base_dir, on_progress, tasks, specs, trains=trains)
    planner.contamination = ContaminationCheck(tasks, trial.contaminated == "allow", list_graded(tasks))
    planner.planned |= {name: one.candidate for name, one in known.items()}
    planner.lines |= {c.id: where("candidates", i, "model") for i, c in enumerate(trial.candidates)}
    for i, spec in enumerate(trial.candidates):
        with add_place(where("candidates", i)), name_candidate(spec.id if trial.locate(i)[0] == "study" else ""):
            planner.plan_named(spec.id)
        with add_place(where("candidates", i, "prompt")):
            check_prompts(planner.planned[spec.id], tasks)
    planned = tuple(planner.planned[spec.id] for spec in trial.candidates)
    tasks, judges = plan_judges(trial, tasks, planner, where)
    every = {one.name: one for one in (*planned, *judges.named)}
    for line in (*_describe_comparison(planned), *tell_training([*every.values()]), *tell_graded(judges.named)):
        on_progress(line)
    _check_readings(trial, tasks, where)
    with add_place(where("study")):
        parent = planner.planned[trial.baseline or trial.candidates[0].id].id
        passages = plan_passages(trial.study, tasks, parent, base_dir)
    return Plan(trial, planned, tuple(tasks), passages, judges)


def plan_tasks(
    trial: Trial,
    base_dir: Path,
    known: Mapping[str, Recording] = MappingProxyType({}),
    *,
    trust_task_code: bool = False,
    on_progress: Callable[[str], None] = lambda _: None,
    where: Where = lambda *_: "",
) -> list[PlannedTask]:
    """Build the tasks of a trial and draw their items; looks for no model.

    Args:
        trial: what the user asked for.
        base_dir: folder that relative paths are relative to.
        known: recorded answers, by candidate.
        trust_task_code: whether Python code that task files name may run.
        on_progress: called with a line for each step that takes time.
        where: where each part of the trial stands in its file.

    Raises:
        SpecError, TaskError: whatever is wrong with the tasks, with the line where that is known.
    """
    with add_place(where("task_paths")):
        finder = TaskFinder([base_dir / path for path in trial.task_paths], trust_code=trust_task_code)
    sources = SourceFinder(finder, base_dir, on_progress, where)
    tasks: list[PlannedTask] = []
    for i, (entry, shown) in enumerate(zip(trial.tasks, trial.task_names(), strict=True)):
        for source in sources.find(trial, i, shown):
            with add_place(where("tasks", i)):
                task = plan_task(source, entry, trial, known)
                if entry.forms and known:
                    raise SpecError(f"task {task.name}: there are no recorded answers to other forms of it.")
                tasks += [task, *plan_forms(task, trial, base_dir, on_progress, bool(known))]
    check_names(tasks, trial, where)
    return tasks


def _check_readings(trial: Trial, tasks: Sequence[PlannedTask], where: Where) -> None:
    """Raise SpecError for what cannot be read off the answers as the trial asks: frontiers, limits."""
    with add_place(where("frontier")):
        plan_frontiers(trial)
    plan_limits(trial, tasks, where)


def _describe_comparison(planned: Sequence[PlannedCandidate]) -> Iterator[str]:
    """Yield why a comparison will say nothing: there is nobody to compare with, or two candidates are one."""
    if len(planned) == 1:
        yield f"{planned[0].spec.id} is the only candidate: it gets scores, and no verdict."
    named: dict[str, list[str]] = {}
    for candidate in planned:
        named.setdefault(candidate.id, []).append(candidate.spec.id)
    for names in named.values():
        if len(names) > 1:
            yield f"{' and '.join(names)} are one and the same candidate: same model, levers and settings."
