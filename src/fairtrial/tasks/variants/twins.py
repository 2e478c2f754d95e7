"""Modality twins: the same items to be seen instead of read, with the same right answers.

What stands in the picture and what stays text is one rule for all tasks:

* ``rendered``: the question's message as it is asked (context, question, options), drawn.  Text stays what only says
  how to answer: the task's description before it, few-shot examples, the line that asks for a letter, and the cue at
  the end (``Answer:``).  So prompts differ in nothing but the picture.
* ``inside``: all of it is drawn, description and the line that asks for a letter included; the only text is
  `INSTRUCTION`, with the task's cue after it.  No examples: they would have to be text.
* ``distractor``: the text as it is, after a picture of plain shapes that has nothing to do with it.
* ``chart``, ``grid``: the table in the question's text (see `tabular`) is a picture in its place; all else stays text.

Few-shot examples stay text: they show how to answer, not how to see; no model needs to take several pictures, and all
forms share them word by word.  Knows nothing of models.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from fairtrial.errors import TaskError
from fairtrial.records import ImagePart, Item, Message, Part, Prompt, TextPart, hash_bytes
from fairtrial.tasks.base import Task, list_images
from fairtrial.tasks.variants.data_pictures import draw_chart, draw_distractor, draw_grid
from fairtrial.tasks.variants.form import FormTask
from fairtrial.tasks.variants.letters import ASK, CUE
from fairtrial.tasks.variants.rendering import name_library, render_text
from fairtrial.tasks.variants.tabular import FoundTable, find_table

INSTRUCTION = "Answer the question in the picture."
PNG = "image/png"

_Drawn = tuple[ImagePart, bytes]
ABOUT: Mapping[str, str] = {
    "rendered": "The question is shown as a picture of its text.",
    "inside": "Everything is shown as a picture of its text; the only text asks to answer the question in it.",
    "distractor": "The question comes after a picture that has nothing to do with it.",
    "chart": "The table in the question is shown as a chart.",
    "grid": "The table in the question is shown as a picture of the table.",
}


class TwinTask(FormTask, ABC):
    """A form that puts pictures into prompts; a subclass says which by `draw_prompt`.

    Args:
        task: whose items they are.
        form: one of `ABOUT`.
        settings: that decide the pictures.
    """

    def __init__(self, task: Task, form: str, settings: Mapping[str, object]) -> None:
        super().__init__(task, form, ABOUT[form], {**settings, "drawn_by": name_library()})

    @abstractmethod
    def draw_prompt(self, prompt: Prompt, item: Item) -> tuple[Prompt, Sequence[_Drawn]]:
        """Return what is shown in place of a prompt, and the pictures that are new in it; pure."""

    def write_prompt(self, prompt: Prompt, item: Item) -> Prompt:
        """Return what is shown in place of a prompt of the task."""
        return self._draw(prompt, item)[0]

    def images(self, item: Item) -> Iterable[_Drawn]:
        """Return the task's own images and those that are drawn."""
        original = self.find_original(item)
        drawn = [one for prompt in self._list_prompts(original) for one in self._draw(prompt, original)[1]]
        return [*list_images(self.task, original), *dict(drawn).items()]

    def show_item(self, item: Item) -> Item:
        """Return an item with the images that this form shows."""
        original = self.find_original(item)
        prompts = [self.write_prompt(prompt, original) for prompt in self._list_prompts(original)]
        return replace(original, images=tuple(dict.fromkeys(one for p in prompts for one in p.question.images)))

    def _list_prompts(self, item: Item) -> list[Prompt]:
        return [prompt for request in self.task.requests(item) for prompt in request.prompts if prompt.plain().strip()]

    def _draw(self, prompt: Prompt, item: Item) -> tuple[Prompt, Sequence[_Drawn]]:
        try:
            return self.draw_prompt(prompt, item)
        except TaskError as error:
            at = f"task {self.card.name} as {self.form}, item {item.doc_id}"
            raise TaskError(error.message, fix=error.fix, where=at) from error


class RenderedTask(TwinTask):
    """The question's text as a picture; see the module's docstring for what stays text.

    Args:
        task: whose items they are.
        size, width, font: see `fairtrial.tasks.variants.rendering.render_text`; ``font`` is an absolute path.
    """

    form_name = "rendered"

    def __init__(self, task: Task, size: int, width: int = 0, font: str = "") -> None:
        told = {"size": size, **({"width": width} if width else {}), **({"font": hash_font(font)} if font else {})}
        super().__init__(task, self.form_name, told)
        self._looks = (size, width, font)

    def draw_prompt(self, prompt: Prompt, item: Item) -> tuple[Prompt, Sequence[_Drawn]]:
        """Return the prompt with the question's text drawn, its cue and what asks for a letter left as text."""
        parts, drawn, stays = self.draw_parts(prompt.question.parts, keep_ask=True)
        text = stays if stays.strip() else f"\n{INSTRUCTION}"
        return Prompt([*parts, TextPart(text)], prompt.system, prompt.assistant, prompt.examples), drawn

    def draw_parts(self, parts: Sequence[Part], keep_ask: bool) -> tuple[list[Part], list[_Drawn], str]:
        """Return parts with each text drawn, the pictures, and the end of the last text that stays text."""
        shown: list[Part] = []
        drawn: list[_Drawn] = []
        stays = ""
        for number, part in enumerate(parts):
            if isinstance(part, ImagePart):
                shown.append(part)
                continue
            text = part.text
            if number == len(parts) - 1:
                text, stays = split_asking(text, keep_ask)
            if text.strip():
                one = name_png(_render(text, *self._looks))
                drawn.append(one)
                shown.append(one[0])
        return shown, drawn, stays


