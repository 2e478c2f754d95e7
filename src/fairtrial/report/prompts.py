"""The whole prompt as each candidate was sent it, for one item of each task.  Reads the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.ledger import Ledger, query
from fairtrial.records import ImagePart, Request, ScoreRequest, make_conversation
from fairtrial.report.pictures import ReportPictures, ShownImage
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary

LOOKED_AT = 200
"""Items of a task among which one is looked for that all candidates were asked."""


_Told = tuple[tuple[tuple[str, str], ...], bool, tuple[str, ...], tuple[ImagePart, ...]]


@dataclass(frozen=True, slots=True)
class SentPrompt:
    """What was sent about one item.

    Attributes:
        candidates: names of those that were sent just this.
        messages: role and text of each; one without a role is running text.
        begun: whether the last message is the beginning of the answer.
        scored: continuations whose likelihood was asked for; empty where text was asked for.
        images: those that the messages show, in order.
    """

    candidates: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]
    begun: bool
    scored: tuple[str, ...]
    images: tuple[ShownImage, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptExamples:
    """One item of a task, as all were asked it."""

    task: str
    doc_id: int
    prompts: tuple[SentPrompt, ...]


def find_prompt_examples(
    ledger: Ledger, summary: Summary, pictures: ReportPictures | None = None
) -> list[PromptExamples]:
    """Return, for each task, the first item that the most candidates answered, and what each was sent."""
    pictures = pictures or ReportPictures(ledger)
    found = (_find_on_task(ledger, summary, task, pictures) for task in summary.tasks)
    return [one for one in found if one is not None]


def _find_on_task(
    ledger: Ledger, summary: Summary, task: TaskSummary, pictures: ReportPictures
) -> PromptExamples | None:
    order = query.read_order(ledger, summary.trial_id, task.content_id)
    places = sorted(range(len(order.item_ids)), key=lambda at: order.doc_ids[at])
    best: dict[str, Request] = {}
    chosen = 0
    for at in sorted(places[:LOOKED_AT], key=lambda place: place):
        asked = {}
        for candidate in summary.candidates:
            rows = query.read_item_answers(ledger, candidate.content_id, task.content_id, order.item_ids[at])
            if rows:
                asked[candidate.name] = rows[0][0]
        if len(asked) > len(best):
            best, chosen = asked, order.doc_ids[at]
        if len(best) == len(summary.candidates):
            break
    return PromptExamples(task.name, chosen, _group(best, summary.candidates, pictures)) if best else None


def _group(
    asked: dict[str, Request], candidates: Sequence[CandidateSummary], pictures: ReportPictures
) -> tuple[SentPrompt, ...]:
    """Return the different prompts, each with the names of those that were sent it."""
    by_prompt: dict[_Told, list[str]] = {}
    for candidate in candidates:
        if candidate.name in asked:
            by_prompt.setdefault(_describe(asked[candidate.name], candidate), []).append(candidate.name)
    return tuple(
        SentPrompt(tuple(names), messages, begun, scored, _show_images(images, pictures))
        for (messages, begun, scored, images), names in by_prompt.items()
    )


def _show_images(images: Sequence[ImagePart], pictures: ReportPictures) -> tuple[ShownImage, ...]:
    return tuple(pictures.show(image, f"image {number} of the prompt") for number, image in enumerate(images, 1))


def _describe(request: Request, candidate: CandidateSummary) -> _Told:
    """Return messages, whether the answer is begun, what is scored, and the images."""
    prompt = request.prompts[0]
    scored = tuple(pair.continuation for pair in request.pairs) if isinstance(request, ScoreRequest) else ()
    if candidate.spec.document.get("chat", "none") == "none":
        return (("", prompt.plain()),), False, scored, prompt.images
    told = [(one.role, one.text) for one in make_conversation(prompt, str(candidate.spec.document.get("system") or ""))]
    begun = [("assistant", prompt.assistant)] if prompt.assistant else []
    return tuple([*told, *begun]), bool(begun), scored, prompt.images
