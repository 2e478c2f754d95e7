"""What all forms of a task share: the items of another task, shown in another way.

The pairing key.  An item of a form is the item of the task itself: it keeps its id, its cluster, its choices and its
right answers, and only what is shown differs.  So the key is (candidate, item id, repeat): the same question to the
same candidate, once in each form.  What sets forms apart is the task: a form's card has ``settings["form"]``, hence an
id of its own, and a planned form names the task that it is a form of (``PlannedTask.of``, and ``TaskRecord.of`` in the
ledger).  Whoever compares two forms joins their values by item id and takes the clusters of the task itself; see
`fairtrial.analysis.forms`.  Positions are no key: a form may lack items.

A form wraps the task as it is asked otherwise (by letter, by texts), so every way of asking has every form.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from fairtrial.records import (
    Answer,
    GenerateRequest,
    ImagePart,
    Item,
    Observation,
    Part,
    Prompt,
    Request,
)
from fairtrial.tasks.base import CountsForCorpus, GradesTraces, NamesAnswerColumns, Task, TellsSigns, list_images


class FormTask:
    """A task with the items of another one, shown in another way; graded by that one.  See `Task`.

    What is changed is up to a subclass: it overrides `write_prompt`, or `change_image` where only pixels change, or
    `requests` where neither is enough.

    Args:
        task: whose items they are.
        form: name of the form, as a trial file writes it.
        about: one sentence for a person: what is changed.
        settings: whatever else decides what is shown, JSON values only; they enter the task's id.
    """

    def __init__(self, task: Task, form: str, about: str, settings: Mapping[str, object] | None = None) -> None:
        self.task = task
        self.form = form
        told = {"form": form, **({"form_settings": dict(settings)} if settings else {})}
        self.card = replace(
            task.card,
            description=f"{task.card.description} {about}".strip(),
            settings={**task.card.settings, **told},
        )
        self._originals: dict[str, Item] | None = None

    def items(self) -> Sequence[Item]:
        """Return the task's own items; a subclass may leave some out, and must keep ids, clusters and right answers."""
        return self.task.items()

    def show_item(self, item: Item) -> Item:
        """Return an item with the images that this form shows in place of its own; all else stays."""
        original = self.find_original(item)
        shown = replace_parts(original.images, {one: self.name_changed(one, original) for one in original.images})
        return replace(original, images=tuple(one for one in shown if isinstance(one, ImagePart)))

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the task's own requests with their prompts written anew."""
        original = self.find_original(item)
        return [self._write_request(request, original) for request in self.task.requests(original)]

    def write_prompt(self, prompt: Prompt, item: Item) -> Prompt:
        """Return what is shown in place of a prompt of the task; pure."""
        return replace_images(prompt, {image: self.name_changed(image, item) for image in prompt.images})

    def change_image(self, image: ImagePart, data: bytes, item: Item) -> tuple[ImagePart, bytes]:
        """Return what is shown in place of an image of an item; pure."""
        return image, data

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        """Return the images that its requests show."""
        original = self.find_original(item)
        return [self.change_image(image, data, original) for image, data in list_images(self.task, original)]

    def name_changed(self, image: ImagePart, item: Item) -> ImagePart:
        """Return the name of what is shown in place of an image of an item."""
        for known, data in list_images(self.task, item):
            if known == image:
                return self.change_image(known, data, item)[0]
        return image

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the task's own grades."""
        return self.task.grade(self.find_original(item), answers)

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return what the task itself tells of the answers."""
        if not isinstance(self.task, TellsSigns):
            return []
        return self.task.signs(self.find_original(item), answers, grades)

    def counts(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return what the task itself counts, if it has scores of all answers together."""
        if not isinstance(self.task, CountsForCorpus):
            return []
        return self.task.counts(self.find_original(item), answers)

    def traced_measures(self) -> Collection[str]:
        """Return those of the task itself."""
        return self.task.traced_measures() if isinstance(self.task, GradesTraces) else ()

    def absences(self, item: Item, answers: Sequence[Answer]) -> Mapping[str, str]:
        """Return what the task itself says of the answers."""
        if not isinstance(self.task, GradesTraces):
            return {}
        return self.task.absences(self.find_original(item), answers)

    def answer_columns(self) -> Collection[str] | None:
        """Return those of the task itself."""
        return self.task.answer_columns() if isinstance(self.task, NamesAnswerColumns) else None

    def find_original(self, item: Item) -> Item:
        """Return the task's own item of the same id."""
        if self._originals is None:
            self._originals = {one.id: one for one in self.task.items()}
        return self._originals.get(item.id, item)

    def _write_request(self, request: Request, item: Item) -> Request:
        if isinstance(request, GenerateRequest):
            return replace(request, prompt=self.write_prompt(request.prompt, item))
        if request.rolling:
            return request
        written: dict[Prompt, Prompt] = {}
        for pair in request.pairs:
            if pair.prompt not in written:
                is_context = bool(pair.prompt.plain().strip())  # else it is a choice by itself
                written[pair.prompt] = self.write_prompt(pair.prompt, item) if is_context else pair.prompt
        return replace(request, pairs=tuple(replace(pair, prompt=written[pair.prompt]) for pair in request.pairs))


def replace_images(prompt: Prompt, by: Mapping[ImagePart, ImagePart | None]) -> Prompt:
    """Return a prompt with other images in place of its own; None takes one away, with nothing in its place."""
    return Prompt.from_messages([replace(one, parts=replace_parts(one.parts, by)) for one in prompt.messages])


def replace_parts(parts: Iterable[Part], by: Mapping[ImagePart, ImagePart | None]) -> tuple[Part, ...]:
    """Return parts with other images in place of some; None takes one away."""
    shown = (by.get(part, part) if isinstance(part, ImagePart) else part for part in parts)
    return tuple(part for part in shown if part is not None)
