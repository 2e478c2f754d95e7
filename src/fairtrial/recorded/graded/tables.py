"""Plain grades in a table: one row an item with a column a system, or one row an item and system."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fairtrial.errors import ModelError, SpecError, did_you_mean
from fairtrial.recorded.graded.base import GradedCell, LoggedMeasure, LoggedRow, LoggedTask
from fairtrial.recorded.graded.content import clean_values
from fairtrial.recorded.graded.questions import USUAL
from fairtrial.recorded.graded.raters import describe_several
from fairtrial.recorded.graded.values import WORDS, is_missing, read_grade
from fairtrial.recorded.rows import look_up, read_json, read_log_csv, read_log_lines, shorten_value
from fairtrial.recorded.sheets import read_log_excel, read_log_parquet
from fairtrial.records import content_hash
from fairtrial.spec.recorded import Recorded, format_key

SHEETS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".xlsm")
"""Ends of the names of files that are read as tables."""

SMALLEST, LARGEST = 1e-100, 1e100
"""Sizes of a grade other than 0; squares of such ones are still numbers."""

DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")

EXPECTED = ("expected", "answer", "gold", "target", "reference", "label")


def read_graded_table(path: Path, rows: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (place, row) of a table of any kind.  Raises ModelError if it is none."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return read_log_parquet(path)
    if suffix in (".xlsx", ".xlsm"):
        return read_log_excel(path)
    if suffix in (".jsonl", ".ndjson"):
        return read_log_lines(path)
    if suffix == ".json":
        body = read_json(path)
        found = look_up(body, rows, path.name) if rows else body
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise ModelError(f"{path.name}: rows must be a list of objects.", fix="Say with `rows` where they are.")
        return ((f"{path.name}[{i}]", row) for i, row in enumerate(found))
    return read_log_csv(path, _find_delimiter(path))


def _find_delimiter(path: Path) -> str:
    """Return what separates the cells of a text file: the tab of a .tsv, else what its first line has most of."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            head = file.readline(1 << 16)
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}.") from error
    try:
        counted = {mark: len(next(csv.reader([head], delimiter=mark), [])) for mark in (",", ";", "\t")}
    except csv.Error:
        return ","
    return max(counted, key=lambda mark: (counted[mark], mark == ","))


def _has_decimal_commas(path: Path) -> bool:
    """Return whether 2,5 in a table is a number: cells are set apart by semicolons, as where commas are decimal."""
    return path.suffix.lower() not in SHEETS[1:] and _find_delimiter(path) == ";"


def list_columns(path: Path, rows: str = "") -> list[str]:
    """Return the names of a table's columns, as its first row has them."""
    _, first = next(read_graded_table(path, rows), ("", {}))
    return list(map(str, first))


def find_column(row: Mapping[str, Any], name: str, where: str, what: str) -> Any:
    """Return a cell.  Raises ModelError, with the columns that there are."""
    if name in row:
        return row[name]
    if "." in name:
        return look_up(row, name, where)
    names = list(map(str, row))
    raise ModelError(
        f"{where}: there is no column {name!r} ({what}).{did_you_mean(name, names)}",
        fix=f"Columns: {', '.join(names)[:300]}.",
    )


