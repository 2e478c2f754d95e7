"""Functions on trial: whatever a person can call in Python, with its name, its version and the limits of one call.

A function lives in this process only.  It is registered here under the name that a candidate has as its model,
``python:NAME``, so that everything downstream handles text; a trial file cannot name one.  Knows nothing of engines.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.spec.fingerprint import Fingerprint, fingerprint

SCHEME = "python"
ASKED = ("prompt", "messages", "row")
"""Parameters that get the question, each in another form."""

IMAGES = "images"
"""The parameter that gets the images of the prompt; a function without it is not asked what shows some."""

SETTINGS = ("system", "max_tokens", "temperature", "stop", "seed")
"""Parameters that get more of what an engine is told, where a function requires them."""

FIRST = "prompt"
UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Function:
    """A function that stands trial, e.g. ``ft.Function(my_system, version="2", timeout=30)``.

    It is called with what its parameters ask for: ``prompt`` (or the first parameter of another name) gets the
    question as text, ``messages`` gets it as a list of ``{"role": ..., "content": ...}``, ``row`` the item's own
    columns without the expected answer, ``images`` the bytes of the images in the prompt, in their order.  It returns
    the answer as text, or a `GenerateAnswer` that also tells its tokens; it may be async.

    >>> def shout(prompt: str) -> str:
    ...     return prompt.upper()
    >>> Function(shout, version="2").name
    'shout'

    Attributes:
        call: what is called.
        name: in tables; its own name unless given.
        version: states which version it is: the same name and version are the same candidate in every process.  Without
            one it is identified by its code, as far as that can be told (see `fairtrial.spec.fingerprint`).
        concurrency: calls at a time; None makes 1, and 8 where the function is async.
        timeout: seconds after which a call counts as failed; None waits.
        max_failures: rows that may fail before the run ends; None allows 10, or 5% of the rows where that is more.
    """

    call: Callable[..., Any]
    name: str = ""
    version: str = ""
    concurrency: int | None = None
    timeout: float | None = None
    max_failures: int | None = None

    def __post_init__(self) -> None:
        """Raise SpecError for what is no function, or for limits that are none."""
        if not callable(self.call):
            raise SpecError(f"a function must be callable; got {type(self.call).__name__} {self.call!r:.60}.")
        limits = (("concurrency", self.concurrency, 1), ("max_failures", self.max_failures, 0))
        for name, value, least in limits:
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
                raise SpecError(f"{name} must be a whole number of at least {least}; got {value!r}.")
        if self.timeout is not None and not (isinstance(self.timeout, int | float) and self.timeout > 0):
            raise SpecError(f"timeout must be seconds above 0; got {self.timeout!r}.")
        for name in ("name", "version"):
            if not isinstance(getattr(self, name), str):
                raise SpecError(f"{name} must be text; got {getattr(self, name)!r}.")
        if not self.name:
            object.__setattr__(self, "name", _find_name(self.call))
        read_arguments(self.call)

    @property
    def is_async(self) -> bool:
        """Whether calling it makes something to be awaited."""
        whole: Any = self.call
        return inspect.iscoroutinefunction(whole) or inspect.iscoroutinefunction(whole.__call__)


@dataclass(frozen=True, slots=True)
class Arguments:
    """How a function is called.

    Attributes:
        positional: what its positional arguments get, in order.
        keywords: parameters that are given by name, each with what it gets.
    """

    positional: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]

    @property
    def every(self) -> tuple[str, ...]:
        """All that it is given."""
        return (*self.positional, *(what for _, what in self.keywords))


def read_arguments(call: Callable[..., Any]) -> Arguments:
    """Return what a function is given, by the names of its parameters.

    Raises SpecError for a parameter that nothing fits.
    """
    try:
        parameters = list(inspect.signature(call).parameters.values())
    except (TypeError, ValueError):  # some builtins have no signature
        return Arguments((FIRST,), ())
    usable = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
    fitting = {p.name: p.name for p in usable if p.kind is not p.POSITIONAL_ONLY and _fits(p)}
    others = [p for p in usable if p.name not in fitting]
    positional: tuple[str, ...] = ()
    if not {"prompt", "messages"} & fitting.keys():
        required = [p for p in others if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
        takers = [p for p in (required or ([] if "row" in fitting else others)) if p.kind is not p.KEYWORD_ONLY]
        if takers:
            others.remove(takers[0])
            if takers[0].kind is takers[0].POSITIONAL_OR_KEYWORD:
                fitting[takers[0].name] = FIRST
            else:
                positional = (FIRST,)
    for parameter in others:
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL:
            raise _make_parameter_error(call, parameter.name)
    if not positional and not {*ASKED} & {*fitting.values()}:
        raise SpecError(
            f"the function {_find_name(call)!r} takes no question.",
            fix="Give it a parameter: `prompt` (text), `messages` or `row`.",
        )
    return Arguments(positional, tuple(fitting.items()))


def _fits(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter is filled by its name; settings only where they are required."""
    required = parameter.default is parameter.empty
    named = parameter.kind is not parameter.VAR_POSITIONAL
    return named and (parameter.name in (*ASKED, IMAGES) or (parameter.name in SETTINGS and required))


