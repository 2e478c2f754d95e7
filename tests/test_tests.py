"""The tests, checked: each asserts something, whatever happens, and says which error it expects."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fairtrial.errors

FILES = sorted(Path(__file__).parent.rglob("test_*.py"))
OURS = {name for name, value in vars(fairtrial.errors).items() if isinstance(value, type) and name.endswith("Error")}


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def find_tests(path: Path) -> list[ast.FunctionDef]:
    return [function for function in functions(path) if function.name.startswith("test_")]


def named(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def judges(function: ast.FunctionDef) -> bool:
    """Whether a function asserts, or expects an error or a warning."""
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and named(node) in ("raises", "warns"))
        for node in ast.walk(function)
    )


def hidden(function: ast.FunctionDef) -> Iterator[int]:
    """Yield the lines of assertions behind an ``if``."""
    for node in ast.walk(function):
        branches = [*node.body, *node.orelse] if isinstance(node, ast.If) else []
        yield from (inner.lineno for branch in branches for inner in ast.walk(branch) if isinstance(inner, ast.Assert))


def vague(function: ast.FunctionDef) -> Iterator[int]:
    """Yield the lines where any error of one of our classes will do, whatever it says."""
    items = [item for node in ast.walk(function) if isinstance(node, ast.With) for item in node.items]
    for item in items:
        call = item.context_expr
        if isinstance(call, ast.Call) and named(call) == "raises" and item.optional_vars is None:
            classes = {node.id for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Name)}
            if classes & OURS and not any(keyword.arg == "match" for keyword in call.keywords):
                yield call.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_test_judges_whatever_happens(path: Path) -> None:
    judging = {function.name for function in functions(path) if judges(function)}
    idle = [
        test.name
        for test in find_tests(path)
        if not judging & {test.name, *(named(node) for node in ast.walk(test) if isinstance(node, ast.Call))}
    ]
    assert idle == [], "these assert nothing"
    assert [f"{path.name}:{line}" for test in find_tests(path) for line in hidden(test)] == [], "asserted only if"
    assert [f"{path.name}:{line}" for test in find_tests(path) for line in vague(test)] == [], "say what the error says"
