"""Patterns of JSON schemas, written so that llama.cpp's converter makes texts of them that JSON can hold.

A pattern stands within the quotes of a JSON string, where a quote, a backslash and a line's end cannot stand as they
are; and one that can be read in very many ways takes a grammar forever.
"""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from fairtrial.errors import SpecError

LONGEST = 1000
MOST_SIGNS = 2000
"""Signs of a pattern with its repetitions written out."""
MOST_CHOICES = 40
"""Places, repetitions written out, at which a pattern leaves open whether it goes on; each multiplies a step's work."""
_KEPT_OUT = r"\"\\\x00-\x1f"
_CLASSES = {"d": "[0-9]", "w": "[A-Za-z0-9_]", "s": " ", "D": "[^0-9", "W": "[^A-Za-z0-9_", "S": "[^ "}
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_MANY = 10
"""What a repetition without an end counts as."""


def write_pattern(pattern: object) -> str:
    """Return a pattern as the converter is given it.  Raises SpecError for one that a grammar cannot hold."""
    if not isinstance(pattern, str):
        raise SpecError(f"a pattern of the JSON schema must be text; got {pattern!r:.40}.")
    if len(pattern) > LONGEST:
        raise SpecError(f"a pattern of the JSON schema has {len(pattern):,} characters; {LONGEST:,} are allowed.")
    if not pattern.startswith("^") or not pattern.endswith("$") or pattern.endswith("\\$"):
        raise SpecError(f"the pattern {pattern!r:.60} must begin with ^ and end with $, to hold all of a text.")
    inner = pattern[1:-1]
    try:
        signs, choices = _count(_parser.parse(inner))
    except (re.error, RecursionError, OverflowError) as error:
        raise SpecError(f"the pattern {pattern!r:.60} cannot be read: {str(error)[:80]}.") from None
    if signs > MOST_SIGNS or choices > MOST_CHOICES:
        raise SpecError(f"the pattern {pattern!r:.60} repeats too much to be followed word by word; simplify it.")
    return f"^({_rewrite(inner)})$"


def _count(parsed: Any) -> tuple[int, int]:
    """Return how many signs a part of a pattern has, written out, and at how many places it leaves open what comes."""
    signs = choices = 0
    for kind, value in parsed:
        if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            least, most, inside = value
            most = least + _MANY if most == _constants.MAXREPEAT else most
            inner = _count(inside)
            signs += most * max(1, inner[0])
            deep = inner[1] + 1 if least != most else inner[1]
            choices += most * deep if inner[1] else min(deep, 1)
        elif kind is _constants.SUBPATTERN:
            inner = _count(value[3])
            signs, choices = signs + inner[0], choices + inner[1]
        elif kind is _constants.BRANCH:
            found = [_count(one) for one in value[1]]
            signs += sum(one[0] for one in found)
            choices += len(found) - 1 + sum(one[1] for one in found)
        elif kind in (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN):
            signs += 1
        else:
            raise re.error(f"{str(kind).lower().replace('_', ' ')} is not supported")
    return signs, choices


def _rewrite(inner: str) -> str:
    """Return a pattern without its ends in the converter's words."""
    found: list[str] = []
    at = 0
    while at < len(inner):
        sign = inner[at]
        if inner.startswith("(?:", at):
            found.append("(")
            at += 3
        elif sign == "\\":
            found.append(_write_escape(inner[at + 1 : at + 2]))
            at += 2
        elif sign == "[":
            end = _find_end(inner, at)
            found.append(_write_class(inner[at + 1 : end]))
            at = end + 1
        elif sign == "?" and found and found[-1][-1:] in ("*", "+", "?", "}"):
            at += 1  # whether as little or as much as possible is taken makes no other texts
        elif sign in '"\n\r\t' or ord(sign) < 32:
            raise SpecError(f"a pattern of the JSON schema has {sign!r}, which cannot stand in a JSON text as it is.")
        else:
            found.append(f"[^{_KEPT_OUT}]" if sign == "." else sign)
            at += 1
    return "".join(found)


def _write_escape(letter: str) -> str:
    """Return what a backslash and a letter mean."""
    if letter in _CLASSES:
        written = _CLASSES[letter]
        return f"{written}{_KEPT_OUT}]" if written.startswith("[^") else written
    _refuse_odd(letter)
    return f"\\{letter}" if letter in "[]()|{}*+?" else f"[{_write_sign(letter)}]" if letter in "^$." else letter


def _refuse_odd(letter: str) -> None:
    if not letter or letter.isalnum() or letter in '"\\' or ord(letter) < 32:
        raise SpecError(f"a pattern of the JSON schema has \\{letter}, which is not supported.")


def _write_sign(letter: str) -> str:
    return f"\\x{ord(letter):02X}" if ord(letter) < 128 else letter


def _find_end(inner: str, begin: int) -> int:
    """Return where a class of signs ends."""
    at = begin + 1
    while at < len(inner) and inner[at] != "]":
        at += 2 if inner[at] == "\\" else 1
    return at


def _write_class(signs: str) -> str:
    """Return a class of signs, without those that JSON cannot have."""
    written = _ESCAPED.sub(_write_escaped, signs)
    if '"' in signs or any(ord(sign) < 32 for sign in signs):
        raise SpecError(
            f"a pattern of the JSON schema has [{signs!r:.40}], with signs that JSON cannot have as they are."
        )
    return f"[{written}{_KEPT_OUT}]" if signs.startswith("^") else f"[{written}]"


def _write_escaped(found: re.Match[str]) -> str:
    """Return what a backslash and a letter mean within a class."""
    letter = found[1]
    within = {"d": "0-9", "w": "A-Za-z0-9_", "s": " "}
    if letter not in within:
        _refuse_odd(letter)
    return within.get(letter) or _write_sign(letter)
