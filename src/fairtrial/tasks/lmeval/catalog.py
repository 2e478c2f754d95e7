"""Finds task files by name: tasks, groups and tags under one or several folders.

The index is made by `fairtrial.tasks.lmeval.scanning` when it is first needed; a task's file is parsed when the task is
asked for.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from fairtrial.errors import FairtrialError, TaskError, UnknownNameError
from fairtrial.spec.yamlnodes import shorten
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.lmeval.config import TaskConfig
from fairtrial.tasks.lmeval.known_classes import replace_class
from fairtrial.tasks.lmeval.loading import load_yaml
from fairtrial.tasks.lmeval.parsing import find_reasons, parse_config
from fairtrial.tasks.lmeval.reasons import Reason, make_reason
from fairtrial.tasks.lmeval.scanning import Scanner, list_yaml_files
from fairtrial.tasks.lmeval.task import LmEvalTask

_Kind = Literal["task", "group", "tag"]
_GROUP_KEYS = {"group", "group_alias", "task", "tag", "aggregate_metric_list", "metadata"}
MOST_MEMBERS = 50_000
"""Tasks that a group may stand for, counted as often as they are named."""

MOST_LEVELS = 30
"""Levels of groups in groups."""


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A name that task files define.

    Attributes:
        name: as a trial file writes it.
        kind: a tag has no file of its own; its path is that of its first task.
        path: the YAML file.
        members: tasks of a tag, sorted; empty for tasks and for groups, whose files are read by `LmEvalCatalog.expand`.
    """

    name: str
    kind: _Kind
    path: Path
    members: tuple[str, ...] = ()


