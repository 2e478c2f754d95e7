"""Texts of models as they are shown to people: what cannot be seen is made visible."""

from __future__ import annotations

import re

_BLANKS = {" ": "␣", "\n": "⏎", "\r": "␍", "\t": "⇥"}
_ODD = re.compile("[\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\ufeff]")


def show_exactly(text: str) -> str:
    """Return a text with blanks at its ends as signs, and blanks of an unusual kind and unseen characters by name."""
    inner = text.strip(" \n\r\t")
    start = text.index(inner) if inner else len(text)
    ends = text[:start], text[start + len(inner) :]
    before, after = ("".join(_BLANKS[char] for char in end) for end in ends)
    return before + _ODD.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", inner) + after


def quote_text(text: str, most: int = 60) -> str:
    """Return a text in quotation marks on one line, of a long one the beginning."""
    shown = re.sub(r"\s*\n\s*", " ⏎ ", show_exactly(text))
    return f'"{shown}"' if len(shown) <= most else f'"{shown[:most].rstrip()}…"'
