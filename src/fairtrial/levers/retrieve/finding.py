"""Finding passages for requests: by search, as a perfect search would, or what a search finds beside that.

Rights are decided for the moment at which a chunk of requests is asked, and must have allowed the same when the trial
was planned, and at the past moment that the settings may name.  So an embargo that ends while a trial runs changes
none of its answers, and a permission that ends is never used again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from fairtrial.archive.base import Scope, Store
from fairtrial.archive.chunks import cut
from fairtrial.archive.copies import Version, are_copies
from fairtrial.archive.document import Document, Passage
from fairtrial.archive.embedders.base import Embedder
from fairtrial.archive.permitting import Permissions
from fairtrial.archive.remembering import Remembered, recall
from fairtrial.archive.remembering import add_remembered as combine_circumstances
from fairtrial.archive.search import Reranker, Searcher, SearchSettings
from fairtrial.records import GenerateRequest, Request, content_hash
from fairtrial.records.passages import NOT_PERMITTED
from fairtrial.rights import Decision, Use, combine_decisions, decide
from fairtrial.spec.retrieve import Retrieve

LONGEST_QUERY = 2000
"""Characters of a question that are searched for: its end, where the question is."""

_SPAN = re.compile(r"(?P<uri>.+)#(?P<start>\d{1,12})-(?P<end>\d{1,12})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that may be shown to a model, or why it may not.

    Attributes:
        passage: the words.
        document: that they are from.
        score: how well it fits; more is better.
        decision: of its use as input.
        withheld: why it is not shown; empty if it is.
    """

    passage: Passage = field(repr=False)
    document: Document = field(repr=False)
    score: float
    decision: Decision = field(repr=False)
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class FoundPassages:
    """What was found for a request, best first.

    Attributes:
        passages: those that may be shown and those that may not.
        changed: whether something was left out because rights changed since the trial was planned.
    """

    passages: tuple[FoundPassage, ...]
    changed: bool = False


