"""A statement as JSON values and as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from fairtrial.rights.statement.counting import TakenCounts, UsageStatement

COLUMNS: Final = (
    "period",
    "publisher",
    "holder",
    "document",
    "address",
    "published",
    "licence",
    "retrieved",
    "shown",
    "shown_by_oracle",
    "shown_as_distractors",
    "cited",
    "quoted_words",
    "withheld",
    "withheld_because",
    "currency",
    "due",
)
"""Of a row: a document, and a further row for each further currency, in which the counts are empty."""


def statement_document(statement: UsageStatement) -> dict[str, Any]:
    """Return a statement as JSON values; amounts are decimal numbers as text, so that none is rounded."""
    return {
        "period": statement.period.name,
        "begin": statement.period.begin.isoformat(),
        "end": statement.period.end.isoformat(),
        "answers": statement.answers,
        "documents_shown": statement.shown,
        "documents_withheld": statement.withheld,
        "documents_denied": statement.denied,
        "answers_shown_nothing": statement.unshown,
        "total": _counts_document(statement.counts),
        "publishers": [
            {
                "publisher": part.publisher,
                "holders": list(part.holders),
                "total": _counts_document(part.counts),
                "denied": part.denied,
                "documents": [
                    {
                        "document": line.document,
                        "address": line.uri,
                        "published": line.published,
                        "licences": list(line.licences),
                        **_counts_document(line.counts),
                    }
                    for line in part.documents
                ],
            }
            for part in statement.publishers
        ],
    }


def _counts_document(counts: TakenCounts) -> dict[str, Any]:
    return {
        "retrieved": counts.retrieved,
        "shown": counts.shown,
        "shown_in_tests": dict(counts.tests),
        "cited": counts.cited,
        "quoted_words": counts.quoted_words,
        "withheld": dict(counts.withheld),
        "due": {currency: write_amount(amount) for currency, amount in counts.due.items()},
    }


def list_rows(statement: UsageStatement) -> Iterator[tuple[str | int, ...]]:
    """Yield rows of `COLUMNS`."""
    for part in statement.publishers:
        holders = "; ".join(part.holders)
        for line in part.documents:
            about = (statement.period.name, part.publisher, holders, line.document, line.uri, line.published)
            counts = line.counts
            tests = (counts.tests.get("oracle", 0), counts.tests.get("distractors", 0))
            rest = (counts.cited, counts.quoted_words, sum(counts.withheld.values()))
            taken = (counts.retrieved, counts.shown, *tests, *rest)
            why = "; ".join(counts.withheld)
            amounts = list(counts.due.items()) or [("", Decimal())]
            for number, (currency, amount) in enumerate(amounts):
                counted = (*taken, why) if number == 0 else ("",) * 8
                due = write_amount(amount) if counts.due else ""
                yield (*about, "; ".join(line.licences), *counted, currency, due)


def write_amount(amount: Decimal) -> str:
    """Return an amount of money with two decimals at least, and as many as it has."""
    plain = f"{amount:f}"
    whole, _, decimals = plain.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def write_due(due: Mapping[str, Decimal]) -> str:
    """Return what is due, each currency by itself; empty if nothing is."""
    return ", ".join(f"{write_amount(amount)} {currency}".rstrip() for currency, amount in due.items())
