"""From ranked candidates to what is returned: each is decided again with its own evidence, retracted documents are
passed over, and of copies of one text the best version stands for all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fairtrial.archive.base import Scope, Store
from fairtrial.archive.copies import SAME_PLACE, Sketch, Version, are_copies, rank_version, share_sequences, sketch
from fairtrial.archive.document import Document, Passage
from fairtrial.archive.permitting import decide_all
from fairtrial.archive.results import Copy, Found, Leg, LegRank
from fairtrial.rights import Circumstances, Decision, RightsRecord, Use, combine_decisions, decide

LOOKED_UP = 8
"""Words of a passage, the longest ones, by which its copies are looked for."""
COPIES = 16
"""Passages that are looked at for copies of one."""
NEAR = 0.5
"""Share of the best score that a copy reaches at least when it is looked for by words."""

_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage that was ranked: its number in the store, its score, and its place in each leg."""

    number: int
    score: float
    legs: Mapping[Leg, LegRank]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted of the candidates; see `SearchSettings`."""

    uses: tuple[Use, ...]
    told: tuple[Use, ...]
    k: int
    collapse: bool
    retracted: bool
    of_one_document: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage with its document."""

    number: int
    passage: Passage
    version: Version
    decisions: Mapping[Use, Decision]

    @property
    def document(self) -> Document:
        return self.version.document


@dataclass
class Choosing:
    """Chooses among candidates, for one search.

    Attributes:
        store: the archive.
        choice: what is wanted.
        circumstances: in which rights are decided.
        words: where copies are looked for by words.
        found: what was chosen, best first.
        retracted: how many passages were passed over because their document was retracted.
        changed: how many were because their document's own evidence denies a use that its record permitted.
    """

    store: Store
    choice: Choice
    circumstances: Circumstances
    words: Scope
    found: list[Found] = field(default_factory=list)
    retracted: int = 0
    changed: int = 0
    _taken: dict[int, int] = field(default_factory=dict)  # number of a passage to its place in `found`
    _documents: dict[str, Version] = field(default_factory=dict)
    _decided: dict[tuple[str, int | None], Mapping[Use, Decision]] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    def choose(self, candidates: Sequence[RankedPassage]) -> None:
        """Take candidates in their order until there are as many as wanted."""
        step = max(1, self.choice.k)
        for at in range(0, len(candidates), step):
            some = candidates[at : at + step]
            read = self._read([one.number for one in some])
            for candidate in some:
                if len(self.found) >= self.choice.k:
                    return
                if candidate.number not in read:
                    self.changed += 1
                elif candidate.number not in self._taken:
                    self._take(candidate, read[candidate.number])

    def _read(self, numbers: Sequence[int]) -> dict[int, _Read]:
        """Return passages that may be used, with their documents."""
        passages = self.store.read_passages(numbers)
        missing = sorted({one.document for one in passages} - self._documents.keys())
        for id, document in zip(missing, self.store.read_documents(missing), strict=True):
            self._documents[id] = Version(document)
        made = {}
        for number, passage in zip(numbers, passages, strict=True):
            version = self._documents[passage.document]
            decisions = self._decide(version.document, passage)
            if all(decisions[use].allowed for use in self.choice.uses):
                made[number] = _Read(number, passage, version, decisions)
        return made

    def _decide(self, document: Document, passage: Passage) -> dict[Use, Decision]:
        """Return what is decided of a passage; of a picture's, of the picture and its document together."""
        uses = dict.fromkeys((*self.choice.uses, *self.choice.told))
        whole = self._decide_record(passage.document, None, document.rights)
        if passage.picture is None or not document.pictures[passage.picture].rights.evidence:
            return {use: whole[use] for use in uses}
        own = self._decide_record(passage.document, passage.picture, document.pictures[passage.picture].rights)
        return {use: combine_decisions([whole[use], own[use]]) for use in uses}

    def _decide_record(self, document: str, picture: int | None, record: RightsRecord) -> Mapping[Use, Decision]:
        """Return what is decided of a document or picture, for the uses."""
        if (document, picture) not in self._decided:
            uses = dict.fromkeys((*self.choice.uses, *self.choice.told))
            self._decided[document, picture] = decide_all(uses, record, self.circumstances)
        return self._decided[document, picture]

    def _take(self, candidate: RankedPassage, read: _Read) -> None:
        """Add a candidate to what was found, or the best of its copies, unless that is there already."""
        same = [read, *(self._find_copies(read) if self.choice.collapse else ())]
        usable = [one for one in same if self.choice.retracted or not one.document.retracted]
        if not usable:
            self.retracted += 1
            return
        best = min(usable, key=self._rank) if len(usable) > 1 else usable[0]
        place = self._taken.get(best.number)
        if place is None:
            most = self.choice.of_one_document
            if most and self._counts[best.passage.document] >= most:
                return
            self._counts[best.passage.document] += 1
            place = len(self.found)
            self.found.append(Found(best.passage, best.document, candidate.score, candidate.legs, best.decisions))
        for one in same:
            self._taken.setdefault(one.number, place)
        self._note_copies(place, same)

    def _note_copies(self, place: int, same: Sequence[_Read]) -> None:
        held = self.found[place]
        more = {one.document: one for one in held.copies}
        for one in same:
            id, document = one.passage.document, one.document
            if id != held.passage.document:
                more[id] = Copy(id, document.uri, document.publisher, bool(document.retracted))
        self.found[place] = replace(held, copies=tuple(more[id] for id in sorted(more)))

    def _find_copies(self, read: _Read) -> list[_Read]:
        """Return the passages of other addresses that say the same, in documents that are copies."""
        wanted = sorted(set(_WORD.findall(read.passage.text)), key=lambda word: (-len(word), word))[:LOOKED_UP]
        hits = self.store.search_words(" ".join(wanted), self.words, COPIES) if wanted else []
        near = [hit.passage for hit in hits if hit.score >= NEAR * hits[0].score and hit.passage != read.number]
        own: Sketch | None = None
        best: dict[str, tuple[float, _Read]] = {}
        for one in self._read(near).values():
            document, id = one.document, one.passage.document
            if document.uri == read.document.uri or not are_copies(read.version, one.version):
                continue
            own = own or sketch(read.passage.text)
            share = share_sequences(own, sketch(one.passage.text))
            if share >= SAME_PLACE and share > best.get(id, (0.0,))[0]:
                best[id] = (share, one)
        return [one for _, one in best.values()]

    def _rank(self, read: _Read) -> tuple[object, ...]:
        decisions = self._decide_record(read.passage.document, None, read.document.rights)
        quoting = decisions.get(Use.QUOTE) or decide(Use.QUOTE, read.document.rights, self.circumstances)
        counted = {**{use: decisions[use] for use in self.choice.uses}, Use.QUOTE: quoting}
        return rank_version(read.document, read.passage.document, counted)
