"""Reads a file of rows as its author wrote it: every cell of CSV is text, and every row knows its place in the file.

Delimiter and encoding are found out and kept, to be said.  Knows nothing of what columns mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from fairtrial.errors import DataError
from fairtrial.spec.own import DATA_SUFFIXES, DataFile
from fairtrial.tasks.data.datasets import convert_to_json
from fairtrial.tasks.data.delimited import name_columns, read_csv_lines
from fairtrial.tasks.data.excel import MOST_COLUMNS, read_excel
from fairtrial.tasks.data.files import SUFFIXES, fill_columns, read_rows, strip_packed_suffix
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.data.unpacking import MemoryBudget, find_marked_encoding, open_text
from fairtrial.tasks.own.faults import Fault, show

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE = 1 << 16


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of a file.

    Attributes:
        rows: by column name, None for empty cells; all with the same columns, JSON values only.
        places: where each row stands in the file, in words.
        faults: rows that could not be read; they are not among ``rows``.
        notes: what must be said of how the file was read, e.g. its encoding.
        blank: rows without any value, which are left out.
        raw: cells may hold bytes still, so that they are no JSON values yet.
        counts: of what is odd about a retrieval set, by name; see `fairtrial.tasks.own.beir`.
    """

    rows: list[RowDict]
    places: list[str]
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    blank: int = 0
    raw: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Rows of the file, those without any value left out."""
        return len(self.rows) + len(self.faults)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the file's order."""
        return list(self.rows[0]) if self.rows else []


def read_table(file: DataFile, path: Path) -> FileRows:
    """Return the rows of a file.

    Args:
        file: what is written about it.
        path: where it is.

    Raises DataError if it is missing, is no file of rows, is empty, or cannot be read as what it is;
    MissingExtraError if reading it needs a library that is not installed.
    """
    kind = _find_kind(path)
    _refuse_missing(path)
    if file.sheet and kind != "excel":
        raise DataError(f"is no Excel file, and has no sheet {file.sheet!r}", where=str(path))
    try:
        found = _read_as(kind, file, path)
    except DataError as error:
        if "`encoding:" in error.fix:
            error.fix += f" In a trial file: {{file: {{path: {path.name}, encoding: NAME}}}}."
        raise
    if not found.rows and not found.faults:
        raise DataError("has no rows", where=str(path))
    return found


def _read_as(kind: str, file: DataFile, path: Path) -> FileRows:
    if kind == "excel":
        return _read_excel(file, path)
    if kind in ("csv", "tsv"):
        return _read_delimited(file, path, kind)
    options = {"encoding": file.encoding or None, "field": file.field or None}
    read = read_rows(path, options)
    _refuse_columns(max(read, key=len, default={}), path)
    rows = fill_columns(read)
    _refuse_columns(rows[0] if rows else (), path)
    raw = kind == "parquet"  # which may hold the bytes of images
    found = _drop_empty(
        rows if raw else [convert_to_json(row) for row in rows], [f"row {n}" for n in range(1, len(rows) + 1)]
    )
    return replace(found, raw=raw)


def _find_kind(path: Path) -> str:
    plain = strip_packed_suffix(path)
    kind = {**SUFFIXES, ".ndjson": "json"}.get(plain.suffix.lower())
    if kind is None or kind == "text":
        fix = "Save it as .xlsx." if plain.suffix.lower() == ".xls" else f"Understood are {', '.join(DATA_SUFFIXES)}."
        raise DataError(f"is no file of rows, by its name: {path.name!r}", fix=fix, where=str(path))
    return kind


def _refuse_missing(path: Path) -> None:
    try:
        if path.is_file():
            return
        near = (
            sorted(p.name for p in path.parent.iterdir() if p.suffix in DATA_SUFFIXES) if path.parent.is_dir() else []
        )
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)[:300]) from error
    beside = f"Files of rows there: {', '.join(near[:8])}." if near else ""
    what = "is a folder" if path.is_dir() else "is not a regular file" if path.exists() else "does not exist"
    raise DataError(f"the file {what}", fix=beside, where=str(path))


def _read_excel(file: DataFile, path: Path) -> FileRows:
    sheet = read_excel(path, MemoryBudget(), file.sheet)
    others = f"; not read: {', '.join(map(repr, sheet.others))}" if sheet.others else ""
    places = [f"row {n} (sheet row {number})" for n, number in enumerate(sheet.numbers, 1)]
    found = _drop_empty(sheet.rows, places)
    notes = [f"sheet {sheet.name!r}{others}"]
    if sheet.hidden:
        notes.append(f"{sheet.hidden:,} hidden row{'s' if sheet.hidden > 1 else ''} of the sheet read too")
    return FileRows(found.rows, found.places, (), tuple(notes), found.blank)


