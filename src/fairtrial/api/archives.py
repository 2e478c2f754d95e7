"""Archives that a trial searches: each notes the ledger that will hold answers made with it, for withdrawals."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from fairtrial.archive.opening import open_archive
from fairtrial.errors import ArchiveError
from fairtrial.planning.plan import Plan


def note_ledger(plan: Plan, ledger: Path, on_note: Callable[[str], None]) -> None:
    """Let every archive of a plan remember a ledger; say so where one cannot be written to."""
    place = str(ledger.resolve())
    for name in find_archives(plan):
        try:
            with closing(open_archive(name)) as store:
                if place not in store.list_ledgers():
                    store.remember_ledger(place)
        except ArchiveError as error:
            on_note(
                f"{error.message} It cannot note that {ledger.name} holds answers made with it: to withdraw documents, "
                f"name the ledger with --ledger."
            )


def find_archives(plan: Plan) -> list[str]:
    """Return the archives that candidates of a plan search, each once."""
    every = [part for one in (*plan.candidates, *plan.judges.named) for part in one.with_parts()]
    named = [str(name) for one in every if one.lever for _, name in one.lever.settings.referred("archive")]
    return list(dict.fromkeys(named))
