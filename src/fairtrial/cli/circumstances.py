"""Circumstances: those on the command line, else those in which an archive was filled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from fairtrial.archive.adding import Rules
from fairtrial.archive.base import Store
from fairtrial.archive.remembering import Remembered, add_remembered, describe_taken, name_taken, recall, remember
from fairtrial.errors import ArchiveError, SpecError
from fairtrial.pages.showing import make_inline
from fairtrial.rights import Circumstances, Proof
from fairtrial.rights.agreements import load_agreements

AtOption = Annotated[str, typer.Option("--at", metavar="DATE", help="The moment that counts; default: now.")]
TerritoryOption = Annotated[
    str, typer.Option("--territory", metavar="CODE", help="Where it is used, e.g. DE; default: not known.")
]
OperatorOption = Annotated[
    str, typer.Option("--operator", metavar="CLASS", help="Who uses it, e.g. commercial; default: not known.")
]
AgreementsOption = Annotated[
    Path | None, typer.Option("--agreements", metavar="FILE", help="A table of signed agreements (YAML or CSV).")
]
ProofOption = Annotated[
    list[str] | None,
    typer.Option(
        "--proof",
        metavar="OF=REFERENCE",
        help="What shows that a licence, by its name or address, was paid for or accepted; may be repeated.",
    ),
]
ReportingOption = Annotated[
    list[str] | None,
    typer.Option("--reporting", metavar="PROFILE", help="A profile of reports that are sent; may be repeated."),
]
ProfileOption = Annotated[
    str,
    typer.Option(
        "--profile",
        help="What holds where nothing is said: strict, eu-tdm or own-archive; default: as the archive was filled.",
    ),
]


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

    def said(self) -> Remembered:
        """Return what the command line says."""
        proofs = tuple((one.of, one.reference) for one in map(read_proof, self.proof or ()))
        agreements = str(self.agreements.resolve()) if self.agreements else ""
        reporting = tuple(sorted(self.reporting or ()))
        return Remembered(self.profile, self.territory, self.operator, proofs, reporting, agreements)

    def circumstances(self, store: Store) -> Circumstances:
        """Return the circumstances that hold for an archive."""
        return add_remembered(self.said(), recall(store)).make_circumstances(read_moment_option(self.at))

    def without_archive(self) -> Circumstances:
        """Return the circumstances where there is no archive."""
        return self.said().make_circumstances(read_moment_option(self.at))

    def name_taken(self, store: Store) -> list[str]:
        """Return the names of what is taken from what an archive remembers."""
        return name_taken(self.said(), recall(store))

    def describe_taken(self, store: Store) -> str:
        """Return a line that says what is taken from what an archive remembers; empty if nothing is."""
        taken = describe_taken(self.said(), recall(store))
        return make_inline(f"As the archive was filled: {'; '.join(taken)}.") if taken else ""

    def rules(self, store: Store) -> Rules:
        """Return what decides of documents that are added, and let the archive remember it.

        Raises:
            ArchiveError: the table of agreements that the archive was filled with is not there.
        """
        told = add_remembered(self.said(), recall(store))
        if told.agreements and not self.agreements and not Path(told.agreements).is_file():
            raise ArchiveError(
                f"the table of agreements that the archive was filled with is not there: {told.agreements}.",
                fix="Name it with --agreements, wherever it is now.",
            )
        table = load_agreements(Path(told.agreements)) if told.agreements else None
        rules = Rules(told.make_circumstances(read_moment_option(self.at)), table)
        remember(store, told)
        return rules


def read_moment_option(text: str) -> datetime:
    """Return a moment; a day is its beginning, one without a time zone is in UTC."""
    if not text or text == "now":
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SpecError(f"--at {text[:40]!r} is no date like 2026-12-31 or 2026-12-31T18:00:00Z.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def read_proof(text: str) -> Proof:
    """Return a proof as it is written on the command line."""
    of, _, reference = text.rpartition("=")
    if not of.strip() or not reference.strip():
        raise SpecError(
            f"--proof {text[:60]!r} is not of the form OF=REFERENCE, e.g. LicenseRef-courier='invoice 118'."
        )
    return Proof(of.strip(), reference.strip())
