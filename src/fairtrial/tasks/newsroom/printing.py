"""Who prints what: the articles of a town's year, with the sentence in which each says each fact.

A report is written once for each publisher, or comes from the agency and is printed by several.  A corrected article
is two documents with one address, the older without its correction; of a retracted one the newer has no text but the
notice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from fairtrial.archive.document import Correction, Document, Label
from fairtrial.tasks.newsroom.composing import (
    WHEN,
    ArticleDraft,
    Event,
    capitalise,
    write_column,
    write_german_report,
    write_opinion,
    write_report,
    write_satire,
    write_sponsored,
)
from fairtrial.tasks.newsroom.outlets import OUTLETS, WIRE
from fairtrial.tasks.newsroom.stories import load_common
from fairtrial.tasks.newsroom.values import MONTHS, FactValue
from fairtrial.tasks.newsroom.world import PrintStatus, Story, StoryFact, Town, make_key
from fairtrial.tasks.procedural.draw import Draw


@dataclass(frozen=True, slots=True)
class Article:
    """A printed article.

    Attributes:
        outlet: name of its publisher.
        document: as it was published, without rights and pictures.
        story: name of the story that it is about.
        stage: number of the story's stage.
        told: fact, or `WHEN`, to the place of the sentence that says it.
        says: fact to the value that it gives.
        embargoed: whether its licence begins much later.
        replaced: whether a newer version of it exists.
        credit: who took its picture; empty without one.
        caption: of the picture.
    """

    outlet: str
    document: Document
    story: str
    stage: int
    told: Mapping[str, tuple[int, int]]
    says: Mapping[str, FactValue] = field(default_factory=dict)
    embargoed: bool = False
    replaced: bool = False
    credit: str = ""
    caption: str = ""


class Press:
    """Prints the articles of one town.

    Args:
        town: with its stories.
        seed: of the archive.
    """

    def __init__(self, town: Town, seed: int) -> None:
        self._town, self._seed = town, seed
        self._slugs = set[str]()
        self._wires = 0

    def print_all(self) -> list[Article]:
        """Return all articles, by date of publication."""
        found = [
            article
            for number, story in enumerate(self._town.stories)
            if story.heard
            for stage in range(len(story.days))
            for article in self._print_stage(story, stage, Draw(*make_key("press", self._seed, number, stage)))
        ]
        return sorted(found, key=lambda one: (one.document.published or _MIN, one.document.uri, not one.replaced))

    def _print_stage(self, story: Story, stage: int, draw: Draw) -> Iterator[Article]:
        facts = [story.facts[name] for name in story.kind.stages[stage].facts]
        wanted = {status: [fact for fact in facts if fact.status is status] for status in PrintStatus}
        event = Event(self._town, story, stage, ())
        yield from self._print_reports(event, facts, wanted, draw)
        told = [fact for fact in facts if fact.status is PrintStatus.TOLD]
        if wanted[PrintStatus.DENIED] or draw.chance(1, 5):
            some = [*wanted[PrintStatus.DENIED], *draw.sample(told, draw.draw_below(len(told) + 1))]
            yield self._print_report(_with(event, some), "post", draw)
        if wanted[PrintStatus.EXPIRED] or draw.chance(1, 8):
            yield self._print_report(_with(event, [*wanted[PrintStatus.EXPIRED], *told[:1]]), "gazette", draw)
        if wanted[PrintStatus.EMBARGOED]:
            yield self._print_report(_with(event, wanted[PrintStatus.EMBARGOED]), "chronicle", draw, embargoed=True)
        if wanted[PrintStatus.RETRACTED]:
            yield from self._retract(
                self._print_report(_with(event, wanted[PrintStatus.RETRACTED]), "courier", draw), draw
            )
        if story.kind.german and (wanted[PrintStatus.GERMAN] or draw.chance(1, 4)):
            yield self._print_german(_with(event, [*wanted[PrintStatus.GERMAN], *told[:2]]), draw)
        satire = [*wanted[PrintStatus.SATIRE_ONLY], *wanted[PrintStatus.SATIRE_BESIDE]]
        if satire or draw.chance(1, 12):
            draft = write_satire(event, draw, {fact.name: fact.wrong for fact in satire})
            yield self._publish(event, draft, "whistle", 5, "satire", {one.name: one.wrong for one in satire})
        if wanted[PrintStatus.SPONSORED_BESIDE]:
            says = {fact.name: fact.wrong for fact in wanted[PrintStatus.SPONSORED_BESIDE]}
            paper = draw.pick(("courier", "chronicle"))
            yield self._publish(event, write_sponsored(event, draw, says), paper, 9, "sponsored", says)
        if draw.chance(1, 7):
            paper = draw.pick(("courier", "chronicle"))
            yield self._publish(event, write_opinion(event, draw), paper, 8, "opinion", {})

    def _print_reports(
        self, event: Event, facts: Sequence[StoryFact], wanted: Mapping[PrintStatus, Sequence[StoryFact]], draw: Draw
    ) -> Iterator[Article]:
        """Yield the reports of the papers that may be used."""
        plan = draw.pick(("courier", "courier", "chronicle", "both", "both", "wire", "wire"))
        if wanted[PrintStatus.CONTRADICTED]:
            plan = "both"
        elif plan == "wire" and (wanted[PrintStatus.CORRECTED] or wanted[PrintStatus.COLUMN]):
            plan = "courier"
        shared = (PrintStatus.TOLD, PrintStatus.SATIRE_BESIDE, PrintStatus.SPONSORED_BESIDE)
        plain = [(fact.name, fact.value) for fact in facts if fact.status in shared]
        if plan == "wire":
            yield from self._print_wire(replace(event, told=tuple(plain)), draw)
            return
        papers = draw.shuffle(["courier", "chronicle"]) if plan == "both" else [plan]
        for place, paper in enumerate(papers):
            told = [*plain]
            told += [(f.name, f.wrong if place else f.value) for f in wanted[PrintStatus.CONTRADICTED]]
            late = [*wanted[PrintStatus.CORRECTED], *wanted[PrintStatus.COLUMN]] if place == 0 else []
            told += [(fact.name, fact.wrong) for fact in late]
            first = self._print_report(replace(event, told=tuple(told)), paper, draw)
            if place == 0 and wanted[PrintStatus.CORRECTED]:
                yield replace(first, replaced=True)
                first = self._correct(first, wanted[PrintStatus.CORRECTED], draw)
            yield first
            if place == 0 and wanted[PrintStatus.COLUMN]:
                right = {fact.name: fact.value for fact in wanted[PrintStatus.COLUMN]}
                draft = write_column(event, draw, first.document.title, right)
                yield self._publish(event, draft, paper, 12, "news", right)

    def _print_report(self, event: Event, paper: str, draw: Draw, embargoed: bool = False) -> Article:
        printed = event.day + timedelta(days=draw.draw_between(1, 3))
        reporter = draw.pick(self._town.reporters)
        draft = write_report(event, draw, printed, reporter)
        made = self._publish(event, draft, paper, printed, "news", dict(event.told), reporter)
        pictured = paper in ("courier", "chronicle") and not embargoed and draw.chance(1, 2)
        if not pictured:
            return replace(made, embargoed=embargoed)
        who, slots = draw.pick(self._town.photographers), {"subject": event.story.subject, "when": _name_day(event.day)}
        caption = capitalise(draw.pick(load_common()["captions"]).format(who=who, **slots))
        return replace(made, credit=who, caption=caption)

    def _print_wire(self, event: Event, draw: Draw) -> Iterator[Article]:
        """Yield the agency's text, as several papers print it, each under a headline of its own."""
        self._wires += 1
        wire = f"{WIRE.lower()}-{event.story.days[event.stage].year}-{self._wires:04d}"
        papers = ["courier", *(p for p in ("chronicle", "post", "gazette") if draw.chance(3, 5))]
        printed = event.day + timedelta(days=draw.draw_between(1, 2))
        draft = write_report(event, draw, printed, f"{WIRE}'s correspondent")
        for paper in papers:
            titled = replace(draft, title=self._make_headline(event, draw), spans=dict(draft.spans))
            made = self._publish(event, titled, paper, printed, "news", dict(event.told), WIRE)
            yield replace(made, document=replace(made.document, wire=wire))

    def _make_headline(self, event: Event, draw: Draw) -> str:
        slots = {**event.story.slots, "subject": event.story.subject}
        return capitalise(draw.pick(event.kind.texts["headlines"]).format(**slots))

    def _print_german(self, event: Event, draw: Draw) -> Article:
        printed = event.day + timedelta(days=draw.draw_between(2, 5))
        draft = write_german_report(event, draw, printed)
        author = draw.pick(self._town.reporters)
        return self._publish(event, draft, "uferbote", printed, "news", dict(event.told), author)

    def _correct(self, first: Article, facts: Sequence[StoryFact], draw: Draw) -> Article:
        """Return the corrected version of an article, with right values in place of wrong ones."""
        document, says, told = first.document, dict(first.says), dict(first.told)
        assert document.published is not None
        at = document.published + timedelta(days=draw.draw_between(1, 4), hours=draw.draw_between(1, 9))
        text, notes = document.text, []
        for fact in facts:
            start, end = told[fact.name]
            sentence = text[start:end]
            right = capitalise(sentence.replace(fact.wrong.text, fact.value.text, 1))
            right = (
                right
                if right != sentence
                else sentence.replace(capitalise(fact.wrong.text), capitalise(fact.value.text), 1)
            )
            text = text[:start] + right + text[end:]
            longer = len(right) - len(sentence)
            told = {n: (s + longer if s > start else s, e + longer if e > start else e) for n, (s, e) in told.items()}
            says[fact.name] = fact.value
            note = draw.pick(load_common()["corrections"]).format(wrong=fact.wrong.text, right=fact.value.text)
            notes.append(Correction(note, at))
        changed = replace(document, text=text, modified=at, corrections=tuple(notes))
        return replace(first, document=changed, says=says, told=told)

    def _retract(self, first: Article, draw: Draw) -> Iterator[Article]:
        yield replace(first, replaced=True)
        common, document = load_common(), first.document
        assert document.published is not None
        why = draw.pick(common["retractions"])
        text = common["retraction_notice"].format(why=why)
        at = document.published + timedelta(days=draw.draw_between(2, 9))
        changed = replace(document, text=text, modified=at, retracted="retracted")
        yield replace(first, document=changed, told={}, says={}, credit="", caption="")

    def _publish(
        self,
        event: Event,
        draft: ArticleDraft,
        paper: str,
        printed: date | int,
        label: Label,
        says: Mapping[str, FactValue],
        author: str = "",
    ) -> Article:
        """Return a draft as an article; ``printed``: the day, or the most days after the event."""
        outlet = OUTLETS[paper]
        draw = Draw(*make_key("printed", self._seed, len(self._slugs)))
        day = printed if isinstance(printed, date) else event.day + timedelta(days=draw.draw_between(2, printed))
        at = datetime.combine(day, time(draw.draw_between(4, 20), draw.draw_between(0, 59)), UTC)
        document = Document(
            uri=f"https://{make_host(paper, self._town)}/{day:%Y/%m/%d}/{self._make_slug(paper, draft.title)}",
            source="newsroom",
            text=draft.text,
            title=draft.title,
            authors=(author or draw.pick(self._town.reporters),),
            publisher=outlet.title.format(town=self._town.name),
            published=at,
            section=event.story.kind.section,
            language=outlet.language,
            label=label,
        )
        return Article(paper, document, event.story.name, event.stage, draft.spans, says)

    def _make_slug(self, paper: str, title: str) -> str:
        plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
        stem = slug = "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))[:60].rstrip("-")
        number = 1
        while f"{paper}/{slug}" in self._slugs:
            number += 1
            slug = f"{stem}-{number}"
        self._slugs.add(f"{paper}/{slug}")
        return slug


def _name_day(day: date) -> str:
    return f"on {day.day} {MONTHS[day.month - 1]}"


_MIN = datetime.min.replace(tzinfo=UTC)


def make_host(paper: str, town: Town) -> str:
    """Return a publisher's host, under a name that can belong to nobody (RFC 2606)."""
    return f"{paper}.{town.name.lower()}.example"


def _with(event: Event, facts: Sequence[StoryFact]) -> Event:
    return replace(event, told=tuple((fact.name, fact.value) for fact in facts))


__all__ = ["WHEN", "Article", "Press", "make_host"]
