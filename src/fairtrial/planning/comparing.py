"""From files named on a command line to a trial of logs: which systems they hold, what these are called.

Knows nothing of how rows come together; that is `fairtrial.planning.logs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.recorded.graded.reading import LoggedSystem, read_graded
from fairtrial.recorded.graded.tables import SHEETS, find_column, list_columns, read_graded_table
from fairtrial.recorded.graded.values import is_missing
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.recorded import Recorded

MOST_SYSTEMS = 50
"""Systems of one table or log that are compared at once."""

DULL = re.compile(
    r"^(?:results?|outputs?|out|logs?|samples?_.*|eval|evals|runs?|data|scenario_state|\d[\dT:._+-]*)$", re.I
)
"""Names of files and folders that say nothing of what is in them."""


@dataclass(frozen=True, slots=True)
class GradeColumns:
    """Which columns of a table of grades hold what.

    Attributes:
        item: names the item.
        columns: of grades, one a system; the first is the baseline.
        system: names the system, where each row is about one.
        score: the grade, where each row is about one system.
        only: of these systems, the ones to compare, in their order.
        cluster: what several items share.
        scale: smallest and largest possible grade.
        lower_is_better: whether less is better.
        measure: what the grades are called.
    """

    item: str
    columns: tuple[str, ...] = ()
    system: str = ""
    score: str = ""
    only: tuple[str, ...] = ()
    cluster: str = ""
    scale: tuple[float, float] | None = None
    lower_is_better: bool = False
    measure: str = ""


@dataclass(frozen=True, slots=True)
class NamedSystem:
    """One system to compare: its candidate, and what it is, for people."""

    candidate: Candidate
    about: str


def find_graded_systems(path: str, columns: GradeColumns) -> list[NamedSystem]:
    """Return the systems that a table of grades is about.

    Raises SpecError for columns that are not there or do not fit, ModelError for a table that cannot be read.
    """
    file = Path(path).expanduser()
    names = list_columns(file)
    if not names:
        raise SpecError(f"{file.name} has no rows.", fix="A table has a head line with the names of its columns.")
    wide = bool(columns.columns)
    if wide == bool(columns.system and columns.score):
        raise SpecError(
            "say where the grades are: --a and --b name a column of each system; or --system and --score name the "
            "columns of the system and its grade, where a row is about one system.",
            fix=f"Columns of {file.name}: {', '.join(names)[:400]}.",
        )
    _check_columns(file, columns, names)
    shared = {
        "id": columns.item,
        "cluster": columns.cluster,
        "measure": columns.measure,
        "scale": columns.scale,
        "lower_is_better": columns.lower_is_better,
    }
    given: dict[str, Any] = {key: value for key, value in shared.items() if value}
    if wide:
        twice = [name for i, name in enumerate(columns.columns) if name in columns.columns[:i]]
        if twice:
            raise SpecError(f"the column {twice[0]!r} is named twice.", fix="Name two different columns.")
        settings = [(name, {**given, "score": name}, f"column {name!r}") for name in columns.columns]
    else:
        told = _list_systems(file, columns)
        settings = [
            (name, {**given, "score": columns.score, "only": {columns.system: name}}, f"{columns.system} {name!r}")
            for name in told
        ]
    taken: list[str] = []
    return [
        NamedSystem(_make_candidate(path, name, how, taken), f"grades in {file.name}, {about}")
        for name, how, about in settings
    ]


def _check_columns(file: Path, columns: GradeColumns, names: Sequence[str]) -> None:
    """Raise SpecError for a column that the table does not have."""
    single = {
        "--item": columns.item,
        "--system": columns.system,
        "--score": columns.score,
        "--cluster": columns.cluster,
    }
    for option, name in (*single.items(), *(("--a and --b", one) for one in columns.columns)):
        if name and name not in names:
            raise SpecError(
                f"{option}: {file.name} has no column {name!r}.{did_you_mean(name, names)}",
                fix=f"Columns: {', '.join(names)[:400]}.",
            )


def _list_systems(file: Path, columns: GradeColumns) -> list[str]:
    """Return the systems that a column names, in the order of the rows, or those that are wanted."""
    found: dict[str, None] = {}
    for where, row in read_graded_table(file):
        value = find_column(row, columns.system, where, "the system")
        if not is_missing(value):
            found[str(value)] = None
        if len(found) > MOST_SYSTEMS:
            raise SpecError(f"{columns.system!r} names more than {MOST_SYSTEMS} systems; is it the right column?")
    if lost := [name for name in columns.only if name not in found]:
        raise SpecError(
            f"{columns.system!r} names no system {lost[0]!r}.{did_you_mean(lost[0], list(found))}",
            fix=f"There: {', '.join(found)[:400]}.",
        )
    return list(columns.only or found)


def find_logged_systems(paths: Sequence[str], cluster: str = "") -> list[NamedSystem]:
    """Return the systems that are in some logs, each with a name of its own; ``NAME=PATH`` gives one.

    Raises SpecError or ModelError: nothing there, no log, no grades.
    """
    found: list[tuple[str, str, LoggedSystem]] = []
    for given in paths:
        name, path = _split_name(given)
        systems = read_graded(Path(path).expanduser().resolve(), Recorded())
        if len(systems) > MOST_SYSTEMS:
            raise SpecError(f"{path} holds {len(systems)} systems; at most {MOST_SYSTEMS} are compared at once.")
        for system in systems:
            alone = name or _name_path(Path(path), system)
            short = re.sub(r" \([^)]*\)$", "", system.label)  # of a prompt its number; its text is told beside
            shown = alone if len(systems) == 1 else short if len(paths) == 1 else f"{alone}-{short}"
            found.append((shown, path, system))
    taken: list[str] = []
    made = []
    for shown, path, system in found:
        how: dict[str, Any] = {"only": dict(system.told)} if system.told else {}
        how |= {"cluster": cluster} if cluster else {}
        made.append(NamedSystem(_make_candidate(path, shown, how, taken), _describe(system, path)))
    return made


def _split_name(given: str) -> tuple[str, str]:
    """Return name and path of ``NAME=PATH``; the name is empty where there is none."""
    name, mark, path = given.partition("=")
    path = path if mark and not Path(given).exists() and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._ -]*", name) else ""
    return (name.strip(), path.removeprefix("import:")) if path else ("", given.removeprefix("import:"))


def _name_path(path: Path, system: LoggedSystem) -> str:
    """Return what to call the one system of a log: the path's last telling part, else the model."""
    parts = [path.stem if path.suffix.lower() in (*SHEETS, ".eval") else path.name, *(p.name for p in path.parents)]
    telling = next((part for part in parts if part and part not in (".", "..") and not DULL.match(part)), "")
    return telling or system.model or path.name


