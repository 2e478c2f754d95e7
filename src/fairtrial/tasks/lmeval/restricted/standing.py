"""Stand-ins for modules of Python itself: what task code may do with files, paths, random numbers and logs."""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib
import io
import json
import operator
import posixpath
import random
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from typing import Any

from fairtrial.sandbox.restricted.guards import (
    Module,
    Open,
    RestrictedError,
    bases,
    is_instance_of_own,
    is_own,
    read_attribute,
    readers,
    set_attribute,
)
from fairtrial.sandbox.restricted.names import PLAIN, STAND_INS

Opener = Callable[[str], str]
"""Returns the text of a file of the task, by its path as code sees it."""

readers.append(lambda value, name: type(value) is random.Random and name in STAND_INS["random"])


class Anything(Open):
    """Stands in for a type: may be called, indexed and joined with others, and does nothing."""

    def __call__(self, *args: Any, **_: Any) -> Any:
        """Return the last argument, as ``typing.cast`` does."""
        return args[-1] if args else self

    def __getitem__(self, _: Any) -> Anything:
        return self

    def __or__(self, _: Any) -> Anything:
        return self

    __ror__ = __or__

    def __mro_entries__(self, _: Any) -> tuple[type, ...]:
        return (object,)


class _Types(Module):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"typing has no {name}")
        return False if name == "TYPE_CHECKING" else Anything()


class _Logger(Open):
    def _ignore(self, *_: Any, **__: Any) -> None:
        return None

    debug = info = warning = warn = error = exception = critical = setLevel = addHandler = _ignore  # noqa: N815

    def isEnabledFor(self, _: Any) -> bool:  # noqa: N802
        """Nothing is logged."""
        return False


class _File(Open):
    """The text of a file, as ``open`` gives it."""

    def __init__(self, text: str) -> None:
        self._inner = io.StringIO(text)
        self.read, self.readline, self.readlines = self._inner.read, self._inner.readline, self._inner.readlines
        self.close = self._inner.close

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)


class Path(Open):
    """A path as text; only what `Opener` gives can be read from it."""

    _opener: Opener = staticmethod(lambda path: "")

    def __init__(self, *parts: Any) -> None:
        self._path = posixpath.normpath(posixpath.join(*map(str, parts))) if parts else "."

    def __truediv__(self, other: Any) -> Path:
        return Path(self._path, str(other))

    def __str__(self) -> str:
        return self._path

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and self._path == other._path

    def __hash__(self) -> int:
        return hash(self._path)

    def joinpath(self, *parts: Any) -> Path:
        """Add parts."""
        return Path(self._path, *map(str, parts))

    def resolve(self, **_: Any) -> Path:
        """Return the path itself."""
        return self

    absolute = expanduser = resolve

    @property
    def parent(self) -> Path:
        """The folder."""
        return Path(posixpath.dirname(self._path) or ".")

    @property
    def parents(self) -> list[Path]:
        """The folder, its folder, and so on."""
        found = [self.parent]
        while found[-1]._path not in {"/", "."}:
            found.append(found[-1].parent)
        return found

    @property
    def name(self) -> str:
        """The last part."""
        return posixpath.basename(self._path)

    @property
    def stem(self) -> str:
        """The last part without its ending."""
        return posixpath.splitext(self.name)[0]

    @property
    def suffix(self) -> str:
        """The ending."""
        return posixpath.splitext(self.name)[1]

    def as_posix(self) -> str:
        """Return the path as text."""
        return self._path

    def exists(self) -> bool:
        """Whether it can be read."""
        return _exists(self._path)

    is_file = exists

    def read_text(self, *_: Any, **__: Any) -> str:
        """Return the text of the file."""
        return Path._opener(self._path)

    def open(self, mode: str = "r", *_: Any, **__: Any) -> _File:
        """Open the file for reading."""
        return open_text(self._path, mode)


def open_text(path: Any, mode: str = "r", *_: Any, **__: Any) -> _File:
    """Stand in for ``open``: files of the task, to be read as text.  Raises RestrictedError for another mode."""
    if mode not in {"r", "rt"}:
        raise RestrictedError(f"opens a file with the mode {mode!r}; task code may only read text")
    return _File(Path._opener(posixpath.normpath(str(path))))


def _exists(path: Any) -> bool:
    try:
        Path._opener(str(path))
    except (OSError, RestrictedError):
        return False
    return True


def _load_json(file: Any, **_: Any) -> Any:
    return json.loads(file.read())


def _dump_json(value: Any, *, indent: Any = None, ensure_ascii: bool = True, sort_keys: bool = False,
               separators: Any = None, **_: Any) -> str:  # fmt: skip
    return json.dumps(value, indent=indent, ensure_ascii=ensure_ascii, sort_keys=sort_keys, separators=separators)


def _load_json_text(text: Any, **_: Any) -> Any:
    return json.loads(text)


_MISSING = object()


