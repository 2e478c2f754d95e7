"""Plain YAML with the line of every value.

Files are hostile input: tags (and so code), very large files, deep nesting, aliases that multiply and duplicate keys
are errors, and nothing is expanded.  Knows nothing of trials.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.spec.regular import read_regular
from fairtrial.spec.yamlnodes import (
    LONGEST_NUMBER,
    NUMBERS,
    PLAIN,
    WRONG_SCALAR,
    explain_wrong_scalar,
    find_first_line,
    shorten,
)

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
MAX_VALUES = 50_000
START = "`fairtrial init` writes a trial to start from."
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where each value of a file stands.

    Attributes:
        path: the file.
        lines: location of each key and list entry -> its line, from 1.
        written: location of each unquoted value that YAML does not read as text -> what the file has there.
    """

    path: Path
    lines: dict[Location, int] = field(default_factory=dict)
    written: dict[Location, str] = field(default_factory=dict)

    def line(self, at: Location) -> int:
        """Return the line of ``at``, or of the nearest place around it that the file has."""
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def where(self, at: Location) -> str:
        """Return ``file:line`` of a location."""
        return f"{self.path}:{self.line(at)}"


def read_text(path: Path) -> str:
    """Return a file's text; raise SpecError if it is missing, too large, unreadable or not text."""
    try:
        text = read_regular(path, MAX_BYTES).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SpecError(f"there is no file {str(path)!r}.{did_you_mean(path.name, _list_beside(path))}") from error
    except IsADirectoryError as error:
        raise SpecError("this is a folder; a file is needed.", where=str(path)) from error
    except OSError as error:
        where = shorten(str(path), 200)
        raise SpecError(f"the file cannot be read: {error.strerror}.", where=where) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SpecError("the file is not UTF-8 text.", where=f"{path}:{line}", fix="Save it as UTF-8.") from error
    if found := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise SpecError(f"the character U+{ord(found.group()):04X} is not allowed in YAML.", where=f"{path}:{line}")
    return text


def _list_beside(path: Path) -> list[str]:
    """Names of the YAML files in a file's folder."""
    try:
        return sorted(p.name for p in path.parent.iterdir() if p.suffix in {".yaml", ".yml"})
    except OSError:
        return []


def read_yaml(path: Path, empty: str = START) -> tuple[str, Any, Places]:
    """Return a file's text, its values, and where each value stands.

    Args:
        path: the file.
        empty: what to do about a file that is empty.

    Raises:
        SpecError: the file is missing, unreadable, hostile or no YAML; with its line and what stands there.
    """
    text = read_text(path)
    try:
        check_depth(text, path)
        node = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        if looks_deep(text):  # newer versions of the library have a limit of their own, in words of their own
            raise SpecError(f"nested more than {MAX_DEPTH} levels deep.", where=str(path)) from error
        if not isinstance(error, yaml.MarkedYAMLError):
            raise SpecError(f"not valid YAML: {find_first_line(error)}", where=str(path)) from error
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        rows = text.splitlines()
        seen = rows[line - 1].strip()[:80] if line <= len(rows) else "the end of the file"
        reason = (error.problem or error.context or "").removeprefix("but ")
        raise SpecError(f"not valid YAML: {reason}: {seen!r}", where=f"{path}:{line}") from error
    if node is None:
        raise SpecError("the file is empty.", where=str(path), fix=empty)
    reader = NodeReader(path)
    return text, reader.value(node, ()), reader.places


def looks_deep(text: str, most: int = MAX_DEPTH) -> bool:
    """Return whether brackets or dashes are nested more than ``most`` deep, without reading the text as YAML."""
    if "- " * (most + 1) in text:
        return True
    depth = 0
    for mark in re.finditer(r"[\[\]{}]", text):
        depth = depth + 1 if mark[0] in "[{" else max(0, depth - 1)
        if depth > most:
            return True
    return False


def check_depth(text: str, path: Path) -> None:
    """Raise SpecError for nesting so deep that the parser, which recurses in C, would crash on it."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise SpecError(f"nested more than {MAX_DEPTH} levels deep.", where=f"{path}:{line}")


class NodeReader:
    """Turns YAML nodes into plain values and remembers where each stood."""

    def __init__(self, path: Path) -> None:
        self.places = Places(path)
        self.seen = 0
        self.scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, at: Location) -> Any:
        """Return the value of a node; raises SpecError for tags, duplicate keys and too many values."""
        line = node.start_mark.line + 1
        self.places.lines.setdefault(at, line)
        self.seen += 1
        where = f"{self.places.path}:{line}"
        if len(at) > MAX_DEPTH:
            raise SpecError("an alias here refers to something that holds it.", where=where)
        if self.seen > MAX_VALUES:
            raise SpecError(f"more than {MAX_VALUES:,} values, aliases followed.", where=where)
        if isinstance(node, yaml.MappingNode) and node.tag == PLAIN + "map":
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode) and node.tag == PLAIN + "seq":
            return [self.value(child, (*at, i)) for i, child in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode) or not node.tag.startswith(PLAIN):
            raise SpecError(f"the tag {shorten(node.tag.replace(PLAIN, '!!'))!r} is not allowed here.", where=where)
        return self.scalar(node, at)

    def scalar(self, node: yaml.ScalarNode, at: Location) -> Any:
        """Return the value of a single word or number."""
        try:
            if node.tag in NUMBERS and len(node.value) > LONGEST_NUMBER:
                raise ValueError("too long")
            value = self.scalars.construct_object(node, deep=True)
        except (yaml.YAMLError, *WRONG_SCALAR) as error:
            where = self.places.where(at)
            raise SpecError(f"{explain_wrong_scalar(node)}.", where=where, fix="Text goes in quotes.") from error
        if not isinstance(value, str):
            self.places.written[at] = node.value
        return value

    def mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Any]:
        """Return a mapping with text keys."""
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            where = f"{self.places.path}:{line}"
            if not isinstance(key_node, yaml.ScalarNode):
                raise SpecError("a key must be plain text.", where=where)
            key = str(key_node.value)
            if key_node.tag == PLAIN + "merge":
                raise SpecError("merge keys ('<<') are not read; repeat the keys.", where=where)
            if key in found:
                first = self.places.line((*at, key))
                raise SpecError(
                    f"the key {shorten(key)!r} appears twice in one place, first in line {first}.", where=where
                )
            self.places.lines[(*at, key)] = line
            found[key] = self.value(child, (*at, key))
        return found
