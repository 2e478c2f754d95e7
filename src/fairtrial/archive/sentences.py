"""Where sentences end in running text, by punctuation; for European languages and those that write ``。！？``.  Pure.

It is used where a paragraph is too long for one passage, so an end that is missed costs little, and one that is seen
inside ``Dr. Ek`` would tear a name apart: in doubt, a sentence goes on.
"""

from __future__ import annotations

import re

_END = re.compile(r"(?P<stop>(?<![.!?…])[.!?…]++)[\"'”’»)\]]*(?P<space>\s+)|(?<![。！？])[。！？]++[」』”’）]*\s*")
_WORD = re.compile(r"[^\s(\[\"'“‘«]+$")
_LOOK_BACK = 24

_KNOWN = """
mr mrs ms dr prof st sr jr vs etc no nos fig figs vol inc ltd co corp gen gov sen rep rev hon capt cmdr col lt maj sgt
messrs dept est approx al cf ed eds pp art sec ch ca bzw nr str bd mme mlle mm jan feb mar apr jun jul aug sep sept oct
nov dec mon tue tues wed thu thurs fri sat sun
"""
_ABBREVIATIONS = frozenset(_KNOWN.split())


def find_sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Return (start, end) of each sentence in ``text[start:end]``, without the white space between them."""
    end = len(text) if end is None else end
    found: list[tuple[int, int]] = []
    begun = start
    for mark in _END.finditer(text, start, end):
        if mark["stop"] is not None and not _ends(text, mark, end):
            continue
        stop = mark.start("space") if mark["space"] is not None else mark.start() + len(mark[0].rstrip())
        found.append((begun, stop))
        begun = mark.end()
    if text[begun:end].strip():
        found.append((begun, end))
    return found


def _ends(text: str, mark: re.Match[str], end: int) -> bool:
    """Return whether a full stop, or another mark, ends a sentence."""
    after = text[mark.end() : min(mark.end() + 2, end)].lstrip("\"'“‘«([")
    if after[:1].islower():
        return False
    if mark["stop"] != ".":
        return True
    word = _WORD.search(text[max(0, mark.start() - _LOOK_BACK) : mark.start()])
    said = word[0] if word else ""
    if len(said) == 1 and said.isalpha() and said.isupper():
        return False  # the initial of a name
    if "." in said and all(len(part) == 1 for part in said.split(".")):
        return False  # U.S., e.g.
    if said.isdigit() and len(said) <= 2 and after[:1].isalpha() and text[mark.end() - 1] == " ":
        return False  # 3. Oktober
    return said.lower() not in _ABBREVIATIONS
