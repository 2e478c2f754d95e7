"""Search in an archive: what may be used is decided first, then ranked by words and by meaning, then thinned out.

Rights, dates and the like are filters of the store, so what may not be used influences no rank and no score.  The same
archive, query, settings and moment give the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from fairtrial.archive.base import Hit, Scope, Store
from fairtrial.archive.choosing import Choice, Choosing, RankedPassage
from fairtrial.archive.chunks import write_indexed
from fairtrial.archive.embedders.base import Embedder, name_space
from fairtrial.archive.fusion import CONSTANT, fuse_ranks
from fairtrial.archive.permitting import Permissions, Permitted
from fairtrial.archive.results import LEGS, Leg, LegRank, SearchResult
from fairtrial.errors import ArchiveError
from fairtrial.rights import Circumstances, RightsRecord, Use

METHOD = 1
"""Of ranking and thinning out; counts up when the same archive and query give other passages."""


class Reranker(Protocol):
    """Scores passages against a query, better than either leg and far slower."""

    def identity(self) -> Sequence[object]:
        """Return what decides its scores, as JSON values."""
        ...

    def score(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """Return a score of each text; more is better."""
        ...


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How to search.

    Attributes:
        k: passages to return at most.
        legs: ``words``, ``vectors``, or ``both``, fused; ``auto``: both where there is an embedder.
        pool: passages of each leg that are fused.
        constant: of the fusion.
        rerank: how many of the best the reranker scores, where there is one.
        collapse: whether of copies of one text only the best version is returned.
        retracted: whether retracted documents are returned, marked as such.
        of_one_document: passages of one document at most; 0: any number.
    """

    k: int = 6
    legs: str = "auto"
    pool: int = 100
    constant: int = CONSTANT
    rerank: int = 30
    collapse: bool = True
    retracted: bool = False
    of_one_document: int = 0

    def identity(self) -> list[object]:
        """Return what decides the result, as JSON values."""
        return [METHOD, *(getattr(self, name) for name in self.__dataclass_fields__)]


DEFAULT = SearchSettings()
ANYTHING = Scope(frozenset())
"""No filter but rights, which a search adds."""


