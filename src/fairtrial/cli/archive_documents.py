"""How documents of an archive look in a terminal and as JSON, as far as people may see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fairtrial.archive.finding import Shown
from fairtrial.pages.showing import make_inline, make_visible
from fairtrial.rights.explaining import describe_duties, write_moment

STATES = {"words": "", "text": "not indexed", "hash": "hash only", "withdrawn": "withdrawn"}


def make_documents_table(shown: Sequence[Shown]) -> Table:
    """Return documents, a row each; those that may not be displayed without title, publisher and date."""
    table = Table("id", "published", "publisher", "title", "address", "", box=None, header_style="bold")
    for one in shown:
        document = one.document
        day = document.published.date().isoformat() if document and document.published else ""
        told = (day, document.publisher, document.title) if document else ("", "", "")
        cells = (one.holding.id[:12], *told, one.holding.uri, ", ".join(_list_states(one)))
        table.add_row(*(Text(make_inline(cell), overflow="fold") for cell in cells))
    return table


def render_shown(one: Shown) -> Iterator[RenderableType]:
    """Yield a document in lines: its context, then its text; or why it may not be displayed."""
    document, holding = one.document, one.holding
    yield Text(make_inline(document.title if document and document.title else holding.uri), style="bold")
    facts = [("id", holding.id), ("address", holding.uri), ("from", ", ".join(holding.sources))]
    if document is not None:
        dates = [("published", document.published), ("modified", document.modified)]
        facts += [(name, moment.isoformat()) for name, moment in dates if moment]
        facts += [
            ("publisher", document.publisher),
            ("authors", ", ".join(document.authors)),
            ("section", document.section),
            ("language", document.language),
            ("label", document.label),
            ("retracted", document.retracted),
            ("notes", "; ".join(document.notes)),
        ]
        facts += [
            ("correction", f"{c.at.date().isoformat()}: {c.text}" if c.at else c.text) for c in document.corrections
        ]
    facts.append(("kept", ", ".join(_list_states(one))))
    yield from (Text(make_inline(f"{name}: {value}"), style="dim") for name, value in facts if value)
    yield from _render_decision(one)
    if document is None:
        return
    yield Text("")
    yield Text(make_visible(document.text))
    for number, picture in enumerate(document.pictures, 1):
        told = "; ".join(text for text in (picture.caption, picture.credit) if text)
        yield Text(make_inline(f"[picture {number}: {told or picture.image.media_type}]"), style="dim")


def _render_decision(one: Shown) -> Iterator[Text]:
    decision = one.decision
    if one.holding.keep == "withdrawn":
        yield Text("This document was withdrawn; its hash is kept.", style="yellow")
        return
    if not decision.allowed:
        yield Text(f"Its text is not shown: display is denied ({decision.rule.value}).", style="yellow")
    elif one.document is None:
        yield Text("Its text is not kept: nothing permitted it when it was added.", style="yellow")
    yield from (Text(make_inline(f"  {reason}")) for reason in decision.reasons)
    for duty in describe_duties(decision.duties):
        yield Text(make_inline(f"in return: {duty}"))
    if decision.changes is not None:
        yield Text(f"changes at {write_moment(decision.changes)}")


def describe_shown(one: Shown, full: bool = False) -> dict[str, Any]:
    """Return a document as JSON values; its text only if ``full``, and nothing of it where display is denied."""
    holding, document = one.holding, one.document
    told: dict[str, Any] = {
        "id": holding.id,
        "uri": holding.uri,
        "sources": list(holding.sources),
        "keep": holding.keep,
        "current": holding.current,
        "passages": holding.passages,
        "display": {
            "result": one.decision.result,
            "rule": one.decision.rule.value,
            "reasons": list(one.decision.reasons),
        },
    }
    if document is None:
        return told
    told |= {
        "title": document.title,
        "publisher": document.publisher,
        "authors": list(document.authors),
        "published": document.published.isoformat() if document.published else None,
        "modified": document.modified.isoformat() if document.modified else None,
        "section": document.section,
        "language": document.language,
        "label": document.label,
        "retracted": document.retracted,
        "corrections": [{"at": c.at.isoformat() if c.at else None, "text": c.text} for c in document.corrections],
        "notes": list(document.notes),
    }
    if full:
        pictures = [{"hash": p.image.hash, "caption": p.caption, "credit": p.credit} for p in document.pictures]
        told |= {"text": document.text, "pictures": pictures}
    return told


def _list_states(one: Shown) -> list[str]:
    states = [STATES[one.holding.keep]] if STATES[one.holding.keep] else []
    if not one.holding.current and one.holding.keep != "withdrawn":
        states.append("replaced")
    if not one.decision.allowed and one.holding.keep in ("words", "text"):
        states.append("not to be displayed")
    if one.document is not None and one.document.retracted:
        states.append("retracted")
    return states