@dataclass
class PassageFinder:
    """Finds passages in an archive.

    Attributes:
        store: the archive.
        settings: of the lever.
        embedder: makes vectors of questions; None: by words alone.
        reranker: orders the best anew; None: no.
        now: the moment at which rights are decided; see `set_moment`.
        held: the circumstances in which they are: those of the settings, else those in which the archive was filled.
    """

    store: Store
    settings: Retrieve
    embedder: Embedder | None = None
    reranker: Reranker | None = None
    now: datetime = field(init=False)
    held: Remembered = field(init=False)

    def __post_init__(self) -> None:
        """Begin at the moment of planning."""
        self.now = self.settings.read
        self.held = read_circumstances(self.settings, self.store)
        self._searcher = Searcher(
            self.store,
            self.held.make_circumstances(self.now),
            embedder=self.embedder,
            reranker=self.reranker,
            settings=make_search_settings(self.settings),
            clock=lambda: self.settings.moment or self.now,
        )

    def set_moment(self, now: datetime) -> None:
        """Decide rights for this moment from now on."""
        self.now = now

    def identify_permitted(self) -> tuple[str, int, int]:
        """Return a hash of which documents may be used as the trial is planned, how many, and how many there are."""
        records = self.store.list_rights()
        kept = {"words": Use.SEARCH, "vectors": Use.AI_INDEX}
        legs = [kept[leg] for leg in self._searcher.list_legs()]
        numbers = [self._permit((Use.AI_INPUT, leg), records) for leg in legs]
        permitted: list[list[str]] = [[] for _ in legs]
        count = 0
        for holding in self.store.list_holdings():
            count += holding.keep in ("words", "text")
            for leg, allowed in enumerate(numbers):
                if holding.rights in allowed and holding.keep in ("words", "text"):
                    permitted[leg].append(holding.id)
        usable = len(set().union(*permitted))
        return content_hash([sorted(one) for one in permitted]), usable, count

    def _permit(self, uses: Sequence[Use], records: object) -> frozenset[int]:
        allowed: frozenset[int] | None = None
        for at in self._moments(self.settings.read):
            found = Permissions(self.held.make_circumstances(at)).permit(uses, records, at).numbers  # type: ignore[arg-type]
            allowed = found if allowed is None else allowed & found
        assert allowed is not None
        return allowed

    def find(self, request: Request) -> FoundPassages:
        """Return what is found for a request, as the settings say.  Raises ArchiveError if the store fails."""
        mode = self.settings.passages
        if mode == "oracle":
            return FoundPassages(tuple(self._read_relevant(request))[: self.settings.k])
        without = [one for name in request.relevant for one in self._find_named(name)] if mode == "distractors" else []
        return self._search(get_query(request), without)

    def _search(self, query: str, unwanted: Sequence[Document]) -> FoundPassages:
        """Return what a search finds beside some documents and their copies.

        What a decision for another moment denies is left out, and the search is made again as if it was not there.
        """
        versions = [Version(one) for one in unwanted]
        without = {one.id for one in unwanted}
        changed = False
        while True:
            result = self._searcher.search(query, self._scope(without))
            gone = set[str]()
            for one in result.found:
                if any(are_copies(Version(one.document), other) for other in versions):
                    gone.add(one.document.id)
                elif not self.decide(Use.AI_INPUT, one.document, one.passage).allowed:
                    gone.add(one.document.id)
                    changed = True
            if not gone:
                return FoundPassages(
                    tuple(
                        FoundPassage(o.passage, o.document, o.score, self.decide(Use.AI_INPUT, o.document, o.passage))
                        for o in result.found
                    ),
                    changed,
                )
            without |= gone

    def _scope(self, without: set[str]) -> Scope:
        own = self.settings
        return Scope(
            frozenset(),
            sections=own.sections,
            languages=own.languages,
            labels=own.labels,
            without=frozenset(without),
        )

    def _read_relevant(self, request: Request) -> Iterator[FoundPassage]:
        """Yield the passages that a request names, in its order; those that may not be shown with why."""
        seen = set[str]()
        for name in request.relevant:
            span = _SPAN.fullmatch(name)
            for document in self._find_named(name)[:1]:
                passages = cut(document)
                if span:
                    start, end = int(span["start"]), int(span["end"])
                    passages = [one for one in passages if one.start < end and start < one.end]
                for passage in passages:
                    if passage.id not in seen:
                        seen.add(passage.id)
                        decision = self.decide(Use.AI_INPUT, document, passage)
                        why = "" if decision.allowed else f"{NOT_PERMITTED}: {decision.rule}"
                        yield FoundPassage(passage, document, 1.0, decision, why)

    def _find_named(self, name: str) -> list[Document]:
        """Return the documents that a request's name of something relevant means, the newest version first."""
        span = _SPAN.fullmatch(name)
        return self.store.find_documents(span["uri"] if span else name)

    def decide(self, use: Use, document: Document, passage: Passage) -> Decision:
        """Return the decision about a passage: it must hold at all moments that count, and for its picture."""
        records = [document.rights]
        if passage.picture is not None and document.pictures[passage.picture].rights.evidence:
            records.append(document.pictures[passage.picture].rights)
        moments = self._moments(self.now, self.settings.read)
        found = [decide(use, record, self.held.make_circumstances(at)) for at in moments for record in records]
        decision = combine_decisions(found) if len(found) > 1 else found[0]
        later = [one.changes for one in found if one.changes is not None and one.changes > self.now]
        return replace(decision, changes=min(later, default=None))

    def _moments(self, *present: datetime) -> list[datetime]:
        past = [self.settings.moment] if self.settings.moment else []
        return list(dict.fromkeys([*present, *past]))


def write_circumstances(settings: Retrieve) -> Remembered:
    """Return the circumstances that the settings say; what is empty is not said."""
    proofs = tuple(sorted(settings.proofs.items()))
    return Remembered(settings.profile, settings.territory, settings.operator, proofs, settings.reporting)


def read_circumstances(settings: Retrieve, store: Store) -> Remembered:
    """Return the circumstances that hold: those that the settings say, else those that the archive remembers."""
    return combine_circumstances(write_circumstances(settings), recall(store))


def identify_circumstances(held: Remembered) -> dict[str, object]:
    """Return circumstances as JSON values, under the names of the lever's settings."""
    return {
        "profile": held.profile,
        "territory": held.territory,
        "operator": held.operator,
        "proofs": dict(held.proofs),
        "reporting": list(held.reporting),
    }


def make_search_settings(settings: Retrieve) -> SearchSettings:
    """Return how the archive is searched."""
    legs, most = settings.legs, settings.per_document
    return SearchSettings(k=settings.k, legs=legs, retracted=settings.retracted, of_one_document=most)


def get_query(request: Request) -> str:
    """Return what is searched for: what the request says, else its question."""
    if request.query:
        return request.query[-LONGEST_QUERY:]
    prompt = request.prompt if isinstance(request, GenerateRequest) else request.pairs[0].prompt
    return prompt.user[-LONGEST_QUERY:]