def read_scores(files: Sequence[Path], how: Recorded) -> Iterator[LoggedTask]:
    """Yield one system's grades in a table, as the candidate says which columns hold what.

    Several rows of one item are one grade, their mean; that they were several is told.
    """
    keys = {how.id, how.score, how.answer, how.cluster if how.cluster == how.id else "", *how.only}
    for path in files:
        takes_commas = _has_decimal_commas(path)
        found = LoggedTask(path.stem)
        grades: dict[str, list[float]] = {}
        first: dict[str, LoggedRow] = {}
        worded: set[str] = set()
        clusters: dict[str, str] = {}
        for where, row in read_graded_table(path, how.rows):
            if any(_say(find_column(row, key, where, "only")) != _say(value) for key, value in how.only.items()):
                continue
            identity = find_column(row, how.id, where, "the item")
            if is_missing(identity):
                raise ModelError(f"{where}: the item has no name in the column {how.id!r}.")
            key = format_key(identity)
            _check_cluster(clusters, key, row, how, where)
            cell = find_column(row, how.score, where, "the grade")
            if takes_commas and isinstance(cell, str) and DECIMAL_COMMA.fullmatch(cell):
                cell = cell.replace(",", ".")
            number = None if is_missing(cell) else read_grade(cell)
            others = {str(name): _say(value) for name, value in row.items() if name not in keys}
            found.cells.append(GradedCell(key, f"{path}:{where}", number, others))
            if is_missing(cell):
                found.ungraded += 1
                continue
            if number is None:
                raise ModelError(
                    f"{where}: the grade in {how.score!r} is no number: {shorten_value(cell)}.",
                    fix="Grades are numbers, true and false, or words such as pass and fail; leave a cell empty where "
                    "there is none.",
                )
            _check_scale(number, how, where)
            if isinstance(cell, str) and cell.strip().lower() in WORDS:
                worded.add(cell.strip())
            grades.setdefault(key, []).append(number)
            if key not in first:
                first[key] = _make_row(row, key, how, where)
        name = how.measure or "score"
        found.rows = [_grade(first[key], name, values) for key, values in grades.items()]
        found.measures = (LoggedMeasure(name, not how.lower_is_better, bounds=how.scale),)
        found.notes += describe_several(grades)
        if worded:
            found.notes.append(
                f"words in {how.score!r} are read as right (1) or wrong (0): {', '.join(sorted(worded)[:6])}"
            )
        yield found


def _say(value: Any) -> str:
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)


def _check_scale(number: float, how: Recorded, where: str) -> None:
    if number and not SMALLEST <= abs(number) <= LARGEST:
        raise ModelError(
            f"{where}: the grade {number:g} in {how.score!r} is too {'large' if abs(number) > 1 else 'small'} to be "
            f"computed with; grades are 0, or from {SMALLEST:g} to {LARGEST:g} in size.",
            fix="Use another unit, or write 0 where it is nothing.",
        )
    if how.scale and not how.scale[0] <= number <= how.scale[1]:
        raise ModelError(
            f"{where}: the grade {number:g} lies outside the scale from {how.scale[0]:g} to {how.scale[1]:g}."
        )


def _grade(row: LoggedRow, name: str, values: Sequence[float]) -> LoggedRow:
    return replace(row, grades={name: (sum(values) / len(values), 1.0)})


def _check_cluster(known: dict[str, str], key: str, row: Mapping[str, Any], how: Recorded, where: str) -> None:
    """Note the cluster of an item.  Raises SpecError if another row of the item stands in another one."""
    value = find_column(row, how.cluster, where, "the cluster") if how.cluster else None
    if is_missing(value):
        return
    cluster = format_key(value)
    before = known.setdefault(key, cluster)
    if before != cluster:
        raise SpecError(
            f"{where}: item {shorten_value(key)} stands in clusters {shorten_value(before)} "
            f"and {shorten_value(cluster)}.",
            fix=f"A cluster holds whole items, such as all questions about one text; {how.cluster!r} tells the rows of "
            "an item apart, and grades are paired by it without being named.",
        )


def _make_row(row: Mapping[str, Any], key: str, how: Recorded, where: str) -> LoggedRow:
    """Return an item of a table, with what its other columns hold."""
    lowered = {str(name).lower(): value for name, value in row.items()}
    question = next((str(lowered[name]) for name in USUAL if not is_missing(lowered.get(name))), key)
    expected = next((str(lowered[name]) for name in EXPECTED if not is_missing(lowered.get(name))), "")
    cluster = ""
    if how.cluster:
        value = find_column(row, how.cluster, where, "the cluster")
        if is_missing(value):
            raise ModelError(f"{where}: the item has no cluster in the column {how.cluster!r}.")
        cluster = format_key(value)
    answer = find_column(row, how.answer, where, "the answer") if how.answer else None
    skipped = {how.score, *how.only}
    return LoggedRow(
        document=content_hash(["item", key]),
        id=key,
        question=question,
        expected=(expected,) if expected else (),
        text=None if is_missing(answer) else str(answer),
        prompt=(("user", question),),
        cluster=cluster,
        data={str(name): _make_json_value(value) for name, value in row.items() if name not in skipped},
        at=where,
    )


def _make_json_value(value: Any) -> Any:
    """Return a cell as a JSON value."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    whole = value if isinstance(value, str | int | float | bool | None) else json.loads(json.dumps(value, default=str))
    return clean_values(whole)
