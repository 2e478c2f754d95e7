"""Controls of tasks with images: the images taken away, or those of another item in their place.

``blind``: how much of a score needs no picture at all.  ``swapped``: how much is lost where there is a picture, and the
wrong one; a model that scores below blind here looks at it.  Right answers stay those of the item.  Knows nothing of
models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from fairtrial.errors import TaskError
from fairtrial.records import ImagePart, Item, Message, Prompt, TextPart, content_hash
from fairtrial.tasks.base import Task, list_images
from fairtrial.tasks.variants.form import FormTask, replace_images, replace_parts

BLIND = "blind"
"""Name of the form without images."""

NOTHING = "Answer the question about the picture."
"""What is asked where a question consists of images alone."""


def shows_images(task: Task) -> bool:
    """Return whether a task shows images, by its first items."""
    return any(True for item in task.items()[:3] for _ in list_images(task, item))


class BlindTask(FormTask):
    """A task without its images, those of few-shot examples included; all text stays."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, BLIND, "The images are taken away.")

    def show_item(self, item: Item) -> Item:
        """Return an item without images."""
        return replace(self.find_original(item), images=())

    def write_prompt(self, prompt: Prompt, item: Item) -> Prompt:
        """Return a prompt without images, and without the line ends that parted them from the text."""
        bare = [_take_away(message) for message in prompt.messages]
        if not any(message.text.strip() for message in bare):
            return Prompt(NOTHING)
        return Prompt.from_messages(bare)

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        """Return nothing."""
        return ()


def _take_away(message: Message) -> Message:
    if not message.images:
        return message
    bare = replace(message, parts=replace_parts(message.parts, dict.fromkeys(message.images)))
    if isinstance(message.parts[0], ImagePart) and bare.parts and isinstance(bare.parts[0], TextPart):
        return replace(bare, parts=(TextPart(bare.parts[0].text.lstrip("\n")), *bare.parts[1:]))
    return bare


class SwappedTask(FormTask):
    """A task in which each item is shown the images of another one, of as many; those of examples stay.

    The other item is drawn, the same one every time: one with other images and, if there is one, with another right
    answer.  Raises TaskError if some item has no such other.
    """

    def __init__(self, task: Task) -> None:
        super().__init__(task, "swapped", "The images are those of another item.")

    def show_item(self, item: Item) -> Item:
        """Return an item with the images of the other one."""
        original = self.find_original(item)
        return replace(original, images=self._find_other(original).images)

    def write_prompt(self, prompt: Prompt, item: Item) -> Prompt:
        """Return a prompt with the images of another item in the question."""
        other = self._find_other(item).images
        swapped = dict(zip(item.images, other, strict=True))
        question = Prompt(prompt.question.parts)
        parts = replace_images(question, swapped).question.parts
        return Prompt(parts, prompt.system, prompt.assistant, prompt.examples)

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        """Return the images of the other item, and those of examples."""
        original = self.find_original(item)
        own = [(image, data) for image, data in list_images(self.task, original) if image not in original.images]
        other = self._find_other(original)
        return [*own, *((image, data) for image, data in list_images(self.task, other) if image in other.images)]

    @cached_property
    def _by_hash(self) -> Sequence[Item]:
        return sorted(self.task.items(), key=lambda item: content_hash(["swapped", item.id]))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {item.id: at for at, item in enumerate(self._by_hash)}

    def _find_other(self, item: Item) -> Item:
        at = self._places[item.id]
        following = [*self._by_hash[at + 1 :], *self._by_hash[:at]]
        fitting = [
            one for one in following if len(one.images) == len(item.images) and set(one.images).isdisjoint(item.images)
        ]
        if not fitting:
            raise TaskError(
                f"item {item.doc_id} cannot be shown the images of another one: none has {len(item.images)} others.",
                fix="Leave the form 'swapped' out.",
                where=f"task {self.card.name}",
            )
        return next((one for one in fitting if set(one.gold).isdisjoint(item.gold)), fitting[0])
