"""TDMRep, the TDM Reservation Protocol (W3C Community Group, final report of 10 May 2024).

The report's four techniques give evidence of four kinds; which of them prevails is for `fairtrial.rights.decide`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fairtrial.errors import RightsError
from fairtrial.rights.readers.parsing import parse_signal_json
from fairtrial.rights.readers.paths import match_path, normalise_path
from fairtrial.rights.readers.place import SignalSource, SiteAddress, clean_line, split_address
from fairtrial.rights.record import Evidence, Statement, Use
from fairtrial.rights.signals import TDMREP_ORDER

TDMREP_FILE, TDMREP_HEADER, TDMREP_HTML, TDMREP_XMP = TDMREP_ORDER

MINING = (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX)
"""What text and data mining covers here."""

RESERVATION = "tdm-reservation"
POLICY = "tdm-policy"


@dataclass(frozen=True, slots=True)
class _Rule:
    """One entry of the file."""

    location: str
    reservation: str
    policy: str


@dataclass(frozen=True, slots=True)
class TdmrepFile:
    """``/.well-known/tdmrep.json``: its entries in order, or the problem that makes it unreadable."""

    source: SignalSource
    raw: str
    rules: tuple[_Rule, ...] = ()
    problem: str = ""

    def tell(self, target: SiteAddress) -> tuple[Evidence, ...]:
        """Return what the first entry that covers a document says of it; nothing where none does."""
        if self.problem:
            return (self.source.tell(TDMREP_FILE, self.raw, problem=self.problem),)
        for rule in self.rules:
            if match_path(rule.location, target.path) is not None:
                return tell_reservation(TDMREP_FILE, self.source, rule.reservation, rule.policy, f"{rule.location!r}")
        return ()


def read_tdmrep(data: bytes, source: SignalSource) -> TdmrepFile:
    """Return what a site's file says; never raises."""
    raw = data[:8000].decode("utf-8", "replace")
    try:
        value = parse_signal_json(data)
        entries = value if isinstance(value, list) else [value]
        return TdmrepFile(source, raw, tuple(_read_rule(one) for one in entries))
    except RightsError as error:
        return TdmrepFile(source, raw, problem=error.message)


def choose_reservation(values: Iterable[str]) -> str:
    """Return the strictest of several values of one technique: 1 where it is among them, else the first."""
    stripped = [value.strip() for value in values]
    return "1" if "1" in stripped else next(iter(stripped), "")


def tell_reservation(signal: str, source: SignalSource, reservation: str, policy: str, at: str) -> tuple[Evidence, ...]:
    """Return evidence of a reservation as it was written; a value that is neither 0 nor 1 counts as none."""
    value, policy = reservation.strip(), clean_line(policy)
    raw = "\n".join(f"{name}: {text}" for name, text in ((RESERVATION, value), (POLICY, policy)) if text)
    if value not in ("0", "1"):
        return (source.tell(signal, raw, at=at),) if raw else ()
    if value == "0":
        statements = tuple(Statement(use, "allow", f"{RESERVATION}=0") for use in MINING)
        return (source.tell(signal, raw, statements, at=at),)
    because = f"{RESERVATION}=1, to be settled under {policy}" if policy else f"{RESERVATION}=1"
    statements = tuple(Statement(use, "conditional" if policy else "deny", because) for use in MINING)
    return (replace(source.tell(signal, raw, statements, at=at), terms_url=policy),)


def _read_rule(entry: object) -> _Rule:
    if not isinstance(entry, Mapping):
        raise RightsError("it has an entry that is no object")
    location, reservation = entry.get("location"), entry.get(RESERVATION)
    if not isinstance(location, str) or not location:
        raise RightsError("it has an entry without a 'location'")
    number = isinstance(reservation, int | str) and not isinstance(reservation, bool)
    policy = entry.get(POLICY)
    whole = split_address(location)
    path = whole.path if whole is not None else location
    pattern = normalise_path(path if path.startswith(("/", "*")) else f"/{path}")
    return _Rule(pattern, str(reservation)[:20] if number else "", policy if isinstance(policy, str) else "")
