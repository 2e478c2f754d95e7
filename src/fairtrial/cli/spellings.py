"""Options that were called otherwise in the version before: understood for this one, with a notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

RENAMED: Mapping[str, Mapping[str, str]] = {
    "fit": {"--task": "--tasks"},
    "plan": {"--measure": "--pilot", "--tasks": "--task-path"},
    "run": {"--tasks": "--task-path"},
    "tasks": {"--tasks": "--task-path"},
}
"""Verb to its options: what each was called, and is called now."""


def rename_options(arguments: Sequence[str], tell: Callable[[str], None]) -> list[str]:
    """Return a command line with its options as they are called now; each old one is told."""
    renamed = RENAMED.get(arguments[0], {}) if arguments else {}
    found = list(arguments)
    for at, argument in enumerate(arguments):
        if argument == "--":
            break
        old, equals, value = argument.partition("=")
        if old in renamed:
            tell(f"`{arguments[0]} {old}` is called {renamed[old]} now; the old name goes with the next version.")
            found[at] = renamed[old] + equals + value
    return found
