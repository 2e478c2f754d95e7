"""What a search of an archive returns: passages, where each leg ranked them, and what was decided of their rights.

Nothing here prints a passage's or a document's text when it is shown as Python shows values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fairtrial.archive.document import Document, Passage
from fairtrial.rights import Decision, Use

Leg = Literal["words", "vectors"]
LEGS: tuple[Leg, ...] = ("words", "vectors")


@dataclass(frozen=True, slots=True)
class LegRank:
    """Where one leg ranked a passage.

    Attributes:
        rank: from 1.
        score: of the leg: BM25 for words, cosine for vectors.
    """

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Copy:
    """Another document with the same text that may be used too; ``retracted``: its publisher took it back."""

    document: str
    uri: str
    publisher: str
    retracted: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found, and may be used.

    Attributes:
        passage: the words.
        document: that they are from.
        score: by which it was ranked: of the reranker if there is one, else of fusion, else of the only leg.
        legs: where each leg ranked it, or the copy that it stands for.
        decisions: of each use that was asked for or is told beside, with the document's own evidence.
        copies: documents with the same text that it stands for, by id.
    """

    passage: Passage = field(repr=False)
    document: Document = field(repr=False)
    score: float
    legs: Mapping[Leg, LegRank]
    decisions: Mapping[Use, Decision] = field(repr=False)
    copies: tuple[Copy, ...] = ()

    @property
    def retracted(self) -> bool:
        """Whether the document was retracted; only where retracted ones were asked for."""
        return bool(self.document.retracted)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first.

    Attributes:
        found: passages, as many as were asked for or as there are.
        at: the moment at which rights were decided.
        refused: records of rights that deny the use or the index, by leg and rule; the same whatever was searched for.
        retracted: passages that were passed over because their documents were retracted.
        changed: passages passed over because their document's own evidence denies what its record permitted.
    """

    found: tuple[Found, ...]
    at: datetime
    refused: Mapping[Leg, Mapping[str, int]]
    retracted: int = 0
    changed: int = 0