class LmEvalCatalog:
    """Tasks, groups and tags under some folders.

    Args:
        roots: folders, searched to any depth, or single YAML files.  Of two tasks of one name the first wins.  No
            include may leave the folder (of a file: the folder that it is in).
        trust_code: whether Python functions that task files name may run.
    """

    def __init__(self, roots: Sequence[Path], trust_code: bool = False) -> None:
        self._roots = [Path(root).absolute() for root in roots]
        self._trust = trust_code
        self._variants: dict[str, tuple[str, dict[str, Any]]] = {}

    def list_names(self) -> Mapping[str, CatalogEntry]:
        """Return every name.  Files that are not task files, or broken, are not in it."""
        return self._index

    def list_broken(self) -> Mapping[str, str]:
        """Return the files and folders whose names cannot be known, and why not."""
        return self._broken if self._index is not None else {}

    @cached_property
    def _broken(self) -> dict[str, str]:
        return {}

    @cached_property
    def _index(self) -> dict[str, CatalogEntry]:
        found: dict[str, CatalogEntry] = {}
        tagged: dict[str, list[str]] = {}
        for root in self._roots:
            scanner = Scanner(root if root.is_dir() else root.parent)
            for file in list_yaml_files(root, self._broken):
                scan = scanner.resolved(file)
                name, kind = (scan.group, "group") if scan.group else (scan.task, "task")
                if not name or name in found:
                    continue
                path = Path(file)
                self._root_of[path] = scanner.root
                found[name] = CatalogEntry(name, "group" if kind == "group" else "task", path)
                if kind == "task":
                    for tag in scan.tags or ():
                        tagged.setdefault(tag, []).append(name)
            self._broken.update(scanner.broken)
        for tag, members in tagged.items():
            if tag not in found:
                found[tag] = CatalogEntry(tag, "tag", found[members[0]].path, tuple(sorted(members)))
        return found

    @cached_property
    def _root_of(self) -> dict[Path, Path]:
        return {}

    def expand(self, name: str) -> list[str]:
        """Return the tasks that a name stands for, each once: itself, or the leaves of a group or tag.

        A group may change settings of its members; such a member is called ``GROUP::TASK``.

        Raises UnknownNameError for a name that does not exist, TaskError for a group that contains itself.
        """
        if "::" in name and name not in self._index:
            self.expand(name.partition("::")[0])
            if name in self._variants:
                return [name]
        found: dict[str, None] = {}
        for number, leaf in enumerate(self._walk_leaves(name, {}, ())):
            found[leaf] = None
            if number >= MOST_MEMBERS:
                raise TaskError(f"the group {name!r} names more than {MOST_MEMBERS:,} tasks, over and over.")
        return list(found)

    def _walk_leaves(self, name: str, changes: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[str]:
        if name in above:
            raise TaskError(f"the group {name!r} contains itself: {' -> '.join((*above, name))}")
        if len(above) > MOST_LEVELS:
            raise TaskError(f"the group {above[0]!r} holds groups more than {MOST_LEVELS} levels deep.")
        entry = self._find_entry(name, above)
        if entry.kind == "task":
            yield self._name_variant(above, name, name, changes) if changes else name
        elif entry.kind == "tag":
            for member in entry.members:
                yield from self._walk_leaves(member, changes, (*above, name))
        else:
            group = load_yaml(entry.path, self._root_of[entry.path])
            yield from self._walk_members(group, name, changes, above)

    def _walk_members(
        self, group: Mapping[str, Any], name: str, changes: Mapping[str, Any], above: tuple[str, ...]
    ) -> Iterator[str]:
        inherited = {**{key: value for key, value in group.items() if key not in _GROUP_KEYS}, **changes}
        members, path = group.get("task") or [], (*above, name)
        if not isinstance(members, str | list):
            raise TaskError(f"the group {name!r} must have a list of tasks; got {shorten(repr(members))}")
        for member in [members] if isinstance(members, str) else members:
            if isinstance(member, str):
                yield from self._walk_leaves(member, inherited, path)
            elif isinstance(member, Mapping) and isinstance(member.get("group"), str):
                inner = member["group"]
                if inner in self._index:
                    own = {key: value for key, value in member.items() if key != "group"}
                    yield from self._walk_leaves(inner, {**inherited, **own}, path)
                else:
                    yield from self._walk_members(member, inner, inherited, path)
            elif isinstance(member, Mapping) and isinstance(member.get("task"), str):
                own = {key: value for key, value in member.items() if key != "task"}
                merged = {**inherited, **own}
                if member["task"] in self._index:
                    yield from self._walk_leaves(member["task"], merged, path)
                else:
                    yield self._name_variant(path, member["task"], "", merged)
            else:
                raise TaskError(
                    f"the group {name!r} has a member that is neither a name nor a task: {shorten(repr(member))}"
                )

    def _name_variant(self, above: tuple[str, ...], task: str, base: str, changes: Mapping[str, Any]) -> str:
        name = "::".join((above[0] if above else "", task))
        number = 1
        while name in self._variants and self._variants[name] != (base, dict(changes)):
            number += 1
            name = f"{above[0]}::{task}::{number}"
        self._variants[name] = (base, dict(changes))
        return name

    def _find_entry(self, name: str, above: tuple[str, ...] = ()) -> CatalogEntry:
        entry = self._index.get(name)
        if entry is None:
            where = f"group {above[-1]}" if above else ""
            raise make_unknown_task_error(name, self._index, self._broken, where=where)
        return entry

    def read_mapping(self, name: str) -> tuple[dict[str, Any], Path]:
        """Return the merged mapping of a task and the folder of its file.

        Raises UnknownNameError, and TaskError for a group, a tag or a broken file.
        """
        base = name
        changes: Mapping[str, Any] = {}
        if name not in self._index and "::" in name:
            self.expand(name)
            base, changes = self._variants[name]
        if not base:
            path = self._find_entry(name.partition("::")[0]).path
            return {**changes, "task": name}, path.parent
        entry = self._find_entry(base)
        if entry.kind != "task":
            members = self.expand(name)
            raise TaskError(
                f"{name!r} is a {entry.kind} of {len(members)} tasks, not one task",
                fix=f"Its first tasks: {', '.join(members[:5])}.",
            )
        found = replace_class(load_yaml(entry.path, self._root_of[entry.path]))
        return {**found, **changes, "task": name}, entry.path.parent

    def read_config(self, name: str) -> TaskConfig:
        """Return a task's file, parsed; rows are not read.  Raises as `build`."""
        return parse_config(self.read_mapping(name)[0], self._trust)

    def list_reasons(self, name: str) -> list[Reason]:
        """Return why a task is refused, all reasons at once; none for a task that is accepted.  Rows are not read.

        Raises UnknownNameError, and TaskError for a group or a tag.
        """
        entry = self._index.get(name)
        if entry is not None and entry.kind != "task":
            self.read_mapping(name)
        try:
            mapping = self.read_mapping(name)[0]
        except UnknownNameError:
            raise
        except FairtrialError as error:
            return [make_reason(error)]
        return find_reasons(mapping, self._trust)

    def build(self, name: str, options: TaskOptions) -> Task:
        """Return the task, its rows read.

        Raises:
            UnknownNameError: there is no such name.
            TaskCodeError: the task needs Python code that is not trusted.
            DataError: rows are missing or do not fit.
            TaskError: anything else about the task file or the options.
            MissingExtraError: the rows need an extra that is not installed.
        """
        mapping, folder = self.read_mapping(name)
        return LmEvalTask(parse_config(mapping, self._trust), mapping, folder, options)


def make_unknown_task_error(
    name: str, known: Iterable[str], broken: Mapping[str, str], fix: str = "", where: str = ""
) -> FairtrialError:
    """Return the error for a name that no readable file defines; ``broken`` are the other files, and why."""
    for file, why in broken.items():
        if Path(file).stem == name:
            return TaskError(f"the task {name!r} may be in this file, which cannot be used: {why}.", where=file)
    if broken:
        shown = "; ".join(f"{file} ({why})" for file, why in list(broken.items())[:3])
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        fix = f"It may be in a file that could not be read: {shown}{more}. {fix}".strip()
    return UnknownNameError("task", name, known, fix=fix, where=where)


def find_installed_lmeval_folder() -> Path | None:
    """Return the folder of task files of an installed lm-evaluation-harness, or None.  Does not import it."""
    spec = importlib.util.find_spec("lm_eval")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (folder := Path(place) / "tasks").is_dir():
            return folder
    return None
