"""Which files a task's Python code consists of: what the named file imports from the user's folders, and data beside.

Found by reading the code, not by running it, so that imports inside functions count, too.  Also finds where code keeps
a random generator of its own.  This module runs nothing.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType

_OWN = Path(__file__).resolve().parents[2]
_INSTALLED = ("site-packages", "dist-packages")
_LONGEST_NAME = 200
_OWN_GENERATORS = {"Random", "SystemRandom", "default_rng", "RandomState", "Generator", "PCG64", "SeedSequence"}
_UNSTEADY = {
    *_OWN_GENERATORS, "uuid1", "uuid4", "urandom", "token_hex", "token_bytes", "token_urlsafe", "randbelow", "time_ns",
    "perf_counter", "now", "utcnow", "today", "getpid",
}  # fmt: skip


def is_task_code(file: Path, folder: Path) -> bool:
    """Whether a Python file belongs to a task rather than to Python or to an installed package.

    Args:
        file: of a module, resolved.
        folder: of the task file that names the code, resolved.
    """
    if file.is_relative_to(folder):
        return True
    if file.is_relative_to(_OWN):
        return False
    inside = _find_path_in_package(file)
    if inside is not None:  # an installed package, as lm-evaluation-harness is, may hold task files, too
        same = inside[:2] == (_find_path_in_package(folder) or ())[:2] and len(inside) > 2
        return same and not (file.name == "__init__.py" and folder.is_relative_to(file.parent))
    return not any(file.is_relative_to(place) for place in _list_standard_library())


def _find_path_in_package(path: Path) -> tuple[str, ...] | None:
    at = max((n for n, part in enumerate(path.parts) if part in _INSTALLED), default=-1)
    return path.parts[at + 1 :] if at >= 0 else None


@lru_cache(maxsize=1)
def _list_standard_library() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib")
    return tuple({Path(sysconfig.get_path(name)).resolve() for name in names})


def find_sources(module: ModuleType, folder: Path) -> dict[str, Path]:
    """Return the files that decide what a loaded module does, by module name or path relative to ``folder``.

    The module itself is not among them.  Counted are modules that it imports, and those import, where `is_task_code`;
    and files in their folders that their code names.
    """
    start = Path(str(module.__file__)).resolve()
    found: dict[str, Path] = {}
    seen, rest = {start}, [(start, module.__name__)]
    while rest:
        file, name = rest.pop()
        tree = _parse_file(file)
        for path in _find_named_files(tree, file.parent):
            found[Path(os.path.relpath(path, folder)).as_posix()] = path
        for imported in _list_imports(tree, name, file.name == "__init__.py"):
            other = _find_file(imported, file.parent)
            if other is not None and other not in seen and is_task_code(other, folder):
                seen.add(other)
                found[imported] = other
                rest.append((other, imported))
    return found


def hash_code(path: Path) -> str:
    """Return the sha256 of a file, or nothing if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


@lru_cache(maxsize=256)
def _parse(source: bytes) -> ast.Module:
    with warnings.catch_warnings():  # about the style of somebody else's code
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _parse_file(file: Path) -> ast.Module:
    try:
        return _parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _list_imports(tree: ast.Module, name: str, is_package: bool) -> Iterator[str]:
    """Names of all modules that code may import, packages above them included."""
    above = name.split(".") if is_package else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _list_with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            parts = above[: len(above) - node.level + 1] if node.level else []
            base = ".".join([*parts, *(node.module or "").split(".")]).strip(".")
            yield from _list_with_packages(base)
            yield from (f"{base}.{alias.name}".strip(".") for alias in node.names)


def _list_with_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[: n + 1]) for n in range(len(parts)) if name)


def _find_file(name: str, beside: Path) -> Path | None:
    """The Python file of a module, by where it was or would be imported from; imports nothing."""
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded:
        return Path(loaded).resolve()
    if name.partition(".")[0] in sys.stdlib_module_names:
        return None
    inner = Path(*name.split("."))
    for base in (*map(Path, sys.path), beside):
        for path in (base / inner.with_name(inner.name + ".py"), base / inner / "__init__.py"):
            if path.is_file():
                return path.resolve()
    return None


def _find_named_files(tree: ast.Module, folder: Path) -> Iterator[Path]:
    """Files in a folder, or in folders of it, whose names stand in code as texts; Python and task files left out."""
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) <= _LONGEST_NAME
    }
    names = sorted(text for text in texts if text.isprintable() and text.strip("./ "))
    folders = [folder, *(folder / name for name in names if _is_asked(Path.is_dir, folder / name))]
    for base in folders:
        for name in names:
            path = base / name
            if path.suffix not in {".py", ".yaml", ".yml"} and _is_asked(Path.is_file, path):
                real = path.resolve()
                if real.is_relative_to(folder):
                    yield real


def _is_asked(asked: object, path: Path) -> bool:
    try:
        return bool(asked(path))  # type: ignore[operator]
    except (OSError, ValueError):  # too long a name, or one with a NUL
        return False


def may_draw(files: Mapping[str, Path]) -> bool:
    """Whether code in these files may draw at random or look at a clock, judged by the words in it."""
    words = (b"rand", b"shuffle", b"sample", b"secrets", b"uuid", b"time")
    for file in files.values():
        try:
            source = file.read_bytes() if file.suffix == ".py" else b""
        except OSError:
            continue
        if any(word in source for word in words):
            return True
    return False


def find_own_generators(files: Mapping[str, Path]) -> list[str]:
    """Return file, line and code of what in these files is not steadied by seeding Python's and numpy's generators."""
    found = []
    for file in files.values():
        for node in ast.walk(_parse_file(file) if file.suffix == ".py" else ast.Module([], [])):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in _UNSTEADY and (name not in _OWN_GENERATORS or not node.args):
                    found.append(f"{file.name}:{node.lineno} ({ast.unparse(node)[:60]})")
    return found
