"""What all tasks with pictures share: a scene is one picture, or two, and several questions about it.

Everything that `fairtrial.tasks.procedural.base` says of scenes and seeds holds here.  A picture is drawn with its
questions and stored as PNG; the picture is the cluster.  A family comes in two forms with the same items: choices
by log-probability (or by letters, where a trial says ``ask: letter``), and answers in writing, e.g. ``charts_open``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import Any

import numpy as np
from PIL import Image

from fairtrial.images import encode_png
from fairtrial.images.hashing import hash_picture
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    ImagePart,
    Item,
    Measure,
    Observation,
    Part,
    Prompt,
    ScoreAnswer,
    TextPart,
)
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.graders.one_of import find_option
from fairtrial.tasks.pictures import OPEN
from fairtrial.tasks.pictures.canvas import name_library
from fairtrial.tasks.procedural.base import ChoiceTask, ProceduralTask, Scene, SceneMaker, WrittenTask
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_suite
from fairtrial.tasks.reading import read_number

PNG = "image/png"
_TRAINING = 2
"""Stream of draws for training; items come from stream 0, examples from stream 1."""

ACC, YES, EXACT = Measure("acc"), Measure("yes", higher_is_better=None), Measure("exact_match")


@dataclass(frozen=True, slots=True)
class PictureScene(Scene):
    """One picture, or two, and the questions about it.

    Attributes:
        pictures: as they are shown, in order.
        drawn: what they show, JSON values only; the right answers follow from it.
    """

    pictures: tuple[Image.Image, ...] = ()
    drawn: Mapping[str, Any] = field(default_factory=dict)


def list_kinds(level: SuiteLevel) -> Mapping[str, Mapping[str, int]]:
    """Return the kinds of scenes of a level, each with its kinds of questions and how many choices these offer."""
    kinds: Mapping[str, Mapping[str, int]] = level.settings["ask"]
    return kinds


def draw_kind(draw: Draw, level: SuiteLevel) -> tuple[str, Mapping[str, int]]:
    """Return one kind of scene, all being equally frequent, with its kinds of questions."""
    kinds = list_kinds(level)
    kind = draw.pick(list(kinds))
    return kind, kinds[kind]


def place_pictures(images: Sequence[ImagePart], question: str) -> tuple[Part, ...]:
    """Return a question as it is asked, after its pictures, which are numbered where there are several."""
    parts: list[Part] = []
    for number, image in enumerate(images, start=1):
        parts += [*([TextPart(f"Picture {number}:\n")] if len(images) > 1 else []), image, TextPart("\n")]
    return (*parts, TextPart(f"Question: {question}\nAnswer:"))


def add_article(name: str) -> str:
    """Return a name with ``a`` or ``an`` before it."""
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def draw_range(draw: Draw, low: int, high: int, count: int) -> range:
    """Return ``count`` numbers in a row from ``low`` to ``high``, both included, the first of them drawn.

    Where the right number is then drawn among them, each of those offered is as likely to be right.
    """
    first = draw.draw_between(low, high - count + 1)
    return range(first, first + count)


class PictureTask(ProceduralTask):
    """Shows pictures.  See `ProceduralTask`, and `fairtrial.tasks.base.ShowsImages`."""

    def __init__(self, suite: Suite, maker: SceneMaker, options: TaskOptions, family: str) -> None:
        self._family = family
        self._parts: dict[str, ImagePart] = {}
        self._bytes: dict[str, bytes] = {}
        super().__init__(suite, maker, options)
        self.card = replace(
            self.card, name=self._name(family), revision=f"{self.card.revision}, drawn by {name_library()}"
        )

    def _name(self, family: str) -> str:
        """Return the task's own name; a form that is answered in writing has another one."""
        return family

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        """Return the pictures of an item, after those of the examples that are shown before it."""
        for shown in [*self._example_pool()[: self._shots], item]:
            for image in shown.images:
                if image.hash not in self._bytes:  # the item was made by the same task built once more
                    self.items()
                yield image, self._bytes[image.hash]

    def kept_forms(self) -> Collection[str]:
        """Return the changes of its pictures that leave right answers right."""
        return self._suite.kept_forms

    def answer_columns(self) -> Collection[str]:
        """Return what gives the right answer away."""
        return ["gold", "facts", "drawn", "kind"]

    def draw_scene(self, number: int) -> tuple[PictureScene, list[dict[str, Any]]]:
        """Return one of endlessly many scenes with the rows of its questions, from draws that no item comes from."""
        return self._draw(_TRAINING, number, 0)

    def show(self, row: Mapping[str, Any]) -> str:
        """Return a row's prompt as running text, with a placeholder for each picture."""
        images = [ImagePart(name, PNG) for name in row["pictures"]]
        return Prompt(place_pictures(images, row["question"]), self._suite.system.strip() + "\n\n").plain()

    def _draw(self, stream: int, number: int, attempt: int) -> tuple[PictureScene, list[dict[str, Any]]]:
        scene, rows = super()._draw(stream, number, attempt)
        assert isinstance(scene, PictureScene)
        shown = [hash_picture(picture) for picture in scene.pictures]
        for row in rows:
            row.update(pictures=shown, drawn=dict(scene.drawn))
        return scene, rows

    def _ask(self, item: Item) -> Sequence[Part]:
        return place_pictures(item.images, item.data["question"])

    def _name_cluster(self, scene: Scene, number: int) -> str:
        return f"{self._family}/{self._number}/{scene.kind}/{number}"

    def _make_item(self, scene: Scene, row: dict[str, Any], cluster: str, doc_id: int) -> Item:
        assert isinstance(scene, PictureScene)
        for name, picture in zip(row["pictures"], scene.pictures, strict=True):
            if name not in self._parts:
                data = encode_png(np.asarray(picture))
                part = self._parts[name] = ImagePart.of(data, PNG)
                self._bytes[part.hash] = data
        images = tuple(self._parts[name] for name in row["pictures"])
        item = super()._make_item(scene, row, cluster, doc_id)
        return replace(item, question=row["question"], images=images)


