"""Other forms of a task's items, to hint at whether a model has seen them as they were published.

``permuted``: the same items with their lettered options in another order.  A model that has learned the published
answers by heart does worse; one that has not does not care.  ``order``: stretches of items in the published order
beside the same stretches shuffled, scored as documents.  Where items stand in no particular order, nothing makes the
published one likelier but having seen it (Oren, Meister, Chatterji, Ladhak and Hashimoto 2023, arXiv 2310.17623).

A form is a task itself, made from any other one.  It changes what is asked and maps answers back, so that the original
grades them; it knows nothing of models.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from fairtrial.errors import TaskError
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    ImagePart,
    Item,
    Measure,
    Observation,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    content_hash,
)
from fairtrial.records.held_back import read_own_words
from fairtrial.spec.forms import DataPicture, FormSettings, Rendered, read_form
from fairtrial.tasks.base import Task, TaskCard, TellsSigns, list_images
from fairtrial.tasks.signs import CHOSE
from fairtrial.tasks.variants.blind import BLIND, BlindTask, SwappedTask
from fairtrial.tasks.variants.letters import LetterTask, read_letter
from fairtrial.tasks.variants.perturbing import PERTURBATIONS
from fairtrial.tasks.variants.twins import DataPictureTask, DistractorTask, InsideTask, RenderedTask

STRETCH = 8
"""Items of one stretch."""

SHUFFLES = 5
"""Other orders of each stretch."""

OPTION = re.compile(r"^(?P<open>[ \t]*\(?)(?P<letter>[A-Z])(?P<close>[).:]\)?[ \t]+)(?P<text>\S.*)$", re.MULTILINE)

PUBLISHED_FIRST = Measure("published_first", higher_is_better=None)
ORDER_GAIN = Measure("order_gain", unit="nat", higher_is_better=None, bounds=None)


@dataclass(frozen=True, slots=True)
class LetteredOptions:
    """The lettered options at the end of a prompt.

    Attributes:
        matches: one a line, the letters A, B, C ... in order.
        order: place of what now stands behind each letter, e.g. (2, 0, 1): behind A stands what stood behind C.
    """

    matches: tuple[re.Match[str], ...]
    order: tuple[int, ...]

    @property
    def bracketed(self) -> bool:
        """Whether letters are written (A)."""
        return self.matches[0]["open"].strip() == "("

    def moved(self, text: str) -> str:
        """Return the text with its options in the new order, their letters as they were."""
        parts, end = [], 0
        for match, source in zip(self.matches, self.order, strict=True):
            parts += [text[end : match.start("text")], self.matches[source]["text"]]
            end = match.end("text")
        return "".join([*parts, text[end:]])

    def letter_before(self, letter: str) -> str:
        """Return the letter that an option had in the published order, by the one it has now."""
        at = ord(letter) - ord("A")
        return chr(ord("A") + self.order[at]) if 0 <= at < len(self.order) else letter

    def mapped_back(self, text: str) -> str:
        """Return an answer with the letters that the published order had."""
        pattern = r"(?<=\()([A-Z])(?=\))" if self.bracketed else r"(?<![A-Za-z'])([A-Z])(?![A-Za-z'])"
        return re.sub(pattern, lambda match: self.letter_before(match[1]), text)


def find_options(text: str, key: str) -> LetteredOptions | None:
    """Return the last block of lettered options of a text with a new order that ``key`` decides; None if there is none.

    The new order is never the published one.
    """
    blocks = [block for block in _find_blocks(text) if len(block) > 1]
    block = blocks[-1] if blocks else []
    told = [match["text"].strip() for match in block]
    if not block or len(set(told)) < len(told):
        return None
    order = list(range(len(block)))
    draw = random.Random(key)
    while order == sorted(order):
        draw.shuffle(order)
    return LetteredOptions(tuple(block), tuple(order))


def _find_blocks(text: str) -> list[list[re.Match[str]]]:
    """Return the runs of lines that begin with A, B, C ... written in one way."""
    blocks: list[list[re.Match[str]]] = []
    for match in OPTION.finditer(text):
        block = blocks[-1] if blocks else []
        follows = (
            bool(block)
            and ord(match["letter"]) == ord(block[-1]["letter"]) + 1
            and text[block[-1].end() : match.start()] == "\n"
            and [part.strip() for part in match.group("open", "close")]
            == [part.strip() for part in block[-1].group("open", "close")]
        )
        if follows:
            block.append(match)
        elif match["letter"] == "A":
            blocks.append([match])
    return blocks


class PermutedTask:
    """The items of a task whose prompts end in lettered options, these in another order.  See `Task`.

    Items keep their ids, so that the two forms are paired item by item.  Raises TaskError if no item has such options.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.card = replace(task.card, settings={**task.card.settings, "form": "permuted"})

    @cached_property
    def _kept(self) -> list[Item]:
        kept = [item for item in self.task.items() if self._find_options(item)]
        if not kept:
            raise TaskError(
                "shows no lettered options, so that there is nothing to permute.",
                fix="Use the form 'order', which every task has.",
                where=f"task {self.task.card.name}",
            )
        return kept

    def items(self) -> Sequence[Item]:
        """Return the items that can be permuted."""
        return self._kept

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the task's own requests with the options in another order."""
        options = self._find_options(item)
        assert options is not None
        return [_permute_request(request, options) for request in self.task.requests(item)]

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        """Return the images that the task's own requests show."""
        return list_images(self.task, item)

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the task's own grades of the answers, mapped back to the published order."""
        options = self._find_options(item)
        assert options is not None
        return self.task.grade(item, self._mapped_back(item, answers, options))

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return what the task itself tells of the answers, mapped back."""
        options = self._find_options(item)
        assert options is not None
        if not isinstance(self.task, TellsSigns):
            return []
        told = self.task.signs(item, self._mapped_back(item, answers, options), grades)
        return [sign for sign in told if not sign.startswith(CHOSE)]  # the letters of another order

    def _mapped_back(self, item: Item, answers: Sequence[Answer], options: LetteredOptions) -> list[Answer]:
        if isinstance(self.task, LetterTask):
            return [_map_letter_back(answer, options) for answer in answers]
        return [_map_answer_back(*pair, options) for pair in zip(self.task.requests(item), answers, strict=True)]

    def _find_options(self, item: Item) -> LetteredOptions | None:
        texts = {prompt.user for request in self.task.requests(item) for prompt in request.prompts if prompt.user}
        return find_options(texts.pop(), item.id) if len(texts) == 1 else None


def _permute_request(request: Request, options: LetteredOptions) -> Request:
    """Return a request with its options in the new order."""
    if isinstance(request, GenerateRequest):
        return replace(request, prompt=request.prompt.with_question(options.moved(request.prompt.user)))
    pairs = tuple(
        replace(pair, prompt=pair.prompt.with_question(options.moved(pair.prompt.user))) if pair.prompt.user else pair
        for pair in request.pairs
    )
    return replace(request, pairs=pairs)


def _map_letter_back(answer: Answer, options: LetteredOptions) -> Answer:
    """Return the letter of an answer by letter as one to the published order; what cannot be read stays as it is."""
    assert isinstance(answer, GenerateAnswer)
    own = read_own_words(answer.text, answer.trace)
    letter = read_letter(own, [options.matches[source]["text"] for source in options.order])
    return replace(answer, text=options.letter_before(letter)) if letter else answer


def _map_answer_back(request: Request, answer: Answer, options: LetteredOptions) -> Answer:
    """Return an answer to the moved request as one to the original.

    Where letters were scored, the score of each letter goes to the one that its option had; where the options' own
    texts were scored, nothing has to be moved.
    """
    if isinstance(answer, GenerateAnswer):
        return replace(answer, text=options.mapped_back(answer.text))
    assert isinstance(request, ScoreRequest)
    said = [pair.continuation.strip().strip("().:") for pair in request.pairs]
    if not all(len(text) == 1 and text.isupper() for text in said):
        return answer
    now = [said.index(chr(ord("A") + options.order.index(ord(text) - ord("A")))) for text in said]
    return replace(
        answer,
        logprobs=tuple(answer.logprobs[i] for i in now),
        greedy=tuple(answer.greedy[i] for i in now),
        tokens=tuple(answer.tokens[i] for i in now),
    )


class OrderTask:
    """Stretches of a task's items in the published order and in others.  See `Task`.

    An item is one stretch of `STRETCH` items, of which no two neighbours share a passage.  ``published_first``: the
    share of the other orders that are less likely than the published one; without contamination 0.5.  ``order_gain``:
    by how much, in nats a stretch, against their mean.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.card = TaskCard(
            name=task.card.name,
            version=task.card.version,
            revision=task.card.revision,
            licence=task.card.licence,
            measures=(PUBLISHED_FIRST, ORDER_GAIN),
            main_measure=PUBLISHED_FIRST.name,
            description=f"Are stretches of {STRETCH} items of {task.card.name} likelier in the published order?",
            citation="Oren et al. 2023, arXiv 2310.17623",
            chance=0.5,
            settings={**task.card.settings, "form": "order", "stretch": STRETCH, "shuffles": SHUFFLES},
        )

    @cached_property
    def _stretches(self) -> list[Item]:
        ordered = sorted(self.task.items(), key=lambda item: item.doc_id)
        # questions about one passage belong together in any order: the first of each run stands for it
        every = [item for i, item in enumerate(ordered) if not i or item.cluster != ordered[i - 1].cluster]
        found = []
        for number in range(len(every) // STRETCH):
            part = every[number * STRETCH : (number + 1) * STRETCH]
            texts = [" ".join([item.question, *item.gold[:1]]).strip() for item in part]
            data = {"texts": texts}
            name = content_hash(["order", number, data])
            found.append(Item(name, number, "\n\n".join(texts), (), (), name, data))
        if not found:
            raise TaskError(
                f"has fewer than the {STRETCH} items that one stretch takes.", where=f"task {self.task.card.name}"
            )
        return found

    def items(self) -> Sequence[Item]:
        """Return the stretches, without what is left at the end."""
        return self._stretches

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the stretch as a document in the published order, then in the others."""
        draw = random.Random(item.id)
        texts = list(item.data["texts"])
        label = f"{self.card.name} stretch {item.doc_id}"
        return [
            _make_document(texts, label),
            *(_make_document(draw.sample(texts, len(texts)), label) for _ in range(SHUFFLES)),
        ]

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return how the published order does among the others."""
        values = [answer.logprobs[0] for answer in answers if isinstance(answer, ScoreAnswer)]
        published, others = values[0], values[1:]
        first = sum((published > other) + 0.5 * (published == other) for other in others) / len(others)
        return [
            Observation(PUBLISHED_FIRST.name, first),
            Observation(ORDER_GAIN.name, published - sum(others) / len(others), unit="nat"),
        ]


def _make_document(texts: Sequence[str], label: str) -> ScoreRequest:
    """Return the request to score texts as one document."""
    return ScoreRequest((Pair(Prompt(""), "\n\n".join(texts)),), delimiter="", rolling=True, label=label)


def _make_data_picture(task: Task, settings: FormSettings, form: str) -> Task:
    assert isinstance(settings, DataPicture)
    return DataPictureTask(task, form, settings.size, settings.font)


def _make_rendered(task: Task, settings: FormSettings, made: type[RenderedTask]) -> Task:
    assert isinstance(settings, Rendered)
    return made(task, settings.size, settings.width, settings.font)


FORMS: Mapping[str, Callable[[Task, FormSettings], Task]] = {
    "permuted": lambda task, _: PermutedTask(task),
    "order": lambda task, _: OrderTask(task),
    "rendered": partial(_make_rendered, made=RenderedTask),
    "inside": partial(_make_rendered, made=InsideTask),
    "distractor": lambda task, _: DistractorTask(task),
    "chart": partial(_make_data_picture, form="chart"),
    "grid": partial(_make_data_picture, form="grid"),
    "swapped": lambda task, _: SwappedTask(task),
    **PERTURBATIONS,
}
"""Name of a form, as a trial file writes it (see `fairtrial.spec.forms`), to what makes it of a task.

The form ``blind`` is not written: it stands beside every task with images unless the trial says ``blind: false``.
"""


def make_form(task: Task, given: str | Mapping[str, Any], folder: Path | None = None) -> Task:
    """Return a task in a form, written as in a trial file; files that it names are relative to ``folder``.

    Raises TaskError if the task cannot have that form.
    """
    if given == BLIND:
        return BlindTask(task)
    name, settings = read_form(given)
    font = getattr(settings, "font", "")
    if font and folder is not None:
        settings = settings.model_copy(update={"font": str(folder.resolve() / Path(font).expanduser())})
    return FORMS[name](task, settings)
