"""The part of a task's Python files that a function needs: the function, what it uses, and what that uses.

Read from the source; nothing runs.  A file is followed into those that it imports from the same folder of tasks.  Where
a name is not defined by a statement of its own (``globals()[...] = ...``), and where loading a file draws random
numbers, all of the file counts.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from fairtrial.errors import TaskCodeError
from fairtrial.sandbox.restricted.names import PLAIN, STAND_INS
from fairtrial.sandbox.restricted.policy import Violation, check_rules
from fairtrial.tasks.lmeval.code_files import CodeSource, find_first_line, is_idle, read_code_file
from fairtrial.tasks.lmeval.restricted.offered import LIBRARIES

_MOST_FILES = 50
_LOOSE = (ast.Expr, ast.For, ast.While, ast.If, ast.With, ast.Try, ast.AugAssign)


@dataclass
class Closure:
    """What a function needs.

    Attributes:
        kept: file to positions of the statements that are needed.
        resolved: (file, import as written) to the file that it means.
        libraries: modules of `offered` that it imports.
    """

    kept: dict[Path, set[int]] = field(default_factory=dict)
    resolved: dict[tuple[Path, str], Path] = field(default_factory=dict)
    libraries: set[str] = field(default_factory=set)

    def text(self, path: Path) -> str:
        """Return the source of a file with what is not needed left blank, lines where they were."""
        source, kept = read_code_file(path), self.kept[path]
        wanted: set[int] = set()
        for number in kept:
            node = source.tree.body[number]
            wanted |= set(range(find_first_line(node), (node.end_lineno or node.lineno) + 1))
        lines = source.text.splitlines()
        return "\n".join(line if number in wanted else "" for number, line in enumerate(lines, 1)) + "\n"

    def fingerprint(self) -> str:
        """Return the sha256 of all that is needed."""
        parts = sorted(self.text(path) for path in self.kept)
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def find_closure(path: Path, name: str, root: Path) -> Closure:
    """Return what a function needs.

    Args:
        path: the Python file.
        name: of the function.
        root: folder that no import may leave.

    Raises TaskCodeError, naming construct and line, if anything in it is not allowed.
    """
    finder = _Finder(root.resolve())
    finder.want(path.resolve(), name)
    found = finder.finish()
    for file, numbers in found.kept.items():
        if violations := _check_file(read_code_file(file), tuple(sorted(numbers))):
            first = violations[0]
            raise TaskCodeError(f"line {first.line} of {file.name}: it {first.what}", where=str(file))
    return found


_checked: dict[tuple[int, tuple[int, ...]], tuple[CodeSource, list[Violation]]] = {}


def _check_file(source: CodeSource, numbers: tuple[int, ...]) -> list[Violation]:
    key = (id(source), numbers)
    if key not in _checked:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(source.text).body  # anew: the check changes it
        tree = ast.Module([body[number] for number in numbers], [])
        _checked[key] = (source, check_rules(tree))
    return _checked[key][1]


class _Finder:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._found = Closure()
        self._rest: list[tuple[Path, str | None]] = []
        self._seen: set[tuple[Path, str | None]] = set()

    def want(self, path: Path, name: str | None) -> None:
        """Take up a name of a file, or all of it."""
        if (path, name) not in self._seen:
            self._seen.add((path, name))
            self._rest.append((path, name))

    def finish(self) -> Closure:
        """Follow all that was taken up."""
        while self._rest:
            path, name = self._rest.pop()
            source = read_code_file(path)
            self._found.kept.setdefault(path, set())
            if len(self._found.kept) > _MOST_FILES:
                raise TaskCodeError(f"it needs more than {_MOST_FILES} files", where=str(path))
            if name is None or source.draws_when_loaded or (name not in source.defined and source.is_dynamic):
                self._keep_all(source)
            elif name not in source.defined:
                raise TaskCodeError(f"{path.name} has no function {name!r}", where=str(path))
            else:
                for number in source.defined[name]:
                    self._keep(source, number)
            if not self._rest:
                self._keep_loose()
        return self._found

    def _keep_all(self, source: CodeSource) -> None:
        for number, node in enumerate(source.tree.body):
            if not is_idle(node):
                self._keep(source, number)

    def _keep(self, source: CodeSource, number: int) -> None:
        kept = self._found.kept[source.path]
        if number in kept:
            return
        kept.add(number)
        node = source.tree.body[number]
        for name in source.used(number):
            if name in source.defined:
                self.want(source.path, name)
            elif "*" in source.defined and not hasattr(builtins, name):
                self.want(source.path, "*")
        for one, excused in source.imports(number):
            self._follow(source, one, excused)
        if source.aliases.keys() & source.used(number):
            self._check_attributes(source, node)

    def _keep_loose(self) -> None:
        """Keep statements that change what is kept: ``table.update(...)``, ``for x in ...: table[x] = ...``."""
        for path in [*self._found.kept]:
            source, kept = read_code_file(path), self._found.kept[path]
            values = {
                name
                for name, numbers in source.defined.items()
                if kept.intersection(numbers)
                and not isinstance(source.tree.body[numbers[0]], ast.FunctionDef | ast.ClassDef | ast.Import)
                and not isinstance(source.tree.body[numbers[0]], ast.ImportFrom)
            }
            for number, node in enumerate(source.tree.body):
                loose = number not in kept and isinstance(node, _LOOSE) and not is_idle(node)
                if loose and values & source.used(number):
                    self._keep(source, number)

    # imports

    def _follow(self, source: CodeSource, node: ast.Import | ast.ImportFrom, excused: bool) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._follow_module(source, alias.name, None, node.lineno, excused)
            return
        asked = "." * node.level + (node.module or "")
        if asked == "__future__":
            return
        for alias in node.names:
            inside = asked + ("" if asked.endswith(".") else ".") + alias.name
            if (own := self._find_file(source.path, inside)) is not None:
                self._found.resolved[source.path, inside] = own
                self._want_attributes(source, own, alias.asname or alias.name)
            else:
                self._follow_module(source, asked, alias.name, node.lineno, excused)

    def _follow_module(self, source: CodeSource, asked: str, name: str | None, line: int, excused: bool) -> None:
        if (own := self._find_file(source.path, asked)) is not None:
            self._found.resolved[source.path, asked] = own
            if name is None:
                self._want_attributes(source, own, asked)
            else:
                self.want(own, name)
            return
        known = _list_names(asked)
        whole = f"{asked}.{name}"
        if name is not None and known is not None and _list_names(whole) is not None:
            asked, known, name = whole, _list_names(whole), None
        if known is None and not excused:
            raise TaskCodeError(f"line {line} of {source.path.name}: it imports {asked}", where=str(source.path))
        if known and name is not None and name not in known and not excused:
            raise TaskCodeError(
                f"line {line} of {source.path.name}: it imports {name} from {asked}", where=str(source.path)
            )
        if asked in LIBRARIES:
            self._found.libraries.add(asked)

    def _want_attributes(self, source: CodeSource, module: Path, alias: str) -> None:
        """Take up what is used of an imported module of the task: its attributes, or all if it is used otherwise."""
        names = source.attributes_of(alias) if "." not in alias else None
        for name in [None] if names is None else sorted(names):
            self.want(module, name)
        self._found.kept.setdefault(module, set())

    def _find_file(self, importer: Path, asked: str) -> Path | None:
        """The file of the task that an import means, or None."""
        level = len(asked) - len(asked.lstrip("."))
        parts = [part for part in asked.lstrip(".").split(".") if part]
        if level:
            base = importer.parent
            for _ in range(level - 1):
                base = base.parent
            bases = [base]
        elif parts[:2] == ["lm_eval", "tasks"]:
            inside = next(
                (one for one in (importer, *importer.parents) if one.parts[-2:] == ("lm_eval", "tasks")), None
            )
            bases, parts = [inside] if inside else [], parts[2:]
        else:
            bases = [] if _list_names(asked) is not None else [importer.parent]
        for base in bases if parts else []:
            stem = base.joinpath(*parts)
            for path in (stem.with_name(stem.name + ".py"), stem / "__init__.py"):
                if path.is_file() and path.resolve().is_relative_to(self._root):
                    return path.resolve()
        return None

    def _check_attributes(self, source: CodeSource, node: ast.stmt) -> None:
        """Refuse what a library has, and what stands in for it has not: ``np.load``."""
        for part in ast.walk(node):
            if not (isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name)):
                continue
            module = source.aliases.get(part.value.id)
            known = _list_names(module) if module else None
            if known and part.attr not in known and _list_names(f"{module}.{part.attr}") is None:
                raise TaskCodeError(
                    f"line {part.lineno} of {source.path.name}: it uses {module}.{part.attr}", where=str(source.path)
                )


def _list_names(module: str) -> frozenset[str] | None:
    """Names that code finds in a module; none stands for any; None if it may not be imported."""
    for table in (PLAIN, STAND_INS, LIBRARIES):
        if module in table:
            return table[module]
    inside = {
        name[len(module) + 1 :].partition(".")[0]
        for table in (PLAIN, STAND_INS, LIBRARIES)
        for name in table
        if name.startswith(f"{module}.")
    }
    return frozenset(inside) or None
