# ruff: noqa: PTH118, PTH120, PTH123
"""A quick look at task files: which task, group and tags each one defines.

An installed lm-evaluation-harness has some 14,000 files, so lines are scanned; a file is parsed as YAML only where its
lines have a form that the scan does not know.  Paths are strings here, because making 50,000 path objects takes longer
than reading the files.  This module knows nothing of what a task is.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from fairtrial.errors import TaskError
from fairtrial.tasks.lmeval.loading import load_yaml

_LINE = re.compile(rb"""^["']?(task|group|tag|include)["']?[ \t]*:[ \t]*(.*)$""", re.MULTILINE)
_PYTHON_TASK = re.compile(rb"""^["']?class["']?[ \t]*:""", re.MULTILINE)
_ENTRY = re.compile(rb"^[ \t]*-[ \t]+(.*)$")
_SIMPLE = re.compile(r"""^(?:"([^"\\]*)"|'([^']*)'|([^\s"'#\[\]{}&*!|>%@`,][^"'#\[\]{}]*?))[ \t]*(?:#.*)?$""")


@dataclass(slots=True)
class Scan:
    """What the lines of one file say; None is not said."""

    task: str | None = None
    group: str | None = None
    tags: list[str] | None = None
    includes: list[str] = field(default_factory=list)


class Scanner:
    """Reads the few lines that an index needs, includes followed.  Paths are strings: there are very many of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._inside = os.path.join(os.path.normpath(root), "")
        self._seen: dict[str, Scan] = {}
        self._resolved: dict[str, Scan] = {}

    def resolved(self, path: str, above: tuple[str, ...] = ()) -> Scan:
        """Return what a file and what it includes say; ``above`` are the files that include it."""
        if path not in self._resolved:
            self._resolved[path] = self._resolve(path, above)
        return self._resolved[path]

    def _resolve(self, path: str, above: tuple[str, ...]) -> Scan:
        scan = self._scan(path)
        merged = Scan()
        for name in scan.includes:
            target = os.path.normpath(os.path.join(os.path.dirname(path), name))
            if target in above or target == path or not target.startswith(self._inside):
                continue  # loading the task will say what is wrong
            inner = self.resolved(target, (*above, path))
            merged = Scan(inner.task or merged.task, inner.group or merged.group, inner.tags or merged.tags)
        tags = merged.tags if scan.tags is None else scan.tags
        return Scan(scan.task or merged.task, scan.group or merged.group, tags)

    def _scan(self, path: str) -> Scan:
        if path not in self._seen:
            try:
                with open(path, "rb") as stream:
                    content = stream.read()
            except OSError:
                content = b""  # an unreadable file defines no name
            self._seen[path] = _scan_lines(content, path, self.root)
        return self._seen[path]


def _scan_lines(content: bytes, path: str, root: Path) -> Scan:
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
            return _parsed(Path(path), root)
        values[key] = [item for item in plain if item is not None]
    first = {key: found[0] for key, found in values.items() if found}
    if first.get("group") and _PYTHON_TASK.search(content):
        return _parsed(Path(path), root)
    return Scan(first.get("task"), first.get("group"), values.get("tag"), values.get("include", []))


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


def _parsed(path: Path, root: Path) -> Scan:
    try:
        value = load_yaml(path, root)
    except TaskError:
        return Scan()  # a broken file defines no name
    task, group, tags = (value.get(key) for key in ("task", "group", "tag"))
    listed = tags if isinstance(tags, list) else [tags] if tags else None
    group = None if "class" in value else group  # a task that is a Python class may name a group beside itself
    names = (task if isinstance(task, str) else None, group if isinstance(group, str) else None)
    return Scan(*names, None if listed is None else [str(tag) for tag in listed])


def yaml_files(root: Path) -> list[str]:
    """Return the YAML files under a folder, sorted, or the file itself."""
    if root.is_file():
        return [str(root)]
    found: list[str] = []
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if name not in {"__pycache__", ".ipynb_checkpoints"}]
        found += [os.path.join(folder, name) for name in files if name.endswith((".yaml", ".yml"))]
    return sorted(found)
