"""Check digits of numbers that stand for a person: cards, bank accounts, national identity numbers.

Each function takes a number without spaces and marks and returns whether its check digits are right.  Sources: ISO/IEC
7812-1 (cards), ISO 13616 (IBAN), ISO 7064, and the published rules of the registers that give the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

_COUNTRIES_BY_LENGTH = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "PT",
    26: "IS TR",
    27: "FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB PL",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
}
_IBAN_LENGTHS = {country: length for length, every in _COUNTRIES_BY_LENGTH.items() for country in every.split()}


def has_luhn(digits: str) -> bool:
    """Return whether the Luhn sum of digits is right (ISO/IEC 7812-1, annex B)."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Return whether this is the number of a payment card: 13 to 19 digits that begin like one, not all the same."""
    return 13 <= len(digits) <= 19 and digits[0] in "23456" and len({*digits}) > 1 and has_luhn(digits)


def is_iban(text: str) -> bool:
    """Return whether this is an IBAN: its country's length, and the remainder of 97 (ISO 13616)."""
    if _IBAN_LENGTHS.get(text[:2]) != len(text) or not text[2:4].isdigit() or not text.isalnum():
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def _weigh(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_date(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def is_dni(text: str) -> bool:
    """Return whether this is a Spanish DNI or NIE: the letter is the remainder of 23."""
    number = {"X": "0", "Y": "1", "Z": "2"}.get(text[0], text[0]) + text[1:-1]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1]


def is_codice_fiscale(text: str) -> bool:
    """Return whether this is an Italian codice fiscale: the last letter is the remainder of 26."""
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    total = 0
    for at, c in enumerate(text[:15]):
        place = int(c) if c.isdigit() else ord(c) - ord("A")
        total += place if at % 2 else odd[place]
    return chr(ord("A") + total % 26) == text[15]


def is_hetu(text: str) -> bool:
    """Return whether this is a Finnish personal identity code: its last sign is the remainder of 31."""
    digits = text[:6] + text[7:10]
    return _is_date(text[2:4], text[:2]) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == text[10]


def is_cpf(digits: str) -> bool:
    """Return whether this is a Brazilian CPF: two check digits modulo 11."""
    for length in (9, 10):
        rest = 10 * _weigh(digits[:length], tuple(range(length + 1, 1, -1))) % 11 % 10
        if rest != int(digits[length]):
            return False
    return len({*digits}) > 1


def is_pesel(digits: str) -> bool:
    """Return whether this is a Polish PESEL: a date of birth, the century in its month, and a check digit."""
    month = f"{int(digits[2:4]) % 20:02}"
    total = _weigh(digits[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3))
    return _is_date(month, digits[4:6]) and (10 - total % 10) % 10 == int(digits[10])


def is_nir(text: str) -> bool:
    """Return whether this is a French social security number: its key is 97 less the remainder of 97."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    return text[0] in "12" and number.isdigit() and 97 - int(number) % 97 == int(text[13:])


def is_steuer_id(digits: str) -> bool:
    """Return whether this is a German tax number: one digit twice or thrice, check digit of ISO 7064 modulo 11, 10."""
    counts = sorted(map(digits[:10].count, "0123456789"))
    if digits[0] == "0" or counts[-1] not in (2, 3) or counts[-2] != 1:
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(digits[10])


def is_personnummer(digits: str) -> bool:
    """Return whether this is a Swedish personal number of ten digits: a date of birth and a Luhn digit."""
    return _is_date(digits[2:4], f"{int(digits[4:6]) % 60:02}") and has_luhn(digits)


def is_nhs_number(digits: str) -> bool:
    """Return whether this is a number of the National Health Service of England: check digit modulo 11."""
    rest = 11 - _weigh(digits[:9], tuple(range(10, 1, -1))) % 11
    return rest != 10 and rest % 11 == int(digits[9])


def is_bsn(digits: str) -> bool:
    """Return whether this is a Dutch citizen service number: the test of eleven."""
    return len({*digits}) > 1 and _weigh(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def is_sin(digits: str) -> bool:
    """Return whether this is a Canadian social insurance number: a Luhn digit."""
    return len({*digits}) > 1 and has_luhn(digits)


IDENTITY_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "dni": is_dni,
    "codice_fiscale": is_codice_fiscale,
    "hetu": is_hetu,
    "cpf": is_cpf,
    "pesel": is_pesel,
    "nir": is_nir,
    "steuer_id": is_steuer_id,
    "personnummer": is_personnummer,
    "nhs_number": is_nhs_number,
    "bsn": is_bsn,
    "sin": is_sin,
}
"""National identity number to its check; their forms are in `fairtrial.conduct.personal`."""
