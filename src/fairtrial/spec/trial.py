"""The trial: candidates x tasks x measures x the rule that decides.  One YAML file.

A trial is a specification; `fairtrial.running.conductor` conducts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from fairtrial.errors import did_you_mean
from fairtrial.spec.budget import Budget
from fairtrial.spec.candidate import Candidate, Reference, find_references
from fairtrial.spec.device import DeviceSettings
from fairtrial.spec.forms import Forms
from fairtrial.spec.limits import Limit
from fairtrial.spec.own import OwnData, is_data_file
from fairtrial.spec.public import PublicSection
from fairtrial.spec.section import NAME, Count, Number, Positive, Seed, Switch, Texts, make_problem
from fairtrial.spec.shares import Confidence, Margin, Share
from fairtrial.spec.stated import StatedMachine
from fairtrial.spec.steps import LeversStudy, make_arms
from fairtrial.spec.study import ReasoningPerToken, StudySettings, list_named_candidates
from fairtrial.spec.think import name_family
from fairtrial.spec.thinking import make_lengths
from fairtrial.spec.written import locate_candidate

TIMED_ALONE = ("latency", "first_token_seconds", "tokens_per_second")
"""Measures that exist only where items are asked one at a time."""


class TaskEntry(PublicSection, OwnData):
    """One task of a trial: a known one by its name, or a file of own rows.

    In YAML a bare name is short for ``{task: NAME}``, or ``{file: NAME}`` where it is that of a file of rows.
    """

    task: str = Field("", description="Name of a task; `fairtrial tasks` lists them.")
    id: str = Field(
        "",
        pattern=f"^$|{NAME}",
        description="Name in tables, when one task is used twice; default: made from the task's name.",
    )
    shots: Count | None = Field(None, description="Few-shot examples; default: the task's own.")
    limit: Positive | None = Field(None, description="Ask only this many items.")
    sample: Literal["random", "first"] = Field(
        "random", description="Which items a limit keeps: drawn by the trial's seed, or the first ones."
    )
    level: Positive | None = Field(None, description="Difficulty of a procedural task.")
    repeats: Annotated[Positive, Field(le=10_000)] = Field(1, description="Independent repetitions of every item.")
    seed: Seed | None = Field(None, description="Seed of a procedural task's items; default: the trial's seed.")
    groups: str = Field("", description="Of a task about bias, a file of groups of people in place of its own.")
    measures: Texts = Field((), description="Verdict measures of this task; default: the trial's.")
    ask: Literal["own", "letter", "texts", "circular"] = Field(
        "own",
        description="How choices are asked: the task's own way, which scores their texts as a rule; by a letter that "
        "the model writes, without examples; or circular, by a letter in every rotation of the options. Of a file: "
        "letter, circular, or texts, which are scored; default: texts where all candidates give scores.",
    )
    blind: Switch | None = Field(
        None,
        description="Whether the items are also asked without their images, which shows how much of a score needs "
        "them; default: yes where there are images.",
    )
    forms: Forms = Field((), description="Further forms to ask its items in; each is a name, or {NAME: SETTINGS}.")

    @model_validator(mode="after")
    def _names_a_task_or_a_file(self) -> TaskEntry:
        if bool(self.task) == (self.file is not None):
            both = "got both" if self.task else "got neither"
            raise make_problem(f"a task is named by 'task', or is a file of rows, 'file': one of the two; {both}")
        if self.file is not None and self.level is not None:
            raise make_problem("a file of rows has no levels; 'group: COLUMN' makes several tasks of it", "level")
        if self.file is not None and self.groups:
            raise make_problem("'groups' is for tasks about bias, by their name", "groups")
        if self.file is None and self.ask == "texts":
            raise make_problem("'ask: texts' is for files of rows; other tasks score texts by 'ask: own'", "ask")
        return self

    @model_validator(mode="after")
    def _letters_have_no_examples(self) -> TaskEntry:
        if self.ask in ("letter", "circular") and self.shots:
            raise make_problem(f"'ask: {self.ask}' takes no examples: leave shots out", "shots")
        return self


class Decide(PublicSection):
    """The rule by which a pair of candidates is decided on a task and measure."""

    margin: Margin = Field(
        0.02,
        description="Differences inside +-margin count as tied: points of a share (0.02 or 2%), and a share of the "
        "baseline's value for measures that are no shares.",
    )
    margins: dict[str, Margin] = Field({}, description="Margins of single measures by name, e.g. {seconds: 10%}.")
    confidence: Confidence = Field(0.95, description="Coverage of the intervals, e.g. 0.95 or 95%.")
    target: Literal["population", "benchmark"] = Field(
        "population", description="Is the claim about new items like these, or about this benchmark's own items?"
    )
    least_matched: Share = Field(
        0.8,
        description="Share of a task's items that must have a recorded answer of every recorded candidate before there "
        "is a verdict on it, e.g. 0.8 or 80%.",
    )
    stop_early: Switch = Field(False, description="Stop asking as soon as every verdict is certain.")
    eliminate: Switch = Field(
        False,
        description="Stop asking a candidate a task on which it is certainly not the best on the main measure.",
    )

    @model_serializer(mode="wrap")
    def _what_is_written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out margins of single measures where there are none: trials without them keep their identity."""
        document: dict[str, Any] = write(self)
        if not self.margins:
            document.pop("margins", None)
        if self.least_matched == type(self).model_fields["least_matched"].default:
            document.pop("least_matched", None)
        return document

    @model_validator(mode="after")
    def _dropping_is_looking_early(self) -> Decide:
        if self.eliminate and not self.stop_early:
            raise make_problem("to drop beaten candidates is to stop early: add 'stop_early: true'", "eliminate")
        return self


