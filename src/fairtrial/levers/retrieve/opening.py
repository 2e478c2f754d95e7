"""A passage that people want to read, after an answer has cited it: what may be shown of it at this moment.

Rights are decided anew, for display, at the moment of opening; what was decided when the answer was made does not
count.  A newer version of the document counts, too: a licence that it has lost is not had by an older one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Document, Passage
from fairtrial.errors import ArchiveError
from fairtrial.levers.retrieve.finding import PassageFinder
from fairtrial.rights import Decision, RightsRule, Use, combine_decisions


@dataclass(frozen=True, slots=True)
class PassageName:
    """Which passage: its document's id, its place there, and the hash of its words."""

    document: str
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, slots=True)
class OpenedPassage:
    """What may be shown of a passage.

    Attributes:
        uri: of its document.
        publisher, published, modified, label: of its document; dates are ISO 8601, all empty if nobody said.
        licence, holder: as the evidence says that decided.
        attribution: credits that must stand beside it.
        rule: the row of the table that decided.
        until: until when it may be shown; empty if no end is known.
        hidden: why its words are not here; empty if they are.
        title, text, headings: its words; empty where they may not be shown.
        corrections: when, and what the publisher said; without words where these may not be shown.
        retracted: why it was, in the publisher's words; or that it was.
    """

    uri: str
    publisher: str = ""
    published: str = ""
    modified: str = ""
    label: str = ""
    licence: str = ""
    holder: str = ""
    attribution: tuple[str, ...] = ()
    rule: str = ""
    until: str = ""
    hidden: str = ""
    title: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    headings: tuple[str, ...] = field(default=(), repr=False)
    corrections: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    retracted: str = field(default="", repr=False)


def open_passage(finder: PassageFinder, name: PassageName, now: datetime) -> OpenedPassage:
    """Return what may be shown of a passage now.

    Raises ArchiveError where the archive has no such passage any more.
    """
    document = _read_document(finder, name.document)
    passage = _find_passage(document, name)
    finder.set_moment(now)
    decision = _decide(finder, document, passage)
    evidence = decision.evidence
    credits = [" ".join((one.text or document.publisher).split()) for one in decision.duties.attributions]
    shown = decision.allowed
    return OpenedPassage(
        uri=document.uri,
        publisher=document.publisher,
        published=_write(document.published),
        modified=_write(document.modified),
        label=document.label,
        licence=next((one.licence for one in evidence if one.licence), ""),
        holder=next((one.holder for one in evidence if one.holder), ""),
        attribution=tuple(dict.fromkeys(filter(None, credits))),
        rule=str(decision.rule),
        until=_write(decision.changes) if shown else "",
        hidden="" if shown else f"its rights do not allow that its words are shown ({decision.rule})",
        title=document.title if shown else "",
        text=passage.text if shown else "",
        headings=passage.headings if shown else (),
        corrections=tuple((_write(one.at), one.text if shown else "") for one in document.corrections),
        retracted=(document.retracted if shown else "retracted") if document.retracted else "",
    )


def _read_document(finder: PassageFinder, id: str) -> Document:
    try:
        [found] = finder.store.read_documents([id])
    except ArchiveError:
        raise ArchiveError("the archive does not have this document any more.", fix="It may be withdrawn.") from None
    return found


def _find_passage(document: Document, name: PassageName) -> Passage:
    place = (name.start, name.end)
    for one in cut(document):
        if (one.start, one.end) == place and hash_words(one.text) == name.sha256:
            return one
    raise ArchiveError("the archive does not have this passage any more.", fix="Ask again.")


def hash_words(text: str) -> str:
    """Return the hash that names a passage by its words."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _decide(finder: PassageFinder, document: Document, passage: Passage) -> Decision:
    made = [finder.decide(Use.DISPLAY, document, passage)]
    for newer in _list_newer(finder, document):
        held = finder.decide(Use.DISPLAY, newer, Passage(newer.id, 0, 0, 0, (), ""))
        if held.rule != RightsRule.EMBARGO:  # a version that nobody may know of yet changes nothing
            made.append(held)
    return combine_decisions(made) if len(made) > 1 else made[0]


def _list_newer(finder: PassageFinder, document: Document) -> Sequence[Document]:
    """Return the versions of a document's address that stand before it, newest first."""
    versions = finder.store.find_documents(document.uri)
    ids = [one.id for one in versions]
    return versions[: ids.index(document.id)] if document.id in ids else versions


def _write(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
