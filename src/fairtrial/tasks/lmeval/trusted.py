"""Runs Python code that a task file names, once its user has said that the code is trusted.

This is the only place where somebody else's task code is run.  Code that draws at random is given the seeds that
lm-evaluation-harness sets (`SEEDS`) whenever a task is loaded, and modules of the task are loaded anew each time, so
that the same file gives the same items however often it is loaded, and after whatever else.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from fairtrial.errors import TaskCodeError
from fairtrial.records import content_hash
from fairtrial.tasks.data.datasets import convert_to_json
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.sources import find_own_generators, find_sources, hash_code, is_task_code, may_draw

SEEDS = (0, 1234, 1234)
"""Of Python's ``random``, numpy and torch, as lm-evaluation-harness 0.4 sets them when it starts."""

_CHECKED = 20
"""Rows that are looked at twice to see whether code gives the same again."""

_loaded_before: set[str] = set()
"""Names of task modules that some task has put into ``sys.modules``."""


class _State(NamedTuple):
    """Where the shared random generators stand."""

    python: object
    numpy: Any
    torch: Any

    @classmethod
    def now(cls) -> _State:
        torch = sys.modules.get("torch")
        own = torch.get_rng_state() if hasattr(torch, "get_rng_state") else None  # type: ignore[union-attr]
        return cls(random.getstate(), np.random.get_state(), own)

    def restore(self) -> None:
        random.setstate(self.python)  # type: ignore[arg-type]
        np.random.set_state(self.numpy)
        if self.torch is not None:
            sys.modules["torch"].set_rng_state(self.torch)


def _seed(python: int | str, numpy: int, torch: int) -> None:
    random.seed(python)
    np.random.seed(numpy)
    library = sys.modules.get("torch")
    if hasattr(library, "manual_seed"):
        library.manual_seed(torch)  # type: ignore[union-attr]


