"""Forgetting ledgers: somebody says that one which an archive knows of does not exist any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fairtrial.archive.base import Store
from fairtrial.errors import ArchiveError, did_you_mean


def forget_ledgers(store: Store, names: Sequence[str]) -> list[str]:
    """Take ledgers from those that withdrawing clears; return their places.  None goes where one of them may not.

    Args:
        store: the archive, open for writing.
        names: places as the archive has them, or paths from here.

    Raises:
        ArchiveError: the archive knows of no such ledger, or it is there: then its words can be taken out.
    """
    known = store.list_ledgers()
    places = list(dict.fromkeys(_find_place(name, known) for name in names))
    for place in places:
        if Path(place).exists():
            raise ArchiveError(
                f"the ledger {place} is there, and may hold words of this archive.",
                fix="Withdrawing takes them out of it. To have it forgotten, delete the file first, and its copies.",
            )
    for place in places:
        store.forget_ledger(place)
    return places


def _find_place(name: str, known: Sequence[str]) -> str:
    for place in (name, str(Path(name).resolve())):
        if place in known:
            return place
    listed = f"It knows of {len(known):,}." if known else "It knows of none."
    raise ArchiveError(
        f"the archive knows of no ledger {name}. {listed}{did_you_mean(str(Path(name).resolve()), known)}",
        fix="fairtrial archive ledgers, with the same --archive, lists them.",
    )
