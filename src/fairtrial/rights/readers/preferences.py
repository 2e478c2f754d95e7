"""IETF AI preferences and Content Signals: short statements, of one form, in headers and in robots.txt.

AI preferences follow draft-ietf-aipref-vocab-08 and draft-ietf-aipref-attach-05 (2026): a dictionary of Structured
Fields (RFC 9651) whose values are the tokens ``y`` and ``n``; all else says nothing.  Labels of earlier drafts, and
those of Content Signals written by mistake, count as denials where they deny and never as permissions.
"""

from __future__ import annotations

import re

from fairtrial.rights.record import Says, Statement, Use

LABELS: dict[str, Use] = {"train-ai": Use.TRAIN, "ai-use": Use.AI_INPUT, "search": Use.SEARCH}
"""Of AI preferences."""

FORMER_LABELS: dict[str, tuple[Use, ...]] = {
    "ai": (Use.TRAIN, Use.AI_INPUT),
    "ai-input": (Use.AI_INPUT,),
    "ai-output": (Use.AI_INPUT,),
    "ai-train": (Use.TRAIN,),
    "all": (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX, Use.SEARCH),
    "bots": (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX, Use.SEARCH),
    "genai": (Use.TRAIN,),
    "inference": (Use.AI_INPUT,),
    "tdm": (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX),
    "train-genai": (Use.TRAIN,),
}
"""Of earlier drafts and of Content Signals."""

SIGNALS: dict[str, Use] = {"ai-train": Use.TRAIN, "ai-input": Use.AI_INPUT, "search": Use.SEARCH}
"""Of Content Signals (contentsignals.org)."""

MOST_CHARACTERS = 4000

_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*")
_PARAMETER = re.compile(r";[ ]*[a-z*][a-z0-9_\-.*]*")
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*")
_OTHER = re.compile(r'-?\d{1,15}(?:\.\d{1,3})?|"(?:[ !#-\[\]-~]|\\["\\]){0,1000}"|:[A-Za-z0-9+/=]*:|\?[01]|@-?\d{1,15}')
_COMMA = re.compile(r"[ \t]*,[ \t]*")


def parse_dictionary(text: str) -> dict[str, str | None] | None:
    """Return the members of a dictionary of Structured Fields, None where it cannot be parsed.

    The value is that of a token, and None for a value of any other type.  The last of equal keys counts.  Inner lists
    are not read: no preference has one.
    """
    text = text.strip(" ")
    place, members = 0, dict[str, str | None]()
    if len(text) > MOST_CHARACTERS:
        return None
    while place < len(text):
        key = _KEY.match(text, place)
        if key is None:
            return None
        place, value = key.end(), None
        if text.startswith("=", place):
            found = _read_bare_item(text, place + 1)
            if found is None:
                return None
            place, value = found
        place = _skip_parameters(text, place)
        members.pop(key[0], None)
        members[key[0]] = value
        if place == len(text):
            return members
        comma = _COMMA.match(text, place)
        if comma is None or comma.end() == len(text):
            return None
        place = comma.end()
    return members


def read_preferences(text: str) -> tuple[tuple[Statement, ...], str]:
    """Return what AI preferences say, and the problem with them; empty if there is none."""
    members = parse_dictionary(text)
    if members is None:
        return (), "it is no dictionary of Structured Fields (RFC 9651)"
    found = []
    for key, value in members.items():
        if key in LABELS and value in ("y", "n"):
            found.append(Statement(LABELS[key], "allow" if value == "y" else "deny", f"{key}={value}"))
        elif key in FORMER_LABELS and value in ("n", "no"):
            found.extend(Statement(use, "deny", f"{key}={value}, a former label") for use in FORMER_LABELS[key])
    return tuple(found), ""


def read_content_signal(text: str) -> tuple[tuple[Statement, ...], str]:
    """Return what Content Signals say, and the problem with them; empty if there is none.

    A signal that stands there twice with different values is denied.
    """
    found: dict[str, Says] = {}
    if len(text) > MOST_CHARACTERS:
        return (), "it is too long"
    for part in text.split(","):
        name, _, value = (piece.strip().casefold() for piece in part.partition("="))
        if name in SIGNALS and value in ("yes", "no"):
            found[name] = "deny" if value == "no" or found.get(name) == "deny" else "allow"
    words = {"allow": "yes", "deny": "no"}
    return tuple(Statement(SIGNALS[name], says, f"{name}={words[says]}") for name, says in found.items()), ""


def _read_bare_item(text: str, place: int) -> tuple[int, str | None] | None:
    token = _TOKEN.match(text, place)
    if token is not None:
        return token.end(), token[0]
    other = _OTHER.match(text, place)
    return (other.end(), None) if other is not None else None


def _skip_parameters(text: str, place: int) -> int:
    while (name := _PARAMETER.match(text, place)) is not None:
        place = name.end()
        if text.startswith("=", place):
            found = _read_bare_item(text, place + 1)
            if found is None:
                return place
            place = found[0]
    return place
