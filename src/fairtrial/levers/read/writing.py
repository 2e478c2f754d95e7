"""What stands in a prompt in place of an image: a template around what was read, and images put into messages.  Pure.

Text from an image is somebody else's, and may speak to the model.  So by default each of its lines begins with a mark
of quotation: none of it can begin a line, as a turn, a new question or the end of the quotation would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from jinja2 import StrictUndefined, TemplateError

from fairtrial.errors import SpecError
from fairtrial.records import GenerateRequest, ImagePart, Message, Prompt, Request, TextPart
from fairtrial.records.content import Part
from fairtrial.sandbox import LimitedEnvironment, LimitedTemplate

TEMPLATE = """\
{% if text %}[Image {{ number }}: text read from it]
{{ text }}
[{% if cut %}The rest is left out. {% endif %}End of image {{ number }}]
{%- else %}[Image {{ number }}: no text could be read in it]
{%- endif %}
{%- if caption %}
[Image {{ number }}: described by another model]
{{ caption }}
[End of the description]
{%- endif %}"""
"""Stands for an image unless the settings say otherwise."""

QUOTE = "> "


@dataclass(frozen=True, slots=True)
class ImageReading:
    """What was made of an image.

    Attributes:
        text: what was read, lines parted by line ends; empty if nothing was.
        lines: lines of it that were read.
        unsure: lines left out because the reader was not sure of them.
        confidence: of the least sure line that stayed; 1 if none did.
        caption: what another model says of it.
        seconds: that making it took.
    """

    text: str
    lines: int = 0
    unsure: int = 0
    confidence: float = 1.0
    caption: str = ""
    seconds: float = 0.0

    def describe(self) -> str:
        """Return in a few words how it was read, without what differs from one time to the next."""
        told = (
            [f"{_count(self.lines, 'line')}, least confidence {self.confidence:.2f}"] if self.text else ["nothing read"]
        )
        if self.unsure:
            told.append(f"{_count(self.unsure, 'unsure line')} left out")
        return ", ".join(told)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


@dataclass(frozen=True, slots=True)
class ReadingStyle:
    """How readings are written.

    Attributes:
        template: see `TEMPLATE`; empty for that one.
        quote: whether each line of text and caption begins with `QUOTE`.
        most: characters of a text; the rest is cut off.
    """

    template: str = ""
    quote: bool = True
    most: int = 6000

    def is_cut(self, reading: ImageReading) -> bool:
        """Return whether a reading is too long to be written whole."""
        return len(reading.text) > self.most

    def write(self, number: int, images: int, reading: ImageReading) -> str:
        """Return what stands for an image.  Raises SpecError if the template fails.

        Args:
            number: of the image in its prompt, from 1.
            images: how many the prompt shows.
            reading: of it.
        """
        values = {
            "number": number,
            "images": images,
            "text": self._quote(reading.text[: self.most].rstrip()),
            "caption": self._quote(reading.caption),
            "cut": self.is_cut(reading),
        }
        try:
            return compile_reading_template(self.template).render(**values)
        except TemplateError as error:
            raise _make_template_error(error) from error

    def _quote(self, text: str) -> str:
        return "\n".join(f"{QUOTE}{line}".rstrip() for line in text.splitlines()) if self.quote else text


@lru_cache(maxsize=32)
def compile_reading_template(source: str) -> LimitedTemplate:
    """Return a template ready to be filled.  Raises SpecError if it is none."""
    try:
        made = LimitedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(source or TEMPLATE)
        made.render(number=1, images=1, text="text", caption="caption", cut=False)
    except TemplateError as error:
        raise _make_template_error(error) from error
    return made


def _make_template_error(error: TemplateError) -> SpecError:
    return SpecError(
        f"read: the template cannot be filled: {error}.",
        fix="It may use {{number}}, {{images}}, {{text}}, {{caption}} and {{cut}}.",
    )


def write_request(request: Request, find: Callable[[ImagePart], ImageReading], look: ReadingStyle) -> Request:
    """Return a request whose prompts show text in place of images; ``find`` says what was read in each."""
    if isinstance(request, GenerateRequest):
        return replace(request, prompt=_write_prompt(request.prompt, find, look))
    made: dict[int, Prompt] = {}  # choices mostly share one prompt
    for pair in request.pairs:
        if id(pair.prompt) not in made:
            made[id(pair.prompt)] = _write_prompt(pair.prompt, find, look)
    return replace(request, pairs=tuple(replace(pair, prompt=made[id(pair.prompt)]) for pair in request.pairs))


def _write_prompt(prompt: Prompt, find: Callable[[ImagePart], ImageReading], look: ReadingStyle) -> Prompt:
    images = prompt.images
    if not images:
        return prompt
    shown = [look.write(i, len(images), find(image)) for i, image in enumerate(images, 1)]
    messages, used = [], 0
    for message in prompt.messages:
        own = shown[used : used + len(message.images)]
        used += len(own)
        messages.append(_write_message(message, own) if own else message)
    return Prompt.from_messages(messages)


def _write_message(message: Message, shown: Sequence[str]) -> Message:
    """Return a message with texts in place of its images, each on lines of its own."""
    texts, said = iter(shown), ""
    at_image = False
    for part in message.parts:
        own = next(texts) if isinstance(part, ImagePart) else _text_of(part)
        if said and own and (at_image or isinstance(part, ImagePart)):
            said = said.rstrip(" ") if isinstance(part, ImagePart) else said
            own = own.lstrip(" ") if at_image else own
            said += "" if said.endswith("\n") or own.startswith("\n") else "\n"
        said, at_image = said + own, isinstance(part, ImagePart)
    return replace(message, parts=(TextPart(said),))


def _text_of(part: Part) -> str:
    return part.text if isinstance(part, TextPart) else ""