def _describe(system: LoggedSystem, path: str) -> str:
    """Return what a system is, for people."""
    told = system.label or system.model
    rows = sum(len(task.rows) for task in system.tasks.values())
    tasks = len(system.tasks)
    named = f"task {next(iter(system.tasks))}" if tasks == 1 else f"{tasks} tasks"
    return f"{system.format} log{f' of {told}' if told else ''}, {named}, {rows:,} graded rows ({path})"


def _make_candidate(path: str, name: str, how: Mapping[str, Any], taken: list[str]) -> Candidate:
    """Return a candidate with a name that no other has."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:56] or "log"
    own, number = plain, 1
    while own in taken:
        number += 1
        own = f"{plain}-{number}"
    taken.append(own)
    document = {"id": own, "model": f"import:{path}", **({"recorded": dict(how)} if how else {})}
    return Candidate.model_validate(document)


def put_first(found: Sequence[NamedSystem], baseline: str) -> list[NamedSystem]:
    """Return the systems with the one of that name first.  Raises SpecError if there is none."""
    names = [one.candidate.id for one in found]
    if baseline not in names:
        raise SpecError(
            f"there is no system {baseline!r}.{did_you_mean(baseline, names)}", fix=f"There: {', '.join(names)}."
        )
    return sorted(found, key=lambda one: one.candidate.id != baseline)
