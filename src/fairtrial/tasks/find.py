"""Finding tasks by name: our own procedural ones, task files, plugins, and an installed lm-evaluation-harness.

Where a name exists in several places, the first of these in this order wins.  The thousands of task files of an
installed harness are indexed only when a name is found nowhere else, or when they are asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal, cast

from fairtrial.errors import SpecError, TaskError
from fairtrial.spec.yamlnodes import short
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog, installed_lmeval_folder, unknown_task
from fairtrial.tasks.procedural import PROCEDURAL
from fairtrial.tasks.procedural.suite import load

Kind = Literal["procedural", "lm-eval", "group", "tag", "plugin"]
PLUGIN_PREFIX = "task."
log = logging.getLogger(__name__)
_MOST_NOTES = 10


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
    kind: Kind
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
                raise TaskError(f"the task folder {short(str(path))!r} cannot be used: {error.strerror}.") from error
            if not there:
                raise TaskError(f"there is no task folder or file {str(path)!r}.")
        self._paths = task_paths
        self._trust = trust_code
        self._search_installed = installed

    @cached_property
    def _own(self) -> LmEvalCatalog:
        catalog = LmEvalCatalog(self._paths, self._trust)
        broken = list(catalog.broken().items())
        for file, why in broken[:_MOST_NOTES]:
            log.warning("Task file left out: %s: %s.", short(repr(file), 300), why)
        if len(broken) > _MOST_NOTES:
            log.warning("%d more task files are left out.", len(broken) - _MOST_NOTES)
        return catalog

    @cached_property
    def _installed(self) -> LmEvalCatalog | None:
        folder = installed_lmeval_folder() if self._search_installed else None
        return None if folder is None else LmEvalCatalog([folder], self._trust)

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        found = entry_points(group="fairtrial")
        return {p.name.removeprefix(PLUGIN_PREFIX): p for p in found if p.name.startswith(PLUGIN_PREFIX)}

    def listings(self) -> list[TaskListing]:
        """Return every name that can be used, ours first."""
        found: dict[str, TaskListing] = {}
        for listing in self._found():
            found.setdefault(listing.name, listing)
        return [*found.values()]

    def _found(self) -> Iterator[TaskListing]:
        for name in PROCEDURAL:
            suite = load(name)
            about = f"{suite.description} Levels 1 to {len(suite.levels)}, default {suite.level}."
            yield TaskListing(name, "procedural", PROCEDURAL[name], about)
        for catalog in (self._own, self._installed):
            for name, entry in (catalog.names() if catalog else {}).items():
                kind: Kind = "lm-eval" if entry.kind == "task" else entry.kind
                yield TaskListing(name, kind, entry.path.name, "")
            if catalog is self._own:
                for name, plugin in self._plugins.items():
                    yield TaskListing(name, "plugin", plugin.value, "")

    def expand(self, name: str) -> list[str]:
        """Return the tasks that a name stands for: itself, or the leaves of a group or tag.

        Raises UnknownNameError, with the nearest names of all that exist.
        """
        if name in PROCEDURAL or self._is_plugin(name):
            return [name]
        return self._catalog_of(name).expand(name)

    def build(self, name: str, options: TaskOptions) -> Task:
        """Build a task.

        Raises:
            UnknownNameError: there is none of that name.
            SpecError: the options name a level that the task does not have.
            TaskError: it cannot be built with these options, or needs Python code that is not trusted.
        """
        if name in PROCEDURAL:
            return self._make(name, options)
        if self._is_plugin(name):
            return self._load(self._plugins[name], options)
        catalog = self._catalog_of(name)
        if options.level is not None:
            raise SpecError(
                f"task {name!r} has no levels; level {options.level} was asked for.",
                fix=f"Leave the level out. Tasks with levels: {', '.join(PROCEDURAL)}.",
            )
        return catalog.build(name, options)

    def _is_plugin(self, name: str) -> bool:
        return name in self._plugins and name not in self._own.names()

    def _load(self, plugin: EntryPoint, options: TaskOptions) -> Task:
        try:
            make = plugin.load()
        except (ImportError, AttributeError) as error:
            raise TaskError(f"the plugin {plugin.value!r} cannot be imported: {error}.", where=plugin.name) from error
        task = make(options)
        if not isinstance(task, Task):
            raise TaskError(
                f"the plugin {plugin.value!r} returned a {type(task).__name__}, not a task.", where=plugin.name
            )
        return task

    def _make(self, name: str, options: TaskOptions) -> Task:
        module, _, attribute = PROCEDURAL[name].partition(":")
        return cast(Task, getattr(import_module(module), attribute)(options))

    def _catalog_of(self, name: str) -> LmEvalCatalog:
        if name in self._own.names():
            return self._own
        if self._installed is not None and name in self._installed.names():
            return self._installed
        known = [*PROCEDURAL, *self._own.names(), *self._plugins]
        if self._installed is not None:
            known += self._installed.names()
        raise unknown_task(
            name, known, self._own.broken(), fix="`fairtrial tasks` lists what there is; --tasks DIR adds more."
        )
