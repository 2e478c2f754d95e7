"""What is our user's own code, and what is Python's or an installed package's, which counts by its name."""

from __future__ import annotations

import enum
import functools
import sys
import sysconfig
import types
from collections.abc import Mapping
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

from fairtrial.records import content_hash
from fairtrial.spec.bytecode import Import


def is_own(value: Any) -> bool:
    """Return whether a class is of our user's own code, not of something installed."""
    return _is_own_name(getattr(value, "__module__", None))


def is_own_function(value: types.FunctionType) -> bool:
    """Return whether a function is of our user's own code, by where it was made: `functools.wraps` changes its name."""
    return _is_own_name(value.__globals__.get("__name__"))


def _is_own_name(name: object) -> bool:
    module = sys.modules.get(name) if isinstance(name, str) else None
    return module is None or module.__name__ == "__main__" or is_own_module(module)


def is_own_module(module: types.ModuleType) -> bool:
    """Return whether a module is our user's own; one without a file is, unless it is Python's."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return module.__name__.partition(".")[0] not in sys.stdlib_module_names
    return is_own_file(file)


@functools.cache
def is_own_file(file: str) -> bool:
    """Return whether a file is our user's own: not of Python, nor in a folder of installed packages."""
    path = Path(file)
    return not any(path.is_relative_to(folder) for folder in _find_installed_folders())


@functools.cache
def _find_installed_folders() -> tuple[Path, ...]:
    paths: Mapping[str, str] = sysconfig.get_paths()
    own = Path(__file__).parents[1]
    return (*(Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib") if name in paths), own)


def is_found_by_name(value: Any) -> bool:
    """Return whether a function or class is what its module has under its name: not one that a function made."""
    found: Any = sys.modules.get(value.__module__ or "")
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


def is_installed(name: str) -> bool:
    """Return whether a module that is not loaded is of an installed package; loads nothing."""
    try:
        spec = find_spec(name.partition(".")[0])
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and not is_own_file(spec.origin)


def resolve_import(found: Import, package: str) -> str:
    """Return the whole name of an imported module.  Raises ImportError for one beyond the top."""
    return resolve_name("." * found.level + found.name, package) if found.level else found.name


def hash_source(module: types.ModuleType) -> str:
    """Return the hash of a module's file; of none if there is none to be read, since its values count anyway."""
    try:
        return content_hash([Path(str(module.__file__)).read_bytes().hex()])
    except OSError:
        return ""


def find_enum_names(kind: type[enum.Enum]) -> set[str]:
    """Return members of an enumeration's class that `enum` made, and those that it lists."""
    made = {
        key
        for key, one in vars(kind).items()
        if key.startswith("_")
        and key.endswith("_")
        and not (isinstance(one, types.FunctionType) and is_own_function(one))
    }
    return made | {*kind.__members__}
