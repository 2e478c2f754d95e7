"""Which of some options a written answer names.

What cannot be read for certain is not read: an answer that names two options, or none, or that leaves the choice open,
gives nothing.  How often the reader errs on a labelled list, docs/reading-answers.md says.  Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence, Set

from fairtrial.tasks.reading.mentions import TEXT, M, mark, read_sign
from fairtrial.tasks.reading.plain import cut_own_part, find_marked_answer

_G = f"(?P<m>{M})"
_BE = (
    r"(?:(?:is|was|are|would be|should be|must be|has to be|to be|will be|=|:|—|–|-|→|->|=>|⇒|says)"
    r"[\s:]*(?:(?:therefore|thus|clearly|definitely|certainly|probably|most likely|likely"
    r"|simply|indeed|also|the|an?|number)\s+)*)"
)
_ANSWER = (
    r"\b(?:answers?|ans\b\.?|option\b|choice\b|letters?|solution|response|output|result|selection|verdict|pick|guess)"
)
_FILLER = r"(?:(?!options|choices|possibilities)[^.\n;?!:\ue000-\ue0ff]){0,40}?"
_KIND = (
    r"(?:indeed|also|therefore|thus|clearly|definitely|the|my|an?|most|more|only|best|right|correct|true|\w{3,12}ly)"
)
_GOOD = r"(?:correct|right|true|best|answer|better|accurate|solution|choice|option|suitable|appropriate|one|winner)"
_SO = (
    r"(?:so|thus|hence|therefore|then|consequently|definitely|probably|(?:most )?likely|clearly|obviously|certainly"
    r"|surely|only|finally|actually|ergo|=>|→|⇒|∴)"
)
_PICK = (
    r"(?:choose|choosing|pick|select|go(?:ing)? (?:with|for)|opt(?:ing)? for|vote for|settle (?:on|for)|bet on|prefer"
    r"|lean(?:ing)? (?:towards?|to)|answer(?: with)?|wähle|choisis|elijo|escolho|scelgo|kies|выбираю|pilih)"
)
_OTHER = (
    r"(?:respuesta|réponse|antwort|resposta|risposta|ответ|antwoord|odpowied[zź]|svaret|svar|jawaban(?:nya)?|cevap|yanıt"
    r"|đáp án|câu trả lời|vastaus|الإجابة|الجواب|उत्तर|คำตอบ|απάντηση|תשובה|răspunsul|válasz|odpověď|відповідь|opción"
    r"|opção|opzione)"
)
_FLAGS = re.IGNORECASE | re.MULTILINE

_STATED = [
    rf"{_ANSWER}{_FILLER}\s*{_BE}\s*{_G}",
    rf"{_ANSWER}\s+{_G}",
    rf"{_ANSWER}[^.\n;?!:\ue000-\ue0ff]{{0,30}}[:\s]*\n\s*{_G}",
    rf"(?:答案|选项|選項|正解|解答|答え?|정답|답)[应该應該可能是为為はが은는이가選选择\s:：]*{_G}",
    rf"(?:故|应|應|因此|所以|我)?[选選](?:择|擇)?[:：\s]*{_G}",
    rf"{_OTHER}(?:(?!\b(?:no|nicht|pas|não|non|не|niet)\b)[^.\n;?!\ue000-\ue0ff]){{0,30}}{_G}",
    rf"\b(?:richtig|correct[oae]?|juste?|correct|right)\s*(?:ist|es|est|é|è|:|=|is)\s*{_G}",
]
"""Patterns of "the answer is"."""

_SAID = [
    rf"\b{_PICK}\s+(?:the\s+)?{_G}",
    rf"\b(?:'d|would|will|to)? ?say\s+(?:that\s+)?(?:it(?:'s| is)\s+)?{_G}",
    rf"\b(?:think|believe|guess|conclude|suppose)\s+(?:that\s+)?"
    rf"(?:(?:it|this)(?:'s| is| must be| would be)\s+)?{_G}(?!\s+(?:is|was)\b)",
    r"\b(?:it|this|that|which|he|she|they|one|left)(?:'s| is| was| must be| would be| should be| has to be"
    rf"| (?:would )?have to be| leaves| corresponds to| matches| points to)\s+(?:(?:\w{{3,12}}ly|the)\s+)?{_G}",
    rf"\bis\s+{_G}(?=\s*(?:\Z|[.!;\n]))",
    r"\b(?:must be|have to be|leav(?:es|ing)(?: us)?(?: with)?|left with|c'est"
    rf"|corresponds to|matches|points to)\s+(?:the\s+)?{_G}",
    rf"{_G}(?:\s*\([^()\n]{{0,60}}\))?\s*(?:'s|is|was|would be|must be|seems|looks|appears)\s+"
    rf"(?:{_KIND}\s+){{0,4}}(?:to be\s+)?(?:the\s+)?{_GOOD}\b",
    rf"{_G}\s+(?:fits|it is\b|(?:is|does)\s*[.!;\n])",
    rf"{_G}\s*[:\-–—]\s*(?:right|correct|yes)\b",
    rf"\b{_SO}\s*[,:]?\s*(?:(?:it is|it's|the|that)\s+)?{_G}(?!\s*(?:is|was|has|would|can|could|and|or|may|might)\b)",
    rf"\b(?:but|sondern|sino|mais)\s+(?:rather\s+)?{_G}(?!\s*(?:is|was|has|would|can|could|may|might|seems|looks)\b)",
    rf"{_G}\s*(?:,\s*)?(?:over|rather than|instead of|(?:and|but)\s+not)\s+(?:{M}|\uffff)",
]
"""Patterns of what is said otherwise."""

STATED, SAID = (
    [re.compile(unicodedata.normalize("NFKC", pattern), _FLAGS) for pattern in patterns]
    for patterns in (_STATED, _SAID)
)

NESTED = 3
"""How deep a marked answer may stand in another one."""

_NOT = re.compile(
    r"(?:\b(?:not|nor|neither|never|except|excludes?|rules? out|ruled out|ruling out|eliminated?|eliminating|instead of"
    rf"|rather than|unlike|cannot|over|than)|n't)\s+(?:(?!but\b)[\w']+\s+){{0,3}}?{M}(?:\s*(?:,|and|or|nor|/)\s*{M})*",
    re.IGNORECASE,
)
_WRONG = re.compile(
    rf"{M}(?:\s*\([^()\n]{{0,60}}\))?\s*(?:(?:is|are|was|were|seems?|looks?|can|could|cannot|would|does|do|will)\b|[:\-–—])?"
    r"(?:n't|\s+not|\s+also|\s+clearly|\s+obviously|\s+be|\s+both|\s*\w{3,12}ly)*\s*"
    r"(?:\b(?:wrong|incorrect|false|not|ruled out|eliminated|unlikely|implausible|impossible|out)\b"
    r"|n't\b|\bcannot\b|\btoo\b)",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:thought(?: of| about| it was| that)?|considered|consider|considering|tempted by|whether|either|between|among"
    r"|might be|may be|could be|possibly|perhaps|maybe|if|suppose|assume)\s+(?:\w+\s+){0,4}\Z",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"\b(?:wait|actually|no|hmm+|however|but|instead|correction|sorry|oops|on second thoughts?|final(?:ly)?"
    r"|correct answer)\b",
    re.IGNORECASE,
)
_REPLY = re.compile(r"\A\s*A:\s+(?=\(?[A-Za-z]\)?\W*\Z)")
_WAIT = re.compile(r"\b(?:wait|actually|no|hmm+|correction|sorry|oops|on second thoughts?)\b", re.IGNORECASE)
_DECLINED = re.compile(
    r"\b(?:(?:i|we)(?: (?:can|could|do|did|am|was|are)(?:n't|not| not)|'m not)|(?:cannot|can't) (?:be|decide|tell|say"
    r"|answer|determine|help|know)|(?:don't|do not) know|unable|not sure|unsure|not enough|sorry|unclear|no idea"
    r"|depends|impossible to)\b",
    re.IGNORECASE,
)
_FIRST = re.compile(
    rf"\W{{0,4}}?{_G}(?=\W*\Z|\s*\n|\s*[.,:;!)\]}}\-–—→(。、]|\s+(?:because|since|as|due|for the"
    r"|though|over|rather|is the|given)\b|\s+\w{3,12}ly\W*\Z)",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"(?:^|[\n;:.,!?]\s*){_G}(?=\s*(?:\Z|[\n.,;!)]))", re.MULTILINE)
_CUT_OFF = re.compile(r"\b(?:is|are|was|the|an?|of|and|or|to|in|on|for|with|by|as|that|which)\s*\Z", re.IGNORECASE)
_LISTING = re.compile(
    r"\b(?:options?|choices?|possibilities|each|one by one|them)\b[^\n]{0,40}[:.]\s*\Z", re.IGNORECASE
)


def read_option(text: str, names: str, options: Sequence[str]) -> int | None:
    """Return the place of the option that an answer names; None if it cannot be told.

    Args:
        text: the answer, without thoughts.
        names: the letters of the options, capital and in order.
        options: their texts, which may be the letters themselves.

    Where an answer is marked as such (``\\boxed{}``, JSON, a tag) that alone is read.  Else what is said to be the
    answer; if two things are, the later one only where the text takes the first one back.  Else what stands first, or
    the only option that is mentioned.  What is denied or asked does not count.
    """
    short = text.strip().lstrip("(").rstrip(".)")
    if len(short) == 1 and short in names:
        return names.index(short)
    text = cut_own_part(text)
    text = _REPLY.sub("", text) if "A" in names else text
    for _ in range(NESTED):  # a field may hold JSON or a box in its turn
        field = find_marked_answer(text)
        if field is None:
            break
        text = field
    return _decide(mark(text, names, options))


def _decide(marked: str) -> int | None:
    """Return the place of the option that a text with signs settles on."""
    denied = {
        read_sign(sign) for found in _NOT.findall(marked) + _WRONG.findall(marked) for sign in re.findall(M, found)
    }
    marked = _WRONG.sub("\uffff", _NOT.sub("\uffff", marked))
    if re.search(rf"{M}\s*\?", marked) and len(set(re.findall(M, marked))) > 1:
        marked = re.sub(rf"{M}(?=\s*\?)", "\uffff", marked)
    stated, claims = _find_claims(marked, STATED), _find_claims(marked, STATED + SAID)
    if stated:
        start, option = claims[-1]
        taken_back = start > stated[-1][0] and _WAIT.search(marked[stated[-1][0] : start])
        return option if taken_back else _settle_claims(marked, stated)
    return _settle_claims(marked, claims) if claims else _find_unclaimed(marked, denied)


def _find_claims(marked: str, patterns: Sequence[re.Pattern[str]]) -> list[tuple[int, int | None]]:
    """Return place and option of what is said to be the answer, in order."""
    found = {
        match.start("m"): read_sign(match["m"])
        for pattern in patterns
        for match in pattern.finditer(marked)
        if not _HEDGE.search(marked[max(0, match.start("m") - 60) : match.start("m")])
    }
    return sorted(found.items())


def _settle_claims(marked: str, claims: Sequence[tuple[int, int | None]]) -> int | None:
    """Return the one option claimed, or the last one if what went before is taken back; None otherwise."""
    start, last = claims[-1]
    others = [at for at, option in claims if option != last]
    if others and not _TURN.search(marked[others[-1] + 1 : start]):
        return None
    first = _FIRST.match(marked)
    on_its_own = first is not None and "\n" in marked[first.end("m") : first.end("m") + 2]
    if first and on_its_own and read_sign(first["m"]) != last and not _WAIT.search(marked[first.end("m") : start]):
        return None
    return last


def _find_unclaimed(marked: str, denied: Set[int | None]) -> int | None:
    """Return the option that stands first or alone and is not denied, where nothing is said to be the answer."""
    signs = re.findall(M, marked)
    named = {read_sign(sign) for sign in signs}
    first = _FIRST.match(marked)
    if first:
        option = read_sign(first["m"])
        listed = option == 0 and len(named) > 1 and read_sign(signs[1]) == 1
        return None if listed else option
    if len(named) != 1 or _DECLINED.search(marked):
        return None
    [option] = named
    if option is None or option in denied:
        return None
    found = _ALONE.search(marked)
    if found and not _LISTING.search(marked[: found.start("m")].rstrip()):
        return option
    return option if not _CUT_OFF.search(marked) and all(ord(sign) >= TEXT for sign in signs) else None
