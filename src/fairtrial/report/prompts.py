"""The whole prompt as each candidate was sent it, for one item of each task.  Reads the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.ledger import Ledger, query
from fairtrial.records import Request, ScoreRequest, make_conversation
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary

LOOKED_AT = 200
"""Items of a task among which one is looked for that all candidates were asked."""


@dataclass(frozen=True, slots=True)
class SentPrompt:
    """What was sent about one item.

    Attributes:
        candidates: names of those that were sent just this.
        messages: role and text of each; one without a role is running text.
        begun: whether the last message is the beginning of the answer.
        scored: continuations whose likelihood was asked for; empty where text was asked for.
    """

    candidates: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]
    begun: bool
    scored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromptExamples:
    """One item of a task, as all were asked it."""

    task: str
    doc_id: int
    prompts: tuple[SentPrompt, ...]


def find_prompt_examples(ledger: Ledger, summary: Summary) -> list[PromptExamples]:
    """Return, for each task, the first item that the most candidates answered, and what each was sent."""
    found = (_find_on_task(ledger, summary, task) for task in summary.tasks)
    return [one for one in found if one is not None]


def _find_on_task(ledger: Ledger, summary: Summary, task: TaskSummary) -> PromptExamples | None:
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
    return PromptExamples(task.name, chosen, _group(best, summary.candidates)) if best else None


def _group(asked: dict[str, Request], candidates: Sequence[CandidateSummary]) -> tuple[SentPrompt, ...]:
    """Return the different prompts, each with the names of those that were sent it."""
    by_prompt: dict[tuple[tuple[tuple[str, str], ...], bool, tuple[str, ...]], list[str]] = {}
    for candidate in candidates:
        if candidate.name in asked:
            by_prompt.setdefault(_describe(asked[candidate.name], candidate), []).append(candidate.name)
    return tuple(SentPrompt(tuple(names), *told) for told, names in by_prompt.items())


def _describe(
    request: Request, candidate: CandidateSummary
) -> tuple[tuple[tuple[str, str], ...], bool, tuple[str, ...]]:
    """Return messages, whether the answer is begun, and what is scored."""
    prompt = request.prompts[0]
    scored = tuple(pair.continuation for pair in request.pairs) if isinstance(request, ScoreRequest) else ()
    if candidate.spec.document.get("chat", "none") == "none":
        return (("", prompt.plain()),), False, scored
    told = [(one.role, one.text) for one in make_conversation(prompt, str(candidate.spec.document.get("system") or ""))]
    begun = [("assistant", prompt.assistant)] if prompt.assistant else []
    return tuple([*told, *begun]), bool(begun), scored
