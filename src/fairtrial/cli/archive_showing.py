"""A search of an archive, in a terminal or as JSON values.

Of documents that may not be displayed, neither title nor words are shown: only where they are, whose, and of when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from fairtrial.archive.results import Found, SearchResult
from fairtrial.archive.withheld import Withheld
from fairtrial.pages.showing import make_inline
from fairtrial.rights import Circumstances, Decision, Use

SHOWN = 300
"""Characters of a passage that are shown, unless the whole is asked for."""
BETWEEN = "  ·  "


def render_search(
    result: SearchResult, uses: Sequence[Use], withheld: Withheld, full: bool = False
) -> Iterator[RenderableType]:
    """Yield what a terminal shows of a search."""
    for place, found in enumerate(result.found, 1):
        yield from _render_found(place, found, full)
        yield ""
    yield Text(_count_found(result))
    yield Text(_describe_withheld(uses, withheld))
    if result.retracted:
        yield Text(f"Passed over, because retracted: {result.retracted:,} (--retracted shows them).")


def _render_found(place: int, found: Found, full: bool) -> Iterator[RenderableType]:
    document, passage = found.document, found.passage
    visible = found.decisions[Use.DISPLAY].allowed
    title = (document.title or "without a title") if visible else "title and text may not be displayed"
    yield Text.assemble((f"{place:>2}  ", "bold"), (_show(title), "bold" if visible else "italic"))
    ranks = [f"{leg} {one.rank} ({one.score:.3g})" for leg, one in found.legs.items()]
    said = [document.publisher, _day(document.published), document.label, document.section, *ranks]
    yield _indent(BETWEEN.join(_show(one) for one in said if one))
    if found.retracted:
        yield _indent(f"RETRACTED: {_show(document.retracted)}" if visible else "RETRACTED", "bold red")
    for one in document.corrections:
        told = f": {_show(one.text)}" if visible else ""
        yield _indent(f"Corrected {_day(one.at)}".rstrip() + told, "yellow")
    for use, decision in found.decisions.items():
        if use != Use.DISPLAY or not visible:
            yield _indent(f"{use} {_describe_decision(decision)}")
    if found.copies:
        names = sorted(
            {_show(one.publisher or one.uri) + (" (retracted)" if one.retracted else "") for one in found.copies}
        )
        yield _indent(f"also printed by {', '.join(names)}")
    if visible:
        yield Padding(Text(_shorten(passage.text, full), overflow="fold"), (0, 2, 0, 6), expand=False)
    yield _indent(_show(_locate(found)), "dim")


def _describe_decision(decision: Decision) -> str:
    """Return a decision in a few words, with what it asks for."""
    duties = decision.duties
    parts = [f"{'allowed' if decision.allowed else 'denied'} by the rule {decision.rule}"]
    parts += [f"credit “{_show(one.text)}”" for one in duties.attributions if one.text]
    if duties.max_words is not None:
        parts.append(f"at most {duties.max_words:,} words quoted")
    parts += [
        f"{one.type} payment" + (f" of {one.amount:g} {_show(one.currency)}".rstrip() if one.amount is not None else "")
        for one in duties.payments
    ]
    if decision.changes:
        parts.append(f"until {_moment(decision.changes)}")
    return "; ".join(parts)


def _count_found(result: SearchResult) -> str:
    count, documents = len(result.found), len({one.passage.document for one in result.found})
    if not count:
        return "Nothing that may be used fits these words."
    return f"{_count(count, 'passage')} of {_count(documents, 'document')}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _describe_withheld(uses: Sequence[Use], withheld: Withheld) -> str:
    """Return how many documents of the archive may not be used, and why."""
    named = " and ".join(uses)
    if not withheld.documents:
        return "The archive has no documents."
    if not withheld.denied:
        return f"None of {withheld.documents:,} documents is withheld for {named}."
    rules = ", ".join(f"{count:,} {rule}" for rule, count in withheld.by_rule.items())
    changes = f" This changes at {_moment(withheld.changes)}." if withheld.changes else ""
    share = f"{withheld.denied:,} of {_count(withheld.documents, 'document')}"
    return f"Withheld for {named}, whatever is searched for: {share} ({rules}).{changes}"


def _locate(found: Found) -> str:
    document, passage = found.document, found.passage
    if passage.picture is not None:
        return f"{document.uri}  picture {passage.picture + 1}"
    return f"{document.uri}#{passage.start}-{passage.end}"


def _shorten(text: str, full: bool) -> str:
    shown = (
        "\n".join(_show(line) for line in text.split("\n") if line.strip()) if full else _show(" ".join(text.split()))
    )
    return shown if full or len(shown) <= SHOWN else shown[:SHOWN].rsplit(" ", 1)[0] + " …"


def _indent(text: str, style: str = "") -> Padding:
    return Padding(Text(text, style=style, overflow="fold"), (0, 0, 0, 4), expand=False)


def _show(text: str) -> str:
    return make_inline(text)


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def describe_search(
    query: str,
    uses: Sequence[Use],
    result: SearchResult,
    withheld: Withheld,
    circumstances: Circumstances,
    taken: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a search as JSON values; docs/schemas/archive-search.schema.json describes them.

    Args:
        query: what was searched for.
        uses: what the passages are for.
        result: what was found.
        withheld: what may not be used, whatever is searched for.
        circumstances: in which that was decided.
        taken: names of those that are as the archive was filled.
    """
    return {
        "query": query,
        "uses": [str(use) for use in uses],
        "at": result.at.isoformat(),
        "circumstances": {
            "profile": circumstances.profile,
            "territory": circumstances.territory,
            "operator": circumstances.operator,
            "proofs": [one.of for one in circumstances.proofs],
            "reporting": sorted(circumstances.reporting),
            "as_filled": list(taken),
        },
        "found": [_describe_found(one) for one in result.found],
        "retracted_passed_over": result.retracted,
        "withheld": {
            "documents": withheld.documents,
            "denied": withheld.denied,
            "by_rule": dict(withheld.by_rule),
            "changes": withheld.changes.isoformat() if withheld.changes else None,
        },
    }


def _describe_found(found: Found) -> dict[str, Any]:
    document, passage = found.document, found.passage
    visible = found.decisions[Use.DISPLAY].allowed
    return {
        "document": passage.document,
        "uri": document.uri,
        "publisher": document.publisher,
        "published": document.published.isoformat() if document.published else None,
        "label": document.label,
        "title": document.title if visible else None,
        "headings": list(passage.headings) if visible else None,
        "text": passage.text if visible else None,
        "start": passage.start,
        "end": passage.end,
        "picture": passage.picture,
        "score": found.score,
        "legs": {leg: {"rank": one.rank, "score": one.score} for leg, one in found.legs.items()},
        "decisions": {str(use): _describe_for_json(one) for use, one in found.decisions.items()},
        "corrected": [one.at.isoformat() if one.at else None for one in document.corrections],
        "retracted": found.retracted,
        "copies": [
            {"document": one.document, "uri": one.uri, "publisher": one.publisher, "retracted": one.retracted}
            for one in found.copies
        ],
    }


def _describe_for_json(decision: Decision) -> Mapping[str, Any]:
    return {
        "result": decision.result,
        "rule": str(decision.rule),
        "reasons": list(decision.reasons),
        "changes": decision.changes.isoformat() if decision.changes else None,
    }
