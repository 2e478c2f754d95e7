"""Writes an article: picks among many ways to say each thing, and knows where each fact stands in the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from fairtrial.tasks.newsroom.stories import StageKind, load_common
from fairtrial.tasks.newsroom.values import FactValue
from fairtrial.tasks.newsroom.world import Story, Town
from fairtrial.tasks.procedural.draw import Draw

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS_DE = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
_PLACES = {"politics": "background_meeting", "sport": "background_outing", "culture": "background_outing"}
WHEN = "when"
"""Names the sentence that says on which day it happened."""


@dataclass(slots=True)
class ArticleDraft:
    """A text in the making.

    Attributes:
        title: headline.
        spans: where the sentence about each fact stands; `WHEN` for the day.
    """

    title: str
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    _text: str = ""
    _fresh: bool = True

    @property
    def text(self) -> str:
        """What has been written."""
        return self._text

    def add(self, sentence: str, about: str = "") -> None:
        """Write a sentence with a capital letter in front."""
        if self._text:
            self._text += "\n\n" if self._fresh else " "
        start, self._fresh = len(self._text), False
        self._text += capitalise(sentence)
        if about:
            self.spans[about] = (start, len(self._text))

    def end_paragraph(self) -> None:
        """Begin a new paragraph with the next sentence."""
        self._fresh = True


@dataclass(frozen=True, slots=True)
class Event:
    """What an article is about: a stage of a story, with what it may say of it.

    Attributes:
        town, story: see there.
        stage: number of the stage.
        told: facts, with the value that this article gives.
    """

    town: Town
    story: Story
    stage: int
    told: tuple[tuple[str, FactValue], ...]

    @property
    def kind(self) -> StageKind:
        """The stage's texts."""
        return self.story.kind.stages[self.stage]

    @property
    def day(self) -> date:
        """When it happened."""
        return self.story.days[self.stage]


def capitalise(text: str) -> str:
    """Return a text with its first letter, if it begins with one after marks, as a capital."""
    for at, char in enumerate(text):
        if char.isalpha():
            return text[:at] + char.upper() + text[at + 1 :]
        if char.isdigit() or char == "€":
            return text
    return text


def write_report(event: Event, draw: Draw, printed: date, reporter: str) -> ArticleDraft:
    """Return an English news report, printed within six days of the event."""
    texts, common = event.kind.texts, load_common()
    slots = _fill_days(event, printed, draw) | {"reporter": reporter}
    draft = ArticleDraft(capitalise(draw.pick(texts["headlines"]).format(**slots)))
    draft.add(draw.pick(texts["leads"]).format(**slots), WHEN)
    facts, colour = draw.shuffle(event.told), draw.shuffle(texts["colour"])
    first = draw.draw_between(0, len(facts))
    if draw.chance(1, 2):
        draft.end_paragraph()
    _tell(draft, event, draw, facts[:first])
    draft.end_paragraph()
    speakers = [
        f"Councillor {draw.pick(event.town.councillors)}",
        draw.pick(common["residents"]),
        draw.pick(common["residents"]),
    ]
    quote = {"words": draw.pick(texts["quotes"]), "speaker": draw.pick(speakers)}
    pattern = draw.pick(common["quote"])
    inside = quote["words"] if not pattern.startswith('"') else _before_speaker(quote["words"])
    draft.add(pattern.format(words=inside, speaker=quote["speaker"]))
    draft.end_paragraph()
    draft.add(colour[0].format(**slots))
    _tell(draft, event, draw, facts[first:])
    if draw.chance(2, 3):
        draft.add(colour[1].format(**slots))
    draft.end_paragraph()
    draft.add(
        draw.pick([*common["background"], *common.get(_PLACES.get(event.story.kind.section, ""), [])]).format(**slots)
    )
    draft.add(draw.pick(common["closings"]).format(**slots))
    return draft


