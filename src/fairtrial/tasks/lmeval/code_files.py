"""Python files of tasks as their source shows them: what each statement defines, uses and imports; nothing runs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from fairtrial.errors import TaskCodeError
from fairtrial.spec.regular import read_regular

_MOST_BYTES = 5_000_000
_DRAWING = ("random", "shuffle", "sample", "choice", "rng")


@dataclass(frozen=True)
class CodeSource:
    """A Python file.

    Attributes:
        path: where it lies, resolved.
        text: its source.
        tree: what it says.
    """

    path: Path
    text: str
    tree: ast.Module

    @cached_property
    def defined(self) -> Mapping[str, list[int]]:
        """Name to the statements of the file that give it a value, by position."""
        found: dict[str, list[int]] = {}
        for number, node in enumerate(self.tree.body):
            for name in _list_defined(node):
                found.setdefault(name, []).append(number)
        return found

    @cached_property
    def draws_when_loaded(self) -> bool:
        """Whether a statement that runs when the file is loaded may draw at random."""
        inert = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
        return any(
            any(word in name for word in _DRAWING for name in _list_words(node))
            for node in self.tree.body
            if not isinstance(node, inert)
        )

    @cached_property
    def is_dynamic(self) -> bool:
        """Whether it may define names by ``globals()``."""
        return any("globals" in self.used(number) for number in range(len(self.tree.body)))

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Name in the file to the module that ``import`` gives it."""
        return {
            alias.asname or alias.name: alias.name
            for number in range(len(self.tree.body))
            for one, _ in self.imports(number)
            if isinstance(one, ast.Import)
            for alias in one.names
        }

    def attributes_of(self, alias: str) -> set[str] | None:
        """Names that the file uses as ``alias.name``; None if it uses the alias in another way, too."""
        found, inside = set[str](), 0
        nodes = [part for statement in self.tree.body for part in ast.walk(statement)]
        for part in nodes:
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == alias:
                found.add(part.attr)
                inside += 1
        every = sum(isinstance(part, ast.Name) and part.id == alias for part in nodes)
        return found if every == inside else None

    @cached_property
    def _facts(self) -> dict[int, tuple[set[str], list[tuple[ast.Import | ast.ImportFrom, bool]]]]:
        return {}

    def _look(self, number: int) -> tuple[set[str], list[tuple[ast.Import | ast.ImportFrom, bool]]]:
        if number not in self._facts:
            node = self.tree.body[number]
            used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            self._facts[number] = used, list(_list_imports(node))
        return self._facts[number]

    def used(self, number: int) -> set[str]:
        """Names in a statement."""
        return self._look(number)[0]

    def imports(self, number: int) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
        """Imports in a statement; see `_list_imports`."""
        return self._look(number)[1]


def read_code_file(path: Path) -> CodeSource:
    """Return a Python file, parsed.  Raises TaskCodeError if it cannot be read or is no Python."""
    try:
        status = path.stat()
        return _read_source(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise TaskCodeError(f"{path.name} cannot be read: {error.strerror or error}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise TaskCodeError(f"{path.name} is no text in UTF-8", where=str(path)) from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise TaskCodeError(f"{path.name} is no Python that can be read: {error}", where=str(path)) from error


@lru_cache(maxsize=256)
def _read_source(path: Path, changed: int, size: int) -> CodeSource:
    text = read_regular(path, _MOST_BYTES).decode("utf-8-sig").replace("\r\n", "\n").replace("\f", " ")
    with warnings.catch_warnings():  # about the style of somebody else's code
        warnings.simplefilter("ignore")
        return CodeSource(path, text, ast.parse(text))


def is_idle(node: ast.stmt) -> bool:
    """Whether a statement does nothing here: a text, or what is only done when the file is run as a program."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)


def _list_words(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            yield ast.unparse(part.func)


def _list_defined(node: ast.stmt) -> set[str]:
    """Names that a statement at the top of a file gives a value, wherever in it that happens."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    found = set[str]()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
            found.add(part.id)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in part.names}
        elif isinstance(part, ast.FunctionDef | ast.ClassDef):
            found.add(part.name)
        elif isinstance(part, ast.Subscript | ast.Attribute) and isinstance(part.ctx, ast.Store | ast.Del):
            base = part.value
            while isinstance(base, ast.Subscript | ast.Attribute):
                base = base.value
            if isinstance(base, ast.Name):
                found.add(base.id)
    return found


def _list_imports(node: ast.AST, excused: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Imports in a statement, and whether it goes on without what they import."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, excused
        return
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Try):
        caught = " ".join(ast.unparse(handler.type) if handler.type else "Exception" for handler in node.handlers)
        ends = all(isinstance(handler.body[-1], ast.Raise) for handler in node.handlers)
        catches = not ends and any(name in caught for name in ("ImportError", "ModuleNotFoundError", "Exception"))
        for part in node.body:
            yield from _list_imports(part, excused or catches)
        rest: list[ast.AST] = [*node.handlers, *node.orelse, *node.finalbody]
        for other in rest:
            yield from _list_imports(other, excused)
        return
    for inner in ast.iter_child_nodes(node):
        yield from _list_imports(inner, excused)


def find_first_line(node: ast.stmt) -> int:
    """Return the line on which a statement begins, its decorators included."""
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(int(decorator.lineno) for decorator in decorators)])
