"""Modules of a task, run with the guards around them, and calls of their functions."""

from __future__ import annotations

import builtins
import random
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from fairtrial.sandbox.restricted.guards import Module, Open, RestrictedError, make_globals, readers
from fairtrial.sandbox.restricted.policy import compile_restricted
from fairtrial.tasks.lmeval.restricted import wire
from fairtrial.tasks.lmeval.restricted.dataset import Dataset
from fairtrial.tasks.lmeval.restricted.libraries import make_libraries
from fairtrial.tasks.lmeval.restricted.standing import make_modules, open_text

_LONGEST = 400


class _TaskModule(Open):
    """A module of the task, as other modules of it see it."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def named(self, name: str) -> Any:
        """Return a global value.  Raises AttributeError if there is none, or it is a guard."""
        if name in self._names and not name.startswith("__") and not (name.startswith("_") and name.endswith("_")):
            return self._names[name]
        raise AttributeError(f"the module {self._names['__name__']} has no {name!r}")

    def __getattr__(self, name: str) -> Any:
        if name == "_names":
            raise AttributeError(name)
        return self.named(name)


readers.append(lambda value, name: type(value) is _TaskModule and name not in {"_names", "_is_open"})


class TaskModules:
    """The modules of one task.

    Args:
        bundle: ``modules``: name to {file, source}; ``resolved``: "module:import" to the module's name; ``first``:
            names in the order in which they are loaded; ``libraries``; ``seeds``; ``draws``.
        channel: asks the parent for files.
    """

    def __init__(self, bundle: Mapping[str, Any], channel: Any) -> None:
        self._bundle = bundle
        self._channel = channel
        self._plain = {**make_modules(self._read), **make_libraries(bundle["libraries"])}
        self._loaded: dict[str, _TaskModule] = {}
        self._after: Any = None
        self._seed(bundle["seeds"])

    def _read(self, path: str) -> str:
        self._channel.send({"ask": path})
        told = self._channel.receive()["told"]
        if "error" in told:
            raise FileNotFoundError(told["error"])
        return str(told["text"])

    # loading

    def _load_all(self) -> None:
        self._loaded.clear()
        self._seed(self._bundle["seeds"])
        for name in self._bundle["first"]:
            self._load(name)
        self._after = self._read_state()

    def _load(self, name: str) -> _TaskModule:
        if name not in self._loaded:
            one = self._bundle["modules"][name]

            def find(asked: str, _g: Any = None, _l: Any = None, wanted: Sequence[str] = (), level: int = 0) -> Any:
                return self._import(name, "." * level + asked, wanted or ())

            names = make_globals(name, one["file"], find, open_text, {})
            self._loaded[name] = _TaskModule(names)
            exec(compile_restricted(one["source"], one["file"]), names)
        return self._loaded[name]

    def _import(self, importer: str, asked: str, wanted: Sequence[str]) -> Any:
        if wanted:  # exactly these names: what an import takes from an object, no guard sees
            return Module(asked, {name: self._pick(importer, asked, name) for name in wanted})
        parts = asked.split(".")
        found = self._import_whole(importer, asked)
        for n in range(len(parts) - 1, 0, -1):  # `import a.b` gives `a`
            outer = self._plain.get(".".join(parts[:n]))
            found = outer if hasattr(outer, parts[n]) else Module(".".join(parts[:n]), {parts[n]: found})
        return found

    def _import_whole(self, importer: str, asked: str) -> Any:
        if own := self._bundle["resolved"].get(f"{importer}:{asked}"):
            return self._load(own)
        if asked in self._plain:
            return self._plain[asked]
        raise ImportError(f"there is no module {asked!r} for task code")

    def _pick(self, importer: str, asked: str, name: str) -> Any:
        inside = f"{asked}{'' if asked.endswith('.') else '.'}{name}"
        if own := self._bundle["resolved"].get(f"{importer}:{inside}"):
            return self._load(own)
        if inside in self._plain:
            return self._plain[inside]
        found = self._import_whole(importer, asked)
        if name.startswith("__") or (
            name.startswith("_") and (name.endswith("_") or not isinstance(found, _TaskModule))
        ):
            raise ImportError(f"the name {name} may not be imported by task code")
        try:
            return found.named(name) if isinstance(found, _TaskModule) else getattr(found, name)
        except AttributeError as error:
            raise ImportError(str(error)) from error

    # random numbers

    def _seed(self, seeds: Sequence[Any]) -> None:
        random.seed(seeds[0])
        if numpy := sys.modules.get("numpy"):
            numpy.random.seed(seeds[1])

    def _read_state(self) -> Any:
        numpy = sys.modules.get("numpy")
        return random.getstate(), numpy.random.get_state() if numpy else None

    def _restore(self) -> None:
        random.setstate(self._after[0])
        if self._after[1] is not None:
            sys.modules["numpy"].random.set_state(self._after[1])

    # answering

    def answer(self, message: Mapping[str, Any]) -> Any:
        """Do what a message asks, and return the answer."""
        try:
            return {"value": self._do(message)}
        except RecursionError:
            return {"error": "it calls itself too deeply", "kind": "RecursionError"}
        except MemoryError:
            return {"error": "it uses more memory than it may have", "kind": "MemoryError"}
        except Exception as error:
            return _describe(error)

    def _do(self, message: Mapping[str, Any]) -> Any:
        if message["op"] == "load":
            self._load_all()
            return None
        if message["op"] == "rows":
            if self._bundle["draws"]:
                self._load_all()
            else:
                self._restore()
            made = self._find_function(message)(Dataset(wire.unpack(message["rows"])))
            return [wire.pack(dict(row)) for row in made]
        if message["op"] == "call":  # without a row: as if the task had just been loaded
            if self._bundle["draws"]:
                self._load_all()
            return wire.pack(self._find_function(message)(*wire.unpack(message["args"])))
        function = self._find_function(message)
        return [
            self._call_one(function, args, seeds) for args, seeds in zip(message["many"], message["seeds"], strict=True)
        ]

    def _call_one(self, function: Any, args: Any, seeds: Sequence[Any] | None) -> Any:
        if seeds is not None:
            self._seed(seeds)
        try:
            return {"value": wire.pack(function(*wire.unpack(args)))}
        except RecursionError:
            return {"error": "it calls itself too deeply", "kind": "RecursionError"}
        except Exception as error:
            return _describe(error)

    def _find_function(self, message: Mapping[str, Any]) -> Any:
        found: Any = self._load(message["module"])
        for part in message["name"].split("."):
            found = getattr(found, part, None)
        if not callable(found):
            raise RestrictedError(f"there is no function {message['name']!r}")
        return found


def _describe(error: Exception) -> dict[str, Any]:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("/task/")]
    place = f" ({frames[-1].filename.rpartition('/')[2]}, line {frames[-1].lineno})" if frames else ""
    kind = type(error).__name__
    known = isinstance(error, RestrictedError) or kind not in vars(builtins)
    return {"error": _text_of(error)[:_LONGEST] + place, "kind": kind, "refused": known}


def _text_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception:
        return "an error without a text"
