"""Generates arithmetic word problems: a stock of things that changes step by step.

The wrong numbers are those that a slip would give (a step left out, a step the wrong way round) and near misses, placed
by `fairtrial.tasks.procedural.choices`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from fairtrial.records import Answer, GenerateAnswer, Item, Measure, Observation
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural.base import ChoiceTask, Question, Scene, WrittenTask
from fairtrial.tasks.procedural.choices import draw_wrong_numbers
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_suite, load_words, split_texts
from fairtrial.tasks.reading import read_number

_Step = Callable[[Fraction], Fraction]


def build_arithmetic(options: TaskOptions) -> ChoiceTask:
    """Return the task ``arithmetic``: the right number among four."""
    return ChoiceTask(load_suite("arithmetic"), make_scene, options)


def build_arithmetic_open(options: TaskOptions) -> WrittenArithmetic:
    """Return the task ``arithmetic_open``: the same stories, the number written by the model."""
    return WrittenArithmetic(load_suite("arithmetic_open"), make_open_scene, options)


class WrittenArithmetic(WrittenTask):
    """``exact_match``: the number that the answer gives is the right one; see `fairtrial.tasks.reading.numbers`."""

    main_measure = "exact_match"
    reading = 3

    def measures(self, suite: Suite) -> tuple[Measure, ...]:
        """Return ``exact_match``."""
        return (Measure("exact_match"),)

    def judge(self, item: Item, text: str) -> Sequence[Observation]:
        """Return ``exact_match``, 0 or 1."""
        found = read_number(text)
        return [Observation("exact_match", float(found is not None and found == Fraction(item.gold[0])))]

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return whether no number could be read."""
        texts = [answer.text for answer in answers if isinstance(answer, GenerateAnswer)]
        return ["unread"] if any(read_number(text) is None for text in texts) else []


@dataclass(slots=True)
class _Story:
    """A story in the making: its sentences, and how the stock changes with each step."""

    draw: Draw
    suite: Suite
    how: Mapping[str, Any]
    slots: dict[str, str]
    scenario: Mapping[str, Any]
    value: Fraction = Fraction(0)
    lines: list[str] = field(default_factory=list)
    steps: list[tuple[_Step, _Step]] = field(default_factory=list)
    fits: bool = True
    sum: str = ""

    def draw_number(self, size: str = "small") -> int:
        low, high = self.how[size]
        return self.draw.draw_between(low, high)

    def say(self, template: str, **numbers: object) -> None:
        self.lines.append(template.format(**self.slots, **numbers))

    def pick_text(self, key: str) -> str:
        return self.draw.pick(self.suite.read_lines(key))

    def do(self, right: _Step, slip: _Step) -> None:
        """Apply ``right``; remember it with the slip that people make there."""
        self.steps.append((right, slip))
        self.value = right(self.value)
        self.fits &= self.value.denominator == 1 and 0 < self.value <= self.how["most"]

    def list_slips(self) -> list[int]:
        """Return the ends of the story when one step is left out or done the wrong way."""
        ends = []
        for wrong in range(len(self.steps)):
            for skip in (False, True):
                value = Fraction(0)
                for i, (right, slip) in enumerate(self.steps):
                    if i != wrong:
                        value = right(value)
                    elif not skip:
                        value = slip(value)
                if value.denominator == 1 and value >= 0:
                    ends.append(int(value))
        return ends


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> Scene:
    """Return one story with its question and the numbers offered."""
    count = level.choices or 4
    rank = draw.draw_below(count)
    while True:
        kind, story = _make_story(draw, suite, level)
        if not story.fits:
            continue
        gold, text = int(story.value), " ".join(story.lines)
        told = {int(n) for n in re.findall(r"\d+", text)}
        slips = [n for n in story.list_slips() if n not in told]  # else "a number that is not in the text" would help
        wrong = draw_wrong_numbers(draw, gold, slips, rank, count, lowest=1)
        if wrong is not None:
            return Scene(kind, (Question(text, str(gold), wrong, {"steps": len(story.steps)}),))


def make_open_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> Scene:
    """Return one story with its question, without choices; the stories are those of ``arithmetic``."""
    stories = load_suite("arithmetic")
    scene = make_scene(draw, stories, stories.levels[level.settings["stories"]])
    return Scene(scene.kind, tuple(Question(q.text, q.gold, (), q.facts) for q in scene.questions))