class Trial(PublicSection):
    """Candidates, tasks, measures and the rule that decides."""

    fairtrial: Literal[1] = Field(1, description="Version of this file format.")
    name: str = Field("trial", pattern=NAME)
    candidates: tuple[Candidate, ...] = Field(min_length=1)
    judges: tuple[Candidate, ...] = Field(
        (), description="Candidates that are not on trial and grade answers: grade: {judge: {by: ID}} of a task."
    )
    baseline: str = Field("", description="Candidate that the others are compared with; default: the first.")
    tasks: tuple[TaskEntry, ...] = Field(min_length=1)
    task_paths: Texts = Field((), description="Folders or files with lm-evaluation-harness task YAML.")
    measures: Texts = Field((), description="Measures to give verdicts on; default: each task's main one.")
    decide: Decide = Decide()
    budget: Budget = Field(Budget(), description="What the trial may spend; it stops before a limit is crossed.")
    contaminated: Literal["refuse", "allow"] = Field(
        "refuse",
        description="Whether a candidate may be judged on items that it was trained on: refuse, or allow, and then "
        "every table says of which.",
    )
    latency_items: Count = Field(
        0, description="Ask so many items of each task once more, one at a time, to time single answers."
    )
    machine: StatedMachine = Field(
        StatedMachine(), description="What is stated about the machine: watts, prices, the grid."
    )
    device: DeviceSettings = Field(None, description="What the candidates shall fit on: memory, disk, speed, energy.")
    seed: Seed = Field(1234, description="Decides item order and procedural items.")
    study: StudySettings = Field(
        None,
        description="The standing question that this trial answers: quantisation, small-models, open-vs-closed, "
        "seeing, reasoning-per-token, retrieval, guard or levers.",
    )
    frontier: tuple[Annotated[Texts, Field(min_length=2, max_length=3)], ...] = Field(
        (),
        description="Measures to set against each other, two or three at a time: quality (each task's main measure), "
        "any measure of cost, and those of candidates as a whole, e.g. [quality, model_bytes].",
    )
    limits: tuple[Limit, ...] = Field(
        (),
        description="What is forbidden, e.g. {suite: elections, measure: harmful, at_most: 2%}: a candidate that "
        "certainly breaks a limit is not called better.",
    )
    weights: dict[str, Annotated[Number, Field(ge=0)]] = Field(
        {}, description="Weight of every task, by its name in tables; only with them is there a weighted score."
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_task_names(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("tasks"), list | tuple):
            data = dict(data)
            data["tasks"] = [_expand_name(t) if isinstance(t, str) else t for t in data["tasks"]]
        return data

    @model_validator(mode="after")
    def _study_makes_candidates(self) -> Trial:
        made = make_lengths(self.candidates, self.study)
        if len(made) != len(self.candidates):
            ids = [candidate.id for candidate in made]
            longest = [one for one in ids if one.startswith(f"{self.baseline}-")] if self.baseline not in ids else []
            if self.baseline and longest:
                object.__setattr__(self, "baseline", longest[-1])
            object.__setattr__(self, "candidates", made)
        object.__setattr__(self, "candidates", make_arms(self.candidates, self.study, self.baseline))
        if isinstance(self.study, LeversStudy) and not self.baseline:
            object.__setattr__(self, "baseline", self.study.base)
        return self

    @model_validator(mode="after")
    def _names_fit_together(self) -> Trial:
        ids = [candidate.id for candidate in self.candidates]
        for i, name in enumerate(ids):
            if name in ids[:i]:
                raise make_problem(f"two candidates have the id {name!r}", *self.locate(i, "id"))
        for i, judge in enumerate(self.judges):
            if judge.id in [*ids, *(other.id for other in self.judges[:i])]:
                raise make_problem(f"two candidates or judges have the id {judge.id!r}", "judges", i, "id")
        if self.baseline and self.baseline not in ids:
            raise make_problem(
                f"the baseline {self.baseline!r} is not a candidate.{did_you_mean(self.baseline, ids)} "
                f"Candidates: {', '.join(ids)}",
                "baseline",
            )
        return self

    @model_validator(mode="after")
    def _study_names_candidates(self) -> Trial:
        ids = [candidate.id for candidate in self.candidates]
        if isinstance(self.study, ReasoningPerToken):
            ids = list(dict.fromkeys(name_family(candidate.id, candidate.levers) for candidate in self.candidates))
        for side, names in list_named_candidates(self.study).items():
            for i, name in enumerate(names):
                if name not in ids:
                    near = did_you_mean(name, ids)
                    told = f"{name!r} is not a candidate.{near} Candidates: {', '.join(ids)}"
                    raise make_problem(told, "study", side, i)
        return self

    @model_validator(mode="after")
    def _study_names_tasks(self) -> Trial:
        names = self.task_names()
        for i, name in enumerate(self.study.domain if isinstance(self.study, LeversStudy) else ()):
            if name not in names:
                near = did_you_mean(name, names)
                raise make_problem(
                    f"{name!r} is no task of this trial.{near} Tasks: {', '.join(names)}", "study", "domain", i
                )
        return self

    @model_validator(mode="after")
    def _references_lead_somewhere(self) -> Trial:
        known = {candidate.id: candidate for candidate in self.candidates}
        everybody = [*enumerate(self.candidates), *enumerate(self.judges)]
        for number, (i, candidate) in enumerate(everybody):
            for reference in find_references(candidate):
                on_trial = number < len(self.candidates)
                at = self.locate(i, *reference.at) if on_trial else ("judges", i, *reference.at)
                for name in _names_in(reference):
                    others = [other for other in known if other != candidate.id]
                    if name not in others:
                        told = f"{reference.name} of {candidate.id!r} refers to {name!r}, which is no other candidate"
                        near = did_you_mean(name, others)
                        raise make_problem(f"{told} of this trial.{near} Others: {', '.join(others) or 'none'}", *at)
                    if circle := _find_circle(name, candidate.id, known):
                        told = " to ".join(map(repr, (candidate.id, *circle)))
                        raise make_problem(f"candidates refer to each other in a circle: {told}", *at)
        return self

    @model_validator(mode="after")
    def _weights_are_of_tasks(self) -> Trial:
        if not self.weights:
            return self
        names = self.task_names()
        for name in self.weights:
            if name not in names:
                near = did_you_mean(name, names)
                raise make_problem(
                    f"weights: {name!r} is no task of this trial.{near} Tasks: {', '.join(names)}", "weights", name
                )
        missing = [name for name in names if name not in self.weights]
        if missing:
            told = f"weights: {', '.join(map(repr, missing))} has no weight; write 0 for what shall not count"
            raise make_problem(told, "weights")
        if not any(self.weights.values()):
            raise make_problem("weights: at least one must be above 0", "weights")
        return self

    @model_validator(mode="after")
    def _single_answers_are_timed(self) -> Trial:
        named: list[tuple[str, tuple[str | int, ...]]] = [(name, ("measures",)) for name in self.measures]
        named += [(name, ("tasks", i, "measures")) for i, entry in enumerate(self.tasks) for name in entry.measures]
        for name, at in named:
            if name in TIMED_ALONE and not self.latency_items:
                raise make_problem(f"{name} is only measured with latency_items: add e.g. 'latency_items: 50'", *at)
        return self

    def locate(self, i: int, *part: str | int) -> tuple[str | int, ...]:
        """Return where a part of candidate ``i`` was written, also of one that the study has made."""
        return locate_candidate(self.candidates, self.study, self.baseline, i, *part)

    def task_names(self) -> tuple[str, ...]:
        """Return the name of each task entry in tables: its id, else its task.

        Where one task is used several times without ids, level, shots and letters set the names apart.
        """
        plain = [entry.id or entry.task or entry.file_name for entry in self.tasks]
        return tuple(
            name if entry.id or plain.count(name) == 1 else name + distinguish_entry(entry)
            for name, entry in zip(plain, self.tasks, strict=True)
        )


def _expand_name(name: str) -> dict[str, str]:
    """Return the entry that a bare name is short for."""
    return {"file": name} if is_data_file(name) else {"task": name}


def _names_in(reference: Reference) -> Iterator[str]:
    """Yield the ids that a reference leads to: its own, or those that the candidate written out there refers to."""
    if isinstance(reference.candidate, str):
        yield reference.candidate
        return
    for inner in find_references(reference.candidate):
        yield from _names_in(inner)


def _find_circle(name: str, end: str, known: Mapping[str, Candidate]) -> list[str]:
    """Return the way from one candidate to another along references; empty if there is none."""
    waiting, seen = [[name]], {name}
    while waiting:
        way = waiting.pop()
        if way[-1] == end:
            return way
        candidate = known.get(way[-1])
        for reference in find_references(candidate) if candidate else ():
            for further in _names_in(reference):
                if further == end or further not in seen:
                    seen.add(further)
                    waiting.append([*way, further])
    return []


def distinguish_entry(entry: TaskEntry) -> str:
    """Return what sets an entry apart from others with the same task."""
    level = "" if entry.level is None else f"-l{entry.level}"
    shots = "" if entry.shots is None else f"-{entry.shots}shot"
    return level + shots + ("" if entry.ask == "own" else f"-{entry.ask}")
