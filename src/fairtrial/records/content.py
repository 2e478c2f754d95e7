"""What a model is shown: messages of parts, a part being text or an image that is named by the hash of its bytes.

Bytes of images are in the ledger, once; here are only their names.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fairtrial.records.hashing import hash_bytes

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")

PLACEHOLDER = "<image>"
"""Stands for an image in running text, as in the prompts of lm-evaluation-harness."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text in a message."""

    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image in a message.

    Attributes:
        hash: 32 hexadecimal digits, of its bytes; see `hash_bytes`.
        media_type: e.g. ``image/png``.
    """

    hash: str
    media_type: str

    @classmethod
    def of(cls, data: bytes, media_type: str) -> ImagePart:
        """Return the name of an image of these bytes."""
        return cls(hash_bytes(data), media_type)


def make_data_url(media_type: str, data: bytes) -> str:
    """Return an image as a ``data:`` URL (RFC 2397)."""
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def name_image(image: ImagePart) -> str:
    """Return what stands for an image in running text where texts about different images must differ."""
    return f"<image {image.hash}>"


Part = TextPart | ImagePart


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: whose it is.
        parts: what it shows; pieces of text that follow each other become one.
        after: stands after it in running text; a chat template leaves it out.
        thought: what the assistant has thought before it, to its end; empty if nothing, None if it is still to think.
    """

    role: Role
    parts: tuple[Part, ...]
    after: str = ""
    thought: str | None = None

    def __post_init__(self) -> None:
        """Give the same content the same parts."""
        object.__setattr__(self, "parts", _merge_texts(self.parts))

    @property
    def text(self) -> str:
        """The message as running text, with a placeholder for each image."""
        first = self.parts[0] if len(self.parts) == 1 else None
        return first.text if isinstance(first, TextPart) else render_parts(self.parts)

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """The images that it shows."""
        return tuple(part for part in self.parts if isinstance(part, ImagePart))


def make_example(
    question: str | Sequence[Part], answer: str, between: str = " ", after: str = "\n\n"
) -> tuple[Message, Message]:
    """Return a few-shot example as a message of the user's and one of the assistant's.

    Args:
        question: what the user asks.
        answer: what the assistant answers; empty if the example shows none.
        between: stands between the two in running text.
        after: stands after them in running text.
    """
    return Message("user", _parts_of(question), between), Message("assistant", _parts_of(answer), after)


def place_images(text: str, images: Sequence[ImagePart]) -> tuple[Part, ...]:
    """Return a text with its placeholders as the images that they stand for, in order.

    Raises ValueError if there are not as many placeholders as images; without images a placeholder is plain text.
    """
    if not images:
        return (TextPart(text),)
    first, *others = text.split(PLACEHOLDER)
    if len(others) != len(images):
        raise ValueError(f"the text has {len(others)} times {PLACEHOLDER}, and there are {len(images)} images")
    parts: list[Part] = [TextPart(first)]
    for image, following in zip(images, others, strict=True):
        parts += [image, TextPart(following)]
    return tuple(parts)


def render_parts(parts: Iterable[Part], show: Callable[[ImagePart], str] = lambda _: PLACEHOLDER) -> str:
    """Return parts as running text; ``show`` says what stands for an image."""
    return "".join(part.text if isinstance(part, TextPart) else show(part) for part in parts)


def render_messages(messages: Iterable[Message], show: Callable[[ImagePart], str] = lambda _: PLACEHOLDER) -> str:
    """Return messages as running text, each with what stands after it."""
    return "".join(
        write_thought(message.thought) + render_parts(message.parts, show) + message.after for message in messages
    )


def write_thought(thought: str | None) -> str:
    """Return a thought that has ended as running text, in the commonest tags; empty without one."""
    return "" if thought is None else f"<think>\n{thought}\n</think>\n\n"


