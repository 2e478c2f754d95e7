"""Forms in which the pictures of a task are harder to see: blurred, turned, compressed, partly covered, noisy.

Items, questions and right answers stay, so what a change costs is a paired number.  A change must leave right answers
right.  Tasks of ours say which do; of other tasks that cannot be known: blur, compression and noise are taken to, and
the others only where the trial vouches for it.  Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fairtrial.errors import TaskError
from fairtrial.images import decode, encode_png
from fairtrial.images.changing import add_noise, blur, compress, cover, turn
from fairtrial.records import ImagePart, Item, content_hash
from fairtrial.spec.forms import Blur, FormSettings, Jpeg, Noise, Occlude, Turn
from fairtrial.tasks.base import Task, list_kept_forms
from fairtrial.tasks.variants.blind import shows_images
from fairtrial.tasks.variants.form import FormTask

ABOUT: Mapping[str, str] = {
    "blur": "Pictures are blurred.",
    "turn": "Pictures are turned a little.",
    "jpeg": "Pictures are coarsely compressed.",
    "occlude": "Pictures are partly covered by stripes.",
    "noise": "Pictures are noisy.",
}
"""The forms, and what each does."""

USUAL = ("blur", "jpeg", "noise")
"""Those that are taken to leave right answers right where a task says nothing."""

MOST_KEPT = 64
"""Changed pictures kept in memory; questions about one picture follow each other."""


class PerturbedTask(FormTask):
    """A task whose pictures are changed, those of few-shot examples included.

    Raises TaskError if it shows no images, or if the change might make a right answer wrong.
    """

    def __init__(self, task: Task, form: str, settings: FormSettings) -> None:
        _check_kept(task, form, settings)
        values = settings.model_dump()
        super().__init__(task, form, ABOUT[form], values)
        self._settings = settings
        self._changed: dict[tuple[str, int], tuple[ImagePart, bytes]] = {}

    def change_image(self, image: ImagePart, data: bytes, item: Item) -> tuple[ImagePart, bytes]:
        """Return a picture as it is shown; those of one cluster are turned to the same side."""
        side = int(content_hash(["turn", item.cluster])[:8], 16) % 2 if isinstance(self._settings, Turn) else 0
        key = (image.hash, side)
        if key not in self._changed:
            if len(self._changed) >= MOST_KEPT:
                del self._changed[next(iter(self._changed))]
            changed = encode_png(self._change(np.asarray(decode(data).pixels), image, side))
            self._changed[key] = (ImagePart.of(changed, "image/png"), changed)
        return self._changed[key]

    def _change(self, pixels: NDArray[np.uint8], image: ImagePart, side: int) -> NDArray[np.uint8]:
        settings = self._settings
        if isinstance(settings, Blur):
            return blur(pixels, settings.radius)
        if isinstance(settings, Turn):
            return turn(pixels, settings.degrees if side else -settings.degrees)
        if isinstance(settings, Jpeg):
            return compress(pixels, settings.quality)
        if isinstance(settings, Occlude):
            return cover(pixels, settings.share)
        assert isinstance(settings, Noise)
        return add_noise(pixels, settings.strength, int(image.hash, 16))


def _check_kept(task: Task, form: str, settings: FormSettings) -> None:
    if not shows_images(task):
        raise TaskError(
            f"shows no images, so that there is nothing to change in the form {form!r}.", where=f"task {task.card.name}"
        )
    kept = list_kept_forms(task)
    if kept is not None and form not in kept:
        allowed = ", ".join(name for name in ABOUT if name in kept)
        raise TaskError(
            f"the form {form!r} would make right answers of it wrong, or leave too little to see.",
            fix=f"Forms that keep its answers: {allowed}.",
            where=f"task {task.card.name}",
        )
    if kept is None and form not in USUAL and not getattr(settings, "keeps_answers", False):
        raise TaskError(
            f"it cannot be known whether the form {form!r} keeps its right answers right.",
            fix=f"If you know that it does: {{{form}: {{keeps_answers: true}}}}. Without that: {', '.join(USUAL)}.",
            where=f"task {task.card.name}",
        )


def _make(task: Task, settings: FormSettings, form: str) -> PerturbedTask:
    return PerturbedTask(task, form, settings)


PERTURBATIONS = {form: partial(_make, form=form) for form in ABOUT}
"""Name of a form to what makes it of a task and its settings."""
