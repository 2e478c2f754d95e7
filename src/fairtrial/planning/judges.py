"""Judges: who grades whose answers, found and checked before anything is asked.

A judge is a candidate that is not on trial, or one that is.  Its id enters the ids of the tasks that it judges, so that
another judge, or the same one with another setting, grades anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.planning.base import PlannedCandidate, PlannedTask
from fairtrial.planning.candidates import CandidatePlanner, check_order
from fairtrial.planning.places import Where, add_place
from fairtrial.planning.tasks import make_card_document
from fairtrial.records import content_hash
from fairtrial.spec.trial import TaskEntry, Trial
from fairtrial.tasks.base import JudgeUse, Task, list_judges


@dataclass(frozen=True, slots=True)
class Judging:
    """One measure of one candidate's answers to one task, given by a judge.

    Attributes:
        task: whose answers are judged.
        candidate: who gave them.
        judge: who judges.
        use: what is judged.
        number: of that among the task's `fairtrial.tasks.base.NeedsJudge.judges`.
    """

    task: PlannedTask
    candidate: PlannedCandidate
    judge: PlannedCandidate
    use: JudgeUse
    number: int

    @property
    def id(self) -> str:
        """Under which the ledger keeps what the judge was asked, as if it were a task of its own."""
        return content_hash(["judging", self.task.id, self.use.measure.name, self.candidate.id])

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "id": self.id,
            "judge": self.judge.id,
            "task": self.task.id,
            "candidate": self.candidate.id,
            "measure": self.use.measure.name,
        }


@dataclass(frozen=True, slots=True)
class JudgeExamination:
    """Answers that people have graded, put to a judge.

    Attributes:
        task: those answers.
        judge: who grades them, too.
        uses: (task id, measure) of what it judges by the same instruction.
    """

    task: PlannedTask
    judge: PlannedCandidate
    uses: tuple[tuple[str, str], ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "id": self.task.id,
            "judge": self.judge.id,
            "uses": [list(use) for use in self.uses],
            "card": make_card_document(self.task.plain),
        }


@dataclass(frozen=True, slots=True)
class Judges:
    """All that is judged in a trial.

    Attributes:
        named: the judges, each once.
        judgings: what they judge.
        examinations: answers of people that they judge, too.
    """

    named: tuple[PlannedCandidate, ...] = ()
    judgings: tuple[Judging, ...] = ()
    examinations: tuple[JudgeExamination, ...] = ()

    def of(self, task: PlannedTask, candidate: PlannedCandidate) -> list[Judging]:
        """Return what is judged of a candidate's answers to a task."""
        return [one for one in self.judgings if (one.task.id, one.candidate.id) == (task.id, candidate.id)]

    def document(self) -> dict[str, Any]:
        """Return them as JSON values; nothing where nobody judges."""
        if not self.named:
            return {}
        judges = [
            {
                "name": one.name,
                "id": one.id,
                "spec": one.spec.model_dump(mode="json"),
                "record": one.model.record(),
                **({"parts": one.parts_document()} if len(one.models) > 1 else {}),
            }
            for one in self.named
        ]
        return {
            "judges": judges,
            "judgings": [one.document() for one in self.judgings],
            "examinations": [one.document() for one in self.examinations],
        }


def plan_judges(
    trial: Trial, tasks: Sequence[PlannedTask], planner: CandidatePlanner, where: Where = lambda *_: ""
) -> tuple[list[PlannedTask], Judges]:
    """Return the tasks with the ids of their judges, and who judges what.

    Raises SpecError for a judge that does not exist, or judges nothing; ModelError if its model cannot be found.
    """
    wanted = {use.judge for task in tasks for use in list_judges(task.plain)}
    _check_names(trial, tasks, wanted, where)
    for i, spec in enumerate(trial.judges):
        check_order(spec, partial(where, "judges", i))
        planner.lines[spec.id] = where("judges", i, "model")
        with add_place(where("judges", i)):
            planner.plan_named(spec.id)
    named = {name: planner.plan_named(name) for name in sorted(wanted)}
    if recorded := [name for name, one in named.items() if one.recorded]:
        raise SpecError(f"the judge {recorded[0]!r} has only recorded answers, and must read new ones.")
    judged = [_name_judges(task, named) for task in tasks]
    candidates = [planner.planned[spec.id] for spec in trial.candidates]
    judgings = tuple(
        Judging(task, candidate, named[use.judge], use, number)
        for task in judged
        for candidate in candidates
        for number, use in enumerate(list_judges(task.plain))
    )
    return judged, Judges(tuple(named.values()), judgings, tuple(_list_examinations(judged, named)))


def _check_names(trial: Trial, tasks: Sequence[PlannedTask], wanted: set[str], where: Where) -> None:
    own = [spec.id for spec in trial.judges]
    known = [*own, *(spec.id for spec in trial.candidates)]
    for task in tasks:
        at = where("tasks", trial.tasks.index(task.entry), "grade")
        if task.form and list_judges(task.plain):
            raise SpecError(f"task {task.name}: other forms of a task cannot be judged.", where=at)
        for use in list_judges(task.plain):
            if use.judge not in known:
                raise SpecError(
                    f"task {task.name}: the judge {use.judge!r} is neither one of the judges nor a candidate."
                    f"{did_you_mean(use.judge, known)}",
                    fix=f"Write it under judges:, as candidates are written. There are: {', '.join(known)}.",
                    where=at,
                )
    if idle := [name for name in own if name not in wanted]:
        at = where("judges", own.index(idle[0]))
        raise SpecError(
            f"{idle[0]!r} is a judge and judges nothing.", fix="Name it in a task: grade: {judge: {by: ...}}.", where=at
        )


def _name_judges(task: PlannedTask, named: Mapping[str, PlannedCandidate]) -> PlannedTask:
    """Return a task whose id says who judges its answers."""
    uses = list_judges(task.plain)
    if not uses:
        return task
    judged_by = {use.measure.name: named[use.judge].id for use in uses}
    card = make_card_document(task.plain, task.plugin, judged_by=judged_by)
    return replace(task, id=content_hash(card), judged_by=judged_by)


def list_graded(tasks: Sequence[PlannedTask]) -> list[Task]:
    """Return the answers that people have graded, by which judges of these tasks are examined, each file once."""
    labelled = [use.labelled for task in tasks for use in list_judges(task.plain) if use.labelled is not None]
    return list({(one.card.name, one.card.revision): one for one in labelled}.values())


def _list_examinations(
    tasks: Sequence[PlannedTask], named: Mapping[str, PlannedCandidate]
) -> Iterator[JudgeExamination]:
    """Yield each set of graded answers once for each judge and instruction."""
    found: dict[str, tuple[Task, PlannedCandidate, list[tuple[str, str]]]] = {}
    for task in tasks:
        for use in list_judges(task.plain):
            if use.labelled is not None:
                key = content_hash([make_card_document(use.labelled), named[use.judge].id])
                _, _, uses = found.setdefault(key, (use.labelled, named[use.judge], []))
                uses.append((task.id, use.measure.name))
    for key, (labelled, judge, uses) in found.items():
        items = tuple(labelled.items())
        name = f"graded answers ({labelled.card.name})"
        entry = TaskEntry(task=labelled.card.name)
        planned = PlannedTask(name, key, entry, labelled, labelled, items, len(items), (), "items", 1)
        yield JudgeExamination(planned, judge, tuple(uses))
