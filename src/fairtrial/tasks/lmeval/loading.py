"""Reads one task YAML with its includes; knows nothing of what the keys mean.

The form is that of lm-evaluation-harness: ``include`` names one or several files beside the including one (a name
without ``.yaml`` is allowed), own keys replace included ones whole, and ``!function module.name`` points at Python
code, which is kept as a `CodeRef` and never imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fairtrial.errors import TaskError

_Base: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_MOST_LEVELS = 200


@dataclass(frozen=True, slots=True)
class CodeRef:
    """A ``!function`` in a task file.

    Attributes:
        module: file name without ``.py``, dots for folders, relative to the YAML's folder; or ``fairtrial``.
        name: the function in it.
        path: the YAML file that names it.
        line: line in that file, from 1.
    """

    module: str
    name: str
    path: Path
    line: int

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


def _loader_for(path: Path) -> type[yaml.SafeLoader]:
    class Loader(_Base):  # type: ignore[misc,valid-type]
        pass

    def reference(loader: yaml.SafeLoader, node: yaml.Node) -> CodeRef:
        text = str(loader.construct_scalar(node)) if isinstance(node, yaml.ScalarNode) else ""
        line = node.start_mark.line + 1
        if text.startswith("fairtrial:"):
            return CodeRef("fairtrial", text.removeprefix("fairtrial:"), path, line)
        module, _, name = text.rpartition(".")
        if not module or not name:
            raise TaskError(f"!function {text!r} is not of the form module.name", where=f"{path}:{line}")
        return CodeRef(module, name, path, line)

    Loader.add_constructor("!function", reference)
    return Loader


def _check_depth(content: bytes) -> None:
    """Raise RecursionError for nesting that would crash libyaml, which recurses in C."""
    if sum(content.count(mark) for mark in (b"[", b"{", b"- ", b"-\t", b"? ", b"?\t")) < _MOST_LEVELS:
        return
    depth = 0
    for event in yaml.parse(content, Loader=_Base):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MOST_LEVELS:
            raise RecursionError


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in ``path``, includes not followed.  Raises TaskError if it is not readable YAML."""
    try:
        content = path.read_bytes()
        _check_depth(content)
        value = yaml.load(content, Loader=_loader_for(path))
    except OSError as error:
        raise TaskError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except RecursionError as error:
        raise TaskError("is nested too deeply", where=str(path)) from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise TaskError(f"is not valid YAML: {getattr(error, 'problem', None) or error}", where=where) from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TaskError(f"must hold a mapping of names to values; got {type(value).__name__}", where=str(path))
    return value


def load_yaml(path: Path, root: Path, _open: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return the mapping in ``path`` with its includes merged in; ``include`` itself is gone.

    Args:
        path: the YAML file.
        root: folder that no include may leave, whatever links or ``..`` it uses.

    Raises TaskError for a file that is missing, malformed, outside ``root`` or includes itself.
    """
    real = path.resolve()
    if real in _open:
        chain = " -> ".join(p.name for p in (*_open, real))
        raise TaskError(f"includes itself: {chain}", where=str(_open[0]))
    own = read_yaml(path)
    names = own.pop("include", [])
    merged: dict[str, Any] = {}
    for name in names if isinstance(names, list) else [names]:
        if not isinstance(name, str):
            raise TaskError(f"include must be a file name or a list of them; got {name!r}", where=str(path))
        merged.update(load_yaml(included_file(path, name, root), root, (*_open, real)))
    merged.update(own)
    return merged


def included_file(path: Path, name: str, root: Path) -> Path:
    """Return the file that ``include: name`` in ``path`` means.  Raises TaskError if it is missing or outside root."""
    target = path.parent / name
    if not target.resolve().is_relative_to(root.resolve()):
        raise TaskError(
            f"include {name!r} lies outside the task folder {root}",
            fix="Put the included file into the task folder, or give its common parent as the task folder.",
            where=str(path),
        )
    if not target.is_file():
        raise TaskError(f"include {name!r} does not exist", where=str(path))
    return target
