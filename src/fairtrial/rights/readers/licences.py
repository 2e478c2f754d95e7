"""Licences by their SPDX id or address, and what the well-known ones among them say of each use.

Those of Creative Commons, of public data and the permissive ones of software are known; any other licence is kept by
its name, and nobody has permitted anything by it until a person enters an agreement.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fairtrial.errors import MissingExtraError
from fairtrial.rights.circumstances import OPERATORS
from fairtrial.rights.readers.place import SignalSource, clean_line
from fairtrial.rights.record import Attribution, Evidence, Statement, Terms, Use

if TYPE_CHECKING:
    from license_expression import Licensing

MOST_CHARACTERS = 300

_CC_ADDRESS = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licenses/([a-z-]{2,12})/(\d\.\d)(?:/[a-z-]{2,8})?"
    r"|publicdomain/(zero|mark)/1\.0)(?:/.*)?",
    re.IGNORECASE,
)
_CC_ID = re.compile(r"CC-(BY(?:-NC)?(?:-ND|-SA)?)-(\d\.\d)(?:-[A-Z]{2,4})?")
_EXPRESSION = re.compile(r"[\w.+()-]+(?:[ ]+(?:AND|OR|WITH)[ ]+[\w.+() -]+)?", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+")
_SPDX_ADDRESS = re.compile(r"https?://spdx\.org/licenses/([\w.+-]+?)(?:\.html|\.json)?")

_FREE = frozenset(["CC0-1.0", "CC-PDM-1.0", "CC-PDDC", "PDDL-1.0", "Unlicense", "0BSD", "DL-DE-ZERO-2.0"])
_CREDITED = frozenset(
    ["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "DL-DE-BY-2.0", "etalab-2.0", "ISC", "MIT", "NLOD-1.0", "NLOD-2.0",
     "ODC-By-1.0", "OGL-Canada-2.0", "OGL-UK-1.0", "OGL-UK-2.0", "OGL-UK-3.0"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credit:
    """Who must be named where a licence asks for it: the text, and where it links to.

    No link means that of the document, which all documents under one licence have in common.
    """

    text: str = ""
    link: str = ""


def read_licence(text: str, source: SignalSource, at: str, credit: Credit | None = None) -> list[Evidence]:
    """Return evidence of a licence that a document names; an expression of several has one for each that must be met.

    Raises:
        MissingExtraError: the library that knows SPDX expressions is not installed.
    """
    text = clean_line(text)
    if not text:
        return []
    names = name_licences(text)
    if not names:
        evidence = source.tell("licence", text, at=at)
        return [replace(evidence, licence=text if _ADDRESS.fullmatch(text) else "", terms_url=_address(text))]
    found = []
    for name in names:
        statements = list_statements(name, credit or Credit())
        evidence = source.tell("licence", text, statements, at=at)
        found.append(replace(evidence, licence=name, terms_url=_address(text)))
    return found


def name_licences(text: str) -> list[str]:
    """Return the SPDX ids of the licences that must all be met; none where the text names no licence."""
    address = _CC_ADDRESS.fullmatch(text.strip())
    if address is not None:
        if address[3]:
            return ["CC0-1.0" if address[3].casefold() == "zero" else "CC-PDM-1.0"]
        return _name_creative_commons(address[1], address[2])
    spdx = _SPDX_ADDRESS.fullmatch(text.strip())
    if spdx is not None:
        text = spdx[1]
    if len(text) > MOST_CHARACTERS or _ADDRESS.search(text) or not re.search(r"[A-Za-z]", text):
        return []
    if re.fullmatch(r"LicenseRef-[\w.-]+", text):
        return [text]
    plain = re.fullmatch(r"CC[ -]?(BY(?:-NC)?(?:-ND|-SA)?)[ -](\d\.\d)", text, re.IGNORECASE)
    if plain:
        return _name_creative_commons(plain[1], plain[2])
    known = next((one for one in _FREE | _CREDITED if one.casefold() == text.casefold()), "")
    return [known] if known else _parse_expression(text)


def list_statements(licence: str, credit: Credit) -> tuple[Statement, ...]:
    """Return what a licence says of each use; nothing for one that is not known."""
    if licence in _FREE:
        return tuple(Statement(use, "allow", licence) for use in Use)
    link = clean_line(credit.link)
    named = Terms(attribution=Attribution(clean_line(credit.text), link if _ADDRESS.fullmatch(link) else ""))
    if licence in _CREDITED:
        return tuple(Statement(use, "allow", licence, named) for use in Use)
    parts = _CC_ID.fullmatch(licence)
    if parts is None:
        return ()
    kinds = parts[1].split("-")
    if "NC" in kinds:
        named = replace(named, operators=frozenset(OPERATORS) - {"commercial"})
    if "ND" in kinds:
        named = replace(named, verbatim_only=True)
    open_question = {"ND": "a model may be an adaptation", "SA": "a model may have to be shared alike"}
    doubt = next((why for kind, why in open_question.items() if kind in kinds), "")
    return tuple(
        Statement(use, "conditional", f"{licence}: {doubt}", named)
        if use == Use.TRAIN and doubt
        else Statement(use, "allow", licence, named)
        for use in Use
    )


def _name_creative_commons(kind: str, version: str) -> list[str]:
    name = f"CC-{kind.upper()}-{version}"
    return [name] if _CC_ID.fullmatch(name) else []


def _address(text: str) -> str:
    return text if _ADDRESS.fullmatch(text) else ""


def _parse_expression(text: str) -> list[str]:
    """Return the licences of an SPDX expression that must all be met; of alternatives, the most permissive one."""
    if not _EXPRESSION.fullmatch(text):
        return []
    try:
        parsed = _load_licensing().parse(text, validate=True)
    except MissingExtraError:
        if " " in text:
            raise
        return []
    except Exception:  # the library raises several kinds of error for what is no expression
        return []
    return list(dict.fromkeys(_choose(parsed))) if parsed is not None else []


def _choose(expression: Any) -> list[str]:
    name = type(expression).__name__
    if name == "OR":
        return min((_choose(one) for one in expression.args), key=_count_restrictions)
    if name == "AND":
        return [licence for one in expression.args for licence in _choose(one)]
    if name == "LicenseWithExceptionSymbol":
        return [str(expression.license_symbol.key)]
    return [str(expression.key)]


def _count_restrictions(licences: Iterable[str]) -> tuple[int, int]:
    """Return how much a choice asks for: unknown licences first, then conditions and duties."""
    statements = [list_statements(one, Credit()) for one in licences]
    unknown = sum(not one for one in statements)
    asked = [s.terms != Terms() for one in statements for s in one] + [
        s.says != "allow" or s.terms.operators is not None for one in statements for s in one
    ]
    return unknown, sum(asked)


@functools.cache
def _load_licensing() -> Licensing:
    try:
        from license_expression import get_spdx_licensing
    except ImportError:
        raise MissingExtraError("Reading SPDX licences", "archive") from None
    return get_spdx_licensing()
