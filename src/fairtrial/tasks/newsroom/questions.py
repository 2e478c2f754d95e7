"""Questions about the archive, with their answers and the sentences that give them.

How a question is put depends on its story and fact alone, whether the archive can answer it on the fact's status,
which is drawn apart: no word of a question tells whether it can be answered, or how.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fairtrial.tasks.newsroom.composing import WHEN
from fairtrial.tasks.newsroom.outlets import OUTLETS, PERMITTED
from fairtrial.tasks.newsroom.printing import Article
from fairtrial.tasks.newsroom.stories import StageKind
from fairtrial.tasks.newsroom.values import FactValue, make_date, make_number
from fairtrial.tasks.newsroom.world import ANSWERED, PrintStatus, Story, StoryFact, Town, make_key
from fairtrial.tasks.procedural.draw import Draw

LEVELS = {
    1: "Facts and dates of one article each, and such that no article tells.",
    2: "Also facts that were corrected, that only an article tells which must not be used, and that take two articles.",
    3: "Also satire, paid pieces, retracted and contradicting reports, expired licences, embargoes, German articles.",
}
"""What is asked at each level; each has the questions of those below it."""

LEVEL = 3
"""Unless a trial says otherwise."""

_LEVEL_OF = {
    PrintStatus.TOLD: 1,
    PrintStatus.ABSENT: 1,
    PrintStatus.CORRECTED: 2,
    PrintStatus.COLUMN: 2,
    PrintStatus.DENIED: 2,
}


@dataclass(frozen=True, slots=True)
class EvidencePlace:
    """A sentence of a document that gives an answer; ``end`` 0: the whole document, e.g. a picture's credit."""

    uri: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NewsQuestion:
    """A question.

    Attributes:
        text: as it is asked.
        sort: what it tries: a `PrintStatus`, or ``date``, ``credit``, ``join``, ``difference``, ``unheard``.
        level: from 1; see `LEVELS`.
        story: name of its story.
        form: kind of story and fact: questions of one form differ in names alone.
        golds: right values; all of them are wanted where reports contradict each other; none: it cannot be answered.
        rivals: values that would be wrong.
        needs: for each thing that must be known, the places that tell it, any of which will do.
        barred: addresses of documents that tell it and must not be used.
    """

    text: str
    sort: str
    level: int
    story: str
    form: str
    golds: tuple[FactValue, ...]
    rivals: tuple[FactValue, ...]
    needs: tuple[tuple[EvidencePlace, ...], ...]
    barred: tuple[str, ...] = ()


