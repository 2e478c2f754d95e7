"""Personal data in a text: cards, bank accounts, addresses of mail and of machines, telephones, identity numbers.

What has check digits counts only where they are right.  Numbers without any (the social security numbers of the United
States, passports) are not looked for, nor are names.  Linear in the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from fairtrial.conduct.checks import IDENTITY_CHECKS, is_card, is_iban

PersonalKind = Literal["email", "iban", "card", "identity", "phone", "ipv4"]
PERSONAL_KINDS: tuple[PersonalKind, ...] = ("email", "iban", "identity", "card", "ipv4", "phone")
"""In the order in which a place of a text is given to the first that fits."""

_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][\w.+%-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w-])"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_DIGITS = re.compile(r"(?<![\d.,])\d(?:[ -]?\d){12,18}(?![\d]|[.,]\d)")
_IPV4 = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d]|\.\d)")
_PHONES = (
    re.compile(r"(?<![\w+])(?:\+|00)[1-9](?:[ ./()-]{0,2}\d){6,14}(?!\d)"),
    re.compile(r"(?<![\w.-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]?\d{2,3}[ .-]\d{4}(?![\w-])"),
    re.compile(r"(?<![\w.,/-])\(?0\d{1,5}\)?(?:[ /-]\d{2,8}){1,4}(?![\w-]|[.,]\d)"),
)
_LOCAL_PHONE = re.compile(r"(?<![\w.,/-])[2-9]\d{2}[ .-]\d{4}(?![\w-]|[.,]\d)")
"""Without an area: only where a word nearby says that it is a telephone's."""
_PHONE_NAMED = re.compile(r"\b(?:(?:tele)?phones?|tel|calls?|mobile|cell|fax|ring|dial|telefon|handy)\b", re.I)
_IDENTITIES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("dni", re.compile(r"(?<![\w-])(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z](?![\w])")),
    ("codice_fiscale", re.compile(r"(?<!\w)[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z](?!\w)")),
    ("hetu", re.compile(r"(?<![\w-])\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y](?!\w)")),
    ("cpf", re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)")),
    ("nir", re.compile(r"(?<!\w)[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\w)")),
    ("personnummer", re.compile(r"(?<![\w-])(?:19|20)?\d{6}[-+]\d{4}(?![\w-])")),
    ("nhs_number", re.compile(r"(?<![\w-])\d{3}[ -]\d{3}[ -]\d{4}(?![\w-])")),
    ("sin", re.compile(r"(?<![\w-])\d{3}[ -]\d{3}[ -]\d{3}(?![\w-])")),
    ("pesel", re.compile(r"(?<![\w.,-])\d{11}(?![\w-]|[.,]\d)")),
    ("steuer_id", re.compile(r"(?<![\w.,-])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\w-]|[.,]\d)")),
    ("bsn", re.compile(r"(?<![\w.,-])\d{9}(?![\w-]|[.,]\d)")),
)
_NAMED = {
    "bsn": re.compile(r"\b(?:bsn|burgerservicenummer|sofi)\b", re.I),
    "sin": re.compile(r"\b(?:sin|nas|social insurance)\b", re.I),
    "nhs_number": re.compile(r"\bnhs\b", re.I),
    "pesel": re.compile(r"\bpesel\b", re.I),
    "steuer_id": re.compile(r"\b(?:steuer|tax|idnr|tin)", re.I),
}
"""Identity numbers whose form is so common that a word nearby must name them."""
_NUMBERS = re.compile(r"\d(?:\D{0,16}\d){3,}")
"""Where four digits or more stand together: the only places where anything but an address of mail can be."""
_AROUND = 48
_BEFORE = 60
_MARKS = re.compile(r"[ ./()-]")


@dataclass(frozen=True, slots=True)
class PersonalData:
    """One place of a text with personal data.

    Attributes:
        kind: what it is.
        start, end: characters of the text, the end exclusive.
        scheme: of an identity number, e.g. ``pesel``; else empty.
    """

    kind: PersonalKind
    start: int
    end: int
    scheme: str = ""


def find_personal_data(text: str) -> tuple[PersonalData, ...]:
    """Return the personal data of a text, in its order; places do not overlap."""
    found: list[PersonalData] = []
    taken = bytearray(len(text))
    for one in _find_all(text):
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\x01" * (one.end - one.start)
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.start))


def _find_all(text: str) -> Iterator[PersonalData]:
    if "@" in text:
        yield from (PersonalData("email", *hit.span()) for hit in _EMAIL.finditer(text))
    places = _find_places(text)
    yield from (PersonalData("iban", *span) for span in _find_ibans(text, places))
    for scheme, pattern in _IDENTITIES:
        for hit in _search(pattern, text, places):
            if _is_identity(scheme, text, hit):
                yield PersonalData("identity", *hit.span(), scheme)
    for hit in _search(_DIGITS, text, places):
        if is_card(_MARKS.sub("", hit[0])):
            yield PersonalData("card", *hit.span())
    yield from (PersonalData("ipv4", *hit.span()) for hit in _search(_IPV4, text, places))
    for pattern in _PHONES:
        for hit in _search(pattern, text, places):
            if 7 <= sum(c.isdigit() for c in hit[0]) <= 15:
                yield PersonalData("phone", *hit.span())
    for hit in _search(_LOCAL_PHONE, text, places):
        if _PHONE_NAMED.search(text, max(0, hit.start() - _BEFORE), hit.start()):
            yield PersonalData("phone", *hit.span())


def _find_places(text: str) -> list[tuple[int, int]]:
    """Return where numbers stand, with what is around them; places do not touch, so no number is cut."""
    places: list[tuple[int, int]] = []
    for hit in _NUMBERS.finditer(text):
        start, end = max(0, hit.start() - _AROUND), hit.end() + _AROUND
        if places and start <= places[-1][1]:
            places[-1] = places[-1][0], end
        else:
            places.append((start, end))
    return places


def _search(pattern: re.Pattern[str], text: str, places: Sequence[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """Yield what a pattern finds in places of a text, in order."""
    for start, end in places:
        yield from pattern.finditer(text, start, end)


def _find_ibans(text: str, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the places of account numbers; what follows one in capitals is not part of it."""
    for hit in _search(_IBAN, text, places):
        pieces = hit[0]
        for end in range(len(pieces), 14, -1):
            if pieces[end - 1] not in " -" and is_iban(re.sub(r"[ -]", "", pieces[:end])):
                yield hit.start(), hit.start() + end
                break


def _is_identity(scheme: str, text: str, hit: re.Match[str]) -> bool:
    named = _NAMED.get(scheme)
    if named is not None and not named.search(text, max(0, hit.start() - _BEFORE), hit.start()):
        return False
    number = hit[0] if scheme == "hetu" else re.sub(r"[ .+-]", "", hit[0])
    if scheme == "personnummer":
        number = number[-10:]
    return IDENTITY_CHECKS[scheme](number)
