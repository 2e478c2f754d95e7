"""Fields that a document states about itself, in front matter or in a row of JSONL: its context and its rights.

A field that is not known, or of another form, is an error that says what is allowed: a right that is misspelt must not
become one that nobody stated.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from fairtrial.archive.document import Correction
from fairtrial.archive.readers.dates import has_zone, read_date
from fairtrial.archive.readers.found import Draft
from fairtrial.archive.readers.labels import LABELS
from fairtrial.errors import ArchiveError, did_you_mean
from fairtrial.rights import Attribution, Evidence, Payment, Reporting, Says, Statement, Terms, Use
from fairtrial.rights.readers import Credit, read_licence
from fairtrial.rights.readers import SignalSource as RightsSource
from fairtrial.rights.readers.embargoes import FIRST, LAST
from fairtrial.rights.record import RAW_CHARACTERS
from fairtrial.rights.signals import EMBARGO

SAYS: tuple[Says, ...] = ("allow", "deny", "conditional")
ALIASES = {"url": "uri", "canonical": "uri", "date": "published", "license": "licence", "author": "authors",
           "updated": "modified", "lang": "language", "by": "authors", "not_before": "embargo"}  # fmt: skip
CONTEXT = ("uri", "title", "authors", "publisher", "published", "modified", "section", "language", "label",
           "corrections", "retracted", "wire")  # fmt: skip
RIGHTS = ("rights", "embargo", "expires", "attribution", "max_words", "max_share", "verbatim_only", "territories",
          "territories_denied", "operators", "payment", "reporting", "licence", "holder", "terms_url")  # fmt: skip
_SENTENCES = frozenset({"corrections", "title", "retracted"})
_NAMED = ("holder", "licence", "terms_url")
OPERATORS = ("commercial", "non-commercial", "education", "government", "personal")


def state(draft: Draft, fields: Mapping[str, Any], seen: datetime, sha256: str, signal: str) -> None:
    """Put the stated fields into a draft.

    Args:
        draft: gets them.
        fields: name -> value, as written.
        seen: when.
        sha256: of the file.
        signal: what the evidence is called, e.g. ``front matter``.

    Raises:
        ArchiveError: a field is not known or of another form.
    """
    given: dict[str, Any] = {}
    for name, value in fields.items():
        key = name.lower().replace("-", "_")
        key = ALIASES.get(key, key)
        if key not in CONTEXT and key not in RIGHTS and key != "retraction":
            known = [*CONTEXT, *RIGHTS, *ALIASES]
            raise ArchiveError(
                f"the field {name[:80]!r} is not known.{did_you_mean(key, known)}",
                fix=f"Fields are: {', '.join((*CONTEXT, *RIGHTS))}.",
            )
        key = "retracted" if key == "retraction" else key
        if key in given:
            raise ArchiveError(f"the field {key!r} is stated twice, once as {name[:80]!r}.")
        if value is not None and value != "" and value != []:
            given[key] = value
    _state_context(draft, given)
    draft.evidence += _state_rights(given, draft, seen, sha256, signal)


def _state_context(draft: Draft, given: Mapping[str, Any]) -> None:
    for name in ("uri", "title", "publisher", "section", "language", "wire"):
        if name in given:
            setattr(draft, name, _text(given, name))
    draft.authors = _texts(given, "authors")
    for name in ("published", "modified"):
        if name in given:
            setattr(draft, name, _date(given, name, draft.notes))
    if "label" in given:
        draft.label = _choice(given, "label", LABELS)
    if "corrections" in given:
        told = given["corrections"]
        draft.corrections = tuple(_correction(one) for one in (told if isinstance(told, list) else [told]))
    if "retracted" in given:
        told = given["retracted"]
        draft.retracted = "retracted" if told is True else "" if told is False else _text(given, "retracted")


def _correction(told: object) -> Correction:
    if isinstance(told, str):
        return Correction(told)
    if isinstance(told, Mapping) and isinstance(told.get("text"), str) and set(told) <= {"text", "at", "date"}:
        at = told.get("at", told.get("date"))
        return Correction(told["text"], None if at is None else _date({"corrections": at}, "corrections", []))
    raise ArchiveError(_wrong("corrections", told, "a text, or {text: ..., at: DATE}, or a list of these"))


def _state_rights(given: Mapping[str, Any], draft: Draft, seen: datetime, sha256: str, signal: str) -> list[Evidence]:
    """Return the evidence of what is stated; embargo and expiry are evidence of their own: no agreement lifts them."""
    stated = {name: given[name] for name in RIGHTS if name in given}
    found = []
    for name in ("embargo", "expires"):
        if name in stated:
            moment = _date(stated, name, draft.notes)
            when = Terms(valid_until=moment) if name == "embargo" else Terms(valid_from=moment)
            denials = tuple(Statement(use, "deny", f"{name}: {moment.isoformat()}", when) for use in Use)
            raw = f"{name}: {given[name]}"[:RAW_CHARACTERS]
            found.append(Evidence(EMBARGO, draft.where, raw, sha256, seen, statements=denials))
    if set(stated) <= {"embargo", "expires"}:
        return found
    terms = _read_terms(stated, draft.notes)
    statements = tuple(Statement(use, says, f"{use}: {says}", terms if says != "deny" else Terms())
                       for use, says in _read_uses(stated.get("rights", {})))  # fmt: skip
    raw = json.dumps(stated, default=str, ensure_ascii=False)[:RAW_CHARACTERS]
    holder, licence, terms_url = (_text(stated, one) if one in stated else "" for one in _NAMED)
    found.append(Evidence(signal, draft.where, raw, sha256, seen, statements=statements, holder=holder,
                          licence=licence, terms_url=terms_url))  # fmt: skip
    credit = terms.attribution.text if terms.attribution else holder
    named = read_licence(licence, RightsSource(draft.where, sha256, seen), signal, Credit(credit))
    return [*found, *(one for one in named if one.statements)]


def _read_uses(told: object) -> list[tuple[Use, Says]]:
    """Return what is said of each use, in the order of `Use`; a use that is named wins over ``all``."""
    if isinstance(told, str):
        told = {"all": told}
    if not isinstance(told, Mapping):
        raise ArchiveError(_wrong("rights", told, f"a mapping of {', '.join(Use)} or all to {', '.join(SAYS)}"))
    said: dict[str, Says] = {}
    for use, says in told.items():
        if use not in {"all", *Use}:
            known = ["all", *map(str, Use)]
            raise ArchiveError(f"rights: the use {str(use)[:80]!r} is not known.{did_you_mean(str(use), known)}",
                               fix=f"Uses are: {', '.join(known)}.")  # fmt: skip
        if says not in SAYS:
            raise ArchiveError(_wrong(f"rights: {use}", says, ", ".join(SAYS)))
        said[use] = says
    return [(use, said.get(use, said.get("all", "deny"))) for use in Use if use in said or "all" in said]


def _read_terms(stated: Mapping[str, Any], notes: list[str]) -> Terms:
    found: dict[str, Any] = {}
    if "attribution" in stated:
        told = stated["attribution"]
        found["attribution"] = Attribution(told) if isinstance(told, str) else _record(Attribution, told, "attribution")
    if "max_words" in stated:
        found["max_words"] = _number(stated, "max_words", int, 0, 1_000_000)
    if "max_share" in stated:
        found["max_share"] = float(_number(stated, "max_share", (int, float), 0, 1))
    if "verbatim_only" in stated:
        if not isinstance(stated["verbatim_only"], bool):
            raise ArchiveError(_wrong("verbatim_only", stated["verbatim_only"], "true or false"))
        found["verbatim_only"] = stated["verbatim_only"]
    for name in ("territories", "territories_denied"):
        if name in stated:
            found[name] = frozenset(_territory(code, name) for code in _texts(stated, name))
    if "operators" in stated:
        found["operators"] = frozenset(_choice({"operators": one}, "operators", OPERATORS)
                                       for one in _texts(stated, "operators"))  # fmt: skip
    if "payment" in stated:
        told = stated["payment"]
        found["payment"] = Payment(told) if isinstance(told, str) else _record(Payment, told, "payment")
    if "reporting" in stated:
        told = stated["reporting"]
        found["reporting"] = Reporting(told) if isinstance(told, str) else _record(Reporting, told, "reporting")
    if "expires" in stated:
        found["valid_until"] = _date(stated, "expires", notes)
    return Terms(**found)


def _record(kind: Callable[..., Any], told: object, name: str) -> Any:
    """Return a record of these fields; all are text but ``amount``."""
    fields = {Attribution: ("text", "link"), Payment: ("type", "amount", "currency", "proof"),
              Reporting: ("profile", "endpoint")}[cast(Any, kind)]  # fmt: skip
    if not isinstance(told, Mapping) or not set(told) <= set(fields) or fields[0] not in told:
        raise ArchiveError(_wrong(name, told, f"a text, or a mapping of {', '.join(fields)}"))
    for key, value in told.items():
        if key == "amount":
            _number({key: value}, key, (int, float), 0, 1e12)
        elif not isinstance(value, str):
            raise ArchiveError(_wrong(f"{name}: {key}", value, "a text"))
    return kind(**told)


def _territory(code: str, name: str) -> str:
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise ArchiveError(_wrong(name, code, "codes of two letters (ISO 3166-1 alpha-2), e.g. GB"))
    return code.upper()


def _date(given: Mapping[str, Any], name: str, notes: list[str]) -> datetime:
    value = given[name]
    zone = {"embargo": LAST, "expires": FIRST}.get(name, UTC)
    found = read_date(value, zone)
    if found is None:
        raise ArchiveError(_wrong(name, value, "a date with or without a time, e.g. 2026-11-26T06:00:00+00:00"))
    if zone is not UTC and not has_zone(value):
        side = "late" if zone is LAST else "early"
        note = f"{name}: no time zone is stated; read as {side} as it can be, {found.isoformat()}"
        if note not in notes:
            notes.append(note)
    return found


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ArchiveError(_wrong(name, value, "a text"))
    if isinstance(value, float) and not math.isfinite(value):
        told = _wrong(name, value, "a text; this was read as a number, and as none that there is")
        raise ArchiveError(told, fix=f'Put it in quotation marks, e.g. {name}: "1e400".')
    return str(value).strip()


def _texts(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    told = given.get(name, [])
    listed: Sequence[Any] = told if isinstance(told, list) else [told]
    return tuple(_text({name: one}, name) for one in listed)


def _choice(given: Mapping[str, Any], name: str, allowed: Sequence[str]) -> str:
    value = given[name]
    if isinstance(value, str) and value.lower() in allowed:
        return value.lower()
    near = did_you_mean(value, allowed) if isinstance(value, str) else ""
    raise ArchiveError(_wrong(name, value, ", ".join(one for one in allowed if one)) + near)


def _number(given: Mapping[str, Any], name: str, kind: Any, least: float, most: float) -> Any:
    value: Any = given[name]
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
        raise ArchiveError(_wrong(name, value, f"a number from {least:,} to {most:,}"))
    return value


def _wrong(name: str, value: object, allowed: str) -> str:
    """Return what is wrong with a field; of those that hold sentences no word is shown, for they may be denied."""
    seen = f"a value of type {type(value).__name__}" if name in _SENTENCES else repr(str(value)[:80])
    return f"{name} is {seen}; allowed: {allowed}."
