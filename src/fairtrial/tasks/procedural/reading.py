"""Generates short passages about made-up people and questions that only the passage answers.

From level 2 on every wrong answer is another person's fact of the same kind, told in the same passage.  At level 1 the
three wrong ones are: a fact of another kind from the passage, one of the right kind from elsewhere, one of another kind
from elsewhere; so neither the passage alone nor the question alone is enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural.base import ChoiceTask, Question, Scene
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_suite, load_words

QUESTIONS = 3
_Fact = Mapping[str, Any]


def build_reading(options: TaskOptions) -> ChoiceTask:
    """Return the task ``reading``."""
    return ChoiceTask(load_suite("reading"), make_scene, options, label="Passage")


@dataclass(slots=True)
class PassageFacts:
    """Who the people are, and which value each fact has for each of them, at first and in the end."""

    people: list[str]
    facts: list[_Fact]
    first: dict[str, list[str]]
    end: dict[str, list[str]]

    def list_steady(self) -> list[_Fact]:
        """Return the facts that never change."""
        return [fact for fact in self.facts if self.first[fact["kind"]] == self.end[fact["kind"]]]


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> Scene:
    """Return a passage and `QUESTIONS` different questions about it."""
    how = level.settings
    while True:
        facts = draw.sample(suite.read_table("facts"), how["facts"])
        if how["swaps"] and (all("swap" in f for f in facts) or not any("swap" in f for f in facts)):
            continue
        people = draw.sample(load_words()["people"], how["people"])
        first = {f["kind"]: draw.sample(load_words()[f["from"]], len(people)) for f in facts}
        world = PassageFacts(people, facts, first, {kind: list(values) for kind, values in first.items()})
        passage = _write_passage(draw, suite, how, world)
        questions = [_draw_question(draw, suite, world, draw.pick(how["ask"]), number) for number in range(QUESTIONS)]
        ready = tuple(question for question in questions if question is not None)
        if len({question.text for question in ready}) == QUESTIONS:
            return Scene("-".join(sorted(f["kind"] for f in facts)), ready, passage)


def _write_passage(draw: Draw, suite: Suite, how: Mapping[str, Any], world: PassageFacts) -> str:
    names = " and ".join(filter(None, [", ".join(world.people[:-1]), world.people[-1]]))
    told = [
        (p, fact, _tell(draw, fact, world.first[fact["kind"]][i]))
        for i, p in enumerate(world.people)
        for fact in world.facts
    ]
    lines = _write_sentences(draw, [(p, text) for p, _, text in told], joined=bool(how["joined"]))
    for _ in range(how["rumours"]):
        p, fact = draw.draw_below(len(world.people)), draw.pick(world.facts)
        value = draw.pick([v for v in world.first[fact["kind"]] if v != world.first[fact["kind"]][p]])
        rumour = draw.pick(suite.read_lines("rumour")).format(p=world.people[p], tell=_tell(draw, fact, value))
        lines.insert(draw.draw_between(1, len(lines)), rumour)
    lines += [_swap(draw, suite, world) for _ in range(how["swaps"])]
    return " ".join([draw.pick(suite.read_lines("openings")).format(names=names), *lines])


def _write_sentences(draw: Draw, told: Sequence[tuple[str, str]], joined: bool) -> list[str]:
    """Return the facts as sentences in random order, some of them two in one sentence."""
    rest, lines = draw.shuffle(told), []
    while rest:
        person, text = rest.pop()
        partner = next((i for i, (other, _) in enumerate(rest) if other == person), None)
        if joined and partner is not None and draw.chance(1, 2):
            text = f"{text} and {rest.pop(partner)[1]}"
        lines.append(f"{person} {text}.")
    return lines


def _swap(draw: Draw, suite: Suite, world: PassageFacts) -> str:
    """Let two people exchange something; return the sentence that says so."""
    fact = draw.pick([f for f in world.facts if "swap" in f])
    p, q = draw.sample(range(len(world.people)), 2)
    values = world.end[fact["kind"]]
    values[p], values[q] = values[q], values[p]
    return f"{draw.pick(suite.read_lines('later'))} {fact['swap'].format(p=world.people[p], q=world.people[q])}"


def _draw_question(draw: Draw, suite: Suite, world: PassageFacts, kind: str, number: int) -> Question | None:
    """Return one question, or None where the world has no answer that differs."""
    fact = world.facts[number % len(world.facts)]
    person = draw.draw_below(len(world.people))
    if kind.startswith("known_by"):
        marks = [f for f in world.list_steady() if f is not fact]
        if not marks:
            return None
        mark = draw.pick(marks)
        called = f"the person who {_tell(draw, mark, world.first[mark['kind']][person])}"
    else:
        called = world.people[person]
    asked = draw.pick(fact["ask"].split("|")).format(p=called)
    moves = world.first[fact["kind"]] != world.end[fact["kind"]]
    when = kind.rpartition("_")[2]
    if when not in ("first", "end") and moves:
        when = "end"
    if when in ("first", "end"):
        if not moves:
            return None
        asked = f"{suite.texts['when'][when]}, {asked[0].lower()}{asked[1:]}"
    values = (world.first if when == "first" else world.end)[fact["kind"]]
    gold = values[person]
    wrong = _draw_crossed(draw, suite, world, fact) if len(world.people) == 1 else _draw_others(draw, values, gold)
    return Question(asked, gold, wrong, {"fact": fact["kind"], "ask": kind})


def _draw_others(draw: Draw, values: Sequence[str], gold: str) -> tuple[str, ...]:
    return tuple(draw.sample([v for v in values if v != gold], 3))


def _draw_crossed(draw: Draw, suite: Suite, world: PassageFacts, fact: _Fact) -> tuple[str, ...]:
    """Return three wrong answers: told but of another kind, of the right kind but not told, and neither."""
    told = {values[0] for values in world.first.values()}
    other = draw.pick([f for f in world.facts if f is not fact])
    absent = [[v for v in load_words()[f["from"]] if v not in told] for f in (fact, other)]
    return (world.first[other["kind"]][0], draw.pick(absent[0]), draw.pick(absent[1]))


def _tell(draw: Draw, fact: _Fact, value: str) -> str:
    article = "an" if value[0].lower() in "aeiou" else "a"
    return str(draw.pick(fact["tell"].split("|"))).format(v=value, a_v=f"{article} {value}")
