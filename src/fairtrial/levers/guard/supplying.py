"""What a request supplies to answer from: passages that an archive's lever shows, else documents in the prompt."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from fairtrial.engines.base import Engine
from fairtrial.levers.guard.checks.base import Looked, Supplied
from fairtrial.records import Answer, GenerateRequest, Prompt, Request

LEAST = 30
"""Words beside the question from which a prompt is said to supply documents."""


@runtime_checkable
class ShowsPassages(Protocol):
    """An engine that shows passages of an archive before a question."""

    def list_shown(self, request: Request) -> list[tuple[int, str, str]]:
        """Return number, publisher and words of what is shown for a request."""
        ...


def find_archive(engine: object) -> ShowsPassages | None:
    """Return the engine of an archive's lever within a candidate's engine; None if there is none."""
    while engine is not None:
        if isinstance(engine, ShowsPassages):
            return engine
        engine = getattr(engine, "engine", None)
    return None


def look_at_question(prompt: Prompt, searched: bool) -> Looked:
    """Return the question of a prompt in its surroundings; documents are what else the prompt says."""
    turns = tuple(one.text for one in prompt.examples if one.role == "user")
    said = tuple(one.text for one in prompt.examples if one.role == "assistant")
    asked, documents = split_documents(prompt)
    supplied = Supplied(((0, "", documents),) if documents else (), searched=searched)
    return Looked("input", prompt.user, asked, turns, said, supplied=supplied)


def split_documents(prompt: Prompt) -> tuple[str, str]:
    """Return the question, and what of the prompt may be documents to answer it from; empty if it is too little.

    Where they stand in one message, the question is its last paragraph, or the first one if that alone asks.
    """
    paragraphs = [one for one in prompt.user.split("\n\n") if one.strip()]
    asked, rest = prompt.user, list[str]()
    if len(paragraphs) > 1:
        last = paragraphs[-1]
        at = 0 if "?" not in last and "?" in paragraphs[0] else len(paragraphs) - 1
        asked, rest = paragraphs[at], [one for i, one in enumerate(paragraphs) if i != at]
    documents = "\n\n".join(filter(None, [prompt.system, *rest]))
    return (asked, documents) if len(documents.split()) >= LEAST else (prompt.user, "")


def find_supplied(engine: Engine, request: GenerateRequest, answer: Answer, question: Looked) -> Supplied:
    """Return what an answer was to be taken from, and what it cites as far as an archive's lever knows."""
    archive = find_archive(engine)
    if archive is None:
        return question.supplied
    cited = frozenset(use.number for step in answer.trace for use in step.passages if use.cited and use.number)
    return Supplied(tuple(archive.list_shown(request)), cited, searched=True)
