"""Finding tasks by name: our own procedural ones, task files, plugins, and an installed lm-evaluation-harness.

Where a name exists in several places, the first of these in this order wins.  The thousands of task files of an
installed harness are indexed only when a name is found nowhere else, or when they are asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from fairtrial.errors import SpecError, TaskError
from fairtrial.plugins import PluginTable
from fairtrial.spec.yamlnodes import shorten
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.harms import HARM_TASKS, HARMS
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder, make_unknown_task_error
from fairtrial.tasks.lmeval.reasons import Reason
from fairtrial.tasks.newsroom import DESCRIPTION, NEWSROOM
from fairtrial.tasks.newsroom.questions import LEVEL, LEVELS
from fairtrial.tasks.pictures import OPEN, PICTURES
from fairtrial.tasks.procedural import PROCEDURAL
from fairtrial.tasks.procedural.suite import load_suite
from fairtrial.tasks.public import SUITES, describe_suite

_Kind = Literal["procedural", "lm-eval", "group", "tag", "plugin", "suite"]
HARMS_PACKAGE = "fairtrial.tasks.harms"
log = logging.getLogger(__name__)
_MOST_NOTES = 10

GENERATED = {**PROCEDURAL, **PICTURES, **NEWSROOM, **HARM_TASKS}
"""Our own tasks, made by code from a seed: of text, with pictures, about an archive, and about harm."""

TASKS: PluginTable[Callable[[TaskOptions], Task]] = PluginTable(
    "task", GENERATED, "a function of TaskOptions that returns a task"
)
"""Our own tasks and those of plugins; task files are found in folders."""


@dataclass(frozen=True, slots=True)
class TaskListing:
    """A name that a trial can use.

    Attributes:
        name: as a trial file writes it.
        kind: what it is; a group or tag stands for several tasks.
        where: file or package that it comes from.
        description: one line for a person; empty where reading it would mean reading every file.
    """

    name: str
    kind: _Kind
    where: str
    description: str


class TaskFinder:
    """Finds tasks.

    Args:
        task_paths: folders or files with lm-evaluation-harness YAML.
        trust_code: whether Python code that task files name may run.
        installed: whether an installed lm-evaluation-harness is searched, too.
    """

    def __init__(self, task_paths: Sequence[Path] = (), trust_code: bool = False, installed: bool = True) -> None:
        for path in task_paths:
            try:
                there = path.exists()
            except OSError as error:  # a name that is too long, a folder that may not be entered
                raise TaskError(f"the task folder {shorten(str(path))!r} cannot be used: {error.strerror}.") from error
            if not there:
                raise TaskError(f"there is no task folder or file {str(path)!r}.")
        self._paths = task_paths
        self._trust = trust_code
        self._search_installed = installed

    @cached_property
    def _own(self) -> LmEvalCatalog:
        catalog = LmEvalCatalog(self._paths, self._trust)
        broken = list(catalog.list_broken().items())
        for file, why in broken[:_MOST_NOTES]:
            log.warning("Task file left out: %s: %s.", shorten(repr(file), 300), why)
        if len(broken) > _MOST_NOTES:
            log.warning("%d more task files are left out.", len(broken) - _MOST_NOTES)
        return catalog

    @cached_property
    def _installed(self) -> LmEvalCatalog | None:
        folder = find_installed_lmeval_folder() if self._search_installed else None
        return None if folder is None else LmEvalCatalog([folder], self._trust)

    def list_all(self) -> list[TaskListing]:
        """Return every name that can be used, ours first."""
        found: dict[str, TaskListing] = {}
        for listing in self._find_all():
            found.setdefault(listing.name, listing)
        return [*found.values()]

    def _find_all(self) -> Iterator[TaskListing]:
        for name in {**PROCEDURAL, **PICTURES}:
            suite = load_suite(name.removesuffix(OPEN) if name in PICTURES else name)
            written = " Answered in writing." if name in PICTURES and name.endswith(OPEN) else ""
            about = f"{suite.description}{written} Levels 1 to {len(suite.levels)}, default {suite.level}."
            yield TaskListing(name, "procedural", GENERATED[name], about)
        for name, where in NEWSROOM.items():
            about = f"{DESCRIPTION} Levels 1 to {len(LEVELS)}, default {LEVEL}."
            yield TaskListing(name, "procedural", where, about)
        for name, where in HARM_TASKS.items():
            yield TaskListing(name, "procedural", where, TASKS.find(name)(TaskOptions()).card.description)
        for family, tasks in ((family, tasks) for family, tasks in HARMS.items() if tasks):
            yield TaskListing(family, "group", HARMS_PACKAGE, f"All tasks about {family}: {', '.join(tasks)}.")
        for name, where in SUITES.items():
            about = f"Of a file: {{file: PATH, suite: {name}}}. {describe_suite(name)}"
            yield TaskListing(name, "suite", where, about)
        for catalog in (self._own, self._installed):
            for name, entry in (catalog.list_names() if catalog else {}).items():
                kind: _Kind = "lm-eval" if entry.kind == "task" else entry.kind
                yield TaskListing(name, kind, entry.path.name, "")
            if catalog is self._own:
                for name in TASKS.list_names():
                    if name not in GENERATED:
                        yield TaskListing(name, "plugin", TASKS.find_origin(name), "")

    def expand(self, name: str) -> list[str]:
        """Return the tasks that a name stands for: itself, or the leaves of a group or tag.

        Raises UnknownNameError, with the nearest names of all that exist.
        """
        if self._is_code(name):
            return [name]
        if HARMS.get(name) and name not in self._own.list_names():  # type: ignore[call-overload]
            return [task for family, tasks in HARMS.items() if family == name for task in tasks]
        return self._catalog_of(name).expand(name)

    def build(self, name: str, options: TaskOptions) -> Task:
        """Build a task.

        Raises:
            UnknownNameError: there is none of that name.
            SpecError: the options name a level that the task does not have.
            TaskError: it cannot be built with these options, or needs Python code that is not trusted.
            PluginError: it is a plugin's, which cannot be used.
        """
        if self._is_code(name):
            return self._make(name, options)
        catalog = self._catalog_of(name)
        if options.level is not None:
            raise SpecError(
                f"task {name!r} has no levels; level {options.level} was asked for.",
                fix=f"Leave the level out. Tasks with levels: {', '.join(GENERATED)}.",
            )
        return catalog.build(name, options)

    def list_reasons(self, name: str) -> Sequence[Reason]:
        """Return why a task cannot be asked, all reasons at once; none if it can, and for tasks that are no files.

        Raises UnknownNameError, and TaskError for a group or a tag.
        """
        return [] if self._is_code(name) else self._catalog_of(name).list_reasons(name)

    def left_out(self, name: str) -> Sequence[str]:
        """Return the metrics of a task file that are not computed, of a task that can be asked."""
        return () if self._is_code(name) else self._catalog_of(name).read_config(name).left_out

    def find_origin(self, name: str) -> str:
        """Return the distribution and version that a task comes from; empty if no plugin brings it."""
        return TASKS.find_origin(name) if self._is_code(name) else ""

    def _is_code(self, name: str) -> bool:
        return name in GENERATED or (name in TASKS and name not in self._own.list_names())

    def _make(self, name: str, options: TaskOptions) -> Task:
        task = TASKS.find(name)(options)
        plugin = TASKS.find_plugin(name)
        if plugin and not isinstance(task, Task):
            raise plugin.make_error(f"returned a {type(task).__name__}, not a task")
        return task

    def _catalog_of(self, name: str) -> LmEvalCatalog:
        group = name.partition("::")[0]  # a task as a group changes it
        if name in self._own.list_names() or group in self._own.list_names():
            return self._own
        if self._installed is not None and not {name, group}.isdisjoint(self._installed.list_names()):
            return self._installed
        if name in SUITES:
            raise SpecError(
                f"{name!r} is a public suite, whose rows are in a file of yours.",
                fix=f"Name the file too: tasks: [{{file: PATH, suite: {name}}}].",
            )
        known = [*TASKS.list_names(), *HARMS, *self._own.list_names()]
        if self._installed is not None:
            known += self._installed.list_names()
        raise make_unknown_task_error(
            name,
            known,
            self._own.list_broken(),
            fix="`fairtrial tasks` lists what there is; --task-path DIR adds more.",
        )
