"""Rows of a benchmark: from local json, csv, text or parquet files, a local folder, or a hub data set at a revision.

Every row comes back with every column, None where nothing was written.  This module knows nothing of what the columns
mean.  It never runs code that comes with a data set.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError, MissingExtraError, did_you_mean
from fairtrial.records import content_hash
from fairtrial.tasks.data.files import PACKED, SUFFIXES, fill_columns, find_kind, read_rows, strip_packed_suffix
from fairtrial.tasks.data.globbing import find_matching_files
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.data.unpacking import MemoryBudget

_BUILDERS = {"json", "csv", "text", "parquet"}


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where a task says that its rows are.

    Attributes:
        path: ``json``, ``csv``, ``text`` or ``parquet`` with ``data_files``; a local folder; or a hub id.
        name: configuration (subset) of the data set, or None.
        options: the task's ``dataset_kwargs``; ``data_files``, ``revision``, ``data_dir`` and what `read_rows` takes
            are used.
        folder: what relative paths are relative to.
        data_dir: a folder to use in the place of a hub data set, or None.
    """

    path: str
    name: str | None
    options: Mapping[str, Any]
    folder: Path
    data_dir: Path | None = None


@dataclass(frozen=True)
class LocalRows:
    """Splits that are local files.

    Attributes:
        files: files of each split, in order.
        options: see `DataSource`.
    """

    files: Mapping[str, tuple[Path, ...]]
    options: Mapping[str, Any] = field(default_factory=dict)
    _sizes: dict[Path, int] = field(default_factory=dict, compare=False, repr=False)

    def split(self, name: str) -> list[RowDict]:
        """Return the rows of a split.  Raises DataError if there is no such split or a file is malformed."""
        rows: list[RowDict] = []
        budget = MemoryBudget()
        for path in self._list_files(name):
            own = read_rows(path, self.options, budget)
            self._sizes[path] = len(own)
            rows += own
        return fill_columns(rows)

    def place(self, name: str, number: int | None) -> str:
        """Return, for an error, file and row (from 1) of a row that `split` has given; only the files if it is None."""
        files = self._list_files(name)
        for path in files if number is not None else ():
            assert number is not None
            if number < self._sizes.get(path, 0):
                return f" ({path.name}, row {number + 1})"
            number -= self._sizes.get(path, 0)
        return f" ({', '.join(path.name for path in files)})"

    def folder(self, name: str) -> Path | None:
        """Return where the first file of a split lies, which paths in its rows are relative to."""
        return next((path.parent for path in self._list_files(name)), None)

    def revision(self, splits: Iterable[str]) -> str:
        """Return what pins the rows of these splits: a sha256 of the files' bytes."""
        digests = [_hash_file(path) for split in splits for path in self._list_files(split)]
        one = digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
        return f"sha256:{one}"

    def _list_files(self, name: str) -> tuple[Path, ...]:
        if name not in self.files:
            hint = did_you_mean(name, self.files)
            raise DataError(f"there is no split {name!r}.{hint}", fix=f"The data has: {', '.join(self.files)}.")
        return self.files[name]


@dataclass(frozen=True)
class HubRows:
    """Splits of a hub data set."""

    path: str
    name: str | None
    commit: str | None
    options: Mapping[str, Any]

    def split(self, name: str) -> list[RowDict]:
        """Return the rows of a split, from the local cache or the hub.  Raises DataError if neither has it."""
        library = _import_datasets()
        passed = {key: self.options[key] for key in ("data_files", "data_dir") if key in self.options}
        try:
            loaded = library.load_dataset(self.path, self.name, split=name, revision=self.commit, **passed)
        except Exception as error:  # its network layers raise errors of many families
            raise DataError(
                f"the data set {self.path!r} ({self.name or 'default'}, split {name!r}) cannot be had: {error}",
                fix="Connect to the network once, or include this file in one of yours with a local dataset_path.",
            ) from error
        return [dict(row) for row in _keep_files(library, loaded)]

    def folder(self, _: str) -> Path | None:
        """Return None: rows of the hub lie in no folder of the user's."""
        return None

    def place(self, name: str, number: int | None) -> str:
        """Return, for an error, where a row is from."""
        row = "" if number is None else f", row {number + 1}"
        return f" ({self.path}, split {name!r}{row})"

    def revision(self, splits: Iterable[str]) -> str:
        """Return the hub commit, or a hash of the rows where the commit could not be found out."""
        if self.commit:
            return f"hub:{self.commit}"
        return "rows:" + content_hash([[convert_to_json(row) for row in self.split(name)] for name in splits])


DatasetRows = LocalRows | HubRows