class Asker:
    """Makes the questions about one archive.

    Args:
        town: with its stories.
        articles: all that were printed.
        seed: of the archive.
    """

    def __init__(self, town: Town, articles: Sequence[Article], seed: int) -> None:
        self._town, self._seed = town, seed
        self._articles: dict[str, list[Article]] = {}
        for article in articles:
            if not article.replaced:
                self._articles.setdefault(article.story, []).append(article)

    def ask_all(self) -> list[NewsQuestion]:
        """Return all questions in an order that tells nothing."""
        found = [
            question
            for number, story in enumerate(self._town.stories)
            for question in self._ask_story(story, Draw(*make_key("questions", self._seed, number)))
        ]
        texts = [question.text for question in found]
        once = [question for question in found if texts.count(question.text) == 1]
        draw = Draw(*make_key("order", self._seed))
        return draw.shuffle(_balance(draw.shuffle(once)))

    def _ask_story(self, story: Story, draw: Draw) -> Iterator[NewsQuestion]:
        for fact in story.facts.values():
            if story.heard or draw.chance(2, 3):
                yield self._ask_fact(story, fact, draw.pick(story.kind.facts[fact.name].ask))
        for number, stage in enumerate(story.kind.stages):
            if draw.chance(1, 2):
                yield self._ask_date(story, stage, number, draw.chance(1, 2))
            if story.heard and draw.chance(1, 3):
                yield from self._ask_credit(story, stage, number)
        for join in story.kind.joins:
            yield from self._ask_join(story, join)
        for difference in story.kind.differences:
            yield self._ask_difference(story, difference)

    def _ask_fact(self, story: Story, fact: StoryFact, text: str) -> NewsQuestion:
        status = fact.status if story.heard else PrintStatus.ABSENT
        golds: tuple[FactValue, ...] = (fact.value,) if status in ANSWERED else ()
        needs: tuple[tuple[EvidencePlace, ...], ...] = (
            (self._find_places(story, fact.name, fact.value),) if golds else ()
        )
        rivals = [fact.wrong, *([] if golds else [fact.value])]
        if status is PrintStatus.CONTRADICTED:
            golds, rivals = (fact.value, fact.wrong), []
            needs = tuple(self._find_places(story, fact.name, value) for value in golds)
        return NewsQuestion(
            text=text.format(**story.slots),
            sort=str(status) if story.heard else "unheard",
            level=_LEVEL_OF.get(status, 3),
            story=story.name,
            form=f"{story.kind.name}/{fact.name}",
            golds=golds,
            rivals=(*rivals, *self._name_others(story, (fact.value, fact.wrong))),
            needs=needs,
            barred=() if golds else self._find_barred(story, fact.name),
        )

    def _ask_date(self, story: Story, stage: StageKind, number: int, plain: bool) -> NewsQuestion:
        event = stage.event.format(**story.slots)
        text = f"On what date was it that {event}?" if plain else f"Give the date on which {event}."
        places = tuple(
            _make_place(one, WHEN)
            for one in self._list_usable(story)
            if one.stage == number and WHEN in one.told and one.document.label == "news"
        )
        golds = (make_date(story.days[number]),) if places else ()
        form = f"{story.kind.name}/{stage.name}/date"
        sort = "date" if golds else "absent" if story.heard else "unheard"
        return NewsQuestion(text, sort, 1, story.name, form, golds, (), (places,) if golds else ())

    def _ask_credit(self, story: Story, stage: StageKind, number: int) -> Iterator[NewsQuestion]:
        """Yield a question about the picture of a paper's only report of an event, whether it has one or not."""
        for paper in ("courier", "chronicle"):
            reports = [
                one
                for one in self._articles.get(story.name, [])
                if one.stage == number and one.outlet == paper and WHEN in one.told
            ]
            if len(reports) != 1 or reports[0].embargoed:
                continue
            [report] = reports
            credit = FactValue("name", report.credit, report.credit, report.credit)
            event, title = stage.event.format(**story.slots), OUTLETS[paper].title.format(town=self._town.name)
            yield NewsQuestion(
                text=f"Who took the picture in the report of {title.replace('The ', 'the ')} that {event}?",
                sort="credit" if report.credit else str(PrintStatus.ABSENT),
                level=1,
                story=story.name,
                form="credit",
                golds=(credit,) if report.credit else (),
                rivals=self._name_others(story, ()),
                needs=((EvidencePlace(report.document.uri, 0, 0),),) if report.credit else (),
            )

    def _ask_join(self, story: Story, join: Mapping[str, str]) -> Iterator[NewsQuestion]:
        """Yield a question that names the story by a fact; none where another story of the kind has that value."""
        by, of = story.facts[join["by"]], story.facts[join["of"]]
        others = [one.facts[by.name] for one in self._town.stories if one.kind is story.kind and one is not story]
        if by.value.key in {value.key for fact in others for value in (fact.value, fact.wrong)}:
            return
        known = (PrintStatus.TOLD, PrintStatus.SATIRE_BESIDE, PrintStatus.SPONSORED_BESIDE)
        can = story.heard and by.status in known and of.status in (*known, PrintStatus.CORRECTED)
        if story.heard and by.status not in (*known, PrintStatus.ABSENT):
            return
        places = [self._find_places(story, fact.name, fact.value) for fact in (of, by)] if can else []
        text = join["ask"].format(by=by.value.text, **story.slots)
        rivals = (of.wrong, *([] if can else [of.value]), *self._name_others(story, (of.value, of.wrong)))
        form, golds = f"{story.kind.name}/join", (of.value,) if can else ()
        sort = "join" if can else "join without answer"
        yield NewsQuestion(text, sort, 2, story.name, form, golds, rivals, tuple(places))

    def _ask_difference(self, story: Story, said: Mapping[str, str]) -> NewsQuestion:
        facts = [story.facts[said[name]] for name in ("a", "b")]
        can = story.heard and all(
            one.status in (PrintStatus.TOLD, PrintStatus.CORRECTED, PrintStatus.SATIRE_BESIDE) for one in facts
        )
        gap = abs(Decimal(facts[0].value.key) - Decimal(facts[1].value.key))
        places = [self._find_places(story, one.name, one.value) for one in facts] if can else []
        golds = (make_number(gap, "€"),) if can else ()
        form = f"{story.kind.name}/difference"
        sort = "difference" if can else "difference without answer"
        return NewsQuestion(said["ask"].format(**story.slots), sort, 2, story.name, form, golds, (), tuple(places))

    def _list_usable(self, story: Story) -> list[Article]:
        return [one for one in self._articles.get(story.name, []) if one.outlet in PERMITTED and not one.embargoed]

    def _find_places(self, story: Story, fact: str, value: FactValue) -> tuple[EvidencePlace, ...]:
        """Return the sentences that give a fact this value, in news that may be used; the best place first."""
        return tuple(
            _make_place(one, fact)
            for one in sorted(self._list_usable(story), key=_prefer)
            if fact in one.says and one.says[fact].key == value.key and one.document.label == "news"
        )

    def _find_barred(self, story: Story, fact: str) -> tuple[str, ...]:
        return tuple(
            one.document.uri
            for one in self._articles.get(story.name, [])
            if fact in one.says and (one.outlet not in PERMITTED or one.embargoed)
        )

    def _name_others(self, story: Story, values: Sequence[FactValue]) -> tuple[FactValue, ...]:
        """Return everybody else whom the story names, as values that would be wrong where a name is asked for."""
        if values and values[0].kind != "name":
            return ()
        own = {value.text for value in values}
        return tuple(FactValue("name", one, one, one) for one in sorted(story.persons - own))


def _balance(questions: Sequence[NewsQuestion]) -> list[NewsQuestion]:
    """Return questions of which, for each form of asking at each level, a third at most has no answer.

    More of them are left out, the last ones first, so that no form tells by itself that there is no answer.
    """
    kept, left = list[NewsQuestion](), dict[tuple[str, int], int]()
    for question in questions:
        if question.golds:
            left[_name_group(question)] = left.get(_name_group(question), 0) + 1
    left = {group: answered // 2 for group, answered in left.items()}
    for question in questions:
        group = _name_group(question)
        if not question.golds:
            if not left.get(group):
                continue
            left[group] -= 1
        kept.append(question)
    return kept


def _name_group(question: NewsQuestion) -> tuple[str, int]:
    """Return the form of asking, without the kind of story, and the level."""
    form = question.form.rpartition("/")[2]
    return (form if form in ("date", "credit", "join", "difference") else "fact", question.level)


def _make_place(article: Article, fact: str) -> EvidencePlace:
    return EvidencePlace(article.document.uri, *article.told[fact])


def _prefer(article: Article) -> tuple[bool, bool, str]:
    """Return what puts English articles under an open licence first."""
    outlet = OUTLETS[article.outlet]
    return (outlet.language != "en", outlet.licence != "open", article.document.uri)
