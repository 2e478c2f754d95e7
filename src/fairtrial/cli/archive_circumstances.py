"""The circumstances of an archive: those on the command line, else those in which it was filled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from fairtrial.archive.adding import Rules
from fairtrial.archive.base import Store
from fairtrial.archive.remembering import Remembered, recall, remember
from fairtrial.cli.rights import read_moment, read_proof
from fairtrial.errors import ArchiveError
from fairtrial.rights import Circumstances, Proof
from fairtrial.rights.agreements import load_agreements

ProfileOption = Annotated[
    str,
    typer.Option(
        "--profile",
        help="What holds where nothing is said: strict, eu-tdm or own-archive; default: as the archive was filled.",
    ),
]
DEFAULT_PROFILE = "strict"


@dataclass(frozen=True, slots=True)
class Said:
    """What the command line says; what is empty is as the archive remembers it."""

    territory: str
    operator: str
    profile: str
    proof: list[str] | None
    reporting: list[str] | None
    agreements: Path | None = None
    at: str = ""

    def combine(self, store: Store) -> Remembered:
        """Return what holds for an archive."""
        known = recall(store)
        proofs = tuple((one.of, one.reference) for one in map(read_proof, self.proof or ()))
        return Remembered(
            self.profile or known.profile or DEFAULT_PROFILE,
            self.territory or known.territory,
            self.operator or known.operator,
            proofs or known.proofs,
            tuple(sorted(self.reporting or ())) or known.reporting,
            str(self.agreements.resolve()) if self.agreements else known.agreements,
        )

    def circumstances(self, store: Store) -> Circumstances:
        """Return the circumstances that hold for an archive."""
        return _make(self.combine(store), self.at)

    def rules(self, store: Store) -> Rules:
        """Return what decides of documents that are added, and let the archive remember it.

        Raises:
            ArchiveError: the table of agreements that the archive was filled with is not there.
        """
        told = self.combine(store)
        if told.agreements and not self.agreements and not Path(told.agreements).is_file():
            raise ArchiveError(
                f"the table of agreements that the archive was filled with is not there: {told.agreements}.",
                fix="Name it with --agreements, wherever it is now.",
            )
        table = load_agreements(Path(told.agreements)) if told.agreements else None
        rules = Rules(_make(told, self.at), table)
        remember(store, told)
        return rules


def _make(told: Remembered, at: str) -> Circumstances:
    return Circumstances(
        read_moment(at),
        told.territory,
        told.operator,  # type: ignore[arg-type]
        told.profile,  # type: ignore[arg-type]
        tuple(Proof(of, reference) for of, reference in told.proofs),
        frozenset(told.reporting),
    )
