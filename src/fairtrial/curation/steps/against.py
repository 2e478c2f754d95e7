"""Drop rows that hold an item of a benchmark, or come too near to one.  The index is built once in every process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fairtrial.curation.base import Drop, StepContext, TrainingRow
from fairtrial.curation.contamination.grams import VERSION
from fairtrial.curation.contamination.index import ItemIndex
from fairtrial.curation.contamination.items import read_items
from fairtrial.curation.contamination.rewording import LEAST_SHARE
from fairtrial.curation.contamination.rules import FOR_ROWS
from fairtrial.errors import SpecError
from fairtrial.records import hash_bytes
from fairtrial.spec.against import TRIAL, Against

METHOD = (
    "A row is dropped that shares with an item 13 words in a row (GPT-3, Brown et al. 2020, appendix C), a quarter of "
    "its runs of 8 words (PaLM, Chowdhery et al. 2022, section 8, holds 70% over all rows for contamination), the same "
    "with numbers and names left out, its phrases in another order, or, where it is short, question and answer; and "
    "one that has most of its telling words. Runs that more than 10 items of a task have do not count."
)


class AgainstStep:
    """Looks rows up among the items of benchmarks."""

    def __init__(self, settings: Against, context: StepContext) -> None:
        """Read the items.  Raises SpecError if they cannot be read."""
        self.settings = settings
        self._hashes = {name: _hash_items(name) for name in settings.items}
        self._index = _open_index(tuple(self._hashes.items()), settings.reworded)

    def apply(self, row: TrainingRow) -> TrainingRow | Drop:
        """Return the row, or which item it holds."""
        found = self._index.find(row.texts())
        return row if found is None else Drop(f"contaminated: {found.rule}", found.describe())

    def describe(self) -> Mapping[str, Any]:
        """Return method, thresholds and the hashes of the items."""
        tasks: dict[str, int] = {}
        for item in self._index.items:
            tasks[item.task] = tasks.get(item.task, 0) + 1
        return {
            "method": METHOD,
            "grams": VERSION,
            "items": tasks,
            "items_hash": sorted(self._hashes.values()),
            "least_shares": {"eight": FOR_ROWS.eight, "changed": FOR_ROWS.changed, "near": FOR_ROWS.near},
            "reworded": LEAST_SHARE if self.settings.reworded else None,
        }


def _hash_items(name: str) -> str:
    if name == TRIAL:
        raise SpecError(
            "curate: against: trial takes the items of a trial's tasks, and there is no trial here.",
            fix="Name a file of items, against: ITEMS.jsonl, or write curate into a trial's candidate.",
        )
    try:
        return hash_bytes(Path(name).read_bytes())
    except OSError as error:
        raise SpecError(f"curate: against names {name!r}, which cannot be read: {error.strerror}.") from error


@lru_cache(maxsize=2)
def _open_index(files: tuple[tuple[str, str], ...], reworded: bool) -> ItemIndex:
    """Return the index of the items of files, given with their hashes."""
    return ItemIndex([item for name, _ in files for item in read_items(Path(name))], reworded=reworded)
