"""Passages that answers were made from, as people are shown them: their words where and while that is permitted.

Where it is not, the reference and the hash stand for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fairtrial.ledger import Ledger
from fairtrial.ledger.passages import read_passages
from fairtrial.records import PassageUse, QuoteUse

HASH_SHOWN = 12
"""Digits of the hash of a passage's words that stand for them."""


@dataclass(frozen=True, slots=True)
class PassageReader:
    """Adds to the traces of answers the words of passages that may be displayed now.

    Attributes:
        ledger: that has them.
        at: the moment that counts, with a time zone.
    """

    ledger: Ledger = field(repr=False)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def add_words(self, trace: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the steps of a trace, as JSON values, with ``title`` and ``text`` of the passages that have any."""
        uses = [use for step in trace for use in step.get("passages", ())]
        if not uses:
            return [dict(step) for step in trace]
        found = read_passages(self.ledger, [(use["sha256"], use["document"]) for use in uses], self.at)
        shown = []
        for step in trace:
            passages = []
            for use in step.get("passages", ()):
                words = found.get((use["sha256"], use["document"]))
                passages.append({**use, **({"title": words.title, "text": words.text} if words else {})})
            shown.append({**step, **({"passages": passages} if passages else {})})
        return shown


def describe_passages(passages: Sequence[PassageUse]) -> list[str]:
    """Return what became of passages, one sentence each, without their words."""
    return [describe_passage(use) for use in passages]


def describe_passage(use: PassageUse) -> str:
    """Return which passage it was and what became of it, without its words."""
    where = ", ".join(filter(None, (use.publisher, use.published[:10], use.label, use.name)))
    told = [f"not shown: {use.withheld}"] if use.withheld else []
    told += ["cited"] if use.cited else []
    told += [f"{use.quoted:,} {'word' if use.quoted == 1 else 'words'} repeated"] if use.quoted else []
    told += [f"{amount:f} {currency}".strip() for amount, currency in use.due]
    number = f"[{use.number}] " if use.number else ""
    return f"{number}{where} (sha256 {use.sha256[:HASH_SHOWN]})" + (f": {', '.join(told)}" if told else "")


def describe_quotes(quotes: Sequence[QuoteUse]) -> str:
    """Return what became of the quotations of an answer, counted."""
    counts: dict[str, int] = {}
    for quote in quotes:
        counts[quote.result] = counts.get(quote.result, 0) + 1
    return ", ".join(f"{count} {result}" for result, count in counts.items())
