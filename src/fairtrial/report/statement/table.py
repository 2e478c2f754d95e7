"""A statement in the terminal: a table for each publisher, readable at 60 columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fairtrial.report.fitting import FittedTable, indent
from fairtrial.report.words import make_inline
from fairtrial.rights.statement.counting import Counts, PublisherPart, UsageStatement
from fairtrial.rights.statement.document import write_due

_MOST_DOCUMENTS = 20


def describe_statement(statement: UsageStatement) -> str:
    """Return in a sentence what a statement counts."""
    documents = sum(len(part.documents) for part in statement.publishers)
    answers = f"{statement.answers:,} {'answer' if statement.answers == 1 else 'answers'}"
    found = f"{documents:,} {'document' if documents == 1 else 'documents'}"
    return f"{answers} stored in {statement.period.name} (UTC) were made with passages of {found}."


def render_statement(statement: UsageStatement) -> Iterator[RenderableType]:
    """Yield what was taken from each publisher's documents, and the total."""
    yield Text(describe_statement(statement))
    for part in statement.publishers:
        yield Text("")
        yield _make_table(part)
        left = len(part.documents) - _MOST_DOCUMENTS
        if left > 0:
            yield indent(Text(f"and {left:,} more documents; --format csv lists all", style="dim"))
        for reason, count in part.counts.withheld.items():
            yield indent(Text(make_inline(f"withheld {count:,} times: {reason}"), overflow="fold"))
    if statement.publishers:
        yield Text("")
        due = write_due(statement.counts.due) or "nothing"
        yield Text(f"Due in all: {due}", style="bold")


def _make_table(part: PublisherPart) -> FittedTable:
    holders = f" ({', '.join(part.holders)})" if part.holders else ""
    named = part.publisher or "No publisher named"
    table = Table(box=None, header_style="bold", title_justify="left", title_style="bold")
    table.title = Text(make_inline(f"{named}{holders}"), style="bold")
    table.add_column("document", overflow="fold")
    for name in ("retrieved", "shown", "cited", "quoted words", "withheld", "due"):
        table.add_column(name, justify="right")
    for line in part.documents[:_MOST_DOCUMENTS]:
        table.add_row(Text(make_inline(line.uri or line.document)), *_list_cells(line.counts))
    if len(part.documents) > 1:
        table.add_row(Text("all", style="bold"), *_list_cells(part.counts))
    return FittedTable(table)


def _list_cells(counts: Counts) -> list[Text]:
    numbers = (counts.retrieved, counts.shown, counts.cited, counts.quoted_words, sum(counts.withheld.values()))
    return [Text(f"{number:,}") for number in numbers] + [Text(make_inline(write_due(counts.due)))]