def write_german_report(event: Event, draw: Draw, printed: date) -> ArticleDraft:
    """Return a German news report."""
    texts, common = event.kind.texts, load_common()["german"]
    slots = _fill_days(event, printed, draw)
    draft = ArticleDraft(capitalise(draw.pick(texts["headline_de"]).format(**slots)))
    draft.add(draw.pick(texts["lead_de"]).format(**slots), WHEN)
    for name, value in draw.shuffle(event.told):
        draft.add(draw.pick(event.story.kind.facts[name].tell_de).format(v=value.german), name)
    draft.end_paragraph()
    speaker = draw.pick(common["residents"])
    words = draw.pick(common["words"])
    pattern = draw.pick(common["quote"])
    draft.add(pattern.format(words=words.rstrip(".") if pattern.startswith("„") else words, speaker=speaker))
    draft.end_paragraph()
    for line in draw.sample(common["background"], 2):
        draft.add(line.format(**slots))
    return draft


def write_satire(event: Event, draw: Draw, wrong: Mapping[str, FactValue]) -> ArticleDraft:
    """Return a satirical piece that tells wrong values with a straight face."""
    common = load_common()["satire"]
    slots = {**event.story.slots, "subject": event.story.subject}
    draft = ArticleDraft(capitalise(draw.pick(common["headlines"]).format(**slots)))
    draft.add(draw.pick(common["leads"]).format(**slots))
    draft.end_paragraph()
    for name, value in wrong.items():
        draft.add(_say(event, name, value, draw), name)
    for line in draw.sample(common["middles"], 2):
        draft.add(line)
    draft.end_paragraph()
    draft.add(draw.pick(common["ends"]))
    return draft


def write_sponsored(event: Event, draw: Draw, wrong: Mapping[str, FactValue]) -> ArticleDraft:
    """Return a piece that somebody paid for, with values that flatter."""
    common = load_common()["sponsored"]
    slots = {**event.story.slots, "subject": event.story.subject}
    draft = ArticleDraft(capitalise(draw.pick(common["headlines"]).format(**slots)))
    draft.add(common["lead"].format(**slots))
    draft.end_paragraph()
    for name, value in wrong.items():
        draft.add(_say(event, name, value, draw), name)
    draft.add(common["close"])
    return draft


def write_opinion(event: Event, draw: Draw) -> ArticleDraft:
    """Return a comment without any fact."""
    common = load_common()["opinion"]
    slots = {**event.story.slots, "subject": event.story.subject}
    draft = ArticleDraft(capitalise(draw.pick(common["headlines"]).format(**slots)))
    for line in draw.sample(common["paragraphs"], 3):
        draft.add(line.format(**slots))
        draft.end_paragraph()
    return draft


def write_column(event: Event, draw: Draw, headline: str, right: Mapping[str, FactValue]) -> ArticleDraft:
    """Return a column of corrections that puts an earlier report right."""
    common = load_common()["corrections_columns"]
    draft = ArticleDraft(draw.pick(common["headlines"]))
    draft.add(common["intro"].format(headline=headline))
    for name, value in right.items():
        draft.add(f"Of {event.story.subject} it should have said:")
        draft.add(_say(event, name, value, draw), name)
    return draft


def _tell(draft: ArticleDraft, event: Event, draw: Draw, facts: Sequence[tuple[str, FactValue]]) -> None:
    for name, value in facts:
        draft.add(_say(event, name, value, draw), name)


def _say(event: Event, name: str, value: FactValue, draw: Draw) -> str:
    return draw.pick(event.story.kind.facts[name].tell).format(v=value.text, **event.story.slots)


def _before_speaker(words: str) -> str:
    """Return quoted words as they stand before ``said``: a comma for the full stop."""
    return words[:-1] + "," if words.endswith(".") else words


def _fill_days(event: Event, printed: date, draw: Draw) -> dict[str, str]:
    """Return a story's slots with words for the day, which only the date of the article makes clear."""
    if not event.day < printed <= event.day + timedelta(days=6):
        raise ValueError(f"{printed} is not within six days after {event.day}")
    name, german = WEEKDAYS[event.day.weekday()], WEEKDAYS_DE[event.day.weekday()]
    yesterday = (printed - event.day).days == 1 and draw.chance(1, 3)
    return {
        **event.story.slots,
        "subject": event.story.subject,
        "day": "yesterday" if yesterday else f"on {name}",
        "day_of": "yesterday" if yesterday else name,
        "day_capital": "Yesterday" if yesterday else f"On {name}",
        "day_de": f"am {german}",
        "day_de_of": german,
        "day_de_capital": f"Am {german}",
    }