def _make_data_class(kind: Any = None, **_: Any) -> Any:
    """Stand in for ``dataclasses.dataclass``: ``__init__`` from the names that the class annotates."""
    if kind is None:
        return _make_data_class
    if not (isinstance(kind, type) and is_own(kind)):
        raise RestrictedError("dataclass takes classes that the task code defines, and no other")
    names = [name for base in reversed(kind.__mro__) for name in base.__dict__.get("__annotated__", ())]

    def begin(self: Any, *given: Any, **named: Any) -> None:
        if not (is_instance_of_own(self) and issubclass(type(self), kind)):
            raise RestrictedError(f"{kind.__name__} begins objects of its own class only")
        values = dict(zip(names, given, strict=False)) | named
        for name in names:
            value = values.get(name, getattr(kind, name, _MISSING))
            if isinstance(value, _Field):
                value = value.default() if callable(value.default) else _MISSING
            if value is _MISSING:
                raise TypeError(f"{kind.__name__} needs {name}")
            set_attribute(self, name, value)
        if hasattr(self, "__post_init__"):
            self.__post_init__()

    setattr(kind, "__init__", begin)  # noqa: B010 - known by its name only
    return kind


class _Field(Open):
    def __init__(self, default: Any = _MISSING, default_factory: Any = None, **_: Any) -> None:
        self.default = default_factory or (lambda: default)


def _show_fields(value: Any) -> dict[str, Any]:
    if not is_instance_of_own(value):
        raise RestrictedError("asdict takes objects of classes that the task code defines, and no other")
    return {name: read_attribute(value, name) for name in type(value).__dict__.get("__annotated__", ())}


def _set_alarm(number: Any, handler: Any) -> None:
    if number != signal.SIGALRM or not callable(handler):
        raise RestrictedError("only a handler of SIGALRM may be set")
    signal.signal(signal.SIGALRM, handler)


def _read_versions() -> dict[str, str]:
    """Versions that task code asks for, read while files can still be opened."""
    found: dict[str, str] = {}
    for name in ("antlr4-python3-runtime", "sympy", "math-verify", "sacrebleu", "nltk"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


class _Abstract(Open):
    """Stands in for ``abc.ABC``."""


bases.append(_Abstract)


def make_modules(opener: Opener) -> dict[str, Module]:
    """Return what stands in for each module of `PLAIN` and `STAND_INS`.

    Args:
        opener: gives the text of a file of the task; raises OSError where there is none, RestrictedError where it may
            not be read.
    """
    Path._opener = staticmethod(opener)
    found: dict[str, Module] = {}
    for name, names in PLAIN.items():
        real = importlib.import_module(name)
        found[name] = Module(name, {key: getattr(real, key) for key in names if hasattr(real, key)})
    logger = _Logger()
    path = Module("os.path", {
        "basename": posixpath.basename, "dirname": posixpath.dirname, "join": posixpath.join, "split": posixpath.split,
        "splitext": posixpath.splitext, "abspath": posixpath.normpath, "realpath": posixpath.normpath,
        "exists": _exists, "isfile": _exists,
    })  # fmt: skip
    given: Mapping[str, Mapping[str, Any]] = {
        "json": {"dumps": _dump_json, "loads": _load_json_text, "load": _load_json,
                 "JSONDecodeError": json.JSONDecodeError},
        "ast": {"literal_eval": ast.literal_eval},
        "operator": {name: getattr(operator, name) for name in STAND_INS["operator"]},
        "random": {name: getattr(random, name) for name in STAND_INS["random"]},
        "__future__": {"annotations": None},
        "abc": {"ABC": _Abstract, "abstractmethod": lambda function: function},
        "logging": {
            **{name: getattr(logger, name) for name in ("info", "warning", "error", "debug", "exception", "critical")},
            "getLogger": lambda *_: logger, "basicConfig": lambda **_: None, "Logger": Anything(),
            "INFO": 20, "DEBUG": 10, "WARNING": 30, "ERROR": 40,
        },
        "warnings": dict.fromkeys(STAND_INS["warnings"], lambda *_, **__: None),
        "sys": {"maxsize": sys.maxsize, "maxunicode": sys.maxunicode, "version_info": tuple(sys.version_info)},
        "os": {"path": path},
        "copy": {"copy": copy.copy, "deepcopy": lambda value: copy.deepcopy(value)},  # a memo of theirs would see ids
        "dataclasses": {"dataclass": _make_data_class, "field": _Field, "asdict": _show_fields},
        "signal": {"SIGALRM": signal.SIGALRM, "signal": _set_alarm, "alarm": lambda n: signal.alarm(int(n))},
        "importlib.metadata": {"version": _read_versions().__getitem__},
        "immutabledict": {"immutabledict": dict},
        "tqdm": {"tqdm": lambda values=(), *_, **__: values},
        "pathlib": {"Path": Path, "PurePath": Path},
    }  # fmt: skip
    found |= {name: Module(name, names) for name, names in given.items()}
    found |= {name: _Types(name, {}) for name in ("typing", "collections.abc")}
    found["os.path"], found["time"] = path, Module("time", {})
    found["collections"].abc = found["collections.abc"]  # type: ignore[attr-defined]
    return found