def _make_parameter_error(call: Callable[..., Any], name: str) -> SpecError:
    known = (*ASKED, IMAGES, *SETTINGS)
    return SpecError(
        f"the function {_find_name(call)!r} requires {name!r}, which nothing fits.{did_you_mean(name, known)}",
        fix=f"Parameters that are filled: {', '.join(known)}; give others a default, or use functools.partial.",
    )


def _find_name(call: Callable[..., Any]) -> str:
    """Return a callable's own name as it can stand in a table."""
    inner = call
    while not hasattr(inner, "__name__") and hasattr(inner, "func"):
        inner = inner.func
    own = getattr(inner, "__name__", "") or type(inner).__name__
    return UNFIT.sub("-", own).strip("-._")[:60] or "function"


@dataclass(frozen=True, slots=True)
class RegisteredFunction:
    """A function under its model's name.

    Attributes:
        function: what was registered.
        fingerprint: what identifies it.
        arguments: what it is given.
    """

    function: Function
    fingerprint: Fingerprint
    arguments: Arguments


_registered: dict[str, RegisteredFunction] = {}
_lock = threading.Lock()


def register_function(call: Function | Callable[..., Any]) -> str:
    """Return the model's name, ``python:NAME@HASH``, under which a function can be a candidate in this process.

    Raises SpecError for a parameter that nothing fits.
    """
    function = call if isinstance(call, Function) else Function(call)
    told = fingerprint(function.call, function.version and f"{function.name} {function.version}")
    model = f"{SCHEME}:{function.name}@{told.digest[:12]}"
    with _lock:
        _registered[model] = RegisteredFunction(function, told, read_arguments(function.call))
    return model


def find_function(model: str) -> RegisteredFunction:
    """Return the function of a model's name.  Raises SpecError if there is none of it in this process."""
    found = _registered.get(model)
    if found is None:
        raise SpecError(
            f"the function {model!r} is not at hand: functions live in the process that puts them on trial.",
            fix="Compare it from Python, `ft.compare([my_function, ...], tasks=[...])`; or serve it, and name the "
            "server with `openai:` and `endpoint`.",
        )
    return found


def refresh_function(model: str) -> str:
    """Return the name of a function's model as it is now: what it uses may have changed since it was registered."""
    found = _registered.get(model)
    return model if found is None else register_function(found.function)


def asks_for(model: str, name: str) -> bool:
    """Return whether a model is a function of this process that is given this, e.g. ``messages``."""
    found = _registered.get(model)
    return found is not None and name in found.arguments.every


def is_function(model: str) -> bool:
    """Return whether a model's name is that of a function."""
    return model.startswith(f"{SCHEME}:")


def name_function(given: Any) -> Any:
    """Return the model's name of a function; anything else as it is."""
    if isinstance(given, Function) or (callable(given) and not isinstance(given, str | type)):
        return register_function(given)
    return given


def count_allowed_failures(function: Function, asked: int) -> int:
    """Return how many of the rows asked so far may fail."""
    return max(10, asked // 20) if function.max_failures is None else function.max_failures
