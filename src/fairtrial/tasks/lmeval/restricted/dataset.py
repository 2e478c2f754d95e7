"""Stands in for ``datasets``: a data set as a list of rows, with the library's results.

The library keeps columns, each of one type; so rows that a function gives are brought to one type, too: every struct
has the keys of all, a column with a fraction only fractions.  Shuffles are the library's: numpy's default generator.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fairtrial.sandbox.restricted.guards import Module, Open

_Row = dict[str, Any]


def unify(values: Sequence[Any]) -> list[Any]:
    """Return the values of one column as the library would keep them.  Raises TypeError where it could not."""
    plain = [_make_plain(value) for value in values]
    kinds = {type(value) for value in plain if value is not None}
    if not kinds or (len(kinds) == 1 and not kinds & {dict, list}):
        return plain
    if kinds == {dict}:
        return _unify_structs(plain)
    if kinds == {list}:
        return _unify_lists(plain)
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in plain]
    raise TypeError(f"a column holds values of several types: {', '.join(sorted(kind.__name__ for kind in kinds))}")


def _make_plain(value: Any) -> Any:
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    for base in (bool, str, int, float):
        if isinstance(value, base):
            return base(value)
    if callable(convert := getattr(value, "tolist", None)):
        return convert()
    return value


def _unify_structs(values: Sequence[dict[str, Any] | None]) -> list[Any]:
    keys = [*dict.fromkeys(key for value in values if value is not None for key in value)]
    columns = {key: unify([None if value is None else value.get(key) for value in values]) for key in keys}
    return [None if value is None else {k: columns[k][n] for k in keys} for n, value in enumerate(values)]


def _unify_lists(values: Sequence[list[Any] | None]) -> list[Any]:
    flat = iter(unify([part for value in values if value is not None for part in value]))
    return [None if value is None else [next(flat) for _ in value] for value in values]


def _make_generator(seed: Any) -> Any:
    import numpy as np

    if seed is None:  # as the library does: from where numpy's shared generator stands
        state: Any = np.random.get_state()
        keys, position = state[1], int(state[2])
        seed = keys[position] if position < len(keys) else keys[0]
        np.random.random()
    return np.random.default_rng(seed)


class Dataset(Open):
    """Rows with the same columns; see ``datasets.Dataset`` for what each method means."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
        names = list(columns) if columns is not None else list(rows[0]) if rows else []
        found = {name: unify([row.get(name) for row in rows]) for name in names}
        self._columns = names
        self._rows = [{name: found[name][n] for name in names} for n in range(len(rows))]

    @classmethod
    def _make_from(cls, rows: list[_Row], columns: Sequence[str]) -> Dataset:
        made = cls.__new__(cls)
        made._rows, made._columns = rows, list(columns)
        return made

    @classmethod
    def from_list(cls, rows: Sequence[Mapping[str, Any]], **_: Any) -> Dataset:
        """Make a data set of rows."""
        return cls(rows)

    @classmethod
    def from_dict(cls, columns: Mapping[str, Sequence[Any]], **_: Any) -> Dataset:
        """Make a data set of columns."""
        length = len(next(iter(columns.values()), []))
        return cls([{name: values[n] for name, values in columns.items()} for n in range(length)], [*columns])

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[_Row]:
        for row in self._rows:
            yield copy.deepcopy(row)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key not in self._columns:
                raise KeyError(f"Column {key} not in the dataset. Current columns in the dataset: {self._columns}")
            return [copy.deepcopy(row[key]) for row in self._rows]
        if isinstance(key, slice):
            return self.select(range(len(self))[key]).to_dict()
        if isinstance(key, list | tuple | range):
            return self.select(key).to_dict()
        return copy.deepcopy(self._rows[key])

    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns)

    @property
    def features(self) -> dict[str, Any]:
        """Names of the columns; their types are not kept."""
        return dict.fromkeys(self._columns)

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(self._rows)

    def to_list(self) -> list[_Row]:
        """Return the rows."""
        return copy.deepcopy(self._rows)

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns."""
        return {name: self[name] for name in self._columns}

    def map(
        self, function: Callable[..., Any], with_indices: bool = False, batched: bool = False,
        batch_size: int | None = 1000, remove_columns: Any = None, fn_kwargs: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Dataset:  # fmt: skip
        """Apply a function to every row, or batch of rows."""
        _check_settings("map", settings)
        removed = [remove_columns] if isinstance(remove_columns, str) else list(remove_columns or ())
        if batched:
            return self._map_batches(function, with_indices, batch_size, removed, fn_kwargs or {})
        rows: list[_Row] = []
        for number, row in enumerate(self):
            made = function(row, *([number] if with_indices else ()), **(fn_kwargs or {}))
            if made is None:
                if rows:
                    raise TypeError("the function of `map` gives a row sometimes only")
                continue
            if not isinstance(made, Mapping):
                raise TypeError(f"the function of `map` gives a {type(made).__name__}, not a row")
            given = {} if made is row else dict(made)
            rows.append({**{key: value for key, value in row.items() if key not in removed}, **given})
        if not rows:
            return self
        return Dataset(rows, [*dict.fromkeys(key for row in rows for key in row)])

    def _map_batches(
        self, function: Callable[..., Any], with_indices: bool, size: int | None, removed: list[str],
        named: Mapping[str, Any],
    ) -> Dataset:  # fmt: skip
        columns: dict[str, list[Any]] = {}
        step = size if size and size > 0 else max(1, len(self))
        for start in range(0, len(self), step):
            numbers = list(range(start, min(start + step, len(self))))
            batch = self[numbers]
            made = function(batch, *([numbers] if with_indices else ()), **named)
            if not isinstance(made, Mapping):
                raise TypeError(f"the function of `map` gives a {type(made).__name__}, not columns")
            given = {} if made is batch else dict(made)
            whole = {**{key: values for key, values in batch.items() if key not in removed}, **given}
            if len({len(values) for values in whole.values()}) > 1:
                raise ValueError("the function of `map` gives columns of different lengths")
            for name, values in whole.items():
                columns.setdefault(name, []).extend(values)
        return Dataset.from_dict(columns)

    def filter(
        self, function: Callable[..., Any], with_indices: bool = False, batched: bool = False,
        fn_kwargs: Mapping[str, Any] | None = None, **settings: Any,
    ) -> Dataset:  # fmt: skip
        """Keep the rows for which a function is true."""
        _check_settings("filter", settings)
        if batched:
            raise TypeError("`filter` over batches is not supported")
        named = fn_kwargs or {}
        return self.select([n for n, row in enumerate(self) if function(row, *([n] if with_indices else ()), **named)])

    def select(self, indices: Any, **_: Any) -> Dataset:
        """Keep the rows of these numbers, in this order."""
        return Dataset._make_from([self._rows[int(n)] for n in indices], self._columns)

    def shuffle(self, seed: Any = None, generator: Any = None, **_: Any) -> Dataset:
        """Shuffle the rows."""
        chosen = generator if generator is not None else _make_generator(seed)
        return self.select(chosen.permutation(len(self)))

    def train_test_split(
        self, test_size: Any = None, train_size: Any = None, shuffle: bool = True, seed: Any = None, **_: Any
    ) -> DatasetDict:
        """Split the rows in two."""
        count = len(self)
        if test_size is None and train_size is None:
            test_size = 0.25
        test = _count_part(test_size, count, math.ceil)
        train = _count_part(train_size, count, math.floor)
        train = count - (test or 0) if train is None else train
        test = count - train if test is None else test
        order = _make_generator(seed).permutation(count) if shuffle else range(count)
        first = (order[test : test + train], order[:test]) if shuffle else (order[:train], order[train : train + test])
        return DatasetDict(train=self.select(first[0]), test=self.select(first[1]))

    def sort(self, column: Any, reverse: Any = False, **_: Any) -> Dataset:
        """Sort the rows by a column; equal ones stay in order."""
        name = column if isinstance(column, str) else column[0]
        order = sorted(range(len(self)), key=lambda n: self._rows[n][name], reverse=bool(reverse))
        return self.select(order)

    def unique(self, column: str) -> list[Any]:
        """Return the values of a column, each once."""
        return [*dict.fromkeys(self[column])]

    def select_columns(self, names: Any) -> Dataset:
        """Keep some columns."""
        wanted = [names] if isinstance(names, str) else list(names)
        return Dataset._make_from([{name: row[name] for name in wanted} for row in self._rows], wanted)

    def remove_columns(self, names: Any) -> Dataset:
        """Leave columns out."""
        removed = [names] if isinstance(names, str) else list(names)
        if missing := [name for name in removed if name not in self._columns]:
            raise ValueError(f"Column name {missing} not in the dataset")
        return self.select_columns([name for name in self._columns if name not in removed])

    def rename_column(self, old: str, new: str) -> Dataset:
        """Give a column another name."""
        return self.rename_columns({old: new})

    def rename_columns(self, names: Mapping[str, str]) -> Dataset:
        """Give columns other names."""
        if missing := [name for name in names if name not in self._columns]:
            raise ValueError(f"Original column name {missing[0]} not in the dataset")
        rows = [{names.get(name, name): value for name, value in row.items()} for row in self._rows]
        return Dataset._make_from(rows, [names.get(name, name) for name in self._columns])

    def add_column(self, name: str, column: Sequence[Any], **_: Any) -> Dataset:
        """Add a column."""
        rows = [{**row, name: value} for row, value in zip(self._rows, column, strict=True)]
        return Dataset(rows, [*self._columns, name])

    def add_item(self, item: Mapping[str, Any], **_: Any) -> Dataset:
        """Add a row at the end."""
        return Dataset([*self._rows, item], self._columns)

    def take(self, count: int) -> Dataset:
        """Keep the first rows."""
        return self.select(range(min(count, len(self))))

    def skip(self, count: int) -> Dataset:
        """Leave the first rows out."""
        return self.select(range(min(count, len(self)), len(self)))

    def flatten_indices(self, **_: Any) -> Dataset:
        """Return the same rows."""
        return self


class DatasetDict(Open, dict[str, Dataset]):
    """Data sets by the names of their splits."""


_IGNORED = {
    "num_proc", "load_from_cache_file", "keep_in_memory", "desc", "cache_file_name", "writer_batch_size",
    "new_fingerprint", "batch_size", "drop_last_batch",
}  # fmt: skip


def _check_settings(method: str, settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        if name not in _IGNORED and value is not None:
            raise TypeError(f"`{method}` with {name} is not supported")


def _count_part(size: Any, count: int, rounded: Callable[[float], int]) -> int | None:
    return rounded(size * count) if isinstance(size, float) else size


def _concatenate(parts: Sequence[Dataset], **_: Any) -> Dataset:
    columns = [*dict.fromkeys(name for part in parts for name in part.column_names)]
    return Dataset([row for part in parts for row in part], columns)


def make_module() -> Module:
    """Return what stands in for ``datasets``."""
    return Module(
        "datasets", {"Dataset": Dataset, "DatasetDict": DatasetDict, "concatenate_datasets": _concatenate}
    )  # fmt: skip
