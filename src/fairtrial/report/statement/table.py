"""A statement in the terminal: a table for each publisher, readable at 60 columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fairtrial.pages.showing import make_inline
from fairtrial.report.fitting import FittedTable, indent
from fairtrial.rights.statement.counting import PublisherPart, TakenCounts, UsageStatement
from fairtrial.rights.statement.document import write_due

_MOST_DOCUMENTS = 20
_TESTS: Mapping[str, str] = {
    "oracle": "because the question names the document (passages: oracle)",
    "distractors": "found beside what the question names (passages: distractors)",
}


def describe_statement(statement: UsageStatement) -> str:
    """Return in sentences what a statement counts: what models were shown, and apart from it what they were not."""
    answers, shown = _count(statement.answers, "answer"), _count(statement.shown, "document")
    was = "was" if statement.answers == 1 else "were"
    told = [f"{answers} stored in {statement.period.name} (UTC) {was} made with passages of {shown}."]
    if statement.withheld:
        told.append(f"Of {_count(statement.withheld, 'more document')} passages were found and all withheld.")
    if statement.unshown:
        told.append(f"For {_count(statement.unshown, 'more answer')} nothing that was found was shown to the model.")
    return " ".join(told)


def describe_part(part: PublisherPart) -> list[str]:
    """Return in sentences what a publisher's table does not say: what came of tests, and what was denied."""
    counts = part.counts
    told = [f"shown in tests: {count:,} of {counts.shown:,}, {_TESTS[mode]}" for mode, count in counts.tests.items()]
    if part.denied:
        are = "is" if part.denied == 1 else "are"
        told.append(
            f"{_count(part.denied, 'document')} that questions of tests name {are} not counted for them: their use was "
            "denied, and no word went to a model"
        )
    return told


def _count(number: int, name: str) -> str:
    return f"{number:,} {name if number == 1 else f'{name}s'}"


def render_statement(statement: UsageStatement) -> Iterator[RenderableType]:
    """Yield what was taken from each publisher's documents, and the total."""
    yield Text(describe_statement(statement))
    for part in statement.publishers:
        yield Text("")
        yield _make_table(part) if part.documents else _make_title(part)
        for line in describe_part(part):
            yield indent(Text(line, overflow="fold"))
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
    table = Table(box=None, header_style="bold", title_justify="left", title_style="bold")
    table.title = _make_title(part)
    table.add_column("document", overflow="fold")
    for name in ("retrieved", "shown", "cited", "quoted words", "withheld", "due"):
        table.add_column(name, justify="right")
    for line in part.documents[:_MOST_DOCUMENTS]:
        table.add_row(Text(make_inline(line.uri or line.document)), *_list_cells(line.counts))
    if len(part.documents) > 1:
        table.add_row(Text("all", style="bold"), *_list_cells(part.counts))
    return FittedTable(table)


def _make_title(part: PublisherPart) -> Text:
    holders = f" ({', '.join(part.holders)})" if part.holders else ""
    return Text(make_inline(f"{part.publisher or 'No publisher named'}{holders}"), style="bold")


def _list_cells(counts: TakenCounts) -> list[Text]:
    numbers = (counts.retrieved, counts.shown, counts.cited, counts.quoted_words, sum(counts.withheld.values()))
    return [Text(f"{number:,}") for number in numbers] + [Text(make_inline(write_due(counts.due)))]
