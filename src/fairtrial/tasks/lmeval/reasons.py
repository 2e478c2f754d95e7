"""Why a task is refused: every reason at once, by the key of the task file that it lies in.

Knows nothing of how task files are parsed; `fairtrial.tasks.lmeval.parsing` finds the reasons.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from fairtrial.errors import FairtrialError, TaskCodeError
from fairtrial.spec.yamlnodes import shorten
from fairtrial.tasks.lmeval.loading import CodeRef

_Kind = Literal["function", "unsupported", "file"]
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stands between a task and being asked.

    Attributes:
        kind: ``function``: Python code that does not run; ``file``: the task file cannot be read or is malformed;
            ``unsupported``: anything else.
        key: of the task file, e.g. ``process_docs`` or ``metric_list``; empty for the whole file.
        what: the function, metric, filter or value, in a word, e.g. ``utils.process_docs``.
        message: what is wrong, as the error says it.
        fix: what would help; empty if nothing is known.
        where: file and line, where they are known.
    """

    kind: _Kind
    key: str
    what: str
    message: str
    fix: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class TaskFilePart:
    """A part of a task file that can be parsed by itself.

    Attributes:
        key: of the task file.
        value: what stands there.
        parse: parses it; raises `FairtrialError`.
    """

    key: str
    value: Any
    parse: Callable[[], object]

    def find_reason(self) -> Reason | None:
        """Return why this part is refused, or None if it is not."""
        try:
            self.parse()
        except FairtrialError as error:
            return make_reason(error, self.key, self.value)
        return None


def make_reason(error: FairtrialError, key: str = "", value: Any = None) -> Reason:
    """Return an error as a reason.

    Args:
        error: what parsing raised.
        key: what was parsed.
        value: what stands there; a function in it is named as the culprit if the error is about code.
    """
    code = isinstance(error, TaskCodeError)
    reference = _find_reference(value) if code else None
    where = reference.where if reference else error.where
    what = str(reference) if reference else _name_value(value)
    kind: _Kind = "function" if code else "unsupported" if key else "file"
    return Reason(kind, key, what, error.message, error.fix, where)


def _find_reference(value: Any) -> CodeRef | None:
    """Return the first function that a value names."""
    if isinstance(value, CodeRef):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return next((found for part in parts if (found := _find_reference(part)) is not None), None)


def _name_value(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("metric", value.get("function", value.get("name", "")))
    return "" if value is None or isinstance(value, list | dict) else shorten(str(value), _LONGEST)
