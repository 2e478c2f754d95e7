"""A passage as sentences, their words, and the names in them.  Pure; for languages that are written as English and
German are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fairtrial.archive.sentences import find_sentence_spans
from fairtrial.levers.retrieve.relations.meanings import cut_endings, load_meanings
from fairtrial.levers.retrieve.relations.voices import Voice

LONGEST = 20_000
"""Characters of a passage that are looked at."""
MOST_SENTENCES, LONGEST_SENTENCE = 80, 1_000
"""The same of its sentences, and of the characters of one: comparing takes time that grows with their square."""
LEAD = 2
"""Sentences at the beginning that tell what a text is about."""

_UNTELLING_WORDS = """
a about after again against all also although an and any are as at be because been before being between both but by
can could did do does during each every few for from had has have he her here him his how if in into is it its just
last may might more most much must my near never new next no nor not now of off on once one only or other our out
over own per put said same say says she should since so some still such than that the their them then there these
they this those through to too under until up upon us very was we were what when where which while who whom whose
why will with within without would yesterday you your ab aber alle allem allen aller als am auch auf aus bei beim
bis da damit dann das dass dem den denn der des die dies diese diesem diesen dieser doch dort du durch ein eine
einem einen einer eines er es für gab gegen gibt habe haben hat hatte hatten hier ich ihm ihn ihr ihre ihrem ihren
ihrer im ins ist ja kann kein keine man mehr mit nach neu neue neuen neuer nicht noch nun nur ob oder ohne rund
schon sehr sein seine seinem seinen seiner seit sich sie sind sowie soll sollen über um und uns unter vom von vor
war waren weil wenn werden wer wie wieder wir wird worden wurde wurden zu zum zur zwischen gestern heute künftig
"""
UNTELLING = frozenset(_UNTELLING_WORDS.split())
WEEKDAYS = (
    ("monday", "montag"), ("tuesday", "dienstag"), ("wednesday", "mittwoch"), ("thursday", "donnerstag"),
    ("friday", "freitag"), ("saturday", "samstag", "sonnabend"), ("sunday", "sonntag"),
)  # fmt: skip
MONTHS = (
    ("january", "januar", "jan"), ("february", "februar", "feb"), ("march", "märz", "mar"), ("april", "apr"),
    ("may", "mai"), ("june", "juni", "jun"), ("july", "juli", "jul"), ("august", "aug"),
    ("september", "sept", "sep"), ("october", "oktober", "oct", "okt"), ("november", "nov"),
    ("december", "dezember", "dec", "dez"),
)  # fmt: skip
_DAY_NAMES = frozenset(name for names in WEEKDAYS for name in names)
_LABELLED_WORDS = """
article bus chapter district exit flight gate highway junction line number phase platform road room route section
tram unit ward abschnitt artikel bezirk buslinie flug gleis linie nummer paragraf raum straße zimmer
"""
LABELLED = frozenset(_LABELLED_WORDS.split())
"""Words whose number is their name, as in ``line 42``."""
_COMMON_WORDS = """
police council court government parliament school hospital town city county mayor polizei gericht rat stadt
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_GERMAN_WORDS = """
der die das und ist wird eine einen einem im vom beim wurde wurden den dem zum zur für auf
"""
_GERMAN = frozenset(_GERMAN_WORDS.split())
_FIRMS = frozenset({"sons", "partners", "co", "company", "brothers", "daughters", "söhne"})
_CALENDAR = frozenset(name for names in (*WEEKDAYS, *MONTHS) for name in names if len(name) > 3)
_WORD = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*")
_MARKS = re.compile(r"[\"“”„«»]")
_SPEECH = re.compile(r"[\"“”„«»]([^\"“”„«»]*)[\"“”„«»]")
LONGEST_QUOTE = 4
"""Words within quotation marks from which they are what somebody says, and nothing that the passage claims."""
_JOINTS = frozenset({"&", "-", "'", "’"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word: as written, where it stands in its sentence, its stem."""

    text: str
    start: int
    end: int
    stem: str

    @property
    def capital(self) -> bool:
        """Whether it is written as a name may be."""
        return self.text[0].isupper() and self.text.casefold() not in _CALENDAR

    @property
    def telling(self) -> bool:
        """Whether it says anything of what a text is about."""
        word = self.text.casefold()
        return word not in UNTELLING and word not in _DAY_NAMES and not word[0].isdigit() and len(word) > 1


@dataclass(frozen=True, slots=True)
class ProperName:
    """A name in a sentence: words with capitals in a row, where they stand and behind what, whether for sure.

    A word that begins a sentence has a capital whatever it is: it is a name for sure if it has one elsewhere, too.
    """

    words: tuple[str, ...]
    first: int
    last: int
    sure: bool
    before: str = ""

    def is_like(self, other: ProperName) -> bool:
        """Return whether two names may be of one thing: one has all words of the other, and its first or last."""
        a, b = sorted((self.words, other.words), key=len)
        numbers = [{word for word in words if word.isdigit()} for words in (a, b)]
        return set(a) <= set(b) and numbers[0] == numbers[1] and bool({a[0], a[-1]} & {b[0], b[-1]})


class ReadSentence:
    """A sentence with its words, meanings and names.

    Args:
        text: of it.
        proper: words that are written with a capital where they need not be.
    """

    def __init__(self, text: str, proper: frozenset[str]) -> None:
        self.text = text
        self.tokens = [Token(m[0], m.start(), m.end(), cut_endings(m[0].casefold())) for m in _WORD.finditer(text)]
        self.quoted = bool(_MARKS.search(text))
        self.names = _find_names(self.tokens, text, proper)
        self.meanings = load_meanings().find([one.stem for one in self.tokens])

    @cached_property
    def stems(self) -> frozenset[str]:
        """What it is about: stems of its telling words."""
        return frozenset(one.stem for one in self.tokens if one.telling)


@dataclass(frozen=True)
class PassageInWords:
    """A passage that was read."""

    voice: Voice

    @cached_property
    def title(self) -> ReadSentence:
        """The title."""
        return ReadSentence(self.voice.title[:300], self.proper)

    @cached_property
    def sentences(self) -> list[ReadSentence]:
        """Those of the text."""
        return [ReadSentence(one, self.proper) for one in self._split]

    @cached_property
    def _split(self) -> list[str]:
        parts = [hide_speech(part) for part in re.split(r"\n+", self.voice.text[:LONGEST])]
        found = (part[a:b].strip()[:LONGEST_SENTENCE] for part in parts for a, b in find_sentence_spans(part))
        return [one for one in found if one][:MOST_SENTENCES]

    @cached_property
    def proper(self) -> frozenset[str]:
        """Words that are written with a capital though they begin no sentence."""
        found = set[str]()
        for text in (self.voice.title[:300], *self._split):
            words = list(_WORD.finditer(text))
            found |= {m[0].casefold() for m in words[1:] if m[0][0].isupper() and not _begins(text, m.start())}
        return frozenset(found)

    @cached_property
    def names(self) -> list[ProperName]:
        """All names in title and text."""
        return [name for one in (self.title, *self.sentences) for name in one.names]

    @cached_property
    def stems(self) -> frozenset[str]:
        """Of all telling words of title and text."""
        return frozenset().union(self.title.stems, *(one.stems for one in self.sentences))

    @cached_property
    def lead(self) -> Sequence[ReadSentence]:
        """The sentences that tell what it is about."""
        return self.sentences[:LEAD]

    @cached_property
    def german(self) -> bool:
        """Whether it is German, which writes all nouns as English writes names."""
        words = [token.text.casefold() for one in (self.title, *self.sentences) for token in one.tokens]
        return sum(word in _GERMAN for word in words) >= max(1, len(words) // 16)

    @cached_property
    def lowered(self) -> frozenset[str]:
        """Words that it writes without a capital."""
        return frozenset(t.text for one in (self.title, *self.sentences) for t in one.tokens if t.text.islower())

    def mentions(self, name: ProperName) -> bool:
        """Return whether a name, or one like it, is in it; in German all words of it must be."""
        if not any(self._takes(name, other) for other in self.names):
            return False
        return not self.german or all(cut_endings(word) in self.stems for word in name.words)

    def _takes(self, name: ProperName, other: ProperName) -> bool:
        """Return whether a name is like one of its own; of two that may be none, only what looks like no other word."""
        if not name.is_like(other):
            return False
        word = name.words[0]
        common = (
            word in _COMMON
            or word.endswith("s")
            or word in self.lowered
            or bool(load_meanings().find([cut_endings(word)]))
        )
        return name.sure or other.sure or not common


def hide_speech(text: str) -> str:
    """Return a paragraph with blanks in place of what somebody says in it; short quotations are names, and stay."""
    return _SPEECH.sub(lambda m: " " * len(m[0]) if len(m[1].split()) > LONGEST_QUOTE else m[0], text)


def _begins(text: str, at: int) -> bool:
    """Return whether a word begins a sentence or a quotation within a text."""
    before = text[:at].rstrip()
    return not before or before[-1] in ':.!?"“”„«»('


def _find_names(tokens: Sequence[Token], text: str, proper: frozenset[str]) -> list[ProperName]:
    """Return the names in a sentence."""
    found: list[ProperName] = []
    run: list[int] = []

    def end() -> None:
        while run and tokens[run[0]].text.casefold() in UNTELLING:
            run.pop(0)
        if run and (len(run) > 1 or not tokens[run[0]].text[0].isdigit()):
            words = tuple(tokens[i].text.casefold().removesuffix("'s").removesuffix("’s") for i in run)
            sure = len(run) > 1 or not _begins(text, tokens[run[0]].start) or words[0] in proper
            found.append(ProperName(words, run[0], run[-1], sure, tokens[run[0] - 1].text.casefold() if run[0] else ""))
        run.clear()

    for at, token in enumerate(tokens):
        gap = text[tokens[at - 1].end : token.start].strip() if at else ""
        if run and gap and gap not in _JOINTS:
            end()
        if run and token.text == "and" and at + 1 < len(tokens) and tokens[at + 1].text.casefold() in _FIRMS:
            run.append(at)
        elif token.capital or (token.text[0].isdigit() and _is_label(tokens, at, text)):
            if not token.capital and not run and at:  # "line 42": the word before belongs to it
                run.append(at - 1)
            run.append(at)
        elif run:
            end()
    end()
    return found


def _is_label(tokens: Sequence[Token], at: int, text: str) -> bool:
    """Return whether a number names something, as in ``line 42``, and counts nothing."""
    number = tokens[at]
    if not at or not number.text.isdigit() or text[tokens[at - 1].end : number.start] != " ":
        return False
    return tokens[at - 1].text.casefold() in LABELLED and not re.match(r"[.,:]\d", text[number.end :])
