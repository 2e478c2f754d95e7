"""A path to the systems whose graded answers are in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from fairtrial.errors import FairtrialError, ModelError
from fairtrial.recorded.formats import IMPORTERS, recognise_format
from fairtrial.recorded.graded.base import LoggedTask, LoggedValue
from fairtrial.recorded.graded.content import clean_text
from fairtrial.recorded.graded.tables import list_columns, read_scores
from fairtrial.recorded.imported import find_files
from fairtrial.recorded.source import hash_files
from fairtrial.spec.recorded import Recorded


@dataclass(frozen=True, slots=True)
class LoggedSystem:
    """One system of a log, with its tasks by name.

    Attributes:
        told: what tells it from the others of the log, as ``recorded: {only: ...}`` says it; empty if it is alone.
        label: the same for people.
        model: the model's name in the log; empty if it does not say.
        format: whose log it is.
    """

    told: Mapping[str, LoggedValue]
    label: str
    model: str
    format: str
    tasks: Mapping[str, LoggedTask] = field(default_factory=dict)


def read_graded(path: Path, how: Recorded) -> list[LoggedSystem]:
    """Return the systems of a log, or of those the ones that `only` lets through, each with its graded answers.

    Raises ModelError: nothing to read, a mistake with its place, a log without grades.
    """
    plain = how if how.score else how.model_copy(update={"only": {}})
    systems = _read_all(path, plain.model_dump_json(), hash_files(path, plain))
    if how.score or not how.only:
        return list(systems)
    kept = [one for one in systems if all(_matches(one.told, key, value) for key, value in how.only.items())]
    if not kept:
        known = "; ".join(f"{one.label} ({dict(one.told)})" for one in systems)
        raise ModelError(f"{path.name} holds no system with {dict(how.only)}.", fix=f"There: {known[:400]}.")
    return kept


def _matches(told: Mapping[str, LoggedValue], key: str, value: LoggedValue) -> bool:
    return key in told and str(told[key]) == str(value)


@lru_cache(maxsize=8)
def _read_all(path: Path, how: str, content: str) -> tuple[LoggedSystem, ...]:
    """Read a log once; ``content`` is the hash of its files."""
    recorded = Recorded.model_validate_json(how)
    files = find_files(path, recorded)
    kinds: dict[str, list[Path]] = {}
    for file in files:
        kind = recorded.format if recorded.format != "auto" else recognise_format(file)
        kinds.setdefault("table" if recorded.score else kind, []).append(file)
    if len(kinds) > 1:
        kinds.pop("table", None)  # other files that lie beside the logs
    tasks: list[tuple[str, LoggedTask]] = []
    for kind, own in kinds.items():
        reader = read_scores if recorded.score else IMPORTERS.find(kind).graded
        if reader is None:
            raise _make_ungraded_error(path, kind)
        tasks += [(kind, task) for task in reader(own, recorded)]
    systems: dict[tuple[str, str], LoggedSystem] = {}
    for kind, task in tasks:
        key = (kind, str(sorted(task.told.items())))
        known = systems.get(key)
        known = known or systems.setdefault(
            key, LoggedSystem(task.told, clean_text(task.label), clean_text(task.model), kind, {})
        )
        assert isinstance(known.tasks, dict)
        task.name = clean_text(task.name)
        known.tasks[_find_free_name(known.tasks, task.name)] = task
    if not any(task.rows for one in systems.values() for task in one.tasks.values()):
        rows = sum(task.ungraded for _, task in tasks)
        raise ModelError(f"{path.name} holds no graded answers: {rows:,} rows, all without a grade.")
    return tuple(systems.values())


def _find_free_name(names: Mapping[str, object], name: str) -> str:
    """Return a name, with a number if another task of the system has it."""
    number, found = 1, name
    while found in names:
        number += 1
        found = f"{name}-{number}"
    return found


def _find_columns(path: Path) -> list[str]:
    """Return a table's columns; none for what is no table."""
    try:
        return list_columns(path) if path.is_file() else []
    except FairtrialError:
        return []


def _make_ungraded_error(path: Path, kind: str) -> ModelError:
    if kind == "table":
        columns = _find_columns(path)
        there = f" Its columns: {', '.join(columns)[:300]}." if columns else ""
        return ModelError(
            f"{path.name} is no log of lm-eval, Inspect, promptfoo or HELM.{there}",
            fix="For a table of grades say which columns hold what: fairtrial compare FILE --item COLUMN --a COLUMN "
            "--b COLUMN. For models name the tasks: --tasks NAMES.",
        )
    return ModelError(f"{path.name}: the format {kind!r} tells no grades.", fix="Grade its answers: --tasks NAMES.")
