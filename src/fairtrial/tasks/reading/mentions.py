"""Where a text mentions which option: letters and options' own texts, each turned into one sign.

A sign is a character of Unicode's private area whose number tells the option, so that what is said of an option can be
found by patterns over single characters.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fairtrial.tasks.reading.plain import remove_markup

LETTER, TEXT, SEVERAL = 0xE000, 0xE040, 0xE0FF
"""First sign of letters and of options' own texts, and the sign of several options in one breath."""

M = "[\ue000-\ue0ff]"
"""Pattern of any sign."""

_PRIVATE = re.compile("[\ue000-\uf8ff]")
_MARK = re.compile(r"^[ \t#>•\-–—·=~→⇒✅✓✔☑👉:,]+(?<![-−–](?=\d))", re.MULTILINE)
_NUMBERED = re.compile(r"^\d{1,2}[.)][ \t]+(?=[A-Za-z(\[])", re.MULTILINE)
_IN_BRACKETS = re.compile(r"(?<![A-Za-z0-9])(?:[(\[{【〔<]\s?([A-Za-z])\s?[)\]}】〕>]|'([A-Za-z])')")
_CAPITAL = re.compile(
    r"(?<![A-Za-z0-9_'+\\\u00c0-\u024f\u0370-\u04ff])(?<![A-Z]\.)(?<![a-z]-)([A-Z])"
    r"(?![A-Za-z0-9_'+\u00c0-\u024f\u0370-\u04ff]|-[A-Za-z0-9]|\.[A-Za-z](?![A-Za-z]))"
)
_SMALL = re.compile(
    r"(?:^[ \t]*(?=[a-z][).:](?:\s|\Z))"
    r"|(?:answer|ans|option|choice|letter)s?\b\.?(?:[ ](?:is|would[ ]be|should[ ]be|must[ ]be))?[ ]?[:=]?[ \n]?"
    r"|(?:choose|pick|select|go[ ]with|going[ ]with|say)[ ])([a-z])(?=[).:,;!]|\s*\Z|\n)",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_LETTERS = re.compile(
    r"\bN/?A\b|\b(?:Dr|Mr|Mrs|Ms|Prof|St)\. [A-Z]\.|\b(?:vitamin|plan|hepatitis|grade|class|phase|appendix|section"
    r"|figure|part|type)s? [A-Z]\b",
    re.IGNORECASE,
)
_WORD_AFTER = re.compile(r"[ \t]+([A-Za-z0-9\u00c0-\u024f]+)")
_AFTER_A = {
    "is", "was", "because", "since", "as", "and", "or", "but", "not", "fits", "would", "must", "should",
    "seems", "looks", "over", "rather", "though", "although", "while", "so", "to", "can", "cannot",
    "could", "und", "oder", "et", "ou",
}  # fmt: skip
_WEAK = {"yes", "no", "true", "false", "both", "neither", "none", "all", "it", "one", "not", "nothing"}
_AFTER_WEAK = r"(?=[ \t]*(?:\Z|[.,;:!?\n)]|(?:because|since|as|and|or|nor)\b))"
_SIGNED = re.compile(r"[-−–+.,]\d")
_UNDENIED = r"(?<!\bnon[-\u2010\u2011 ])(?<!\bnot-)(?<!\banti-)"
_ARTICLE = re.compile(r"^(?:an?|the)\s+", re.IGNORECASE)
_SAME = re.compile(r"[\s.,:;()\[\]\-–—=→>]{0,6}(?:(?:or|is|which is|that is|i\.e\.|namely)[\s:,]{1,3})?[(\[]?")
_AND = (
    r"(?:\s*(?:,\s*(?:and|or)\b|/|&|\+|\b(?:and|or|nor|to|und|oder|et|ou|y|o|e)\b|和|或|、|と)\s*"
    r"|[ \t]{1,4}|\s{0,3}\n\s{0,3})"
)
_ROW = re.compile(
    rf"{M}(?:{_AND}{M}|\s*,\s*{M}(?!\s+(?:is|was|fits|seems|must|would|looks)\b))+|"
    r"[\ue000-\ue03f][.):]\s{0,3}[\ue040-\ue07f](?=\s*(?:\Z|[.\n]))"
)


def read_sign(sign: str) -> int | None:
    """Return the place of the option that a sign stands for; None for several."""
    code = ord(sign)
    return None if code == SEVERAL else (code - LETTER if code < TEXT else code - TEXT)


def mark(text: str, names: str, options: Sequence[str]) -> str:
    """Return a text with signs for the options that it mentions.

    Args:
        text: what was answered.
        names: the letters of the options, capital.
        options: their texts; not looked for where they are the letters.
    """
    text = _NUMBERED.sub("", _MARK.sub("", remove_markup(_PRIVATE.sub(" ", text))))
    bare = text.strip(" \t\r\n.,:;()[]{}!?。、-")
    if len(bare) == 1 and bare.upper() in names and not (bare.isdigit() and _SIGNED.search(text)):
        return chr(LETTER + names.index(bare.upper()))
    text = _NOT_LETTERS.sub(" ", text) if not _has_lettered_words(options, names) else text

    def sign(letter: str, otherwise: str) -> str:
        at = names.find(letter.upper())
        return chr(LETTER + at) if at >= 0 else otherwise

    text = _IN_BRACKETS.sub(lambda m: sign(m[1] or m[2], m[0]), text)
    text = _mark_texts(text, names, options)
    text = _SMALL.sub(lambda m: m[0][:-1] + sign(m[1], m[1]), text)
    text = _CAPITAL.sub(lambda m: m[0] if _is_word(m) else sign(m[1], m[0]), text)
    text = re.sub(
        rf"(?:\b(?:options?|choices?|letters?|alternatives?)|选项|選択肢)\s*(?={M})", "", text, flags=re.IGNORECASE
    )
    return _ROW.sub(lambda m: _join_signs(m[0]), _merge(text))


def _has_lettered_words(options: Sequence[str], names: str) -> bool:
    """Whether an option's text itself has such words as ``vitamin C``."""
    return any(_NOT_LETTERS.search(option) for option in options) and len(names) > 0


def _is_word(found: re.Match[str]) -> bool:
    """Whether a capital stands for a word: the article A, or I."""
    letter, text = found[1], found.string
    after = _WORD_AFTER.match(text, found.end())
    if letter == "I":
        return after is not None
    if letter != "A":
        return False
    if after:
        return not (len(after[1]) == 1 and after[1].isupper()) and after[1].lower() not in _AFTER_A
    cut_off = not text[found.end() :].strip() and re.search(r"[.!?][ \t]+\Z", text[: found.start()])
    return bool(cut_off)


def _mark_texts(text: str, names: str, options: Sequence[str]) -> str:
    found: dict[str, int | None] = {}
    for at, option in enumerate(options):
        whole = " ".join(option.split()).rstrip(".").casefold()
        for variant in {whole, _ARTICLE.sub("", whole)}:
            if len(variant) > 1 or variant.isdigit():
                found[variant] = at if variant not in found else None
    variants = sorted((v for v, at in found.items() if at is not None), key=len, reverse=True)
    if not variants or all(option.strip("().: ").upper() in names for option in options):
        return text
    if not any(variant.split()[0] in text.casefold() for variant in variants):
        return text
    pattern = re.compile("|".join(map(_make_pattern, variants)), re.IGNORECASE)

    def sign(match: re.Match[str]) -> str:
        at = found.get(" ".join(match[0].split()).casefold())
        return match[0] if at is None else chr(TEXT + at)

    return pattern.sub(sign, text)


def _make_pattern(variant: str) -> str:
    """Return the pattern of an option's text that is no part of a longer word or number."""
    text = r"\s+".join(map(re.escape, variant.split()))
    if variant in _WEAK:
        return rf"(?<!\w){text}{_AFTER_WEAK}"
    before = r"(?<![\w.,/\-−])" if variant[0].isdigit() else rf"(?<!\w){_UNDENIED}" if _is_latin(variant[0]) else ""
    after = r"(?!\w|[.,:/]\d)" if variant[-1].isdigit() else r"(?!\w)" if _is_latin(variant[-1]) else ""
    return before + text + after


def _is_latin(char: str) -> bool:
    return char.isalnum() and ord(char) < 0x0590


def _merge(text: str) -> str:
    """Return the text with one sign where an option is named twice in a row, as in ``B. London``."""
    parts: list[str] = []
    end = 0
    before: int | None = None
    for match in re.finditer(M, text):
        at, between = read_sign(match[0]), text[end : match.start()]
        if before is None or at != before or not _SAME.fullmatch(between):
            parts += [between, match[0]]
        elif "(" in between or "[" in between:
            end, before = match.end() + (text[match.end() : match.end() + 1] in (")", "]")), at
            continue
        end, before = match.end(), at
    return "".join([*parts, text[end:]])


def _join_signs(row: str) -> str:
    """Return the sign for options named in one breath: their own if it is one option, else that of several."""
    signs = re.findall(M, row)
    return signs[0] if len({read_sign(s) for s in signs}) == 1 else chr(SEVERAL)