def _make_story(draw: Draw, suite: Suite, level: SuiteLevel) -> tuple[str, _Story]:
    how = level.settings
    scenario = draw.pick(suite.read_table("scenarios"))
    name, other = draw.sample(load_words()["names"], 2)
    slots = {
        "name": name,
        "other": other,
        "things": draw.pick(split_texts(scenario["things"])),
        "belongings": draw.pick(split_texts(scenario["other"])),
        "packs": suite.texts["plurals"][scenario["pack"]],
    }
    story = _Story(draw, suite, how, slots, scenario)
    opening, ending = draw.pick(how["openings"]), draw.pick(how["endings"])
    _open(story, opening)
    changes = [draw.pick(how["changes"]) for _ in range(how["steps"] - (how["steps"] == 1 and opening != "has"))]
    for change in changes:
        CHANGES[change](story)
    for _ in range(how["asides"]):
        _insert_aside(story)
    _end(story, ending)
    return "/".join([scenario["kind"], opening, *changes[:1]]), story


def _open(story: _Story, opening: str) -> None:
    if opening == "packs":
        packs, each = story.draw.draw_between(2, 9), story.draw.draw_between(2, 12)
        story.say(story.pick_text("packs"), k=packs, n=each)
        story.do(lambda _: Fraction(packs * each), lambda _: Fraction(packs + each))
        return
    start = story.draw_number("large")
    if opening == "has":
        story.say(story.pick_text("has"), n=start)
        story.do(lambda _: Fraction(start), lambda _: Fraction(start))
        story.sum = str(start)
        return
    given = story.draw_number()
    story.say(story.pick_text("two"), n=start, m=given)
    story.do(lambda _: Fraction(start + given), lambda _: Fraction(abs(start - given)))


def _gain(story: _Story) -> None:
    n = story.draw_number()
    story.say(story.draw.pick(story.scenario["gain"].split("|")), n=n)
    story.do(lambda value: value + n, lambda value: value - n)
    story.sum += f" + {n}"


def _lose(story: _Story) -> None:
    n = story.draw_number()
    story.say(story.draw.pick(story.scenario["lose"].split("|")), n=n)
    story.do(lambda value: value - n, lambda value: value + n)
    story.sum += f" - {n}"


def _multiply(story: _Story) -> None:
    k = story.draw.draw_between(2, 4)
    story.say(story.pick_text("times"), k=k)
    story.do(lambda value: value * k, lambda value: value + k)


def _add_packs(story: _Story) -> None:
    packs, each = story.draw.draw_between(2, 6), story.draw.draw_between(3, 12)
    story.say(story.pick_text("more_packs"), k=packs, n=each)
    story.do(lambda value: value + packs * each, lambda value: value + packs + each)


def _take_fraction(story: _Story) -> None:
    k = story.draw.draw_between(2, 5)
    story.say(story.pick_text("fraction"), part=story.suite.texts["parts"][k])
    story.do(lambda value: value - value / k, lambda value: value / k)


def _add_percent(story: _Story) -> None:
    k = story.draw.pick((10, 20, 25, 50))
    story.say(story.pick_text("percent"), k=k)
    story.do(lambda value: value + value * k / 100, lambda value: value + k)


CHANGES: Mapping[str, Callable[[_Story], None]] = {
    "gain": _gain,
    "lose": _lose,
    "times": _multiply,
    "packs": _add_packs,
    "fraction": _take_fraction,
    "percent": _add_percent,
}


def _insert_aside(story: _Story) -> None:
    """Put a sentence with a number that does not matter anywhere after the first one."""
    template = story.pick_text("aside")
    third = story.draw.pick([n for n in load_words()["names"] if n not in (story.slots["name"], story.slots["other"])])
    line = template.format(**{**story.slots, "other": third}, n=story.draw_number())
    story.lines.insert(story.draw.draw_between(1, len(story.lines)), line)


def _end(story: _Story, ending: str) -> None:
    if ending == "sum":
        story.say(story.pick_text("sum"), sum=story.sum)
        return
    n = story.draw_number() if ending == "compare" else story.draw.draw_between(2, 6)
    story.say(story.pick_text(ending), n=n)
    if ending == "compare":
        story.do(lambda value: value - n, lambda value: value + n)
    elif ending == "share":
        story.do(lambda value: value / n, lambda value: value - n)