def open_rows(source: DataSource) -> DatasetRows:
    """Find the rows of a task; reads nothing but file names.

    Raises DataError if files are missing, MissingExtraError if a hub data set is asked for without the extra ``hub``.
    """
    if source.path in _BUILDERS:
        return LocalRows(_find_data_files(source), source.options)
    for folder in _list_folders(source):
        if files := _find_splits(folder):
            return LocalRows(files, source.options)
    local = source.folder / source.path
    if source.data_dir or local.is_dir() or source.path.startswith((".", "/")):
        raise DataError(
            f"no data files for {source.path!r} in {source.data_dir or local}",
            fix=f"Wanted: files named after the splits, e.g. test.jsonl ({', '.join(SUFFIXES)}; {', '.join(PACKED)}).",
        )
    return HubRows(source.path, source.name, _find_hub_commit(source), source.options)


def _find_data_files(source: DataSource) -> dict[str, tuple[Path, ...]]:
    given = source.options.get("data_files")
    if not given:
        raise DataError(f"dataset_path: {source.path} needs dataset_kwargs.data_files")
    by_split = given if isinstance(given, Mapping) else {"train": given}
    found: dict[str, tuple[Path, ...]] = {}
    for split, names in by_split.items():
        wanted = names if isinstance(names, list) else [names]
        found[str(split)] = tuple(path for name in wanted for path in _find(str(name), source))
    return found


def _find(name: str, source: DataSource) -> list[Path]:
    if "://" in name:
        raise DataError(f"the data file {name!r} is on the network", fix="Download it and name the local file.")
    inner = str(source.options.get("data_dir") or "")
    for base in filter(None, (source.data_dir, source.folder)):
        folder = base / inner
        try:
            literal = Path(name).is_absolute() or (folder / name).is_file()
            found = [folder / name] if literal else find_matching_files(folder, name)
            if found and all(path.is_file() for path in found):
                return found
        except (OSError, ValueError) as error:  # a NUL character, a name too long
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"the data file {name[:200]!r} cannot be found: {reason}", where=str(folder)) from error
    raise DataError(f"the data file {name[:200]!r} does not exist", where=str(source.data_dir or source.folder))


def _list_folders(source: DataSource) -> Iterable[Path]:
    if source.data_dir is not None:
        bases = [source.data_dir / source.path, source.data_dir / source.path.rpartition("/")[2], source.data_dir]
    else:
        bases = [source.folder / source.path]
    for base in bases:
        if source.name:
            yield base / source.name
        yield base
        yield base / "data"


def _find_splits(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Files named ``SPLIT.suffix`` or, as the hub writes shards, ``SPLIT-00000-of-00002.suffix``."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if find_kind(path) and path.is_file():
            found.setdefault(strip_packed_suffix(path).stem.partition("-")[0], []).append(path)
    for split, paths in found.items():
        if len({(strip_packed_suffix(path).suffix, path.suffix) for path in paths}) > 1:
            raise DataError(
                f"the split {split!r} is there in several forms: {', '.join(path.name for path in paths)}",
                fix="Keep one of them: their rows would count twice.",
                where=str(folder),
            )
    return {split: tuple(paths) for split, paths in found.items()}


def convert_to_json(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: dates and anything else unknown as text, NaN and infinities as None."""
    if isinstance(value, Mapping):
        return {str(key): convert_to_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [convert_to_json(part) for part in value]
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    return value if value is None or isinstance(value, str | int) else str(value)


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _import_datasets() -> Any:
    try:
        return importlib.import_module("datasets")
    except ImportError as error:
        raise MissingExtraError("Reading data sets from the Hugging Face hub", "hub") from error


def _keep_files(library: Any, loaded: Any) -> Any:
    """Return a data set that gives images as the bytes of their files, not decoded."""
    features = getattr(loaded, "features", None)
    if "Image(" not in repr(features):
        return loaded

    def keep(feature: Any) -> Any:
        if isinstance(feature, library.Image):
            return library.Image(decode=False)
        if isinstance(feature, dict):
            return {name: keep(inner) for name, inner in feature.items()}
        if isinstance(feature, list):
            return [keep(inner) for inner in feature]
        if (inner := getattr(feature, "feature", None)) is not None:
            return type(feature)(keep(inner), length=getattr(feature, "length", -1))
        return feature

    return loaded.cast(library.Features({name: keep(feature) for name, feature in loaded.features.items()}))


def _find_hub_commit(source: DataSource) -> str | None:
    """The revision that the task pins, else the newest commit; None if the hub cannot be reached."""
    if pinned := source.options.get("revision"):
        return str(pinned)
    _import_datasets()
    hub = importlib.import_module("huggingface_hub")
    try:
        found = hub.HfApi().dataset_info(source.path, timeout=10).sha
    except Exception:  # not reachable or not there: `HubRows.split` takes the cached copy or says what is wrong
        return None
    return str(found) if found else None


def apply_through_datasets(function: Any, rows: list[RowDict]) -> list[RowDict]:
    """Apply a function over a ``datasets.Dataset`` to rows.  Raises MissingExtraError without the extra ``hub``."""
    library = _import_datasets()
    library.disable_progress_bars()
    return [dict(row) for row in function(library.Dataset.from_list(rows))]
