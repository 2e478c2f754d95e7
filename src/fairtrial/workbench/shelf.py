"""The ledgers that the workbench shows: each with a short name for addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairtrial.errors import LedgerError, UnknownNameError


class LedgerGoneError(LedgerError):
    """A ledger that was there has been moved or deleted, or was never there."""


@dataclass(frozen=True, slots=True)
class ShelvedLedger:
    """A ledger under the name that addresses have for it; the file need not be there yet."""

    key: str
    path: Path

    @property
    def there(self) -> bool:
        """Whether there is such a file."""
        return self.path.is_file()


class Shelf:
    """All ledgers, in the order in which they were named."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Take ledgers, and the ledgers in folders.  Raises LedgerError for a folder without any."""
        self.ledgers: dict[str, ShelvedLedger] = {}
        for path in paths:
            if path.is_dir():
                inside = sorted(path.glob("*.db"))
                if not inside:
                    raise LedgerError(
                        f"the folder {path} holds no ledger (*.db).", fix="Name files, or another folder."
                    )
                for one in inside:
                    self._add(one)
            else:
                self._add(path)

    def _add(self, path: Path) -> None:
        if any(one.path.resolve() == path.resolve() for one in self.ledgers.values()):
            return
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-") or "ledger"
        key = next(k for k in (name, *(f"{name}-{n}" for n in range(2, 10_000))) if k not in self.ledgers)
        self.ledgers[key] = ShelvedLedger(key, path)

    def open(self, key: str) -> ShelvedLedger:
        """Return a ledger by its short name.  Raises UnknownNameError, or LedgerGoneError if the file is not there."""
        found = self.find(key)
        if not found.there:
            raise LedgerGoneError(
                f"the ledger {found.path.name} is not there: it was moved or deleted, or not written yet.",
                fix="Put the file back and load this page again.",
            )
        return found

    def find(self, key: str) -> ShelvedLedger:
        """Return a ledger by its short name.  Raises UnknownNameError."""
        if key not in self.ledgers:
            raise UnknownNameError("ledger", key, self.ledgers, fix="The first page lists them.")
        return self.ledgers[key]
