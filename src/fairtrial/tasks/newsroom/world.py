"""The invented town and the stories of its year: who, where, when, how many, and what is known of it to whom.

Everything follows from the seed.  Persons, streets and numbers are the same in all articles about a story; whether and
where a fact is printed is its `PrintStatus`, drawn apart from all that a question says, so that no question betrays it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from fairtrial.tasks.newsroom.stories import StoryKind, load_kinds, load_words
from fairtrial.tasks.newsroom.values import FactValue, ValueSource, draw_other, draw_value
from fairtrial.tasks.procedural.draw import Draw

VERSION = 1
"""Of the generator; raise it whenever an article or a question would change."""

YEAR = 2025
STORIES, UNHEARD = 5, 1
"""Stories of a kind that are told, and such that nobody has told of."""


class PrintStatus(StrEnum):
    """Who has printed a fact."""

    TOLD = "told"
    ABSENT = "absent"
    CORRECTED = "corrected"
    COLUMN = "corrected elsewhere"
    CONTRADICTED = "contradicted"
    GERMAN = "german"
    SATIRE_BESIDE = "satire beside"
    SPONSORED_BESIDE = "sponsored beside"
    SATIRE_ONLY = "satire only"
    RETRACTED = "retracted"
    DENIED = "denied"
    EXPIRED = "expired"
    EMBARGOED = "embargoed"


WEIGHTS: Mapping[PrintStatus, int] = {
    PrintStatus.TOLD: 34,
    PrintStatus.ABSENT: 10,
    PrintStatus.CORRECTED: 9,
    PrintStatus.COLUMN: 4,
    PrintStatus.CONTRADICTED: 7,
    PrintStatus.GERMAN: 6,
    PrintStatus.SATIRE_BESIDE: 7,
    PrintStatus.SPONSORED_BESIDE: 4,
    PrintStatus.SATIRE_ONLY: 3,
    PrintStatus.RETRACTED: 3,
    PrintStatus.DENIED: 7,
    PrintStatus.EXPIRED: 3,
    PrintStatus.EMBARGOED: 3,
}
"""How often each is drawn, in hundredths."""

ANSWERED = frozenset(
    {
        PrintStatus.TOLD,
        PrintStatus.CORRECTED,
        PrintStatus.COLUMN,
        PrintStatus.CONTRADICTED,
        PrintStatus.GERMAN,
        PrintStatus.SATIRE_BESIDE,
        PrintStatus.SPONSORED_BESIDE,
    }
)
"""Those of facts that can be found out from what may be used."""


@dataclass(frozen=True, slots=True)
class StoryFact:
    """A fact of a story: what is true, what else is said, and who has printed it."""

    name: str
    value: FactValue
    wrong: FactValue
    status: PrintStatus


@dataclass(frozen=True, slots=True)
class Story:
    """One story.

    Attributes:
        name: of the story, unique.
        kind: see `StoryKind`.
        slots: what the kind's texts are filled with.
        facts: by name.
        days: of the events, one a stage.
        persons: everybody who is named in it.
        heard: whether anybody has told of it at all.
    """

    name: str
    kind: StoryKind
    slots: Mapping[str, str]
    facts: Mapping[str, StoryFact]
    days: tuple[date, ...]
    persons: frozenset[str]
    heard: bool

    @property
    def subject(self) -> str:
        """What it is about."""
        return self.kind.subject.format(**self.slots)


@dataclass(frozen=True, slots=True)
class Town:
    """The town."""

    name: str
    river: str
    people: int
    mayor: str
    councillors: tuple[str, ...]
    reporters: tuple[str, ...]
    photographers: tuple[str, ...]
    streets: tuple[str, ...]
    companies: tuple[str, ...]
    stories: tuple[Story, ...] = field(default=(), repr=False)

    @property
    def slots(self) -> dict[str, str]:
        """What all texts are filled with."""
        german = f"{self.people:,}".replace(",", ".")
        return {
            "town": self.name,
            "river": self.river,
            "mayor": self.mayor,
            "people": f"{self.people:,}",
            "people_de": german,
        }


class _Names:
    """Makes names of persons, none twice."""

    def __init__(self, draw: Draw) -> None:
        self._draw, self._taken = draw, set[str]()

    def make(self) -> str:
        words = load_words()
        while True:
            name = f"{self._draw.pick(words['first'])} {self._draw.pick(words['last'])}"
            if name not in self._taken:
                self._taken.add(name)
                return name


def draw_town(seed: int) -> Town:
    """Return the town of a seed with all its stories."""
    draw, words = Draw(*make_key("town", seed)), load_words()
    names = _Names(draw)
    streets = [f"{tree} {way}" for tree in words["trees"] for way in words["ways"]]
    companies = [f"{name} {trade}" for name in words["companies"] for trade in draw.sample(words["trades"], 1)]
    town = Town(
        name=draw.pick(words["towns"]),
        river=draw.pick(words["rivers"]),
        people=draw.draw_between(180, 640) * 100,
        mayor=names.make(),
        councillors=tuple(names.make() for _ in range(23)),
        reporters=tuple(names.make() for _ in range(8)),
        photographers=tuple(names.make() for _ in range(12)),
        streets=tuple(draw.shuffle(streets)),
        companies=tuple(draw.shuffle(companies)),
    )
    stories = [
        _draw_story(town, kind, number, seed, names, taken)
        for kind in load_kinds()
        for taken in [dict[str, list[str]]()]
        for number in range(STORIES + UNHEARD)
    ]
    return Town(**{name: getattr(town, name) for name in Town.__slots__ if name != "stories"}, stories=tuple(stories))


def make_key(name: str, seed: int, *rest: int) -> tuple[int, ...]:
    """Return the key of a stream of draws of its own."""
    return (zlib.crc32(f"newsroom/{name}".encode()), VERSION, seed, *rest)


def _draw_story(
    town: Town, kind: StoryKind, number: int, seed: int, names: _Names, taken: dict[str, list[str]]
) -> Story:
    """Return a story; ``taken`` holds what the stories of its kind before it are about."""
    draw = Draw(*make_key(kind.name, seed, number))
    start = date(YEAR, 1, 6) + timedelta(days=draw.draw_below(200))
    source = ValueSource(draw, names.make, town.councillors, town.streets, town.companies, load_words(), start)
    slots, persons = dict(town.slots), {town.mayor}
    for name, said in kind.variables.items():
        slots[name] = _draw_variable(said, source, taken.setdefault(name, []))
        if said in ("person", "councillor"):
            persons.add(slots[name])
    days, facts = [start], dict[str, StoryFact]()
    for stage in kind.stages[1:]:
        days.append(days[-1] + timedelta(days=draw.draw_between(*stage.after)))
    for stage, day in zip(kind.stages, days, strict=True):
        source = ValueSource(draw, names.make, town.councillors, town.streets, town.companies, load_words(), day)
        for name in stage.facts:
            said = kind.facts[name].value
            others = [FactValue("name", one, one, one) for one in persons]
            value = draw_other(said, source, others)
            wrong = draw_other(said, source, [value, *others])
            persons |= {one.text for one in (value, wrong) if one.kind == "name"}
            facts[name] = StoryFact(name, value, wrong, _draw_status(draw, kind))
    return Story(
        f"{kind.name}-{number + 1}", kind, slots, facts, tuple(days), frozenset(persons), heard=number < STORIES
    )


def _draw_status(draw: Draw, kind: StoryKind) -> PrintStatus:
    status = draw.pick([status for status, weight in WEIGHTS.items() for _ in range(weight)])
    fits = {PrintStatus.GERMAN: kind.german, PrintStatus.SPONSORED_BESIDE: kind.sponsored}
    return status if fits.get(status, True) else PrintStatus.TOLD


def _draw_variable(said: str, source: ValueSource, taken: list[str]) -> str:
    """Return the text of a story's variable; with ``*`` in front one that no story of the kind has yet."""
    lists = {"line": [str(n) for n in range(11, 100)], "street": source.streets}
    form = said.removeprefix("*")
    if form in ("person", "councillor", "company"):
        return draw_value(form, source).text
    name = {"park": "parks", "party": "parties"}.get(form, form)
    values: Sequence[str] = lists.get(name) or source.words[name]
    if not said.startswith("*"):
        return source.draw.pick(values)
    text = source.draw.pick([one for one in values if one not in taken])
    taken.append(text)
    return text
