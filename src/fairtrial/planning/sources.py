"""What a task entry stands for: known tasks, files of own rows, public suites; each with how it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from fairtrial.errors import SpecError
from fairtrial.planning.places import Where, add_place
from fairtrial.spec.graders import locate_graders
from fairtrial.spec.schemes import scheme_of
from fairtrial.spec.trial import TaskEntry, Trial
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.find import GENERATED, TaskFinder
from fairtrial.tasks.harms import HARMS
from fairtrial.tasks.own.saying import describe_source
from fairtrial.tasks.own.source import OwnSource, open_own_data, split_groups
from fairtrial.tasks.own.task import OwnTask
from fairtrial.tasks.public import OpenSuite, find_suite
from fairtrial.tasks.public.graded import GradedSuite
from fairtrial.tasks.variants.circular import CircularTask, build_task
from fairtrial.tasks.variants.letters import LetterTask


@dataclass(frozen=True, slots=True)
class TaskSource:
    """One task before it is built.

    Attributes:
        name: that decides draws of its items.
        shown: its name in tables.
        build: makes it.
        procedural: whether its items come from a generator, and the trial's seed decides them.
        plugin: name and version of the distribution that it comes from; empty if no plugin brings it.
    """

    name: str
    shown: str
    build: Callable[[TaskOptions], Task]
    procedural: bool = False
    plugin: str = ""


class SourceFinder:
    """Finds what the entries of a trial stand for.

    Args:
        finder: of tasks by name.
        base_dir: what paths of files are relative to.
        on_note: called with a line about each file: what was recognised in it.
        where: where each part of the trial stands in its file.
    """

    def __init__(self, finder: TaskFinder, base_dir: Path, on_note: Callable[[str], None], where: Where) -> None:
        self._finder, self._base_dir, self._on_note, self._where = finder, base_dir, on_note, where

    def find(self, trial: Trial, number: int, shown: str) -> Iterator[TaskSource]:
        """Yield the tasks of an entry; a group or a file of groups stands for several.

        Args:
            trial: what the user asked for.
            number: of the entry.
            shown: its name in tables.
        """
        entry = trial.tasks[number]
        if entry.file is not None:
            with add_place(self._where("tasks", number)):
                yield from [self._find_suite(entry, shown)] if entry.suite else self._find_in_file(trial, entry, shown)
            return
        with add_place(self._where("tasks", number, "task")):
            leaves = self._finder.expand(entry.task)
        groups = self._find_groups(entry, number, leaves) if entry.groups else None
        for leaf in leaves:
            yield TaskSource(
                leaf,
                shown if leaves == [entry.task] else leaf,
                partial(_build_named, self._finder, leaf, entry.ask, groups),
                leaf in GENERATED,
                self._finder.find_origin(leaf),
            )

    def _find_suite(self, entry: TaskEntry, shown: str) -> TaskSource:
        assert entry.file is not None
        path = self._base_dir / Path(entry.file.path).expanduser()
        graders = locate_graders(entry.grade, self._base_dir)
        return TaskSource(entry.suite, shown, partial(_build_suite, find_suite(entry.suite), path, entry.ask, graders))

    def _find_groups(self, entry: TaskEntry, number: int, leaves: Sequence[str]) -> Path:
        """Return the file of groups that an entry names.  Raises SpecError if one of its tasks has no groups."""
        for leaf in leaves:
            if leaf not in HARMS["bias"]:
                raise SpecError(
                    f"'groups' is for tasks about bias, and {leaf!r} is none.",
                    fix=f"Leave it out, or name one of these: {', '.join(HARMS['bias'])}.",
                    where=self._where("tasks", number, "groups"),
                )
        return self._base_dir / Path(entry.groups).expanduser()

    def _find_in_file(self, trial: Trial, entry: TaskEntry, shown: str) -> Iterator[TaskSource]:
        source = open_own_data(entry, self._base_dir, prompted=any(one.prompt for one in trial.candidates))
        ask = choose_way_to_ask(trial, entry) if source.has_choices else ""
        if entry.ask != "own" and not source.has_choices:
            raise SpecError(
                f"'ask: {entry.ask}' is about options, and {source.asking.where} has none: its answers are written.",
                fix="Leave it out, or say which columns hold the options: choices: [A, B, C, D].",
            )
        self._on_note(f"{source.asking.where}: {describe_source(source, ask)}")
        parts = split_groups(source, entry.group) if entry.group else [source]
        keep_order = any(_is_log(candidate.model) for candidate in trial.candidates)
        for part in parts:
            name = f"{shown}-{part.group}" if part.group else shown
            yield TaskSource(name, name, partial(_build_own, part, name, ask, keep_order))


def _build_named(finder: TaskFinder, name: str, ask: str, groups: Path | None, options: TaskOptions) -> Task:
    return build_task(finder, name, replace(options, groups=groups), ask)


def _build_suite(
    open_suite: OpenSuite, path: Path, ask: str, graders: tuple[dict[str, Any], ...], options: TaskOptions
) -> Task:
    if ask not in ("letter", "circular"):
        opened = open_suite(path, options)
        return GradedSuite(opened, graders) if graders else opened
    plain = open_suite(path, replace(options, shots=0))
    task: Task = LetterTask(plain) if ask == "letter" else CircularTask(plain)
    for item in task.items()[:1]:
        task.requests(item)
    return task


def _build_own(source: OwnSource, name: str, ask: str, keep_order: bool, options: TaskOptions) -> Task:
    if ask not in ("letter", "circular"):
        return OwnTask(source, name, options)
    plain = OwnTask(source, name, replace(options, shots=0))
    task: Task = LetterTask(plain, keep_order=keep_order) if ask == "letter" else CircularTask(plain)
    task.requests(max(task.items(), key=lambda item: len(item.choices)))  # there may be more options than letters
    return task


def choose_way_to_ask(trial: Trial, entry: TaskEntry) -> str:
    """Return how the options of a file are asked for: as the entry says, else by texts where all can score them.

    Who is asked elsewhere, a function, and another tool's log give text as a rule, and no scores of texts.
    """
    if entry.ask != "own":
        return entry.ask
    schemes = [scheme_of(candidate.model) for candidate in trial.candidates]
    scored = all(scheme is not None and scheme.answers in ("here", "ledger") for scheme in schemes)
    return "texts" if scored or entry.shots else "letter"


def _is_log(model: str) -> bool:
    scheme = scheme_of(model)
    return scheme is not None and scheme.answers == "log"
