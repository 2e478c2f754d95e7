"""In which circumstances a use is decided: when, where, by whom, and what was settled with the holders of rights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from fairtrial.errors import RightsError, did_you_mean
from fairtrial.rights.record import OperatorClass

Profile = Literal["strict", "eu-tdm", "own-archive"]
"""What holds where nobody has said anything of a use.

``strict``: no use; ``eu-tdm``: text and data mining where it is not reserved (Directive (EU) 2019/790, Art. 4);
``own-archive``: every use, for those who hold the rights themselves.
"""

PROFILES: Final[tuple[Profile, ...]] = get_args(Profile)
OPERATORS: Final[tuple[OperatorClass, ...]] = get_args(OperatorClass)


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that something was paid, or that terms were read and accepted.

    Attributes:
        of: what it is about: a licence (SPDX id or address), the address of terms, or the place of a signal, exactly as
            the evidence has it.
        reference: where it can be looked up, e.g. ``invoice 2026-118``.
    """

    of: str
    reference: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision depends on beside the record.

    Attributes:
        at: the moment that counts; with a time zone.
        territory: ISO 3166-1 alpha-2 code of where it is used; empty: unknown, so that nothing limited to some
            territories is permitted, and every denial for some of them holds.
        operator: who uses it; empty: unknown, likewise.
        profile: what holds where nothing is said.
        proofs: of payment or acceptance, beside those that a table of agreements has.
        reporting: profiles of reporting that the operator meets.

    Raises RightsError for a value that is none.
    """

    at: datetime
    territory: str = ""
    operator: OperatorClass | Literal[""] = ""
    profile: Profile = "strict"
    proofs: tuple[Proof, ...] = ()
    reporting: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise RightsError(f"the moment {self.at.isoformat()} has no time zone.", fix="Write it with one, e.g. Z.")
        if self.territory:
            check_territory(self.territory)
        if self.operator and self.operator not in OPERATORS:
            _refuse("operator", self.operator, OPERATORS)
        if self.profile not in PROFILES:
            _refuse("profile", self.profile, PROFILES)


def _refuse(what: str, value: str, known: tuple[str, ...]) -> None:
    raise RightsError(f"{what} {value!r} is none of {', '.join(known)}.{did_you_mean(value, known)}")


def check_territory(code: str) -> str:
    """Return an ISO 3166-1 alpha-2 code as it is; raises RightsError for anything else."""
    if code == "UK":
        raise RightsError("territory 'UK' is not in ISO 3166-1.", fix="Write GB.")
    if not (len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()):
        raise RightsError(
            f"territory {code[:20]!r} is not a code of two capital letters (ISO 3166-1 alpha-2).", fix="Write e.g. DE."
        )
    return code


_STATES = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU: Final = frozenset(_STATES.split())
"""Member states of the European Union."""
EEA: Final = EU | {"IS", "LI", "NO"}
"""European Economic Area."""


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)
