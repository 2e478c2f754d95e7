"""Several grades of one item, as of several raters: systems are compared by those that all of them have.  Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from fairtrial.recorded.graded.base import LoggedTask

Keyed = dict[Hashable, float | None]


@dataclass(frozen=True, slots=True)
class _Pairing:
    """How the grades of the systems come together.

    Attributes:
        by: the columns that tell an item's rows apart, or empty if grades stand side by side in one row.
        keyed: of each system, its grades by item and row; None where there is none.
    """

    by: tuple[str, ...]
    keyed: list[Keyed] = field(default_factory=list)

    @property
    def shared(self) -> set[Hashable]:
        """Item and row of the grades that every system has."""
        graded = [{key for key, value in own.items() if value is not None} for own in self.keyed]
        return set.intersection(*graded)


def pair_grades(logs: Mapping[str, LoggedTask]) -> dict[str, LoggedTask]:
    """Return tables of grades with, of items with several rows, those alone that every system has a grade in.

    Rows come together as one row of one table, or by the columns that tell an item's rows apart, such as the rater.
    What was left out, and what could not be paired, is among the notes.  Other logs come back as they are.
    """
    tasks = list(logs.values())
    if not all(task.cells for task in tasks) or not any(_has_several(task) for task in tasks):
        return dict(logs)
    found = _pair_by_place(tasks) or _pair_by_columns(tasks)
    if found is None:
        return _note_unpaired(logs)
    shared = found.shared
    every = {key for own in found.keyed for key in own}
    lost = len(every) - len(shared)
    notes = []
    if lost:
        named = ", ".join(_count_missing(name, own, every) for name, own in zip(logs, found.keyed, strict=True))
        what = f"{lost:,} of {len(every):,} rows" if not found.by else (
            f"{lost:,} of {len(every):,} pairs of item and {' and '.join(found.by)}"
        )  # fmt: skip
        notes.append(f"{what} lack a grade ({named}) and are left out for all systems")
    return {name: _keep(task, own, shared, notes) for (name, task), own in zip(logs.items(), found.keyed, strict=True)}


def _count_missing(name: str, own: Keyed, every: set[Hashable]) -> str:
    return f"{name}: {sum(own.get(key) is None for key in every):,}"


def _has_several(task: LoggedTask) -> bool:
    return len({cell.item for cell in task.cells}) < len(task.cells)


def _pair_by_place(tasks: Sequence[LoggedTask]) -> _Pairing | None:
    """Return grades by row where all systems stand side by side in the rows of one table."""
    places = [{cell.place for cell in task.cells} for task in tasks]
    if any(own != places[0] for own in places[1:]):
        return None
    return _Pairing((), [{(cell.item, cell.place): cell.value for cell in task.cells} for task in tasks])


def _pair_by_columns(tasks: Sequence[LoggedTask]) -> _Pairing | None:
    """Return grades by the columns that tell an item's rows apart and are alike for all systems; None if none do."""
    names = [name for name in tasks[0].cells[0].others if all(name in task.cells[0].others for task in tasks)]
    for width in (1, 2):
        found = [one for by in combinations(names[:12], width) if (one := _key_by(tasks, by)) is not None]
        if found:
            return max(found, key=lambda one: len(one.shared))
    return None


def _key_by(tasks: Sequence[LoggedTask], by: tuple[str, ...]) -> _Pairing | None:
    """Return grades by some columns; None if these do not tell rows apart, or systems have few of them in common."""
    made: list[Keyed] = []
    for task in tasks:
        keyed: Keyed = {}
        for cell in task.cells:
            key = (cell.item, *(cell.others.get(name, "") for name in by))
            if key in keyed:
                return None
            keyed[key] = cell.value
        made.append(keyed)
    common = set.intersection(*(set(own) for own in made))
    return _Pairing(by, made) if 2 * len(common) >= min(map(len, made)) and common else None


def _keep(task: LoggedTask, own: Keyed, shared: set[Hashable], notes: Sequence[str]) -> LoggedTask:
    """Return a system's grades with the shared ones alone, their mean by item."""
    grades: dict[str, list[float]] = {}
    for cell, (key, value) in zip(task.cells, own.items(), strict=True):
        if key in shared and value is not None:
            grades.setdefault(cell.item, []).append(value)
    measure = task.measures[0].name
    rows = [
        replace(row, grades={measure: (sum(grades[row.id]) / len(grades[row.id]), 1.0)})
        for row in task.rows
        if row.id in grades
    ]
    kept = [note for note in task.notes if note not in describe_several(_by_item(task))]
    return replace(task, rows=rows, ungraded=0, notes=[*kept, *describe_several(grades), *notes])


def _by_item(task: LoggedTask) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for cell in task.cells:
        if cell.value is not None:
            found.setdefault(cell.item, []).append(cell.value)
    return found


def describe_several(grades: Mapping[str, Sequence[float]]) -> list[str]:
    """Return what must be said of items with several grades."""
    several = [values for values in grades.values() if len(values) > 1]
    differing = sum(len(set(values)) > 1 for values in several)
    if not several:
        return []
    told = f"{differing:,} of them with different grades, " if differing else ""
    return [f"{len(several):,} items have several grades, {told}and count with their mean"]


def describe_no_scale(tasks: Sequence[LoggedTask], unbounded: Sequence[str]) -> list[str]:
    """Return what must be said of tables whose grades are on no scale that is known."""
    values = [cell.value for task in tasks for cell in task.cells if cell.value is not None]
    if not unbounded or not values:
        return []
    seen = f"from {min(values):g} to {max(values):g}"
    return [
        f"no scale is recognised in the grades ({seen}), and margins are shares of the baseline's value; see --scale"
    ]


def _note_unpaired(logs: Mapping[str, LoggedTask]) -> dict[str, LoggedTask]:
    """Say that means of different grades are compared, where items do not have as many for each system."""
    counts = [{item: len(values) for item, values in _by_item(task).items()} for task in logs.values()]
    items = set.intersection(*map(set, counts))
    uneven = sum(len({own[item] for own in counts}) > 1 for item in items)
    if not uneven:
        return dict(logs)
    note = (
        "items with more grades of one system than of another cannot be paired, as no column tells their rows apart "
        f"({uneven:,} of them): differences may be those of the raters"
    )
    return {name: replace(task, notes=[*task.notes, note]) for name, task in logs.items()}
