"""Functions of a task file that nobody has said to trust: checked, and run in a process of their own with limits.

`RestrictedCode.function` checks at once, from the source alone, and starts nothing; the process is started when a
function is first called, once for a task.  Code that draws at random is given the seeds that trusted code is given.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from fairtrial.errors import DataError, FairtrialError, MissingExtraError, TaskCodeError, TaskError
from fairtrial.records import content_hash
from fairtrial.sandbox.process import LimitedProcess, ProcessEndedError, make_command
from fairtrial.spec.regular import read_regular
from fairtrial.tasks.data.datasets import convert_to_json
from fairtrial.tasks.lmeval.closure import Closure, find_closure
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.restricted import wire
from fairtrial.tasks.lmeval.restricted.offered import EXTRAS, UNBUNDLED
from fairtrial.tasks.lmeval.trusted import SEEDS

SECONDS = 120.0
"""Longest that one call may take, by the clock; `serving` limits the processor time of each, too."""

_MOST_BYTES = 50 << 20
_BATCH = 500
_FOLDER = Path(__file__).resolve().parents[2]
_DRAWS = re.compile(r"rand|shuffle|sample|choice")


class RestrictedCode:
    """The Python code of one task.

    Args:
        name: of the task, for errors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._closure = Closure()
        self._first: list[Path] = []
        self._root: Path | None = None
        self._hashes: dict[str, str] = {}
        self._process: LimitedProcess | None = None
        self.draws = False

    @property
    def hashes(self) -> Mapping[str, str]:
        """Sha256 of each function's source and all that it uses."""
        return self._hashes

    def function(self, reference: CodeRef) -> RestrictedFunction:
        """Return a function, its source checked; nothing runs yet.

        Raises TaskCodeError, naming construct and line, if it does what is not allowed, or does not exist.
        """
        source = reference.source
        if not source.is_file():
            raise TaskCodeError(f"there is no file {source.name} beside the task file", where=reference.where)
        found = find_closure(source, reference.name, reference.root)
        for path, numbers in found.kept.items():
            self._closure.kept.setdefault(path, set()).update(numbers)
        self._closure.resolved |= found.resolved
        self._closure.libraries |= found.libraries
        if source.resolve() not in self._first:
            self._first.append(source.resolve())
        self._root = reference.root.resolve()
        self._hashes[str(reference)] = found.fingerprint()
        self.draws = self.draws or any(_DRAWS.search(found.text(path)) for path in found.kept)
        return RestrictedFunction(self, reference)

    # the process

    def ask(self, message: Mapping[str, Any], reference: CodeRef) -> Any:
        """Return the answer of the process.  Raises TaskCodeError if the code does what it may not, or fails."""
        try:
            if self._process is None:
                self._process = self._start()
            if not self._process.running:
                self._check(self._process.ask(self._bundle(), SECONDS), reference)
            return self._check(self._process.ask(message, SECONDS), reference)
        except ProcessEndedError as error:
            raise TaskCodeError(
                f"!function {reference} was stopped: {error}",
                fix="If you trust the file, run again with --trust-task-code, which sets no limits.",
                where=self._write_where(reference),
            ) from error

    def _check(self, said: Mapping[str, Any], reference: CodeRef) -> Any:
        if "error" not in said:
            return said["value"]
        raise self.error(said, reference)

    def error(self, said: Mapping[str, Any], reference: CodeRef) -> FairtrialError:
        """Return the error that the process has told of."""
        what = f"!function {reference} failed: {said['kind']}: {said['error']}"
        if said.get("refused"):
            return TaskCodeError(
                f"!function {reference} does what task code may not: {said['error']}",
                fix="Read the file; if you trust it, run again with --trust-task-code.",
                where=self._write_where(reference),
            )
        return DataError(what, where=self._write_where(reference))

    def _write_where(self, reference: CodeRef) -> str:
        return f"task {self._name} ({reference.where})"

    def _start(self) -> LimitedProcess:
        for library in sorted(self._closure.libraries):
            top = library.partition(".")[0]
            if top not in {*EXTRAS, *UNBUNDLED} or importlib.util.find_spec(top) is not None:
                continue
            if top in EXTRAS:
                raise MissingExtraError(f"The code of task {self._name}, which uses {top},", EXTRAS[top])
            raise TaskError(
                f"its code uses {top}, which is not installed", fix=f"Install it with: pip install {top}",
                where=f"task {self._name}",
            )  # fmt: skip
        folders = [path for path in sys.path if path and Path(path).is_dir()]
        program = _FOLDER / "tasks" / "lmeval" / "restricted" / "serving.py"
        return LimitedProcess(make_command(program, str(_FOLDER), *folders), self._read)

    def _bundle(self) -> dict[str, Any]:
        files = {path: self._show_path(path) for path in self._closure.kept}
        return {
            "modules": {shown: {"file": shown, "source": self._closure.text(path)} for path, shown in files.items()},
            "resolved": {f"{files[at]}:{asked}": files[path] for (at, asked), path in self._closure.resolved.items()},
            "first": [files[path] for path in self._first],
            "libraries": sorted(self._closure.libraries),
            "seeds": SEEDS,
            "draws": self.draws,
        }

    def _show_path(self, path: Path) -> str:
        """A path as task code sees it: from the task folder on, without what lies above."""
        assert self._root is not None
        return str(PurePosixPath("/task") / path.relative_to(self._root).as_posix())

    def _read(self, shown: str) -> dict[str, str]:
        """Answer the process, which asks for a file: of the task folder, as text."""
        assert self._root is not None
        inside = PurePosixPath(shown)
        parts = inside.parts[2:] if inside.parts[:2] == ("/", "task") else inside.parts
        path = self._root.joinpath(*parts)
        try:
            if ".." in parts or inside.parts[:2] != ("/", "task") or not path.resolve().is_relative_to(self._root):
                return {"error": f"{shown} is not in the folder of the task"}
            return {"text": read_regular(path, _MOST_BYTES).decode()}
        except (OSError, ValueError) as error:
            return {"error": f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}"}


