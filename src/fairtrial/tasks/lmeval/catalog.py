"""Finds task files by name: tasks, groups and tags under one or several folders.

An installed lm-evaluation-harness has some 14,000 files, so the index is made by a scan of lines; a file is parsed as
YAML only when it is needed, or when its lines are of a form that the scan does not know.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from fairtrial.errors import TaskError, UnknownNameError
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.lmeval.config import TaskConfig, parse_config
from fairtrial.tasks.lmeval.loading import load_yaml
from fairtrial.tasks.lmeval.task import LmEvalTask

Kind = Literal["task", "group", "tag"]
_LINE = re.compile(rb"""^["']?(task|group|tag|include)["']?[ \t]*:[ \t]*(.*)$""", re.MULTILINE)
_PYTHON_TASK = re.compile(rb"""^["']?class["']?[ \t]*:""", re.MULTILINE)
_ENTRY = re.compile(rb"^[ \t]*-[ \t]+(.*)$")
_SIMPLE = re.compile(r"""^(?:"([^"\\]*)"|'([^']*)'|([^\s"'#\[\]{}&*!|>%@`,][^"'#\[\]{}]*?))[ \t]*(?:#.*)?$""")
_GROUP_KEYS = {"group", "group_alias", "task", "tag", "aggregate_metric_list", "metadata"}


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
    kind: Kind
    path: Path
    members: tuple[str, ...] = ()


@dataclass(slots=True)
class _Scan:
    """What the lines of one file say; None is not said."""

    task: str | None = None
    group: str | None = None
    tags: list[str] | None = None
    includes: list[str] = field(default_factory=list)


class LmEvalCatalog:
    """Tasks, groups and tags under some folders.

    Args:
        roots: folders, searched to any depth, or single YAML files.  Of two tasks of one name the first wins.  No
            include may leave the folder (of a file: the folder that it is in).
        trust_code: whether Python functions that task files name may run.
    """

    def __init__(self, roots: Sequence[Path], trust_code: bool = False) -> None:
        self._roots = [Path(root) for root in roots]
        self._trust = trust_code
        self._variants: dict[str, tuple[str, dict[str, Any]]] = {}

    def names(self) -> Mapping[str, CatalogEntry]:
        """Return every name.  Files that are not task files, or broken, are not in it."""
        return self._index

    @cached_property
    def _index(self) -> dict[str, CatalogEntry]:
        found: dict[str, CatalogEntry] = {}
        tagged: dict[str, list[str]] = {}
        for root in self._roots:
            scanner = _Scanner(root if root.is_dir() else root.parent)
            for path in _yaml_files(root):
                scan = scanner.resolved(path)
                name, kind = (scan.group, "group") if scan.group else (scan.task, "task")
                if not name or name in found:
                    continue
                self._root_of[path] = scanner.root
                found[name] = CatalogEntry(name, "group" if kind == "group" else "task", path)
                if kind == "task":
                    for tag in scan.tags or ():
                        tagged.setdefault(tag, []).append(name)
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
        return list(dict.fromkeys(self._leaves(name, {}, ())))

    def _leaves(self, name: str, changes: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[str]:
        if name in above:
            raise TaskError(f"the group {name!r} contains itself: {' -> '.join((*above, name))}")
        entry = self._entry(name, above)
        if entry.kind == "task":
            yield self._variant(above, name, name, changes) if changes else name
        elif entry.kind == "tag":
            for member in entry.members:
                yield from self._leaves(member, changes, (*above, name))
        else:
            group = load_yaml(entry.path, self._root_of[entry.path])
            yield from self._members(group, name, changes, above)

    def _members(
        self, group: Mapping[str, Any], name: str, changes: Mapping[str, Any], above: tuple[str, ...]
    ) -> Iterator[str]:
        inherited = {**{key: value for key, value in group.items() if key not in _GROUP_KEYS}, **changes}
        members, path = group.get("task") or [], (*above, name)
        for member in [members] if isinstance(members, str) else members:
            if isinstance(member, str):
                yield from self._leaves(member, inherited, path)
            elif isinstance(member, Mapping) and isinstance(member.get("group"), str):
                inner = member["group"]
                if inner in self._index:
                    own = {key: value for key, value in member.items() if key != "group"}
                    yield from self._leaves(inner, {**inherited, **own}, path)
                else:
                    yield from self._members(member, inner, inherited, path)
            elif isinstance(member, Mapping) and isinstance(member.get("task"), str):
                own = {key: value for key, value in member.items() if key != "task"}
                merged = {**inherited, **own}
                if member["task"] in self._index:
                    yield from self._leaves(member["task"], merged, path)
                else:
                    yield self._variant(path, member["task"], "", merged)
            else:
                raise TaskError(f"the group {name!r} has a member that is neither a name nor a task: {member!r}")

    def _variant(self, above: tuple[str, ...], task: str, base: str, changes: Mapping[str, Any]) -> str:
        name = "::".join((above[0] if above else "", task))
        number = 1
        while name in self._variants and self._variants[name] != (base, dict(changes)):
            number += 1
            name = f"{above[0]}::{task}::{number}"
        self._variants[name] = (base, dict(changes))
        return name

    def _entry(self, name: str, above: tuple[str, ...] = ()) -> CatalogEntry:
        entry = self._index.get(name)
        if entry is None:
            where = f"group {above[-1]}" if above else ""
            raise UnknownNameError("task", name, self._index, where=where)
        return entry

    def mapping(self, name: str) -> tuple[dict[str, Any], Path]:
        """Return the merged mapping of a task and the folder of its file.

        Raises UnknownNameError, and TaskError for a group, a tag or a broken file.
        """
        base = name
        changes: Mapping[str, Any] = {}
        if name not in self._index and "::" in name:
            self.expand(name)
            base, changes = self._variants[name]
        if not base:
            path = self._entry(name.partition("::")[0]).path
            return {**changes, "task": name}, path.parent
        entry = self._entry(base)
        if entry.kind != "task":
            members = self.expand(name)
            raise TaskError(
                f"{name!r} is a {entry.kind} of {len(members)} tasks, not one task",
                fix=f"Its first tasks: {', '.join(members[:5])}.",
            )
        return {**load_yaml(entry.path, self._root_of[entry.path]), **changes, "task": name}, entry.path.parent

    def config(self, name: str) -> TaskConfig:
        """Return a task's file, parsed; rows are not read.  Raises as `build`."""
        return parse_config(self.mapping(name)[0], self._trust)

    def build(self, name: str, options: TaskOptions) -> Task:
        """Return the task, its rows read.

        Raises:
            UnknownNameError: there is no such name.
            TaskCodeError: the task needs Python code that is not trusted.
            DataError: rows are missing or do not fit.
            TaskError: anything else about the task file or the options.
            MissingExtraError: the rows need an extra that is not installed.
        """
        mapping, folder = self.mapping(name)
        return LmEvalTask(parse_config(mapping, self._trust), mapping, folder, options)


class _Scanner:
    """Reads the few lines that an index needs, includes followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._seen: dict[Path, _Scan] = {}

    def resolved(self, path: Path, above: tuple[Path, ...] = ()) -> _Scan:
        scan = self._scan(path)
        merged = _Scan()
        for name in scan.includes:
            target = Path(os.path.normpath(path.parent / name))
            if target in above or not target.is_relative_to(self.root):
                continue  # loading the task will say what is wrong
            inner = self.resolved(target, (*above, path))
            merged = _Scan(inner.task or merged.task, inner.group or merged.group, inner.tags or merged.tags)
        tags = merged.tags if scan.tags is None else scan.tags
        return _Scan(scan.task or merged.task, scan.group or merged.group, tags)

    def _scan(self, path: Path) -> _Scan:
        if path not in self._seen:
            try:
                self._seen[path] = _scan_lines(path.read_bytes(), path, self.root)
            except OSError:
                self._seen[path] = _Scan()  # an unreadable file defines no name
        return self._seen[path]


def _scan_lines(content: bytes, path: Path, root: Path) -> _Scan:
    values: dict[str, list[str]] = {}
    for match in _LINE.finditer(content):
        key, text = match[1].decode(), match[2].decode(errors="replace").strip()
        if key == "task" and "group" in values:
            continue  # the members of a group
        if text.startswith("#") or not text:
            items = _listed(content, match.end()) if key != "task" else []
        elif text.startswith("[") and text.endswith("]"):
            items = [part.strip() for part in text[1:-1].split(",") if part.strip()]
        else:
            items = [text]
        plain = [_unquoted(item) for item in items]
        if any(item is None for item in plain):
            return _parsed(path, root)
        values[key] = [item for item in plain if item is not None]
    first = {key: found[0] for key, found in values.items() if found}
    if first.get("group") and _PYTHON_TASK.search(content):
        return _parsed(path, root)
    return _Scan(first.get("task"), first.get("group"), values.get("tag"), values.get("include", []))


def _listed(content: bytes, start: int) -> list[str]:
    found: list[str] = []
    for line in content[start : start + 10_000].split(b"\n")[1:]:
        match = _ENTRY.match(line.rstrip())
        if match:
            found.append(match[1].decode(errors="replace").strip())
        elif line.strip() and not line.lstrip().startswith(b"#"):
            break
    return found


def _unquoted(text: str) -> str | None:
    match = _SIMPLE.match(text)
    return next((group for group in match.groups() if group is not None), None) if match else None


def _parsed(path: Path, root: Path) -> _Scan:
    try:
        value = load_yaml(path, root)
    except TaskError:
        return _Scan()  # a broken file defines no name
    task, group, tags = (value.get(key) for key in ("task", "group", "tag"))
    listed = tags if isinstance(tags, list) else [tags] if tags else None
    group = None if "class" in value else group  # a task that is a Python class may name a group beside itself
    names = (task if isinstance(task, str) else None, group if isinstance(group, str) else None)
    return _Scan(*names, None if listed is None else [str(tag) for tag in listed])


def _yaml_files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    found: list[Path] = []
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if name not in {"__pycache__", ".ipynb_checkpoints"}]
        found += [Path(folder, name) for name in files if name.endswith((".yaml", ".yml"))]
    return sorted(found)


def installed_lmeval_folder() -> Path | None:
    """Return the folder of task files of an installed lm-evaluation-harness, or None.  Does not import it."""
    spec = importlib.util.find_spec("lm_eval")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (folder := Path(place) / "tasks").is_dir():
            return folder
    return None