class InsideTask(RenderedTask):
    """Everything as a picture of its text, but for one sentence.  Raises TaskError for a task with examples."""

    form_name = "inside"

    def draw_prompt(self, prompt: Prompt, item: Item) -> tuple[Prompt, Sequence[_Drawn]]:
        """Return the prompt with everything drawn."""
        if prompt.examples:
            raise TaskError("the form 'inside' shows no few-shot examples.", fix="Set shots: 0, or use 'rendered'.")
        whole = Message("user", (TextPart(prompt.system), *prompt.question.parts))
        parts, drawn, cue = self.draw_parts(whole.parts, keep_ask=False)
        return Prompt([*parts, TextPart(f"\n{INSTRUCTION}{cue}")], assistant=prompt.assistant), drawn


class DistractorTask(TwinTask):
    """The text as it is, after a picture that has nothing to do with it."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, "distractor", {})

    def draw_prompt(self, prompt: Prompt, item: Item) -> tuple[Prompt, Sequence[_Drawn]]:
        """Return the prompt with a picture of shapes before the question."""
        drawn = name_png(_distract(item.id))
        parts = [drawn[0], TextPart("\n"), *prompt.question.parts]
        return Prompt(parts, prompt.system, prompt.assistant, prompt.examples), [drawn]


class DataPictureTask(TwinTask):
    """The table in the question's text as a picture in its place.

    Items without a table are left out; of a chart, those without a column of numbers that are not below 0.  Raises
    TaskError if none is left.

    Args:
        task: whose items they are.
        form: ``chart`` or ``grid``.
        size: pixels an em.
    """

    def __init__(self, task: Task, form: str, size: int, font: str = "") -> None:
        super().__init__(task, form, {"size": size, **({"font": hash_font(font)} if font else {})})
        self._size, self._font = size, font
        self._kept: list[Item] | None = None

    def items(self) -> Sequence[Item]:
        """Return the items that have a table."""
        if self._kept is None:
            self._kept = [item for item in self.task.items() if self._has_table(item)]
            if not self._kept:
                what = "table with a column of numbers" if self.form == "chart" else "table"
                raise TaskError(
                    f"no question has a {what} in its text, so that there is nothing to draw as a {self.form}.",
                    fix="Leave the form out, or ask for another `level` or `limit`, where tables have more columns. "
                    "Tables are lines with pipes, as in Markdown, or with commas; 'rendered' draws any text.",
                    where=f"task {self.card.name}",
                )
        return self._kept

    def draw_prompt(self, prompt: Prompt, item: Item) -> tuple[Prompt, Sequence[_Drawn]]:
        """Return the prompt with its table drawn."""
        parts: list[Part] = []
        drawn: list[_Drawn] = []
        for part in prompt.question.parts:
            table = None if isinstance(part, ImagePart) or drawn else self._find(part.text)
            if table is None or isinstance(part, ImagePart):
                parts.append(part)
                continue
            drawn.append(name_png(_draw_table(self.form, table, self._size, self._font)))
            parts += [TextPart(part.text[: table.start]), drawn[0][0], TextPart(part.text[table.end :])]
        return Prompt(parts, prompt.system, prompt.assistant, prompt.examples), drawn

    def _has_table(self, item: Item) -> bool:
        prompts = self._list_prompts(item)
        texts = (part.text for prompt in prompts for part in prompt.question.parts if isinstance(part, TextPart))
        return any(self._find(text) is not None for text in texts)

    def _find(self, text: str) -> FoundTable | None:
        table = find_table(text)
        if table is None or self.form == "grid":
            return table
        cells = [row[at] for row in table.rows for at in table.numeric]
        return table if cells and not any(cell.startswith(("-", "−")) for cell in cells) else None


def split_asking(text: str, keep_ask: bool = True) -> tuple[str, str]:
    """Return a question's text, and the end of it that only says how to answer: the line for a letter, and the cue."""
    cue = CUE.search(text)
    end = cue.start() if cue else len(text)
    if keep_ask and text[:end].rstrip().endswith(ASK):
        end = text[:end].rindex(ASK)
        return text[:end].rstrip("\n"), "\n" + text[end:]
    return text[:end], text[end:]


def name_png(data: bytes) -> _Drawn:
    """Return a drawn picture with its name."""
    return ImagePart.of(data, PNG), data


def hash_font(path: str) -> str:
    """Return the hash of a font file.  Raises TaskError if it cannot be read."""
    try:
        return hash_bytes(Path(path).read_bytes())
    except OSError as error:
        raise TaskError(f"the font {path!r} cannot be read: {error.strerror}.") from None


@lru_cache(maxsize=2048)
def _render(text: str, size: int, width: int, font: str) -> bytes:
    return render_text(text, size, width, font)


@lru_cache(maxsize=2048)
def _draw_table(form: str, table: FoundTable, size: int, font: str) -> bytes:
    return (draw_chart if form == "chart" else draw_grid)(table, size, font)


@lru_cache(maxsize=2048)
def _distract(key: str) -> bytes:
    return draw_distractor(int.from_bytes(hash_bytes(key.encode())[:16].encode(), "big") % 2**63)