def _read_delimited(file: DataFile, path: Path, kind: str) -> FileRows:
    budget = MemoryBudget()
    marked = find_marked_encoding(path)
    encoding = file.encoding or marked
    delimiter = file.delimiter or ("\t" if kind == "tsv" else "")
    if len(delimiter) > 1 or delimiter in ('"', "\n", "\r", "\0"):
        raise DataError(f"the delimiter must be one character; got {file.delimiter!r}", where=str(path))
    stated, skipped = _find_delimiter(path, encoding)
    delimiter = delimiter or stated
    lines = read_csv_lines(path, encoding or None, delimiter, budget)
    for _ in range(skipped):
        next(lines, None)
    names, lines = _find_names(file, lines, path)
    rows: list[RowDict] = []
    places: list[str] = []
    faults: list[Fault] = []
    width = len(names)
    for number, (line, cells) in enumerate(lines):
        place = (
            f"row {number + 1} (line {line})" if line != number + 2 + skipped or file.columns else f"row {number + 1}"
        )
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            extra = f"{len(cells)} cells for {width} columns; beyond the last: {show(cells[width])}"
            hint = " (text that holds the delimiter must stand in quotation marks)"
            faults.append(Fault(number, place, extra + hint))
            continue
        cells += [""] * (width - len(cells))
        rows.append({name: cell if cell.strip() else None for name, cell in zip(names, cells, strict=False)})
        places.append(place)
    notes = [f"encoding {encoding}"] if encoding and encoding != "utf-8-sig" else []
    if delimiter != ("\t" if kind == "tsv" else ","):
        notes.append(f"cells between {DELIMITERS.get(delimiter, repr(delimiter))}")
    found = _drop_empty(rows, places)
    return FileRows(found.rows, found.places, tuple(faults), tuple(notes), found.blank)


def _find_names(
    file: DataFile, lines: Iterator[tuple[int, list[str]]], path: Path
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the names of the columns, and the lines of rows."""
    if not file.columns:
        header = [name.strip() for name in next(lines, (0, []))[1]]
        _refuse_columns(header, path)
        return name_columns(header), lines
    first = next(lines, None)
    return list(file.columns), chain([first] if first else [], lines)


def _refuse_columns(names: Collection[str], path: Path) -> None:
    """Raise DataError if there are too many columns, or two of one name."""
    if len(names) > MOST_COLUMNS:
        raise DataError(f"has {len(names):,} columns, and at most {MOST_COLUMNS:,} are read", where=str(path))
    twice = next((name for name, times in Counter([*names]).items() if name and times > 1), "")
    if twice:
        raise DataError(
            f"has several columns of the name {twice!r}", fix="Give each column a name of its own.", where=str(path)
        )


def _find_delimiter(path: Path, encoding: str) -> tuple[str, int]:
    """Return what stands between cells, judged by the first lines, and how many lines say so (``sep=;`` of Excel)."""
    with open_text(path, encoding or None) as text:
        sample = text.read(_SAMPLE)
    first = sample.partition("\n")[0].strip("\r")
    if first.lower().startswith("sep=") and len(first) == 5:
        return first[4], 1
    inside, counts = False, Counter[str]()
    for char in sample:
        if char == '"':
            inside = not inside
        elif char == "\n" and not inside:
            break
        elif char in DELIMITERS and not inside:
            counts[char] += 1
    best = max(DELIMITERS, key=lambda char: counts[char])
    return best, 0


def _drop_empty(rows: Sequence[RowDict], places: Sequence[str]) -> FileRows:
    """Return rows without those that hold nothing, and without columns that have neither name nor value."""
    pairs = [(row, place) for row, place in zip(rows, places, strict=True) if any(v is not None for v in row.values())]
    used = {name for row, _ in pairs for name, value in row.items() if value is not None}
    kept = [name for name in (rows[0] if rows else ()) if name in used or not name.startswith("Unnamed: ")]
    whole = not rows or len(kept) == len(rows[0])
    tidy = [row if whole else {name: row[name] for name in kept} for row, _ in pairs]
    return FileRows(tidy, [place for _, place in pairs], blank=len(rows) - len(pairs))