@dataclass(frozen=True, slots=True, init=False)
class Prompt:
    """What a model is shown, as messages, so that a chat template can place them.

    The first message may be the system's, a task description.  Then come few-shot examples, each a message of the
    user's and one of the assistant's; then the user's question; last, where the task begins the answer, a message of
    the assistant's that a template leaves open.

    Attributes:
        messages: at least the question.
    """

    messages: tuple[Message, ...]

    def __init__(
        self,
        user: str | Sequence[Part],
        system: str = "",
        assistant: str = "",
        examples: Iterable[Message] = (),
        thought: str | None = None,
    ) -> None:
        """Make a prompt of its question and what stands around it.

        Args:
            user: the question, ready to be read as running text; examples come before it where they are no messages.
            system: a task description that comes before everything.
            assistant: the beginning of the answer, given by the task.
            examples: see `make_example`.
            thought: see `Message`; of the answer that is to come.
        """
        head = [Message("system", (TextPart(system),))] if system else []
        some = bool(assistant) or thought is not None
        begun = [Message("assistant", (TextPart(assistant),), thought=thought)] if some else []
        told = (*head, *examples, Message("user", _parts_of(user)), *begun)
        object.__setattr__(self, "messages", told)

    @classmethod
    def from_messages(cls, messages: Sequence[Message]) -> Prompt:
        """Return the prompt of these messages.  Raises ValueError if they are no prompt."""
        asked = messages[:-1] if messages and messages[-1].role == "assistant" else messages
        begun = messages and (messages[-1].parts or messages[-1].thought is not None)
        messages = messages if begun else asked
        if not asked or asked[-1].role != "user" or any(one.role == "system" for one in asked[1:]):
            told = ", ".join(one.role for one in messages)
            raise ValueError(f"a prompt ends with a question of the user's or a begun answer to it, not: {told}")
        prompt = object.__new__(cls)
        object.__setattr__(prompt, "messages", tuple(messages))
        return prompt

    @property
    def system(self) -> str:
        """The task description; empty if there is none."""
        return self.messages[0].text if self.messages[0].role == "system" else ""

    @property
    def examples(self) -> tuple[Message, ...]:
        """The messages between the task description and the question."""
        return self.messages[int(self.messages[0].role == "system") : self._asked]

    @property
    def question(self) -> Message:
        """The message that is to be answered."""
        return self.messages[self._asked]

    @property
    def user(self) -> str:
        """The question as text, with a placeholder for each image."""
        return self.question.text

    @property
    def assistant(self) -> str:
        """The beginning of the answer; empty if the task gives none."""
        return self.messages[-1].text if self.messages[-1].role == "assistant" else ""

    @property
    def thought(self) -> str | None:
        """What has been thought already; empty if nothing shall be, None if the model is still to think."""
        return self.messages[-1].thought

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """All images, in the order in which they are shown."""
        parts = [part for message in self.messages for part in message.parts]
        return tuple([part for part in parts if isinstance(part, ImagePart)])

    @property
    def _asked(self) -> int:
        return len(self.messages) - (2 if self.messages[-1].role == "assistant" else 1)

    def plain(self, show: Callable[[ImagePart], str] = lambda _: PLACEHOLDER) -> str:
        """Return the prompt as running text, for models that are asked without a chat template."""
        return render_messages(self.messages, show)

    def in_one_turn(self) -> Prompt:
        """Return the prompt with its examples in the user's one turn, as running text."""
        if not self.examples:
            return self
        shown = [part for one in self.examples for part in (*one.parts, TextPart(one.after))]
        return Prompt([*shown, *self.question.parts], self.system, self.assistant, thought=self.thought)

    def with_question(self, text: str) -> Prompt:
        """Return the prompt with another text as its question; placeholders in it stand for the images as before."""
        parts = place_images(text, self.question.images)
        return Prompt(parts, self.system, self.assistant, self.examples, self.thought)

    def with_answer(self, begun: str, thought: str | None = None) -> Prompt:
        """Return the prompt with another beginning of the answer, after what has been thought."""
        return Prompt(self.question.parts, self.system, begun, self.examples, thought)

    def document(self) -> dict[str, Any]:
        """Return the prompt as JSON values, in the oldest form that has room for it.

        That of text alone is as old as the ledger and enters the ids of requests, so it must never change.
        """
        examples = self.examples
        roles = tuple([message.role for message in examples])
        others = (*self.messages[: int(self.messages[0].role == "system")], *self.messages[self._asked :])
        odd = self.thought is not None or any([message.after and message not in examples for message in others])
        if odd or self.images or roles != ("user", "assistant") * (len(roles) // 2):
            return {"messages": [_describe(message) for message in self.messages]}
        body: dict[str, Any] = {"user": self.user, "system": self.system, "assistant": self.assistant}
        if examples:
            body["turns"] = [
                {"user": asked.text, "assistant": given.text, "between": asked.after, "after": given.after}
                for asked, given in zip(examples[::2], examples[1::2], strict=True)
            ]
        return body

    def identity(self) -> list[Any]:
        """Return what of the prompt enters the id of a request for scores."""
        body = self.document()
        if "messages" in body:
            return [body]
        turns = [[turn[key] for key in ("user", "assistant", "between", "after")] for turn in body.get("turns", ())]
        return [*([turns] if turns else []), body["system"], body["user"], body["assistant"]]

    @classmethod
    def from_document(cls, body: Mapping[str, Any]) -> Prompt:
        """Return the prompt that `document` described; raises KeyError, TypeError or ValueError if that is none."""
        if "messages" in body:
            return cls.from_messages([_read_message(message) for message in body["messages"]])
        turns = [
            make_example(*(_text_of(turn[key]) for key in ("user", "assistant", "between", "after")))
            for turn in body.get("turns", ())
        ]
        user, system, assistant = (_text_of(body[key]) for key in ("user", "system", "assistant"))
        return cls(user, system, assistant, [message for turn in turns for message in turn])


def _parts_of(content: str | Sequence[Part]) -> tuple[Part, ...]:
    return (TextPart(content),) if isinstance(content, str) else tuple(content)


def _merge_texts(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    if len(parts) == 1 and (isinstance(parts[0], ImagePart) or parts[0].text):
        return parts
    merged: list[Part] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, TextPart):
            texts.append(part.text)
            continue
        if text := "".join(texts):
            merged.append(TextPart(text))
        merged.append(part)
        texts.clear()
    if text := "".join(texts):
        merged.append(TextPart(text))
    return tuple(merged)


def _describe(message: Message) -> dict[str, Any]:
    parts = [
        {"text": part.text} if isinstance(part, TextPart) else {"image": part.hash, "media_type": part.media_type}
        for part in message.parts
    ]
    after = {"after": message.after} if message.after else {}
    thought = {} if message.thought is None else {"thought": message.thought}
    return {"role": message.role, "parts": parts, **after, **thought}


def _read_message(body: Mapping[str, Any]) -> Message:
    parts = tuple(
        ImagePart(_text_of(part["image"]), _text_of(part["media_type"]))
        if "image" in part
        else TextPart(_text_of(part["text"]))
        for part in body["parts"]
    )
    if body["role"] not in ROLES:
        raise ValueError(f"{body['role']!r} is no role")
    thought = _text_of(body["thought"]) if "thought" in body else None
    return Message(body["role"], parts, _text_of(body.get("after", "")), thought)


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value