@dataclass
class Searcher:
    """Searches one archive for some uses.

    Attributes:
        store: the archive.
        circumstances: in which rights are decided.
        uses: of the passages; all must be permitted.  That words may be indexed, or vectors made, comes on top.
        told: uses that are decided too, and need not be permitted, e.g. quoting or display.
        embedder: makes the query's vector; None: search by words alone.
        reranker: None: ranks are those of fusion.
        settings: how.
        clock: what tells the moment at each search; None: that of the circumstances.
    """

    store: Store
    circumstances: Circumstances
    uses: tuple[Use, ...] = (Use.AI_INPUT,)
    told: tuple[Use, ...] = ()
    embedder: Embedder | None = None
    reranker: Reranker | None = None
    settings: SearchSettings = DEFAULT
    clock: Callable[[], datetime] | None = None
    _permissions: Permissions = field(init=False, repr=False)
    _choice: Choice = field(init=False, repr=False)
    _embedded: tuple[str, frozenset[int]] = field(init=False, repr=False, default=("", frozenset()))

    def __post_init__(self) -> None:
        """Begin without decisions."""
        self._permissions = Permissions(self.circumstances)
        one = self.settings
        self._choice = Choice(self.uses, self.told, one.k, one.collapse, one.retracted, one.of_one_document)

    def search(self, query: str, filters: Scope = ANYTHING) -> SearchResult:
        """Return the passages that fit a query best and may be used.

        Args:
            query: words, or a question.
            filters: what else passages must be; its rights, and what may not exist yet, are replaced.

        Raises:
            ArchiveError: the store fails, or passages that may be found by vectors have none yet.
        """
        at = self.clock() if self.clock else self.circumstances.at
        records = self.store.list_rights()
        allowed = {leg: self._permit(leg, records, at) for leg in LEGS}
        dated = at.replace(second=0, microsecond=0) if self.clock else at  # else a store filters anew each time
        scopes = {
            leg: replace(filters, rights=one.numbers, waiting=one.waiting, at=dated) for leg, one in allowed.items()
        }
        legs = self.list_legs()
        choosing = Choosing(self.store, self._choice, replace(self.circumstances, at=at), scopes["words"])
        ranked = self._rank(query, {leg: scopes[leg] for leg in legs})
        with self.store.reading():
            choosing.choose(ranked)
        refused = {leg: allowed[leg].refused for leg in legs}
        return SearchResult(tuple(choosing.found), at, refused, choosing.retracted, choosing.changed)

    def list_legs(self) -> tuple[Leg, ...]:
        """Return the legs that a search goes on."""
        chosen = self.settings.legs
        if chosen == "words" or (chosen == "auto" and self.embedder is None):
            return ("words",)
        return ("vectors",) if chosen == "vectors" else ("words", "vectors")

    def _permit(self, leg: Leg, records: Mapping[int, RightsRecord], at: datetime) -> Permitted:
        """Return which records permit a leg of the search, and the uses, at a moment."""
        kept = Use.SEARCH if leg == "words" else Use.AI_INDEX
        uses = tuple(dict.fromkeys((*self.uses, kept)))
        return self._permissions.permit(uses, records, at)

    def _rank(self, query: str, scopes: Mapping[Leg, Scope]) -> list[RankedPassage]:
        """Return the passages of all legs in one order, best first."""
        legs = {leg: self._ask(leg, query, scope) for leg, scope in scopes.items()}
        places = {
            leg: {hit.passage: LegRank(rank, hit.score) for rank, hit in enumerate(hits, 1)}
            for leg, hits in legs.items()
        }
        names = self._name(hit for hits in legs.values() for hit in hits)
        rankings = [[hit.passage for hit in hits] for hits in legs.values()]
        if len(rankings) == 1:
            fused = [(hit.passage, hit.score) for hits in legs.values() for hit in hits]
        else:
            fused = fuse_ranks(rankings, names.__getitem__, self.settings.constant)
        found = [
            RankedPassage(number, score, {leg: place[number] for leg, place in places.items() if number in place})
            for number, score in fused
        ]
        return self._rerank(query, found, names)

    def _ask(self, leg: Leg, query: str, scope: Scope) -> list[Hit]:
        if leg == "words":
            return self.store.search_words(query, scope, self.settings.pool)
        if self.embedder is None:
            raise ArchiveError(
                "searching by vectors needs an embedder, and there is none.",
                fix="Name one, e.g. embed: small, or search by words alone.",
            )
        if not scope.rights or not query.strip():
            return []
        space = name_space(self.embedder)
        self._check_vectors(space, scope.rights)
        [vector] = self.embedder.embed([query], "query")
        return self.store.search_vectors(space, vector, scope, self.settings.pool)

    def _check_vectors(self, space: str, rights: frozenset[int]) -> None:
        """Raise ArchiveError if passages that this leg may find have no vectors: it would pass over them in silence."""
        if (space, rights) == self._embedded:
            return
        if self.store.find_unembedded(space, 1, rights):
            raise ArchiveError(
                f"not all passages that may be searched by vectors have one of {space}.",
                fix="Make them: fairtrial archive embed, with the same --archive, --embed, --profile and other "
                "circumstances.",
            )
        self._embedded = (space, rights)

    def _name(self, hits: Iterable[Hit]) -> dict[int, tuple[str, int]]:
        """Return (document id, index) of each passage, which puts equals in the same order in every store."""
        return {hit.passage: (hit.document, hit.index) for hit in hits}

    def _rerank(
        self, query: str, found: list[RankedPassage], names: Mapping[int, tuple[str, int]]
    ) -> list[RankedPassage]:
        """Return the best of some candidates in the reranker's order, the others after them."""
        best = found[: self.settings.rerank]
        if self.reranker is None or not best:
            return found
        passages = self.store.read_passages([one.number for one in best])
        documents = {one.id: one for one in self.store.read_documents(list({p.document for p in passages}))}
        texts = [write_indexed(documents[one.document].title, one) for one in passages]
        scores = self.reranker.score(query, texts)
        scored = [replace(one, score=float(score)) for one, score in zip(best, scores, strict=True)]
        scored.sort(key=lambda one: (-one.score, names[one.number]))
        return scored + found[self.settings.rerank :]
