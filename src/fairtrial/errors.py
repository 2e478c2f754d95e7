"""Every error that fairtrial raises on purpose.

    FairtrialError               exit code 1
    |-- SpecError                2   a trial, candidate or task file, or a command line, is wrong
    |   `-- UnknownNameError     2   a name that does not exist; says what was probably meant
    |-- TaskError                2   a task cannot be built or read
    |   |-- TaskCodeError        2   the task needs Python code that nobody has trusted
    |   `-- DataError            2   the task's rows are missing or not of the promised form
    |       `-- ImageError       2   an image cannot be read, or not safely
    |-- ModelError               3   a model cannot be found, fetched or loaded
    |   `-- MissingExtraError    3   an optional dependency is not installed
    |-- PluginError              3   what another distribution adds cannot be used
    |-- EngineError              4   the engine failed while it ran
    |   |-- CapabilityError      4   the model cannot do what the task asks
    |   `-- TooLongError         4   one request does not fit the model's context
    |-- LedgerError              5   the ledger file cannot be used
    |   `-- LedgerBusyError      5   another process is writing to it
    |-- ArchiveError             5   an archive of documents cannot be used
    |-- RightsError              2   a signal of rights cannot be read
    `-- BudgetError              6   a budget does not allow what was asked

An error says what is wrong and the value seen (``message``), where (``where``), and what to do (``fix``).  The command
line prints these three and the exit code above, and never a traceback for them.  This module knows nothing of the rest
of the package.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable


class FairtrialError(Exception):
    """Base of all errors that a user can do something about.

    Args:
        message: what is wrong, with the value seen and what is allowed.
        fix: what to do about it, as one sentence; empty if the message already says it.
        where: file, line or item that it is about, e.g. ``trial.yaml:12`` or ``task arc_easy, item 17``.
    """

    exit_code = 1

    def __init__(self, message: str, *, fix: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.where = where

    def __reduce__(self) -> tuple[Callable[..., FairtrialError], tuple[type[FairtrialError], str], dict[str, object]]:
        """Come back from another process as it is, whatever the subclass is made from."""
        return _rebuild_error, (type(self), self.message), vars(self)

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n{self.fix}" if self.fix else head


def _rebuild_error(kind: type[FairtrialError], message: str) -> FairtrialError:
    return kind.__new__(kind, message)


class SpecError(FairtrialError):
    """A trial, candidate or task file, or a command line, is wrong."""

    exit_code = 2


class UnknownNameError(SpecError):
    """A name that does not exist.

    Args:
        kind: what the name should name, e.g. ``task``.
        name: the name seen.
        known: the names that exist; the nearest are offered.
        fix: how to list what exists.
        where: see `FairtrialError`.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, fix: str = "", where: str = "") -> None:
        super().__init__(f"{kind} {name!r} does not exist.{did_you_mean(name, known)}", fix=fix, where=where)
        self.name = name


class TaskError(FairtrialError):
    """A task cannot be built or read."""

    exit_code = 2


class TaskCodeError(TaskError):
    """The task needs Python code, and nobody has said that this code is trusted."""


class DataError(TaskError):
    """The task's rows are missing, unreadable or not of the form that the task promises."""


class ImageError(DataError):
    """An image cannot be read: of a kind that is not read, damaged, or beyond the limits."""


class ModelError(FairtrialError):
    """A model cannot be found, fetched or loaded."""

    exit_code = 3


class MissingExtraError(ModelError):
    """An optional dependency is not installed.

    Args:
        what: what was asked for, e.g. ``the llama.cpp engine``.
        extra: the extra of the fairtrial distribution that brings it.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the extra {extra!r}, which is not installed.",
            fix=f"Install it with: pip install 'fairtrial[{extra}]'",
        )
        self.extra = extra


class PluginError(FairtrialError):
    """What another distribution adds cannot be imported, or is not what it says it is."""

    exit_code = 3


class EngineError(FairtrialError):
    """The engine failed while it ran."""

    exit_code = 4


class CapabilityError(EngineError):
    """The model cannot do what the task asks, e.g. give token scores."""


class TooLongError(EngineError):
    """One request does not fit the model's context."""


class LedgerError(FairtrialError):
    """The ledger file cannot be used."""

    exit_code = 5


class LedgerBusyError(LedgerError):
    """Another process is writing to the ledger."""


class ArchiveError(FairtrialError):
    """An archive of documents cannot be used."""

    exit_code = 5


class RightsError(FairtrialError):
    """A signal of rights cannot be read: the message names what is wrong with it, never a document's text."""

    exit_code = 2


class BudgetError(FairtrialError):
    """A budget does not allow what was asked."""

    exit_code = 6


def did_you_mean(name: str, known: Iterable[str], limit: int = 3) -> str:
    """Return `` Did you mean 'x'?`` with the nearest of ``known``, or an empty string when nothing is near.

    >>> did_you_mean("gsm8", ["gsm8k", "piqa"])
    " Did you mean 'gsm8k'?"
    """
    folded = {k.casefold(): k for k in known}
    near = [folded[k] for k in difflib.get_close_matches(name.casefold(), list(folded), n=limit, cutoff=0.6)]
    if not near:
        return ""
    return f" Did you mean {' or '.join(repr(n) for n in near)}?"
