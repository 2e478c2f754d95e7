"""Chat templates: the Jinja text that turns messages into what a chat model was trained to read.

A template comes with a model file, so it is hostile input: it runs in Jinja's immutable sandbox, with the few
functions that such templates expect and no loader, within a limit of work.  Knows nothing of tokens or engines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import NoReturn

import jinja2
from jinja2.ext import loopcontrols

from fairtrial.errors import ModelError
from fairtrial.records import ImagePart, Message, Part, TextPart
from fairtrial.records import join_texts as join_texts
from fairtrial.records import make_conversation as make_conversation
from fairtrial.sandbox import LimitedEnvironment, TooMuchWorkError
from fairtrial.spec.candidate import DATE

TemplateMessage = Mapping[str, object]
"""What a template reads: a role, and as content a text, or a list of texts and images."""

END = "\ue0f2"
"""Marks where the beginning of an answer ends."""


def fold_system(told: Sequence[Message]) -> list[Message]:
    """Return messages whose system message, if they have one, stands before the text of the first user."""
    if told[0].role != "system":
        return list(told)
    first = told[1]
    begins = first.parts[0].text if first.parts and isinstance(first.parts[0], TextPart) else ""
    head = TextPart(join_texts(told[0].text, begins))
    return [Message(first.role, (head, *first.parts[1 if begins else 0 :])), *told[2:]]


def list_for_template(told: Sequence[Message], *, lists: bool = False) -> list[dict[str, object]]:
    """Return messages as templates read them: text as it is, and where images are shown, every content as a list.

    ``lists`` has every content be a list in any case.
    """
    if not lists and not any(message.images for message in told):
        return [{"role": message.role, "content": message.text} for message in told]
    return [{"role": message.role, "content": [_list_part(part) for part in message.parts]} for message in told]


def _list_part(part: Part) -> dict[str, str]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    return {"type": "image", "image": part.hash}


class ChatTemplate:
    """A compiled chat template.

    Attributes:
        source: as it was written.
        sha256: of that.
        asks_the_date: whether it has asked what day it is.
    """

    def __init__(self, source: str, *, bos: str = "", eos: str = "", where: str = "", date: str = DATE) -> None:
        """Compile ``source``.

        Args:
            source: Jinja text.
            bos: the begin-of-text token as text, for the template to write.
            eos: the end-of-text token as text.
            where: the file it came from, for errors.
            date: what day it is for the template, as YYYY-MM-DD, so that prompts do not change with the clock.

        Raises:
            ModelError: if it is no Jinja template.
        """
        self.source = source
        self.sha256 = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
        self._where = where
        self._tokens = {"bos_token": bos, "eos_token": eos}
        environment = LimitedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        environment.add_filter("tojson", _to_json)
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = self._write_date
        del environment.filters["random"]  # prompts are the same every time
        self._day = datetime.fromisoformat(date)
        self.asks_the_date = False
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateError as error:
            raise self._make_error(f"The chat template cannot be read: {_say(error)}.") from error

    def render(
        self,
        messages: Sequence[TemplateMessage],
        *,
        add_generation_prompt: bool = True,
        tools: Sequence[Mapping[str, object]] = (),
    ) -> str:
        """Return ``messages`` as the model reads them.

        Args:
            messages: each with ``role`` (system, user, assistant) and ``content``.
            add_generation_prompt: end with the beginning of the assistant's turn.
            tools: that the model may call, as OpenAI's API describes them; none: the template is told of no such thing.

        Raises:
            ModelError: if the template refuses the messages, e.g. because it takes no system message.
        """
        try:
            return self._template.render(
                messages=[dict(m) for m in messages],
                add_generation_prompt=add_generation_prompt,
                **({"tools": list(tools)} if tools else {}),
                **self._tokens,
            )
        except TooMuchWorkError as error:
            raise self._make_error(f"The chat template does something that is not allowed: {_say(error)}.") from error
        except jinja2.TemplateError as error:
            roles = ", ".join(str(m["role"]) for m in messages)
            raise self._make_error(
                f"The chat template refuses messages of the roles {roles}: {_say(error)}."
            ) from error

    @cached_property
    def takes_system(self) -> bool:
        """Whether a system message has a place of its own; some templates refuse it, some leave it out."""
        told = [Message("system", (TextPart("f6b1system"),)), Message("user", (TextPart("f6b1user"),))]
        return self._is_shown("f6b1system", list_for_template(told, lists=self.lists_contents))

    @cached_property
    def lists_contents(self) -> bool:
        """Whether a content must be a list of parts: a content that is a text would be left out."""
        told = [Message("user", (TextPart("f6b1user"),))]
        shows = partial(self._is_shown, "f6b1user")
        return not shows(list_for_template(told)) and shows(list_for_template(told, lists=True))

    def _is_shown(self, text: str, messages: Sequence[TemplateMessage]) -> bool:
        try:
            return text in self.render(messages)
        except ModelError:
            return False

    @cached_property
    def image_text(self) -> str:
        """What stands for an image among the parts of a message, without white space around it.

        Empty if images are left out or refused.  A template may write them where they stand or before all text.
        """
        before, after = TextPart("f6b1before"), TextPart("f6b1after")
        image = ImagePart("f6b1image", "image/png")
        try:
            plain = self.render(list_for_template([Message("user", (before, after))], lists=True))
            shown = self.render(list_for_template([Message("user", (before, image, after))]))
        except ModelError:
            return ""
        head, _, rest = shown.partition(before.text)
        between, found, _ = rest.partition(after.text)
        if not found or image.hash in shown:  # it takes texts only, and has written the list itself
            return ""
        return between.strip() or head.removeprefix(plain.partition(before.text)[0]).strip()

    def ask(self, told: Sequence[Message], begun: str = "") -> str:
        """Return messages as the model reads them, up to its answer, or to the end of how that has ``begun``.

        Where a system message has no place of its own, it stands before the text of the first user.
        """
        told = told if self.takes_system else fold_system(told)
        if begun:
            try:
                answer = Message("assistant", (TextPart(begun + END),))
                listed = list_for_template([*told, answer], lists=self.lists_contents)
                whole = self.render(listed, add_generation_prompt=False)
            except ModelError:
                whole = ""  # it takes no unanswered turn of the assistant's
            if END in whole:
                return whole[: whole.rindex(END)]
        return self.render(list_for_template(told, lists=self.lists_contents)) + begun

    def _write_date(self, form: str) -> str:
        self.asks_the_date = True
        return self._day.strftime(form)

    def _make_error(self, message: str) -> ModelError:
        return ModelError(message, fix="Give a template of your own with `chat: PATH`.", where=self._where)


def _say(error: Exception) -> str:
    return str(error).rstrip(".")


def _to_json(value: object, indent: int | None = None, ensure_ascii: bool = False, sort_keys: bool = False) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=ensure_ascii, sort_keys=sort_keys)


def _refuse(message: str) -> NoReturn:
    raise jinja2.TemplateError(str(message))
