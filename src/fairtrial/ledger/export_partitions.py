"""Observation rows of a ledger as Parquet files in folders by task, candidate, trial or measure, for query engines.

The folders are named as Hive names them (``task=arc/candidate=large``), with all but plain characters as ``%XX``, so
that no name leads out of the folder; every column is in the files as well, exactly as it was written.
"""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fairtrial.errors import LedgerError, MissingExtraError, SpecError
from fairtrial.ledger.export import BATCH_ROWS, COLUMNS, yield_observation_rows
from fairtrial.ledger.store import Ledger
from fairtrial.records import content_hash

PARTITIONS = ("trial", "task", "candidate", "measure")
EMPTY = "__HIVE_DEFAULT_PARTITION__"
"""What stands for no value: rows about a candidate as a whole have no task."""

MOST_OPEN = 200
"""Files that are open at once; of more, the one that was written to longest ago is closed."""

LONGEST = 150
"""Characters of a folder's value; a longer one ends with a hash of the whole."""


def export_partitions(ledger: Ledger, folder: Path, columns: Sequence[str], trial: str | None = None) -> int:
    """Write observation rows to Parquet files below a folder and return how many; needs the extra ``parquet``.

    Args:
        ledger: what to read.
        folder: a folder that does not exist, or is empty; it appears whole or not at all.
        columns: of `PARTITIONS`, in the order of the folders.
        trial: id, its beginning, or name; None takes all trials.

    Raises:
        SpecError: a column that rows are not parted by.
        LedgerError: the folder holds something, or cannot be written.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Writing Parquet files", "parquet") from error
    if odd := [name for name in columns if name not in PARTITIONS]:
        raise SpecError(f"rows are not parted by {odd[0]!r}.", fix=f"Part them by {', '.join(PARTITIONS)}.")
    if len({*columns}) != len(columns) or not columns:
        raise SpecError("--partition names a column twice, or none.", fix="For example: --partition task,candidate.")
    folder = folder.absolute()
    if folder.name in ("", ".."):  # the root, or what has no name of its own to write beside
        raise LedgerError(f"{folder} is no folder that can be made.", fix="Name a folder that does not exist.")
    partial = folder.with_name(f".{folder.name}.part")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise LedgerError(f"{folder} exists and is no empty folder.", fix="Name a folder that does not exist.")
        shutil.rmtree(partial, ignore_errors=True)
        with ledger.snapshot():
            writer = _PartitionWriter(partial, tuple(columns))
            try:
                writer.write(yield_observation_rows(ledger, trial))
            finally:
                writer.close()
        partial.replace(folder)
    except OSError as error:
        raise LedgerError(f"{folder} cannot be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return writer.count


def name_partition(names: Sequence[str], values: Sequence[str]) -> Path:
    """Return the folder of rows with these values, below that of all."""
    return Path(*(f"{name}={_escape(value)}" for name, value in zip(names, values, strict=True)))


def _escape(value: str) -> str:
    text = quote(value.encode("utf-8", "replace"), safe=" ") or EMPTY
    return text if len(text) <= LONGEST else f"{quote(value[:12].encode('utf-8', 'replace'))}-{content_hash(value)}"


class _PartitionWriter:
    """Parts rows among files; few rows wait in memory, and few files are open, however many there are."""

    def __init__(self, folder: Path, columns: tuple[str, ...]) -> None:
        import pyarrow

        self.count = 0
        self._folder, self._columns = folder, columns
        kinds = {name: pyarrow.int64() for name in ("doc_id", "repeat", "position")}
        kinds |= {name: pyarrow.float64() for name in ("value", "weight")}
        self._schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in COLUMNS])
        self._waiting: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        self._open: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._files: dict[tuple[str, ...], int] = {}

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write all rows."""
        waiting = 0
        for row in rows:
            self._waiting.setdefault(tuple(row[name] for name in self._columns), []).append(row)
            waiting += 1
            self.count += 1
            if waiting >= BATCH_ROWS:
                self._flush()
                waiting = 0
        self._folder.mkdir(parents=True, exist_ok=True)
        self._flush()

    def close(self) -> None:
        """Close all files."""
        while self._open:
            self._open.popitem()[1].close()

    def _flush(self) -> None:
        import pyarrow

        for key in sorted(self._waiting):
            columns = [pyarrow.array([row[name] for row in self._waiting[key]], self._schema.field(name).type)
                       for name in COLUMNS]  # fmt: skip
            self._find_writer(key).write_table(pyarrow.Table.from_arrays(columns, schema=self._schema))
        self._waiting.clear()

    def _find_writer(self, key: tuple[str, ...]) -> Any:
        """Return the open file of a partition; where it was closed before, another one beside that."""
        import pyarrow.parquet

        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key]
        if len(self._open) >= MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        self._files[key] = self._files.get(key, 0) + 1
        own = self._folder / name_partition(self._columns, key)
        own.mkdir(parents=True, exist_ok=True)
        # the hash keeps files apart whose folders are one to a file system that knows no case
        path = own / f"rows-{content_hash(list(key))[:8]}-{self._files[key]}.parquet"
        self._open[key] = pyarrow.parquet.ParquetWriter(path, self._schema)
        return self._open[key]
