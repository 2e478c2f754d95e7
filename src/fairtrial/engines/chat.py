"""Chat templates: the Jinja text that turns messages into what a chat model was trained to read.

A template comes with a model file, so it is hostile input: it runs in Jinja's immutable sandbox, with the few
functions that such templates expect and no loader.  Knows nothing of tokens or engines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NoReturn

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from fairtrial.errors import ModelError

Message = Mapping[str, str]
_LONGEST = 1 << 20  # characters of a template's source


class ChatTemplate:
    """A compiled chat template.

    Attributes:
        sha256: of the template's source.
    """

    def __init__(self, source: str, *, bos: str = "", eos: str = "", where: str = "") -> None:
        """Compile ``source``.

        Args:
            source: Jinja text.
            bos: the begin-of-text token as text, for the template to write.
            eos: the end-of-text token as text.
            where: the file it came from, for errors.

        Raises:
            ModelError: if it is no Jinja template.
        """
        if len(source) > _LONGEST:
            raise ModelError(
                f"The chat template has {len(source):,} characters; at most {_LONGEST:,} are read.", where=where
            )
        self.sha256 = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
        self._where = where
        self._tokens = {"bos_token": bos, "eos_token": eos}
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = _now
        try:
            self._template = environment.from_string(source)
        except (jinja2.TemplateError, RecursionError) as error:
            raise self._error(f"The chat template cannot be read: {error}.") from error

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        """Return ``messages`` as the model reads them.

        Args:
            messages: each with ``role`` (system, user, assistant) and ``content``.
            add_generation_prompt: end with the beginning of the assistant's turn.

        Raises:
            ModelError: if the template refuses the messages, e.g. because it takes no system message.
        """
        try:
            return self._template.render(
                messages=[dict(m) for m in messages], add_generation_prompt=add_generation_prompt, **self._tokens
            )
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            roles = ", ".join(m["role"] for m in messages)
            raise self._error(f"The chat template refuses messages of the roles {roles}: {error}.") from error

    def _error(self, message: str) -> ModelError:
        return ModelError(message, fix="Give a template of your own with `chat: PATH`.", where=self._where)


def _to_json(value: object, indent: int | None = None, ensure_ascii: bool = False, sort_keys: bool = False) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=ensure_ascii, sort_keys=sort_keys)


def _refuse(message: str) -> NoReturn:
    raise jinja2.TemplateError(str(message))


def _now(form: str) -> str:
    return datetime.now().strftime(form)
