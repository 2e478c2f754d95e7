"""What is noted of passages: how they are shown to a model, and what the trace and the ledger keep of them.  Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from fairtrial.levers.retrieve.finding import FoundPassage
from fairtrial.levers.retrieve.injected import Injected, describe_spoken, find_spoken, leave_out
from fairtrial.levers.retrieve.relations import Voice, find_contradictions, find_earlier_versions
from fairtrial.levers.retrieve.writing import Notice, ShownPassage, escape_text, quote_passage, write_field
from fairtrial.records import ImagePart, PassageText, PassageUse
from fairtrial.records.passages import Mode
from fairtrial.rights import Decision, Duties, merge_duties

NO_LIMIT = 1 << 30


@dataclass(frozen=True, slots=True)
class NotedPassage:
    """A passage with a number, and all that was decided of it.

    Attributes:
        found: as it was found.
        number: by which the prompt calls it.
        text: as it is shown, without marks of quotation; places are those of the passage.
        quote: the decision about repeating its words.
        display: the decision about showing it to people.
        image: the picture that is shown with it.
    """

    found: FoundPassage
    number: int
    text: str = field(repr=False)
    quote: Decision = field(repr=False)
    display: Decision = field(repr=False)
    image: ImagePart | None = None

    @property
    def name(self) -> str:
        """``URI#START-END``."""
        passage = self.found.passage
        return f"{self.found.document.uri}#{passage.start}-{passage.end}"

    @property
    def duties(self) -> Duties:
        """What its use and quoting it ask for."""
        return merge_duties((self.found.decision.duties, self.quote.duties))

    @property
    def most_words(self) -> int | None:
        """Words of its document that an answer may repeat; None: any number."""
        if not self.quote.allowed:
            return 0
        duties = self.duties
        words = len(self.found.document.text.split())
        share = int(duties.max_share * words) if duties.max_share is not None else NO_LIMIT
        most = min(duties.max_words if duties.max_words is not None else NO_LIMIT, share)
        return None if most == NO_LIMIT else most

    @property
    def around(self) -> tuple[str, ...]:
        """What a model is shown of its document beside the passage: title, headings, corrections."""
        document = self.found.document
        told = (document.title, *self.found.passage.headings, *(one.text for one in document.corrections))
        return tuple(escape_text(one) for one in (*told, document.retracted) if one)

    @property
    def credits(self) -> tuple[str, ...]:
        """Credits that must stand beside an answer that was made with it.

        Where no text of one is agreed it is publisher and title; the address, where the title may not be displayed.
        """
        document = self.found.document
        title = document.title if self.display.allowed else document.uri
        own = ", ".join(filter(None, (document.publisher, title))) or document.uri
        made = []
        for credit in self.duties.attributions:
            text = " ".join((credit.text or own).split())
            made.append(f"{text} ({credit.link})" if credit.link else text)
        return tuple(made)


def show_passages(noted: Sequence[NotedPassage], injected: Injected = "note") -> list[ShownPassage]:
    """Return passages as a template sees them, those that do not agree marked as such.

    Args:
        noted: in the order of their numbers.
        injected: what is done about words that look like instructions to a model.
    """
    voices = [_make_voice(one) for one in noted]
    earlier, others = find_earlier_versions(voices), find_contradictions(voices)
    shown = []
    for one in noted:
        notes = [f"an earlier version of [{earlier[one.number]}]"] if one.number in earlier else []
        notes += [
            f"gives another {thing} than [{other}]" for other, thing in sorted(others.get(one.number, {}).items())
        ]
        shown.append(_show_passage(one, notes, injected))
    return shown


