"""What stands in a text in another code: base64, base32, hexadecimal, binary, decimal, Morse, percent and the like.

Each piece that decodes to what looks like text is read in its place.  Pure, and bounded in size and in depth.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from html import unescape
from urllib.parse import unquote

MOST_PIECES = 24
"""Pieces of one text that are decoded."""
MOST_CHARACTERS = 20_000
"""Of what they decode to, together."""
DEPTH = 3
"""Codes within codes."""

_MORSE_CODES = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
)
_MORSE = dict(zip(_MORSE_CODES.split(), "abcdefghijklmnopqrstuvwxyz0123456789", strict=True))
_GAP = r"(?:\s*[/|]\s*|\s{1,5})"
_SIGN = r"[.\u2022\u00b7\u2013\u2212-]"


def _as_text(data: bytes) -> str:
    """Return bytes as text if they look like words; else nothing."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    fine = sum(one.isalnum() or one in " \n\t.,;:!?'\"()-" for one in text)
    letters = sum(one.isalpha() for one in text)
    return text if text and fine >= 0.9 * len(text) and letters >= 0.5 * len(text) else ""


def _from_base64(text: str) -> str:
    body = re.sub(r"\s", "", text).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _as_text(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
    except (binascii.Error, ValueError):
        return ""


def _from_base32(text: str) -> str:
    body = text.rstrip("=")
    try:
        return _as_text(base64.b32decode(body + "=" * (-len(body) % 8)))
    except (binascii.Error, ValueError):
        return ""


def _from_hexadecimal(text: str) -> str:
    body = re.sub(r"(?:\\x|0x)|[\s:,]", "", text)
    try:
        return _as_text(bytes.fromhex(body))
    except ValueError:
        return ""


def _from_binary(text: str) -> str:
    bits = re.sub(r"\s", "", text)
    return "" if len(bits) % 8 else _as_text(bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)))


def _from_decimal(text: str) -> str:
    numbers = [int(one) for one in re.findall(r"\d+", text)]
    return _as_text(bytes(numbers)) if all(32 <= one < 127 or one in (9, 10) for one in numbers) else ""


def _from_morse(text: str) -> str:
    plain = text.replace("\u2022", ".").replace("\u00b7", ".").replace("\u2013", "-").replace("\u2212", "-")
    words = (word.split() for word in re.split(r"\s*[/|]\s*|\s{3,}", plain))
    return " ".join("".join(_MORSE.get(one, "") for one in word) for word in words).strip()


def _from_escapes(text: str) -> str:
    return re.sub(r"\\u\{?([0-9a-fA-F]{4,6})\}?|\\x([0-9a-fA-F]{2})", _read_escape, text)


def _read_escape(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


CODES: tuple[tuple[str, re.Pattern[str], Callable[[str], str]], ...] = (
    ("binary", re.compile(r"(?<![\w])[01]{8}(?:\s?[01]{8}){2,999}(?![\w])"), _from_binary),
    ("hexadecimal", re.compile(r"(?<!\w)(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s:,]?){6,2000}(?!\w)"), _from_hexadecimal),
    ("decimal", re.compile(r"(?<![\w.])\d{2,3}(?:[\s,;]{1,2}\d{2,3}){5,999}(?![\w.])"), _from_decimal),
    ("base32", re.compile(r"(?<![\w+/=-])[A-Z2-7]{16,4000}={0,6}(?![\w+/=-])"), _from_base32),
    ("base64", re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{8,4000}={0,2}(?![\w+/=-])"), _from_base64),
    ("percent", re.compile(r"(?:[\w.~+-]{0,60}%[0-9A-Fa-f]{2}){2,600}[\w.~+-]{0,60}"), unquote),
    ("entities", re.compile(r"(?:&#x?[0-9a-fA-F]{2,6};\s?){3,4000}"), unescape),
    ("escapes", re.compile(r"(?:\\u\{?[0-9a-fA-F]{4,6}\}?|\\x[0-9a-fA-F]{2}|\s){3,4000}"), _from_escapes),
    ("Morse", re.compile(rf"(?<!\S){_SIGN}{{1,6}}(?:{_GAP}{_SIGN}{{1,6}}){{5,800}}(?!\S)"), _from_morse),
)  # fmt: skip
"""Name of a code, what a piece in it looks like, and what decodes it; empty where it is none."""


def decode_pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield, for each code that a text has pieces in, its name and the text with these decoded."""
    waiting = [("", text, 0)]
    seen = {text}
    left, pieces = MOST_CHARACTERS, MOST_PIECES
    while waiting:
        names, known, depth = waiting.pop(0)
        if depth == DEPTH:
            continue
        for name, pattern, decode in CODES:
            found = 0

            def put(match: re.Match[str], decode: Callable[[str], str] = decode) -> str:
                nonlocal found, left, pieces
                said = decode(match[0]) if pieces > 0 and left > 0 else ""
                if not said or said == match[0]:
                    return match[0]
                found, left, pieces = found + 1, left - len(said), pieces - 1
                return f" {said} "

            made = pattern.sub(put, known)
            if found and made not in seen:
                seen.add(made)
                path = f"{names}, {name}".removeprefix(", ")
                yield path, made
                waiting.append((path, made, depth + 1))
