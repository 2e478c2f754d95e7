"""Reads one task YAML with its includes; knows nothing of what the keys mean.

The form is that of lm-evaluation-harness: ``include`` names one or several files beside the including one (a name
without ``.yaml`` is allowed), own keys replace included ones whole, and ``!function module.name`` points at Python
code, which is kept as a `CodeRef` and never imported here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fairtrial.errors import TaskError
from fairtrial.spec.regular import read_regular
from fairtrial.spec.yamlfile import looks_deep
from fairtrial.spec.yamlnodes import (
    WRONG_SCALAR,
    NodeError,
    check_nodes,
    explain_wrong_scalar,
    find_first_line,
    shorten,
)

_Base: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES = 2_000_000
MOST_INCLUDES = 20
"""Levels of files that include each other."""

_MOST_FILES = 200
_MOST_VALUES = 100_000
_MOST_LEVELS = 100
_LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class CodeRef:
    """A ``!function`` in a task file.

    Attributes:
        module: file name without ``.py``, dots for folders, relative to the YAML's folder; or ``fairtrial``.
        name: the function in it.
        path: the YAML file that names it.
        line: line in that file, from 1.
        root: folder of task files that it belongs to.
    """

    module: str
    name: str
    path: Path
    line: int
    root: Path = field(default=Path(), compare=False)

    @property
    def source(self) -> Path:
        """The Python file it would come from."""
        return self.path.parent / (self.module.replace(".", "/") + ".py")

    @property
    def where(self) -> str:
        """File and line, as errors show it."""
        return f"{self.path}:{self.line}"

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def _make_loader(path: Path, root: Path) -> type[yaml.SafeLoader]:
    class Loader(_Base):  # type: ignore[misc,valid-type]
        def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
            try:
                return super().construct_object(node, deep)
            except WRONG_SCALAR as error:
                if not isinstance(node, yaml.ScalarNode):
                    raise
                raise yaml.constructor.ConstructorError(
                    None, None, explain_wrong_scalar(node), node.start_mark
                ) from error

    def reference(loader: yaml.SafeLoader, node: yaml.Node) -> CodeRef:
        text = str(loader.construct_scalar(node)) if isinstance(node, yaml.ScalarNode) else ""
        line = node.start_mark.line + 1
        if text.startswith("fairtrial:"):
            return CodeRef("fairtrial", text.removeprefix("fairtrial:"), path, line, root)
        module, _, name = text.rpartition(".")
        if not module or not name or len(text) > _LONGEST_NAME or not text.isprintable():
            raise TaskError(f"!function {shorten(text)!r} is not of the form module.name", where=f"{path}:{line}")
        return CodeRef(module, name, path, line, root)

    Loader.add_constructor("!function", reference)
    return Loader


def _check_depth(text: str) -> None:
    """Raise RecursionError for nesting that would crash libyaml, which recurses in C."""
    if sum(text.count(mark) for mark in ("[", "{", "- ", "-\t", "? ", "?\t")) < _MOST_LEVELS:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MOST_LEVELS:
            raise RecursionError


def _read_text(path: Path) -> str:
    """Return the text of a task file.  Raises TaskError if it cannot be read, is no regular file, or is no text."""
    try:
        return read_regular(path, MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise TaskError(f"cannot be read: {error.strerror or error}", where=shorten(str(path), 300)) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TaskError("is not UTF-8 text", fix="Save it as UTF-8.", where=f"{path}:{line}") from error


def _read_yaml(path: Path, root: Path) -> dict[str, Any]:
    """Return the mapping in ``path``, includes not followed.  Raises TaskError if it is not readable YAML."""
    text = _read_text(path)
    if found := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise TaskError(f"the character U+{ord(found.group()):04X} is not allowed in YAML", where=f"{path}:{line}")
    try:
        _check_depth(text)
        loader = _make_loader(path, root)(text)
        node = loader.get_single_node()
        if node is None:
            raise TaskError("is empty", where=str(path))
        # the harness's own files say what they say to the harness, which takes the last of two values
        check_nodes(node, _MOST_VALUES, _MOST_LEVELS, last_wins="/lm_eval/tasks/" in path.as_posix())
        value = loader.construct_document(node)
    except NodeError as error:
        raise TaskError(error.message, fix=error.fix, where=f"{path}:{error.line}") from error
    except RecursionError as error:
        raise TaskError("is nested too deeply", where=str(path)) from error
    except (yaml.YAMLError, *WRONG_SCALAR) as error:
        if looks_deep(text, 100):  # newer versions of the library have a limit of their own
            raise TaskError("is nested too deeply", where=str(path)) from error
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise TaskError(f"is not valid YAML: {find_first_line(error)}", where=where) from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TaskError(f"must hold a mapping of names to values; got {type(value).__name__}", where=str(path))
    return value


def load_yaml(path: Path, root: Path) -> dict[str, Any]:
    """Return the mapping in ``path`` with its includes merged in; ``include`` itself is gone.

    Args:
        path: the YAML file.
        root: folder that no include may leave, whatever links or ``..`` it uses.

    Raises TaskError for a file that is missing, malformed, outside ``root`` or includes itself, and for too many.
    """
    return _Reader(root).merged(path, ())


class _Reader:
    """Reads one task file with its includes, each once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._done: dict[Path, dict[str, Any]] = {}
        self._included = 0

    def merged(self, path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
        """Return the merged mapping; ``above`` are the files, resolved, that include it."""
        real = path.resolve()
        if real in above:
            chain = " -> ".join(p.name for p in (*above, real))
            raise TaskError(f"includes itself: {chain}", where=str(above[0]))
        if len(above) > MOST_INCLUDES:
            raise TaskError(f"is included through more than {MOST_INCLUDES} other files", where=str(path))
        if real not in self._done:
            own = _read_yaml(path, self._root)
            names = own.pop("include", [])
            found: dict[str, Any] = {}
            for name in names if isinstance(names, list) else [names]:
                if not isinstance(name, str):
                    said = shorten(repr(name))
                    raise TaskError(f"include must be a file name or a list of them; got {said}", where=str(path))
                self._included += 1
                if self._included > _MOST_FILES:
                    raise TaskError(f"it includes more than {_MOST_FILES} files", where=str(path))
                found.update(self.merged(_find_include(path, name, self._root), (*above, real)))
            self._done[real] = {**found, **own}
        return dict(self._done[real])


def _find_include(path: Path, name: str, root: Path) -> Path:
    """Return the file that ``include: name`` in ``path`` means.  Raises TaskError if it is missing or outside root."""
    target = path.parent / name
    try:
        inside, there = target.resolve().is_relative_to(root.resolve()), target.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL character, a name too long, links in a circle
        reason = getattr(error, "strerror", None) or error
        raise TaskError(f"include {shorten(name)!r} cannot be found: {reason}", where=str(path)) from error
    if not inside:
        raise TaskError(
            f"include {shorten(name)!r} lies outside the task folder {root}",
            fix="Put the included file into the task folder, or give its common parent as the task folder.",
            where=str(path),
        )
    if not there and not target.exists():
        raise TaskError(f"include {shorten(name)!r} does not exist", where=str(path))
    return target
