"""A prompt as the messages of a conversation, with the candidate's own system message."""

from __future__ import annotations

from fairtrial.records.content import Message, Prompt, TextPart


def make_conversation(prompt: Prompt, system: str) -> list[Message]:
    """Return a prompt's messages, but for the beginning of the answer; every candidate gets the same ones.

    Args:
        prompt: what the task asks.
        system: the candidate's own system message, which comes before the task's description.
    """
    head = join_texts(system, prompt.system)
    found = [Message("system", (TextPart(head),))] if head else []
    shown = [message for message in prompt.examples if message.parts or message.role == "user"]
    return [*found, *shown, prompt.question]


def join_texts(before: str, after: str) -> str:
    """Return two texts as one, with an empty line between them unless one has white space there already."""
    gap = "" if not before or not after or before[-1].isspace() or after[0].isspace() else "\n\n"
    return before + gap + after