def _show_passage(one: NotedPassage, notes: Sequence[str], injected: Injected) -> ShownPassage:
    document, passage = one.found.document, one.found.passage
    headings = " > ".join(passage.headings)
    title = " | ".join(filter(None, (document.title, headings if headings != document.title else "")))
    fields = (document.publisher, title, document.retracted, *(c.text for c in document.corrections))
    spoken = [find_spoken(text) for text in (passage.text, *fields)]
    strips = injected == "strip"
    left_out = spoken[0].sentences if strips else ()
    text = passage.text if injected == "plain" else quote_passage(leave_out(one.text, left_out))
    publisher, title, retracted, *corrections = (
        write_field(leave_out(field, found.sentences) if strips else field)
        for field, found in zip(fields, spoken[1:], strict=True)
    )
    days = [write_day(c.at) for c in document.corrections]
    return ShownPassage(
        one.number,
        text,
        publisher,
        title,
        write_day(document.published),
        document.label,
        tuple(Notice(day, said) for day, said in zip(days, corrections, strict=True)),
        retracted,
        (*notes, *describe_spoken(spoken, injected)),
        write_field(document.uri),
        not strips and any(found.speaks for found in spoken),
        strips and any(found.sentences for found in spoken),
        left_out,
    )


def _make_voice(one: NotedPassage) -> Voice:
    document = one.found.document
    return Voice(
        one.number,
        document.id,
        document.uri,
        document.modified or document.published,
        one.text,
        document.title,
        document.published,
        document.label,
        document.publisher,
    )


def write_day(moment: datetime | None) -> str:
    """Return the day of a moment; empty if there is none."""
    return moment.date().isoformat() if moment else ""


def note_text(found: FoundPassage) -> str:
    """Return a passage's text as it is shown to a model."""
    return escape_text(found.passage.text)


def make_use(one: NotedPassage, rank: int, paid: bool, withheld: str = "", mode: Mode = "search") -> PassageUse:
    """Return what the trace and the ledger keep of a passage.

    Args:
        one: the passage.
        rank: among those found, from 1.
        paid: whether what its use costs is counted with it, and not with another passage of its document.
        withheld: why it was not shown to the model.
        mode: how it was found.
    """
    found, document = one.found, one.found.document
    evidence = found.decision.evidence or one.quote.evidence
    due = _sum_payments(found.decision.duties) if paid and not withheld else {}
    currency = next(iter(due), "")
    return PassageUse(
        document=document.id,
        uri=document.uri,
        start=found.passage.start,
        end=found.passage.end,
        sha256=hashlib.sha256(found.passage.text.encode("utf-8", "surrogatepass")).hexdigest(),
        number=0 if withheld else one.number,
        publisher=document.publisher,
        published=document.published.isoformat() if document.published else "",
        label=document.label,
        corrected=bool(document.corrections),
        rank=rank,
        score=float(found.score),
        rule=str(found.decision.rule),
        licence=next((e.licence for e in evidence if e.licence), ""),
        holder=next((e.holder for e in evidence if e.holder), ""),
        attribution="; ".join(credit.text or document.publisher for credit in one.duties.attributions),
        max_words=one.most_words,
        amount=float(due[currency]) if due else None,
        currency=currency,
        also_due=", ".join(f"{due[one]:f} {_write_currency(one)}" for one in list(due)[1:]),
        withheld=withheld,
        image=one.image.hash if one.image and not withheld else "",
        mode=mode,
        kept=_keep_text(one),
    )


def _sum_payments(duties: Duties) -> dict[str, Decimal]:
    """Return what one use costs, by currency; empty if nothing is due for each use.  As decimal numbers: exact."""
    due: dict[str, Decimal] = {}
    for payment in duties.payments:
        if payment.type == "use" and payment.amount is not None:
            due[payment.currency] = due.get(payment.currency, Decimal()) + Decimal(str(payment.amount))
    return due


def _write_currency(name: str) -> str:
    """Return a currency as one word: others stand beside it, and what is not one of ISO 4217 is somebody's own text."""
    return re.sub(r"[\s,]", "", name)[:20]


def _keep_text(one: NotedPassage) -> PassageText:
    """Return what the ledger keeps of the words: nothing that may not be displayed."""
    document, display = one.found.document, one.display
    if not display.allowed:
        return PassageText(document.source)
    until = display.changes.isoformat() if display.changes else ""
    return PassageText(document.source, one.found.passage.text, document.title, until)
