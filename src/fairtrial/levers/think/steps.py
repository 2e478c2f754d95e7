"""Prompts of a thought: asked for, and given back before the answer.  Pure.

In steps, the line with which a task asks for its answer is taken off the question; the answer begins with the opener
and what was thought, and then comes that line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from fairtrial.records import Part, Prompt, TextPart

CUE = "Answer:"
"""What asks for the answer where neither the task nor the candidate says so."""

LONGEST_CUE = 60
"""Characters of the last line of a question that can be a cue."""

HEAD = re.compile(r"\s*([^\W\d_][\w ]{0,30}:)")
"""What questions begin with in running text, as ``Question:``."""


class SteppedQuestion(NamedTuple):
    """A question that is to be thought about in steps.

    Attributes:
        prompt: without its cue; the answer has not begun.
        cue: what asks for the answer.
        stop: strings at which the thought has come to its end: the cue, or the beginning of another question.
    """

    prompt: Prompt
    cue: str
    stop: tuple[str, ...]


def split_question(prompt: Prompt, cue: str, in_chat: bool) -> SteppedQuestion:
    """Return a question in its parts.

    Args:
        prompt: what the task asks.
        cue: the candidate's own; empty for the task's.
        in_chat: whether a chat template stands around it, so that no other question follows.
    """
    parts, last = _split_last_line(prompt.question.parts)
    told = cue or " ".join(filter(None, (last, prompt.assistant.strip()))) or CUE
    ends = {"\n" + line for line in (told, last) if line}
    head = HEAD.match(prompt.user)
    if head and not in_chat:
        ends.add("\n" + head[1])
    return SteppedQuestion(Prompt(parts, prompt.system, examples=prompt.examples), told, tuple(sorted(ends)))


def begin_steps(question: SteppedQuestion, opener: str) -> Prompt:
    """Return the prompt that is to be gone on with as a thought."""
    return question.prompt.with_answer(opener)


def ask_after_steps(question: SteppedQuestion, opener: str, thought: str, gap: str = "") -> Prompt:
    """Return the prompt that asks for the answer after a thought; ``gap`` stands after the cue."""
    return question.prompt.with_answer(f"{opener}{thought.rstrip()}\n{question.cue}{gap}")


def is_thinkable(prompt: Prompt) -> bool:
    """Return whether there is a question in a prompt; texts are also scored after none, for comparison."""
    return bool(prompt.images) or any(char.isalnum() for char in prompt.user)


def _split_last_line(parts: Sequence[Part]) -> tuple[list[Part], str]:
    """Return the parts of a question without its cue, ending in a line's end, and the cue; empty if it has none."""
    *before, end = parts or (TextPart(""),)
    if not isinstance(end, TextPart):
        return [*before, end, TextPart("\n")], ""
    head, line_end, last = end.text.rstrip().rpartition("\n")
    if line_end and last.strip().endswith(":") and len(last) <= LONGEST_CUE:
        return [*before, TextPart(head.rstrip() + "\n")], last.strip()
    return [*before, TextPart(end.text.rstrip() + "\n")], ""
