"""Checks a YAML document before its values are made: aliases that multiply or hold themselves, keys written twice.

Works on PyYAML's nodes; knows nothing of what the keys mean.
"""

from __future__ import annotations

from typing import Any

import yaml

PLAIN = "tag:yaml.org,2002:"
NUMBERS = frozenset(PLAIN + kind for kind in ("int", "float", "bool", "timestamp", "binary"))
LONGEST_NUMBER = 400
"""Characters of a number, date or truth value; Python takes very long over huge numbers."""

WRONG_SCALAR = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What PyYAML's constructors raise for text that is not of the kind that its tag promises."""

_WORDS = {
    "!!timestamp": "date", "!!int": "whole number", "!!float": "number", "!!bool": "truth value (true, false)",
    "!!binary": "base64 data",
}  # fmt: skip


class NodeError(Exception):
    """A node that must not become a value.

    Attributes:
        message: what is wrong.
        line: of the file, from 1.
        fix: what to do, or nothing.
    """

    def __init__(self, message: str, node: yaml.Node, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.line = node.start_mark.line + 1


def shorten(text: str, most: int = 80) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def check_nodes(root: yaml.Node, most_values: int, most_levels: int, last_wins: bool = False) -> None:
    """Raise NodeError for a document that is not what it seems.

    Args:
        root: of the document.
        most_values: that it may hold, aliases followed.
        most_levels: that its lists and mappings may be nested deep, aliases followed.
        last_wins: of a key that is written twice the last value counts, and that is no error.
    """
    sizes: dict[int, tuple[int, int]] = {}  # of each node seen: values in it, levels below it
    above: set[int] = set()
    waiting = [(root, False)]
    while waiting:
        node, done = waiting.pop()
        key = id(node)
        if done:
            inner = [sizes[id(child)] for child in _list_children(node)]
            values, levels = 1 + sum(size for size, _ in inner), 1 + max((depth for _, depth in inner), default=0)
            if values > most_values:
                raise NodeError(f"more than {most_values:,} values, aliases followed", node)
            if levels > most_levels:
                raise NodeError(f"nested more than {most_levels} levels deep, aliases followed", node)
            sizes[key] = (values, levels)
            above.discard(key)
        elif key in above:
            raise NodeError("an alias refers to something that holds it", node)
        elif key not in sizes:
            if isinstance(node, yaml.ScalarNode):
                _check_scalar(node)
                sizes[key] = (1, 1)
                continue
            if isinstance(node, yaml.MappingNode) and not last_wins:
                _check_keys(node)
            above.add(key)
            waiting.append((node, True))
            waiting += [(child, False) for child in _list_children(node)]


def _list_children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _check_scalar(node: yaml.ScalarNode) -> None:
    if node.tag in NUMBERS - {PLAIN + "binary"} and len(node.value) > LONGEST_NUMBER:
        raise NodeError(f"{shorten(node.value)!r} is too long for a number or date; text goes in quotes", node)


def _check_keys(node: yaml.MappingNode) -> None:
    """Raise NodeError for a key that is written twice with different values."""
    found: dict[tuple[str, str], tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == PLAIN + "merge":
            continue
        name = (key.tag, key.value)
        if name in found and not _is_same(value, found[name][1]):
            first = found[name][0].start_mark.line + 1
            raise NodeError(
                f"the key {shorten(key.value)!r} is written twice with different values, first in line {first}", key,
                fix="Delete one of the two; where the file belongs to an installed package, in a copy of it.",
            )  # fmt: skip
        found.setdefault(name, (key, value))


def _is_same(one: yaml.Node, other: yaml.Node) -> bool:
    return (
        isinstance(one, yaml.ScalarNode)
        and isinstance(other, yaml.ScalarNode)
        and (one.tag, one.value) == (other.tag, other.value)
    )


def explain_wrong_scalar(node: yaml.ScalarNode) -> str:
    """Return what is wrong with a scalar whose value could not be made."""
    kind = node.tag.replace(PLAIN, "!!")
    return f"{shorten(str(node.value))!r} is no valid {_WORDS.get(kind, kind)}"


def find_first_line(error: Any) -> str:
    """Return the first line of an error of PyYAML, which may have several."""
    return str(getattr(error, "problem", None) or error).strip().split("\n")[0]
