"""What happened on the way to an answer about the archive: what was found, cited, quoted, repeated and is to be paid,
which context was kept.

Pure: from the trace, and from what the archive's documents are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fairtrial.records import Measure, Observation, PassageUse
from fairtrial.records.trace import Trace
from fairtrial.rights.quoting.overlap import measure_overlap
from fairtrial.stats.retrieval import compute_ndcg_of_gains
from fairtrial.tasks.graders.overlap import RUN, SHARE
from fairtrial.tasks.graders.relevant import Target, read_targets
from fairtrial.tasks.graders.retrieved import NOT_SEARCHED, find_places, find_shown

K = 5
"""Passages that count for recall, nDCG and reciprocal rank."""

COST, CURRENCY = "licence_cost", "EUR"
"""What licences ask for the passages that were shown, and the currency in which the archive's publishers ask it."""

RECALL, NDCG, MRR = f"recall@{K}", f"ndcg@{K}", f"mrr@{K}"
MEASURES = (
    Measure(RECALL),
    Measure(NDCG),
    Measure(MRR),
    Measure("citation_precision"),
    Measure("citation_recall"),
    Measure("quote_faithfulness"),
    Measure("context_kept"),
    RUN,
    SHARE,
    Measure(COST, unit=CURRENCY, higher_is_better=False, bounds=None),
)
"""All that a trace decides."""

ALWAYS = ("citation_precision", "citation_recall", "context_kept", RUN.name, SHARE.name, COST)


@dataclass(frozen=True, slots=True)
class RequiredContext:
    """What a passage must tell of its document: when it was published, what kind of text it is, whether corrected."""

    published: str
    label: str
    corrected: bool


def observe_trace(
    trace: Trace, needs: Sequence[Sequence[str]], contexts: Mapping[str, RequiredContext], answered: bool
) -> Iterator[Observation]:
    """Yield the measures that apply.

    Args:
        trace: of the answer.
        needs: for each thing that must be known, the places that tell it, ``URI`` or ``URI#START-END``; any will do.
        contexts: of the newest version of every document, by its address.
        answered: whether the answer gives something; who declines has nothing to cite.
    """
    shown = find_shown(trace)
    if shown is None:
        return
    groups = [read_targets({"of": list(places)}, "of") for places in needs]
    if groups:
        yield from _observe_ranking(shown[:K], groups)
    if answered:
        yield from _observe_citations(shown, groups)
    quotes = [quote for step in trace for quote in step.quotes]
    if quotes:
        kept = sum(quote.result == "found" for quote in quotes)
        yield Observation("quote_faithfulness", kept / len(quotes), float(len(quotes)))
    known = [use for use in shown if use.uri in contexts]
    if known:
        right = sum(RequiredContext(use.published, use.label, use.corrected) == contexts[use.uri] for use in known)
        yield Observation("context_kept", right / len(known), float(len(known)))


def observe_use(trace: Trace, text: str, texts: Mapping[str, str]) -> Iterator[Observation]:
    """Yield how much of an answer stands word for word in a document that was shown, and what licences ask for all.

    Nothing is said of the cost where some is due in another currency.

    Args:
        trace: of the answer.
        text: of the answer.
        texts: all words of each document, by its address.
    """
    shown = find_shown(trace)
    if shown is None:
        return
    found = [measure_overlap(text, texts.get(uri, "")) for uri in dict.fromkeys(one.uri for one in shown)]
    found = found or [measure_overlap(text, "")]
    yield Observation(RUN.name, float(max(one.longest for one in found)), unit=RUN.unit)
    if grams := found[0].grams:
        yield Observation(SHARE.name, max(one.shared for one in found) / grams, float(grams))
    due = [part for step in trace for use in step.passages for part in use.due]
    if all(currency == CURRENCY for _, currency in due):
        yield Observation(COST, float(sum(amount for amount, _ in due)), unit=CURRENCY)


def explain_missing_measures(trace: Trace, needs: Sequence[Sequence[str]], answered: bool) -> Mapping[str, str]:
    """Return which measures an answer cannot have because nobody searched; those that do not apply are left out."""
    if find_shown(trace) is not None:
        return {}
    names = [*((RECALL, NDCG, MRR) if needs else ()), *(ALWAYS if answered else ALWAYS[2:])]
    return dict.fromkeys(names, NOT_SEARCHED)


def find_group(shown: Sequence[PassageUse], group: Sequence[Target]) -> int | None:
    """Return the first place in a ranking at which any of several places is found; None if none is."""
    return min((place for place in find_places(shown, group) if place is not None), default=None)


def _observe_ranking(shown: Sequence[PassageUse], groups: Sequence[Sequence[Target]]) -> Iterator[Observation]:
    """Yield recall, nDCG and reciprocal rank: what is to be found are the things that must be known, each once."""
    places = [find_group(shown, group) for group in groups]
    found = [place for place in places if place is not None]
    gains = [float(found.count(place)) for place in range(K)]
    ndcg = compute_ndcg_of_gains(gains, [1] * len(groups), K)
    assert ndcg is not None  # there is something to be found
    yield Observation(RECALL, len(found) / len(groups))
    yield Observation(NDCG, ndcg)
    yield Observation(MRR, 1 / (1 + min(found)) if found else 0.0)


def _observe_citations(shown: Sequence[PassageUse], groups: Sequence[Sequence[Target]]) -> Iterator[Observation]:
    """Yield how many citations name a passage that tells something needed, and how much of that is cited."""
    cited = [use for use in shown if use.cited]
    if cited:
        right = sum(any(find_group([use], group) is not None for group in groups) for use in cited)
        yield Observation("citation_precision", right / len(cited), float(len(cited)))
    if groups:
        covered = sum(find_group(cited, group) is not None for group in groups)
        yield Observation("citation_recall", covered / len(groups))