class PictureChoices(PictureTask, ChoiceTask):
    """Multiple choice about pictures: ``acc``, and ``yes`` where the answers are yes and no.

    ``yes`` is 1 where yes is the likelier answer.  Its mean, the yes-rate, says whether a model that is asked about
    things that are there and that are not leans to one side; half of the right answers are yes.
    """

    def measures(self, suite: Suite) -> tuple[Measure, ...]:
        """Return ``acc``, and ``yes`` if the suite asks for it."""
        return (ACC, YES) if suite.yes_rate else (ACC,)

    def chance(self, level: SuiteLevel) -> float | None:
        """Return the mean of 1 / number of choices; each kind of scene asks each of its kinds of questions once."""
        return _mean_over_kinds(level, lambda _, count: 1 / count)

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the measures of the card, each 0 or 1."""
        grades = super().grade(item, answers)
        [answer] = answers
        assert isinstance(answer, ScoreAnswer)
        chosen = item.choices[answer.logprobs.index(max(answer.logprobs))]
        return [*grades, *self.measure_choice(item, chosen)]

    def choice_measures(self) -> Sequence[Measure]:
        """Return ``yes`` if the suite asks for it."""
        return [YES] if self._suite.yes_rate else []

    def measure_choice(self, item: Item, chosen: str) -> Sequence[Observation]:
        """Return whether yes was chosen, of items that are answered by yes or no."""
        if not self._suite.yes_rate or "yes" not in item.choices:
            return []
        return [Observation(YES.name, float(chosen == "yes"))]


class PictureAnswers(PictureTask, WrittenTask):
    """The same items, answered in writing: ``exact_match``, and ``yes`` where the answers are yes and no.

    Of a number the value counts; else the answer must name the right one of the item's choices, which are not shown.
    """

    main_measure = "exact_match"

    def measures(self, suite: Suite) -> tuple[Measure, ...]:
        """Return ``exact_match``, and ``yes`` if the suite asks for it."""
        return (EXACT, YES) if suite.yes_rate else (EXACT,)

    def chance(self, level: SuiteLevel) -> float | None:
        """Return the mean of 1 / number of choices where the question names them, and of 0 elsewhere."""
        told = level.settings.get("told", ())
        return _mean_over_kinds(level, lambda kind, count: 1 / count if kind in told else 0.0)

    def judge(self, item: Item, text: str) -> Sequence[Observation]:
        """Return the measures of the card, each 0 or 1; no ``yes`` where neither yes nor no can be read."""
        said = _read_answer(item, text)
        grades = [Observation(EXACT.name, float(said == item.gold[0]))]
        if self._suite.yes_rate and said in ("yes", "no"):
            grades.append(Observation(YES.name, float(said == "yes")))
        return grades

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return whether no answer could be read."""
        texts = [answer.text for answer in answers if isinstance(answer, GenerateAnswer)]
        return ["unread"] if any(_read_answer(item, text) is None for text in texts) else []

    def _make_item(self, scene: Scene, row: dict[str, Any], cluster: str, doc_id: int) -> Item:
        return replace(super()._make_item(scene, row, cluster, doc_id), choices=())

    def _name(self, family: str) -> str:
        return family + OPEN


def _mean_over_kinds(level: SuiteLevel, value: Callable[[str, int], float]) -> float:
    means = [mean(value(kind, count) for kind, count in asked.items()) for asked in list_kinds(level).values()]
    return mean(means)


def _read_answer(item: Item, text: str) -> str | None:
    """Return the answer that a text gives, written as the right one is; None if none can be read."""
    if item.gold[0].isdigit():
        number = read_number(text)
        return None if number is None else str(number)
    choices: Sequence[str] = item.data["choices"]
    at = find_option(text, choices)
    return None if at is None else choices[at]


def build_pictures(name: str, maker: SceneMaker, options: TaskOptions) -> PictureTask:
    """Return the task ``name``: a family of pictures, or the same items to be answered in writing."""
    family = name.removesuffix(OPEN)
    task = PictureAnswers if name.endswith(OPEN) else PictureChoices
    return task(load_suite(family), maker, options, family)