class TaskCode:
    """The Python code of one task, its modules loaded once for it."""

    def __init__(self) -> None:
        self._main: dict[Path, ModuleType] = {}
        self._modules: dict[str, ModuleType] = {}
        self._path: list[str] = []
        self._after: _State | None = None
        self._files: dict[str, Path] = {}
        self._hashes: dict[str, str] = {}
        self.draws = False

    @property
    def hashes(self) -> Mapping[str, str]:
        """Sha256 of the file of each loaded function, and of all that belongs to it (see `find_sources`)."""
        return self._hashes

    def function(self, reference: CodeRef) -> TaskFunction:
        """Return the function that ``reference`` names, from the file beside its YAML, else from an installed module.

        Raises TaskCodeError if neither exists, it lacks the function, or importing it fails in any way.
        """
        found = self._find(reference)
        return TaskFunction(found, self, reference)

    def _find(self, reference: CodeRef) -> Callable[..., Any]:
        source = reference.source
        try:
            with self.running(SEEDS if self._after is None else self._after):
                if source.is_file():
                    module = self._main.get(source.resolve()) or self._load(source.resolve())
                else:
                    module = importlib.import_module(reference.module)
                self._after = _State.now()
                self._note(module, reference)
        except (Exception, SystemExit) as error:  # foreign code may raise anything; the message keeps what it was
            kind = type(error).__name__
            raise TaskCodeError(
                f"importing !function {reference} from {source} failed: {kind}: {error}", where=reference.where
            ) from error
        found = getattr(module, reference.name, None)
        if not callable(found):
            raise TaskCodeError(f"{source} has no function {reference.name!r}", where=reference.where)
        return found  # type: ignore[no-any-return]

    def _load(self, source: Path) -> ModuleType:
        name = f"fairtrial_task_code_{content_hash(str(source))}"
        spec = importlib.util.spec_from_file_location(name, source)
        if spec is None or spec.loader is None:
            raise ImportError(f"cannot load {source}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # data classes look their module up
        if str(source.parent) not in sys.path:
            sys.path.append(str(source.parent))
        spec.loader.exec_module(module)
        self._main[source] = module
        return module

    def _note(self, module: ModuleType, reference: CodeRef) -> None:
        file = getattr(module, "__file__", None)
        if not file or str(reference) in self._hashes:
            return
        self._hashes[str(reference)] = hash_code(Path(file))
        self._files[str(reference)] = Path(file).resolve()
        others = find_sources(module, reference.path.parent.resolve())
        self._hashes.update({name: hash_code(path) for name, path in others.items()})
        self._files.update(others)
        self.draws = may_draw(self._files)

    @contextmanager
    def running(self, begin: _State | tuple[int | str, int, int] | None) -> Iterator[None]:
        """Run code in this context: its modules and folders are found, and generators stand where ``begin`` says.

        If that is None, the code is known to draw nothing, and the generators are left alone.
        """
        outer, path = None if begin is None else _State.now(), [*sys.path]
        for name in _loaded_before:
            sys.modules.pop(name, None)
        sys.modules.update(self._modules)
        sys.path += [one for one in self._path if one not in sys.path]
        before = len(sys.modules)
        try:
            if isinstance(begin, _State):
                begin.restore()
            elif begin is not None:
                _seed(*begin)
            yield
        finally:
            self._keep([*islice(reversed(sys.modules), max(0, len(sys.modules) - before))])
            for name in self._modules:
                sys.modules.pop(name, None)
            self._path = [one for one in sys.path if one not in path]
            sys.path[:] = path
            if outer is not None:
                outer.restore()

    def _keep(self, fresh: Sequence[str]) -> None:
        """Remember those of the modules just imported that belong to the task."""
        folders = [source.parent for source in self._main] or [Path("/nowhere")]
        for name in fresh:
            file = getattr(sys.modules[name], "__file__", None)
            if file and any(_reloads(Path(file).resolve(), folder) for folder in folders):
                self._modules[name] = sys.modules[name]
                _loaded_before.add(name)

    @property
    def after_loading(self) -> _State | tuple[int | str, int, int]:
        """Where the shared generators stood when all was loaded."""
        return self._after or SEEDS

    def generators(self) -> str:
        """Return where the code keeps generators of its own, as a sentence; empty if that was not found."""
        found = find_own_generators(self._files)
        return f" See {'; '.join(found[:3])}." if found else ""


def _reloads(file: Path, folder: Path) -> bool:
    installed = not file.is_relative_to(folder) and "site-packages" in file.parts
    return is_task_code(file, folder) and not installed


class TaskFunction:
    """A function of a task's code.

    Called with a row, it draws as the row's content decides, so that the same row gives the same at every call.  Called
    with anything else (all rows of a split), it draws as if the task had just been loaded.
    """

    def __init__(self, function: Callable[..., Any], code: TaskCode, reference: CodeRef) -> None:
        self._function = function
        self._code = code
        self._reference = reference

    def __call__(self, *args: Any) -> Any:
        """Call the function; what it raises is passed on."""
        if args and isinstance(args[0], Mapping):
            begin = self._begin(args[0])
            with self._code.running(begin):
                return self._function(*args)
        if self._code.draws:
            return self._load_fresh()(*args)
        with self._code.running(self._code.after_loading):
            return self._function(*args)

    def _begin(self, row: Mapping[str, Any]) -> tuple[int | str, int, int] | None:
        if not self._code.draws:
            return None
        key = content_hash(convert_to_json(row))
        return (key, int(key[:8], 16), int(key[:8], 16))

    def _load_fresh(self) -> Callable[..., Any]:
        """The function of a fresh copy of the code, in which no generator has drawn."""
        code = TaskCode()
        function = code.function(self._reference)

        def call(*args: Any) -> Any:
            with code.running(code.after_loading):
                return function._function(*args)

        return call

    def check_rows(self, rows: Sequence[Any], apply: Callable[[Callable[..., Any], Any], Any]) -> None:
        """Raise TaskCodeError if the function makes other rows of the same ones each time that it is loaded."""
        if self._code.draws:
            some = rows[:_CHECKED]
            self._compare(
                convert_to_json(apply(self, some)), convert_to_json(apply(self, some)), "rows each time it is loaded"
            )

    def check_values(self, rows: Sequence[Any]) -> None:
        """Raise TaskCodeError if the function gives another value for the same row at each call."""
        if self._code.draws:
            some = rows[:_CHECKED]
            one, other = ([convert_to_json(self(row)) for row in some] for _ in range(2))
            self._compare(one, other, "values for the same row at each call")

    def _compare(self, one: Any, other: Any, what: str) -> None:
        if one != other:
            raise TaskCodeError(
                f"!function {self._reference} gives other {what}, so that no result could be repeated or resumed."
                + self._code.generators(),
                fix="Python's random and numpy's are seeded for it; give a generator of its own a fixed seed.",
                where=self._reference.where,
            )
