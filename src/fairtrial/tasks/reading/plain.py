"""Plain text of an answer: white space round it, characters that are not seen, and the fields that hold the answer.

`clean` is the one rule by which answers are cleaned before they are graded, whether a model has just written them or
they were recorded elsewhere.  Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
"""Characters without a width that `str.strip` leaves."""

ENDS = ".!?。．！？"
"""Final punctuation that makes no other answer."""

MOST = 20_000
"""Characters of an answer that are read: its beginning, and more of its end."""

BEGINNING = 4_000

_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,30})(?:\.[0-9]{0,30})?")
_UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]")
_NEXT = re.compile(
    r"\n[ \t]*(?:#+[ \t]*)?\**(?:question|q|problem|passage|example|exercise|human|user|instruction)[ \t]*\d*[ \t]*\**"
    r"[ \t]*[:.\n]|\nReply with the (?:letter|number)",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"""["'](?:final[_ ]?|correct[_ ]?|your[_ ]?|selected[_ ]?)?(?:answer|choice|option|letter)"""
    r"""(?:[_ ](?:letter|choice|option))?["']\s{0,9}:\s{0,9}(?:"([^"\n]*)"|'([^'\n]*)'|(\[[^\]\n]*\]|[^,}\n]*))""",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(answer|ans|final_answer|option|choice)>(.{0,400}?)</\1>", re.IGNORECASE | re.DOTALL)
_JOINED = re.compile(r"\}\$?\s{0,9}(?:,|and|or)?\s{0,9}\$?\Z")
_DOUBLE = re.compile(r"\[\[([^\[\]\n]{1,80})\]\]")
_WORDS = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|operatorname|bf|rm) ?\{([^{}]*)\}")
_SIGNS = re.compile(r"\\[()\[\],;!: ]|\$")


def clean(text: str) -> str:
    """Return an answer without white space and unseen characters at its ends."""
    before = None
    while text != before:
        before, text = text, text.strip().strip(UNSEEN)
    return text


def is_near_miss(text: str, gold: Iterable[str]) -> bool:
    """Return whether an answer differs from one of the right ones by its form only.

    That is: in white space, case, final punctuation, or the way in which a number is written.
    """
    said = _fold(text)
    return bool(said) and any(said == right or _are_same_number(said, right) for right in map(_fold, gold))


def ends_with(text: str, gold: Iterable[str]) -> bool:
    """Return whether the last word, or words, of a longer text are one of the right answers, form apart."""
    said = _fold(text)
    for right in map(_fold, gold):
        before = said[: -len(right)] if right and said.endswith(right) else ""
        if before and not (before[-1].isalnum() or before[-1] in "-+−.,/_"):
            return True
    return False


def _are_same_number(said: str, right: str) -> bool:
    """Return whether two texts are one plain number, e.g. ``1,000`` and ``1000.0``."""
    if not (_NUMBER.fullmatch(said) and _NUMBER.fullmatch(right)):
        return False
    return Decimal(said.replace(",", "")) == Decimal(right.replace(",", ""))


def _fold(text: str) -> str:
    return " ".join(_remove_unseen(clean(text)).split()).casefold().rstrip(ENDS).rstrip()


def _remove_unseen(text: str) -> str:
    """Return a text without characters that are not seen."""
    return _UNSEEN.sub("", text)


def cut_own_part(text: str) -> str:
    """Return what a text answers: without a next question that it made up, and of a very long one both ends."""
    found = next((m for m in _NEXT.finditer(text) if text[: m.start()].strip()), None)
    text = text[: found.start()] if found else text
    return text if len(text) <= MOST else f"{text[:BEGINNING]}\n{text[BEGINNING - MOST :]}"


def find_marked_answer(text: str) -> str | None:
    """Return what stands where an answer is marked as such: JSON, a tag, ``\\boxed{}``, ``[[ ]]``; None if nowhere.

    Of several the last one counts.
    """
    if "{" in text and (fields := _FIELD.findall(text)):
        return next((part for part in fields[-1] if part), "")
    if tags := _TAG.findall(text):
        return str(tags[-1][1])
    if (boxed := _read_boxed(text)) is not None:
        return boxed
    doubled = _DOUBLE.findall(text)
    return str(doubled[-1]) if doubled else None


def _read_boxed(text: str) -> str | None:
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        return None
    begin = text.index("{", start) + 1
    depth = 1
    for at in range(begin, min(len(text), begin + 400)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            before = _read_boxed(text[:start]) if _JOINED.search(text[:start]) else None
            return text[begin:at] if before is None else f"{before}, {text[begin:at]}"
    return None


def remove_markup(text: str) -> str:
    """Return a text in plain characters: compatibility forms resolved, signs of LaTeX and Markdown gone."""
    text = _remove_unseen(unicodedata.normalize("NFKC", text)).replace("’", "'").replace("‘", "'")
    for _ in range(3):
        text = _WORDS.sub(r"\1", text)
    text = _SIGNS.sub("", text)
    text = re.sub(r"</?[A-Za-z][^<>\n]{0,40}>|<\|[^|<>\n]{1,30}\|>", " ", text)
    text = re.sub(r"(?<![\d*])\*++|(?<!\*)\*++(?!\d)", "", text)  # 2*3 is a product
    return re.sub(r"[`\"“”„«»「」『』《》]|__|\\boxed|\\fbox", "", text)
