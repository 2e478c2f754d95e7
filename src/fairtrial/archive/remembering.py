"""In which circumstances an archive was filled: what holds for it until something else is said.

Without this, a second folder that is added without ``--profile`` or ``--agreements`` would take the first one out.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from fairtrial.archive.base import Store
from fairtrial.errors import ArchiveError

NOTE = "circumstances"


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
