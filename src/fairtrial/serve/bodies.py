"""What clients send, as far as it is understood; fields that are not known are left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from fairtrial.serve.errors import ApiError
from fairtrial.serve.parsing import read_json

MOST_TOKENS = 131_072
MOST_STOPS = 16
MOST_CHOICES = 16
MOST_TOP = 20
MOST_MESSAGES = 2048
MOST_PROMPTS = 256


def _check_stops(stop: str | list[str]) -> str | list[str]:
    if isinstance(stop, list) and len(stop) > MOST_STOPS:
        raise ValueError(f"at most {MOST_STOPS} strings; got {len(stop):,}")
    return stop


Stop = Annotated[StrictStr | list[StrictStr], AfterValidator(_check_stops)]
_Count = Annotated[StrictInt, Field(ge=1, le=MOST_TOKENS)]
_Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
B = TypeVar("B", bound=BaseModel)
LARGE = 128 << 10
"""Bytes of a body that is read while nobody else is answered; about a millisecond."""
TURN = asyncio.Semaphore(1)
"""Large bodies are read one at a time: each holds the interpreter, and much memory, for a moment."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", protected_namespaces=())


class StreamOptions(_Body):
    """How a stream ends."""

    include_usage: StrictBool | None = None


class Asked(_Body):
    """What both kinds of completions share."""

    model: StrictStr | None = None
    max_tokens: Annotated[StrictInt, Field(ge=0, le=MOST_TOKENS)] | None = None
    temperature: Annotated[_Number, Field(ge=0, le=5)] | None = None
    top_p: Annotated[_Number, Field(gt=0, le=1)] | None = None
    top_k: Annotated[StrictInt, Field(ge=0)] | None = None
    seed: StrictInt | None = None
    stop: Stop | None = None
    n: Annotated[StrictInt, Field(ge=1, le=MOST_CHOICES)] | None = None
    stream: StrictBool | None = None
    stream_options: StreamOptions | None = None
    frequency_penalty: _Number | None = None
    presence_penalty: _Number | None = None
    logit_bias: dict[str, _Number] | None = None


class ResponseFormat(_Body):
    """The form that an answer must have."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None
    held: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    """A schema beside ``json_object``, as llama.cpp's own server takes it."""


class ChatMessage(_Body):
    """One message of a conversation; its content is read by `fairtrial.serve.conversation`."""

    role: StrictStr
    content: StrictStr | list[dict[str, Any]] | None = None
    tool_calls: list[Any] | None = None
    tool_call_id: StrictStr | None = None


class ChatBody(Asked):
    """Of ``/chat/completions``."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MOST_MESSAGES)]
    max_completion_tokens: _Count | None = None
    logprobs: StrictBool | None = None
    top_logprobs: Annotated[StrictInt, Field(ge=0, le=MOST_TOP)] | None = None
    response_format: ResponseFormat | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    parallel_tool_calls: StrictBool | None = None
    functions: list[Any] | None = None

    def forget(self) -> None:
        """Let go of all that can be large, once it is read: many requests may wait for long."""
        self.messages, self.tools, self.functions = [], None, None
        self.tool_choice = self.response_format = None


KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "missing": "given",
    "too_short": "a list with at least one entry",
}
"""Pydantic's kind of error to what is allowed in JSON."""

JSON_WORDS: Mapping[type, str] = {
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}

TokenList = Annotated[list[StrictInt], Field(min_length=1, max_length=MOST_TOKENS)]


class CompletionBody(Asked):
    """Of ``/completions``."""

    prompt: StrictStr | TokenList | Annotated[list[StrictStr | TokenList], Field(min_length=1, max_length=MOST_PROMPTS)]
    logprobs: Annotated[StrictInt, Field(ge=0, le=MOST_TOP)] | None = None
    echo: StrictBool | None = None
    suffix: StrictStr | None = None
    best_of: StrictInt | None = None


class EmbeddingBody(_Body):
    """Of ``/embeddings``."""

    input: StrictStr | Annotated[list[StrictStr], Field(min_length=1, max_length=MOST_MESSAGES)]
    model: StrictStr | None = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: StrictInt | None = None


class TokenizeBody(_Body):
    """Of ``/tokenize``."""

    model: StrictStr | None = None
    prompt: StrictStr
    add_special_tokens: StrictBool | None = None


class DetokenizeBody(_Body):
    """Of ``/detokenize``."""

    model: StrictStr | None = None
    tokens: Annotated[list[StrictInt], Field(max_length=MOST_TOKENS)]


async def read_body(data: bytes, kind: type[B]) -> B:
    """Return the body of a request; a large one is read beside the loop, one at a time.

    Raises ApiError, which names the first field that is wrong.
    """
    if len(data) <= LARGE:
        return _read(data, kind)
    async with TURN:
        return await asyncio.to_thread(_read, data, kind)


def _read(data: bytes, kind: type[B]) -> B:
    found = read_json(data)
    if not isinstance(found, dict):
        told = next((word for one, word in JSON_WORDS.items() if isinstance(found, one)), "null")
        raise ApiError(400, f"the body must be a JSON object; it is {told}.")
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        at, told = _word_first(error)
        raise ApiError(400, f"{at or 'body'}: {told}.", param=at.partition(".")[0]) from None
    except RecursionError:
        raise ApiError(400, "the body is nested too deeply.") from None


def _word_first(error: ValidationError) -> tuple[str, str]:
    """Return where the first wrong field stands, and what it must be: of several forms, those that it is nearest to."""
    found = error.errors(include_url=False, include_input=False)
    places = [tuple(part for part in one["loc"] if not _names_form(part)) for one in found]
    place = max((at for at in places if at[:1] == places[0][:1]), key=len)
    alike = [one for one, at in zip(found, places, strict=True) if at == place]
    for one, at in zip(found, places, strict=True):
        if one["type"] == "too_long":
            return ".".join(map(str, at)), f"at most {one['ctx']['max_length']:,} entries"
    allowed = [KINDS[one["type"]] for one in alike if one["type"] in KINDS]
    if len(allowed) == len(alike):
        told = f"it must be {' or '.join(dict.fromkeys(allowed))}"
    else:
        told = alike[0]["msg"].removeprefix("Value error, ").replace("Input should be", "it must be")
    return ".".join(map(str, place)), told


def _names_form(part: int | str) -> bool:
    """Return whether part of a location names one of the forms that a field may have, not the field."""
    return isinstance(part, str) and (part == "str" or "[" in part)


def refuse_unknown_effects(body: Asked) -> None:
    """Raise ApiError for settings that would change an answer and that no engine here has."""
    for name in ("frequency_penalty", "presence_penalty"):
        if getattr(body, name):
            raise ApiError(400, f"{name} is not supported: leave it out, or set it to 0.", param=name)
    if body.logit_bias:
        raise ApiError(400, "logit_bias is not supported: leave it out.", param="logit_bias")
