"""Count what answers took from documents: per publisher and document, for a statement to those who hold the rights.

An answer counts once for a document, however many of its passages were found, shown or cited.  Amounts are summed as
decimal numbers, each currency by itself.  A document that a question names and whose rights deny its use was not used:
it is in no count but `PublisherPart.denied`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from fairtrial.records.passages import PassageUse
from fairtrial.rights.statement.months import Period
from fairtrial.rights.statement.uses import AnsweredWith, fold_name


@dataclass(frozen=True, slots=True)
class TakenCounts:
    """What was taken.

    Attributes:
        retrieved: answers for which it was found: by a search, or in a test because the question names it.
        shown: answers whose model was shown some of it.
        cited: answers that name it.
        quoted_words: words of it that answers repeat.
        withheld: why it was kept from a model -> answers.
        due: currency -> amount, for what was shown.
        tests: mode other than ``search`` -> answers whose model was shown some of it so; they are in ``shown``, too.
    """

    retrieved: int = 0
    shown: int = 0
    cited: int = 0
    quoted_words: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)
    due: Mapping[str, Decimal] = field(default_factory=dict)
    tests: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """What was taken from one document; ``document`` is the id of the version."""

    document: str
    uri: str
    published: str
    licences: tuple[str, ...]
    counts: TakenCounts


@dataclass(frozen=True, slots=True)
class PublisherPart:
    """What was taken from all documents of a publisher; an empty name: nobody was named.

    Attributes:
        publisher: as documents name it.
        holders: who holds the rights.
        documents: found for answers, the most shown first.
        counts: of all of them.
        denied: documents that questions name and whose rights denied their use for them; not counted otherwise.
    """

    publisher: str
    holders: tuple[str, ...]
    documents: tuple[DocumentLine, ...]
    counts: TakenCounts
    denied: int = 0


@dataclass(frozen=True, slots=True)
class UsageStatement:
    """What was taken in a period.

    Attributes:
        period: which one.
        answers: whose model was shown passages of an archive.
        publishers: by name.
        counts: of all of them.
        unshown: further answers for which passages were found, and all withheld.
    """

    period: Period
    answers: int
    publishers: tuple[PublisherPart, ...]
    counts: TakenCounts
    unshown: int = 0

    @property
    def shown(self) -> int:
        """Documents of which some was shown to a model."""
        return sum(line.counts.shown > 0 for part in self.publishers for line in part.documents)

    @property
    def withheld(self) -> int:
        """Documents that were found, and of which nothing was shown to any model."""
        return sum(not line.counts.shown for part in self.publishers for line in part.documents)

    @property
    def denied(self) -> int:
        """Documents that questions name and whose rights denied their use; see `PublisherPart`."""
        return sum(part.denied for part in self.publishers)


def count_uses(answers: Iterable[AnsweredWith], period: Period) -> UsageStatement:
    """Return what was taken by the answers of a period; others are left out."""
    lines: dict[tuple[str, str], list[tuple[PassageUse, ...]]] = {}
    names: dict[str, str] = {}
    denied: set[tuple[str, str]] = set()
    answered = unshown = 0
    for answer in answers:
        if not period.begin <= answer.at < period.end:
            continue
        answered += any(use.shown for use in answer.passages)
        unshown += any(not use.denied for use in answer.passages) and not any(use.shown for use in answer.passages)
        taken: dict[tuple[str, str], list[PassageUse]] = {}
        for use in answer.passages:
            publisher = fold_name(use.publisher)
            names[publisher] = min(names.get(publisher, use.publisher), use.publisher)
            taken.setdefault((publisher, use.document), []).append(use)
        for key, uses in taken.items():
            used = tuple(use for use in uses if not use.denied)
            if used:
                lines.setdefault(key, []).append(used)
            else:
                denied.add(key)
    parts = []
    for publisher in sorted(names):
        own = [(key[1], groups) for key, groups in lines.items() if key[0] == publisher]
        documents = sorted((_make_line(document, groups) for document, groups in own), key=_place_line)
        refused = sum(key[0] == publisher for key in denied)
        holders = {use.holder for _, groups in own for group in groups for use in group if use.holder}
        total = add_counts(one.counts for one in documents)
        parts.append(PublisherPart(names[publisher], tuple(sorted(holders)), tuple(documents), total, refused))
    return UsageStatement(period, answered, tuple(parts), add_counts(part.counts for part in parts), unshown)


def _make_line(document: str, groups: list[tuple[PassageUse, ...]]) -> DocumentLine:
    first = groups[0][0]
    licences = {use.licence for group in groups for use in group if use.licence}
    counts = add_counts(_count_answer(group) for group in groups)
    return DocumentLine(document, first.uri, first.published, tuple(sorted(licences)), counts)


def _count_answer(uses: tuple[PassageUse, ...]) -> TakenCounts:
    """Return what one answer took from one document."""
    due: dict[str, Decimal] = {}
    for use in uses:
        for amount, currency in use.due if use.shown else ():
            due[currency] = due.get(currency, Decimal()) + amount
    return TakenCounts(
        retrieved=1,
        shown=int(any(use.shown for use in uses)),
        cited=int(any(use.cited for use in uses)),
        quoted_words=sum(use.quoted for use in uses),
        withheld={reason: 1 for reason in sorted({use.withheld for use in uses if use.withheld})},
        due=due,
        tests={mode: 1 for mode in sorted({use.mode for use in uses if use.shown and use.mode != "search"})},
    )


def add_counts(counts: Iterable[TakenCounts]) -> TakenCounts:
    """Return the sum of counts."""
    retrieved = shown = cited = words = 0
    withheld: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    due: dict[str, Decimal] = {}
    for one in counts:
        retrieved += one.retrieved
        shown += one.shown
        cited += one.cited
        words += one.quoted_words
        withheld.update(one.withheld)
        tests.update(one.tests)
        for currency, amount in one.due.items():
            due[currency] = due.get(currency, Decimal()) + amount
    told = (dict(sorted(withheld.items())), dict(sorted(due.items())), dict(sorted(tests.items())))
    return TakenCounts(retrieved, shown, cited, words, *told)


def _place_line(line: DocumentLine) -> tuple[int, str, str]:
    return -line.counts.shown, line.uri, line.document
