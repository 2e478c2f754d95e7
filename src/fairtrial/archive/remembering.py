"""In which circumstances an archive was filled: what holds for it until something else is said.

Without this, a second folder that is added without ``--profile`` or ``--agreements`` would take the first one out, and
what was added as one's own would be searched as if it was a stranger's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from fairtrial.archive.base import Store
from fairtrial.errors import ArchiveError
from fairtrial.rights import Circumstances, Proof

NOTE = "circumstances"
DEFAULT_PROFILE = "strict"
"""Where neither anybody nor the archive says which."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Circumstances of an archive; see `fairtrial.rights.Circumstances`.  Empty: nothing was said.

    Attributes:
        proofs: of payments, as (of, reference).
        agreements: path of the table of agreements, in full.
    """

    profile: str = ""
    territory: str = ""
    operator: str = ""
    proofs: tuple[tuple[str, str], ...] = ()
    reporting: tuple[str, ...] = ()
    agreements: str = ""

    def make_circumstances(self, at: datetime) -> Circumstances:
        """Return the circumstances in which rights are decided at a moment.  Raises RightsError for a wrong value."""
        return Circumstances(
            at,
            self.territory,
            self.operator,  # type: ignore[arg-type]
            self.profile or DEFAULT_PROFILE,  # type: ignore[arg-type]
            tuple(Proof(of, reference) for of, reference in self.proofs),
            frozenset(self.reporting),
        )


def read_said(settings: Mapping[str, Any]) -> Remembered:
    """Return the circumstances that the settings of a candidate, or of a training set, name."""
    proofs = settings.get("proofs") or {}
    return Remembered(
        str(settings.get("profile") or ""),
        str(settings.get("territory") or ""),
        str(settings.get("operator") or ""),
        tuple(sorted((str(of), str(reference)) for of, reference in dict(proofs).items())),
        tuple(map(str, settings.get("reporting") or ())),
    )


def add_remembered(said: Remembered, known: Remembered) -> Remembered:
    """Return what holds for an archive: what is said now, and where nothing is said what it remembers."""
    return Remembered(
        said.profile or known.profile or DEFAULT_PROFILE,
        said.territory or known.territory,
        said.operator or known.operator,
        said.proofs or known.proofs,
        said.reporting or known.reporting,
        said.agreements or known.agreements,
    )


def describe_taken(said: Remembered, known: Remembered) -> list[str]:
    """Return the circumstances that are taken from what an archive remembers, a phrase each; no secrets of proofs."""
    return [phrase for _, phrase in _list_taken(said, known)]


def name_taken(said: Remembered, known: Remembered) -> list[str]:
    """Return the names of the circumstances that are taken from what an archive remembers."""
    return [name for name, _ in _list_taken(said, known)]


def _list_taken(said: Remembered, known: Remembered) -> Iterator[tuple[str, str]]:
    """Yield name and phrase; the default profile is taken from nowhere."""
    if known.profile not in ("", DEFAULT_PROFILE) and not said.profile:
        yield "profile", f"profile {known.profile}"
    for name in ("territory", "operator"):
        if (value := getattr(known, name)) and not getattr(said, name):
            yield name, f"{name} {value}"
    if known.proofs and not said.proofs:
        yield "proofs", "proofs of " + ", ".join(of for of, _ in known.proofs)
    if known.reporting and not said.reporting:
        yield "reporting", "reporting by " + ", ".join(known.reporting)


def recall(store: Store) -> Remembered:
    """Return the circumstances in which an archive was filled last.  Raises ArchiveError if they are damaged."""
    text = store.read_note(NOTE)
    if not text:
        return Remembered()
    try:
        told = json.loads(text)
        proofs = tuple((str(of), str(reference)) for of, reference in told.pop("proofs"))
        return Remembered(**{**told, "proofs": proofs, "reporting": tuple(told["reporting"])})
    except (ValueError, TypeError, KeyError):
        raise ArchiveError("what the archive says of its circumstances is damaged.", fix="Add it anew.") from None


def remember(store: Store, told: Remembered) -> None:
    """Let an archive remember in which circumstances it is filled."""
    if recall(store) != told:
        store.write_note(NOTE, json.dumps(asdict(told), ensure_ascii=False))
