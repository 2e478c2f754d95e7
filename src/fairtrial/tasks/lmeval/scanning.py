# ruff: noqa: PTH118, PTH120
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
from fairtrial.spec.regular import read_regular
from fairtrial.tasks.lmeval.loading import MAX_BYTES, MOST_INCLUDES, load_yaml

_LINE = re.compile(rb"""^["']?(task|group|tag|include)["']?[ \t]*:(.*)$""", re.MULTILINE)
_PYTHON_TASK = re.compile(rb"""^["']?class["']?[ \t]*:""", re.MULTILINE)
_ENTRY = re.compile(rb"^[ \t]*-[ \t]+(.*)$")
_QUOTED = re.compile(r"""("[^"\\]*"|'[^']*')[ \t]*(?:#.*)?""")
_PLAIN = re.compile(r"""[^\s"'#\[\]{}&*!|>%@`,][^"'#\[\]{}]*""")
MOST_FILES = 300_000
"""Files and folders under a task folder, of any kind."""

_BOM = b"\xef\xbb\xbf"


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
        self.broken: dict[str, str] = {}  # why each file that could not be read could not
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
            outside = not target.startswith(self._inside)
            if target in above or target == path or outside or len(above) >= MOST_INCLUDES:
                continue  # loading the task will say what is wrong
            inner = self.resolved(target, (*above, path))
            merged = Scan(inner.task or merged.task, inner.group or merged.group, inner.tags or merged.tags)
        tags = merged.tags if scan.tags is None else scan.tags
        return Scan(scan.task or merged.task, scan.group or merged.group, tags)

    def _scan(self, path: str) -> Scan:
        if path not in self._seen:
            try:
                content = read_regular(path, MAX_BYTES).removeprefix(_BOM)
                if b"\0" in content:
                    raise TaskError("is not UTF-8 text", where=path)
                self._seen[path] = _scan_lines(content, path, self.root)
            except (OSError, TaskError) as error:  # it defines no name that can be known
                self._seen[path] = Scan()
                if os.path.lexists(path):
                    self.broken[path] = _explain(error, path)
        return self._seen[path]


def _explain(error: OSError | TaskError, path: str) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    place = error.where.removeprefix(path)
    if place.startswith(":"):
        place = f"line {place[1:]}"
    return f"{place}: {error.message}" if place else error.message


def _scan_lines(content: bytes, path: str, root: Path) -> Scan:
    values: dict[str, list[str]] = {}
    for match in _LINE.finditer(content):
        key, text = match[1].decode(), match[2].decode(errors="replace").strip()
        if key == "task" and "group" in values:
            continue  # the members of a group
        if text.startswith("#") or not text:
            items = _read_list(content, match.end()) if key != "task" else []
        elif text.startswith("[") and text.endswith("]"):
            items = [part.strip() for part in text[1:-1].split(",") if part.strip()]
        else:
            items = [text]
        plain = [_unquote(item) for item in items]
        if any(item is None for item in plain):
            return _scan_parsed(Path(path), root)
        values[key] = [item for item in plain if item is not None]
    first = {key: found[0] for key, found in values.items() if found}
    if first.get("group") and _PYTHON_TASK.search(content):
        return _scan_parsed(Path(path), root)
    return Scan(first.get("task"), first.get("group"), values.get("tag"), values.get("include", []))


def _read_list(content: bytes, start: int) -> list[str]:
    found: list[str] = []
    for line in content[start : start + 10_000].split(b"\n")[1:]:
        match = _ENTRY.match(line.rstrip())
        if match:
            found.append(match[1].decode(errors="replace").strip())
        elif line.strip() and not line.lstrip().startswith(b"#"):
            break
    return found


def _unquote(text: str) -> str | None:
    """Return what a simple value is, or None for one of another form; takes time in proportion to its length."""
    if quoted := _QUOTED.fullmatch(text):
        return quoted[1][1:-1]
    comment = text.find(" #")
    plain = (text if comment < 0 else text[:comment]).rstrip()
    return plain if _PLAIN.fullmatch(plain) else None


def _scan_parsed(path: Path, root: Path) -> Scan:
    value = load_yaml(path, root)
    task, group, tags = (value.get(key) for key in ("task", "group", "tag"))
    listed = tags if isinstance(tags, list) else [tags] if tags else None
    group = None if "class" in value else group  # a task that is a Python class may name a group beside itself
    names = (task if isinstance(task, str) else None, group if isinstance(group, str) else None)
    return Scan(*names, None if listed is None else [str(tag) for tag in listed])


def list_yaml_files(root: Path, broken: dict[str, str] | None = None) -> list[str]:
    """Return the YAML files under a folder, sorted, or the file itself.

    Args:
        root: the folder or file.
        broken: takes up the folders that cannot be read, and why.

    Raises TaskError for a folder with too many files, such as the whole disk.
    """
    if not root.is_dir():
        return [str(root)]

    def note(error: OSError) -> None:
        if broken is not None:
            broken[str(error.filename)] = _explain(error, "")

    found: list[str] = []
    seen = 0
    for folder, inner, files in os.walk(root, onerror=note):
        inner[:] = [name for name in inner if name not in {"__pycache__", ".ipynb_checkpoints"}]
        found += [os.path.join(folder, name) for name in files if name.endswith((".yaml", ".yml"))]
        seen += len(inner) + len(files)
        if seen > MOST_FILES:
            raise TaskError(
                f"the task folder holds more than {MOST_FILES:,} files.",
                fix="Give the folder that holds the task files themselves.",
                where=str(root),
            )
    return sorted(found)
