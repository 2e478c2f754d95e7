"""What may stand in the source of restricted code: RestrictedPython's rules, with more of everyday Python allowed.

Allowed beside its own: names and attributes with one underscore in front (attributes only of objects whose class the
code defines itself, which is checked when it runs), annotations, ``x[i] += 1``, ``nonlocal``, a few special methods.
Refused as there: names with two underscores, frames and code objects by their attributes, ``exec`` and ``eval``,
coroutines.  This module runs nothing.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from RestrictedPython.transformer import (
    INSPECT_ATTRIBUTES,
    IOPERATOR_TO_STR,
    RestrictingNodeTransformer,
    copy_locations,
)

READABLE = frozenset({"__name__", "__file__"})
"""Names with two underscores that code may read."""

SPECIAL_METHODS = frozenset({
    "__init__", "__call__", "__repr__", "__str__", "__len__", "__iter__", "__next__", "__getitem__", "__contains__",
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__bool__", "__enter__", "__exit__",
    "__add__", "__sub__", "__mul__", "__post_init__",
})  # fmt: skip
"""Special methods that a class may define."""

FORBIDDEN_ATTRIBUTES = INSPECT_ATTRIBUTES | {"mro", "tb_lasti", "tb_lineno", "f_lasti", "f_lineno", "obj"}
_GUARD = re.compile(r"_[a-z]\w*_")


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that the rules do not allow.

    Attributes:
        line: in the source, from 1.
        what: the construct, as it goes on after "it".
    """

    line: int
    what: str


def check_rules(tree: ast.Module) -> list[Violation]:
    """Return what in a syntax tree is not allowed.  The tree is changed."""
    return _transform(tree).found


def compile_restricted(source: str, file: str) -> Any:
    """Return code for ``exec``.  Raises SyntaxError, naming the line, for what is not allowed."""
    tree = ast.parse(source, file)
    found = _transform(tree).found
    if found:
        raise SyntaxError(f"line {found[0].line}: it {found[0].what}")
    ast.fix_missing_locations(tree)
    return compile(tree, file, "exec", dont_inherit=True)


def _transform(tree: ast.Module) -> _Policy:
    policy = _Policy()
    try:
        policy.visit(tree)
    except RecursionError:
        policy.found.append(Violation(1, "is nested too deeply"))
    return policy


class _Policy(RestrictingNodeTransformer):
    def __init__(self) -> None:
        super().__init__([], [], {})
        self.found: list[Violation] = []

    def error(self, node: ast.AST, info: str) -> None:
        """Take up what RestrictedPython refuses."""
        self.found.append(Violation(getattr(node, "lineno", 0), f"uses what is not allowed: {info.rstrip('.')}"))

    def not_allowed(self, node: ast.AST) -> None:
        """Take up a kind of statement that is not allowed."""
        self.found.append(Violation(getattr(node, "lineno", 0), f"has a statement {type(node).__name__}"))

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:
        """Refuse names that guard this code, or that Python itself gives a meaning."""
        if name is None or name == "_":
            return
        if name.startswith("__"):
            if not (allow_magic_methods and name in SPECIAL_METHODS and node.col_offset != 0):
                self.found.append(Violation(node.lineno, f"uses the name {name}"))
        elif _GUARD.fullmatch(name) or name == "_print":
            self.found.append(Violation(node.lineno, f"uses the name {name}, which is reserved"))

    def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: N802
        """Check a name; ``print`` is one like any other."""
        if not (isinstance(node.ctx, ast.Load) and node.id in READABLE):
            self.check_name(node, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:  # noqa: N802
        """Have attributes read and written by the guards; see `fairtrial.sandbox.restricted.guards`."""
        name, reading = node.attr, isinstance(node.ctx, ast.Load)
        special = reading and (name == "__name__" or (name == "__init__" and _is_super(node.value)))
        if (name.startswith("__") and not special) or name in FORBIDDEN_ATTRIBUTES:
            self.found.append(Violation(node.lineno, f"uses the attribute .{name}"))
        node = self.node_contents_visit(node)
        if reading:
            return _call("_getattr_", [node.value, ast.Constant(name)], node)
        node.value = _call("_write_", [node.value], node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:  # noqa: N802
        """Leave the annotation out: it does nothing in the code that is run; its name is checked like any other."""
        if isinstance(node.target, ast.Name):
            self.check_name(node.target, node.target.id)
        elif isinstance(node.target, ast.Attribute) and node.target.attr.startswith("__"):
            self.found.append(Violation(node.lineno, f"uses the attribute .{node.target.attr}"))
        if node.value is None:
            empty = ast.Pass()
            copy_locations(empty, node)
            return empty
        plain = ast.Assign(targets=[node.target], value=node.value)
        copy_locations(plain, node)
        return self.visit(plain)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:  # noqa: N802
        """Leave annotations out, and check the rest."""
        node.returns = None
        arguments = node.args
        for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if one is not None:
                one.annotation = None
        return super().visit_FunctionDef(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:  # noqa: N802
        """Have the guards do what changes a part of something: ``a[i] += x`` and ``a.n += x``."""
        target = node.target
        if isinstance(target, ast.Name):
            return super().visit_AugAssign(node)
        sign = ast.Constant(IOPERATOR_TO_STR[type(node.op)])
        if isinstance(target, ast.Attribute):
            if target.attr.startswith("__") or target.attr in FORBIDDEN_ATTRIBUTES:
                self.found.append(Violation(node.lineno, f"uses the attribute .{target.attr}"))
            place, part = self.visit(target.value), ast.Constant(target.attr)
            guard = "_inplaceattr_"
        else:
            place, part, guard = self.visit(target.value), self.visit(target.slice), "_inplaceitem_"
        changed = ast.Expr(_call(guard, [sign, place, part, self.visit(node.value)], node))
        copy_locations(changed, node)
        return changed

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:  # noqa: N802
        """Keep the names that a class annotates, for what stands in for data classes."""
        names = [
            part.target.id
            for part in node.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        ]
        self.found += [
            Violation(node.lineno, f"has a field {name}; fields may not begin with an underscore")
            for name in names
            if name.startswith("_")
        ]
        made: Any = super().visit_ClassDef(node)
        if names:
            value = ast.Tuple([ast.Constant(name) for name in names], ast.Load())
            made.body.insert(0, ast.Assign([ast.Name("__annotated__", ast.Store())], value))
        ast.copy_location(made, node)
        return made

    def visit_Nonlocal(self, node: ast.Nonlocal) -> Any:  # noqa: N802
        """Allow it; names are checked where they are given a value."""
        return node

    def visit_Call(self, node: ast.Call) -> Any:  # noqa: N802
        """Refuse what runs text as code."""
        if isinstance(node.func, ast.Name) and node.func.id in {"exec", "eval", "compile"}:
            self.found.append(Violation(node.lineno, f"calls {node.func.id}"))
            return node
        return super().visit_Call(node)


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _call(name: str, arguments: list[Any], near: Any) -> ast.Call:
    made = ast.Call(func=ast.Name(name, ast.Load()), args=arguments, keywords=[])
    copy_locations(made, near)
    for part in ast.walk(made.func):
        ast.copy_location(part, near)
    for argument in arguments:
        if isinstance(argument, ast.Constant) and not hasattr(argument, "lineno"):
            ast.copy_location(argument, near)
    return made