class RestrictedFunction:
    """A function of a task's code; called with a row it gives the same at every call, as a trusted one does.

    Attributes:
        reference: where it is named.
    """

    def __init__(self, code: RestrictedCode, reference: CodeRef) -> None:
        self._code = code
        self.reference = reference
        self._known: dict[int, tuple[Mapping[str, Any], Any]] = {}

    @property
    def _target(self) -> dict[str, str]:
        return {"module": self._code._show_path(self.reference.source.resolve()), "name": self.reference.name}

    def __call__(self, *args: Any) -> Any:
        """Call it with a row first, or with none.

        Raises TaskCodeError if it does what it may not, DataError if it fails.
        """
        if not (args and isinstance(args[0], Mapping)):
            message = {"op": "call", **self._target, "args": wire.pack(list(args))}
            return wire.unpack(self._code.ask(message, self.reference))
        known = self._known.get(id(args[0]))
        if known is not None and len(args) == 1 and known[0] is args[0]:
            said = known[1]
        else:
            [said] = self._ask_many([args])
        if "error" in said:
            raise self._code.error(said, self.reference)
        return wire.unpack(said["value"])

    def change_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows as a ``process_docs`` makes them; errors as `__call__`."""
        message = {"op": "rows", **self._target, "rows": self._pack([dict(row) for row in rows])}
        return list(wire.unpack(self._code.ask(message, self.reference)))

    def prepare(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Work out the values of rows that will be asked for one by one; what is wrong is said then."""
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            for row, said in zip(some, self._ask_many([(row,) for row in some]), strict=True):
                self._known[id(row)] = (row, said)

    def try_grading(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Start the process, and have code that needs data beside its libraries grade an answer to every row.

        So what is missing is said before anything is asked; errors as `__call__`.
        """
        self._ask_many([])
        if "nltk" in self._code._closure.libraries:
            for row in rows:
                self(row, ["One sentence. Another."])

    def _ask_many(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        seeds = [self._make_seeds(args[0]) for args in calls]
        message = {"op": "many", **self._target, "many": self._pack([list(args) for args in calls]), "seeds": seeds}
        return list(self._code.ask(message, self.reference))

    def _pack(self, value: Any) -> Any:
        try:
            return wire.pack(value)
        except TypeError as error:
            raise DataError(
                f"!function {self.reference} cannot be given {error}",
                fix="If you trust the file, run again with --trust-task-code.",
            ) from error

    def _make_seeds(self, row: Mapping[str, Any]) -> list[Any] | None:
        if not self._code.draws:
            return None
        key = content_hash(convert_to_json(row))
        return [key, int(key[:8], 16), int(key[:8], 16)]
