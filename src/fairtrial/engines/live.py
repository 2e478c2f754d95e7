"""Answering requests that come and go, side by side: what a server needs of an engine beyond `Engine`.

A *writing* is one answer as it grows.  Whoever began it takes what may be given of it by now, after each pass; a lever
between the two holds back what it must.  Everything happens in one thread.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from fairtrial.errors import EngineError, FairtrialError
from fairtrial.records import GenerateAnswer, GenerateRequest


class NoRoomError(EngineError):
    """A request is too long to be answered beside others; `Engine.generate` may answer it."""


class TokenNote(NamedTuple):
    """A token and how likely it was.

    Attributes:
        token: its number.
        data: its bytes; empty of a special token.
        logprob: nats, whatever the temperature; None of the first token of a text, which nothing predicts.
        top: the likeliest tokens there, likeliest first, each with its bytes and its log-probability.
    """

    token: int
    data: bytes
    logprob: float | None
    top: tuple[tuple[bytes, float], ...] = ()


class ToolTalk(NamedTuple):
    """A conversation with tools, in place of a request's prompt; both are JSON texts, as a chat template reads them.

    Attributes:
        messages: a list, with calls and their results among them.
        tools: a list of them.
        loose: names of those whose calls are told where they are all of an answer, without tags.
        several: whether more than one call may be made.
    """

    messages: str
    tools: str
    loose: tuple[str, ...] = ()
    several: bool = True

    @property
    def offers(self) -> bool:
        """Whether there is a tool that may be called."""
        return bool(json.loads(self.tools))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted beside the text.

    Attributes:
        top: notes of every new token with so many alternatives; None: no notes.
        echo: notes of the prompt's tokens, too.
        grammar: what the answer must be, in llama.cpp's notation (GBNF); empty: anything.
        after: text of the answer behind which alone the grammar holds; empty: all of the answer.
        tokens: the prompt as tokens, in place of the request's; None: as the request says.
        talk: a conversation with tools, in place of the request's prompt; None: there is none.
    """

    top: int | None = None
    echo: bool = False
    grammar: str = ""
    after: str = ""
    tokens: tuple[int, ...] | None = None
    talk: ToolTalk | None = None


NOTHING = Wishes()


class AnswerPiece(NamedTuple):
    """What may be given of an answer since the last time, in its two parts."""

    text: str = ""
    thought: str = ""


class Writing(Protocol):
    """An answer as it grows."""

    @property
    def notes(self) -> Sequence[TokenNote]:
        """Notes of the tokens so far, those of the prompt first, where they were asked for."""
        ...

    def take(self) -> AnswerPiece:
        """Return what may be given by now and was not taken before; all of the rest once it has ended.

        Raises what went wrong.
        """
        ...

    @property
    def answer(self) -> GenerateAnswer | None:
        """The whole answer once it has ended, the same as `Engine.generate` gives."""
        ...

    @property
    def error(self) -> FairtrialError | None:
        """Why there will be no answer."""
        ...


@runtime_checkable
class LiveEngine(Protocol):
    """Answers requests side by side; see `CanAnswerLive`.

    Attributes:
        places: how many answers grow at once.
    """

    places: int

    def begin(self, request: GenerateRequest, wishes: Wishes = NOTHING) -> Writing:
        """Begin an answer; the next passes go on with it.

        Raises TooLongError or CapabilityError as `Engine.check` does, and NoRoomError.
        """
        ...

    def advance(self) -> None:
        """Send one pass for all answers that have not ended; what fails is told by the writings."""
        ...

    def cancel(self, writing: Writing) -> None:
        """Stop an answer that nobody waits for any more."""
        ...

    def close(self) -> None:
        """Give up what it holds."""
        ...


@runtime_checkable
class CanAnswerLive(Protocol):
    """An engine that can answer live."""

    def open_live(self, places: int) -> LiveEngine | None:
        """Return what answers live, with at most so many answers growing at once; None where this model cannot."""
        ...


@runtime_checkable
class ReadsTools(Protocol):
    """What answers live and can be given tools, if the model's chat template has a place for them."""

    def explain_no_tools(self) -> str:
        """Return why it cannot be given tools; empty if it can."""
        ...


@runtime_checkable
class ReadsTokens(Protocol):
    """What answers live and tells the model's own tokens."""

    def tokenize(self, text: str, *, begins: bool = False) -> list[int]:
        """Return the tokens of a text; ``begins``: behind the one that the model puts before a text.

        Special tokens that a text shows are plain characters, unless the text is one and nothing else.
        """
        ...

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens.  Raises SpecError for one that there is none of."""
        ...

    def describe_tokens(self) -> dict[str, object]:
        """Return the tokens that begin and end texts, and the chat template in use, as JSON values."""
        ...


def settle_pieces(given: AnswerPiece, text: str, thought: str) -> tuple[AnswerPiece, AnswerPiece]:
    """Return what is new in texts of which some was given, and all that is given then.

    A text that was begun otherwise gives nothing more.
    """
    new_text = text[len(given.text) :] if text.startswith(given.text) else ""
    new_thought = thought[len(given.thought) :] if thought.startswith(given.thought) else ""
    return AnswerPiece(new_text, new_thought), AnswerPiece(given.text + new_text, given.thought + new_thought)
