"""What a model is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Turn:
    """A few-shot example as a turn of user and assistant, and what stands between and after them in running text.

    Attributes:
        user: the example's question.
        assistant: its answer; empty if the example shows none.
        between: stands between question and answer in running text.
        after: stands after the answer in running text.
    """

    user: str
    assistant: str
    between: str = " "
    after: str = "\n\n"

    def plain(self) -> str:
        """Return the turn as running text."""
        return self.user + self.between + self.assistant + self.after


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is shown, kept in parts so that a chat template can place them.

    Attributes:
        user: the question, ready to be read as running text; few-shot examples come before it where they are no turns.
        system: a task description that comes before everything; a template makes it the system message.
        assistant: the beginning of the answer, given by the task; a template leaves it open for continuation.
        turns: few-shot examples, each a turn of the conversation of its own.
    """

    user: str
    system: str = ""
    assistant: str = ""
    turns: tuple[Turn, ...] = ()

    def plain(self) -> str:
        """Return the prompt as running text, for models that are asked without a chat template."""
        return self.system + "".join(turn.plain() for turn in self.turns) + self.user + self.assistant

    def in_one_turn(self) -> Prompt:
        """Return the prompt with its examples in the user's one turn, as running text."""
        if not self.turns:
            return self
        return Prompt("".join(turn.plain() for turn in self.turns) + self.user, self.system, self.assistant)

    def document(self) -> dict[str, Any]:
        """Return the prompt as JSON values; without the key ``turns`` if there are none."""
        body = asdict(self)
        if not self.turns:
            del body["turns"]
        return body


def identity_of(prompt: Prompt) -> list[Any]:
    """Return what identifies a prompt; the hashes of those without turns are as old as the ledger."""
    turns = [[[t.user, t.assistant, t.between, t.after] for t in prompt.turns]] if prompt.turns else []
    return [*turns, prompt.system, prompt.user, prompt.assistant]
