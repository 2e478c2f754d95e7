"""Which candidates are open and which closed, and where their answers are made, as far as the trial's plan tells.

Open: weights that are on this machine.  Closed: an endpoint elsewhere, or recorded answers of one.  Weights behind an
endpoint, and recorded answers of unknown origin, are for the user to tell (``open:``, ``closed:``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from fairtrial.ledger.plan import CandidateRecord, TrialRecord
from fairtrial.spec.schemes import scheme_of

HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


@dataclass(frozen=True, slots=True)
class AnswerOrigin:
    """Where a candidate's answers are made: on this machine, at a host elsewhere, or they are recorded."""

    where: Literal["here", "elsewhere", "recorded"]
    host: str = ""


@dataclass(frozen=True, slots=True)
class OpenAndClosed:
    """The candidates by side, where each answers, and what had to be assumed."""

    open: tuple[str, ...]
    closed: tuple[str, ...]
    told: Mapping[str, AnswerOrigin]
    notes: tuple[str, ...]


def _find_origin(candidate: CandidateRecord) -> AnswerOrigin:
    """Return where a candidate's answers are made."""
    scheme = scheme_of(candidate.spec.model)
    record = candidate.record
    if scheme and scheme.is_recorded:
        return AnswerOrigin("recorded", "recorded answers")
    host = record.host or urlsplit(record.base_url or "").hostname or ""
    if scheme and scheme.answers == "here" and not record.elsewhere:
        return AnswerOrigin("here")
    return AnswerOrigin("here" if host in HERE else "elsewhere", host)


def split_sides(plan: TrialRecord, settings: Mapping[str, Any]) -> OpenAndClosed:
    """Return the sides: what the user says; else local weights are open, answers from elsewhere and recorded closed."""
    told = {candidate.name: _find_origin(candidate) for candidate in plan.candidates}
    given_open, given_closed = (list(settings.get(key) or ()) for key in ("open", "closed"))
    unclear = []
    for candidate in plan.candidates:
        name = candidate.name
        if name in given_open or name in given_closed or candidate.parts:
            continue
        scheme = scheme_of(candidate.spec.model)
        if scheme and scheme.answers == "here":
            given_open.append(name)
        elif told[name].where == "here":
            unclear.append(name)
        else:
            given_closed.append(name)
            if scheme and scheme.answers == "ledger":
                unclear.append(name)
    notes = []
    if unclear:
        notes.append(
            f"The model does not tell whether {', '.join(unclear)} is open; write `open: [...]` and "
            "`closed: [...]` in the study."
        )
    mixed = [c.name for c in plan.candidates if c.parts and c.name not in (*given_open, *given_closed)]
    if mixed:
        notes.append(f"{', '.join(mixed)} is answered by several models and counts as neither.")
    order = [candidate.name for candidate in plan.candidates]
    return OpenAndClosed(
        tuple(name for name in order if name in given_open),
        tuple(name for name in order if name in given_closed),
        told,
        tuple(notes),
    )
