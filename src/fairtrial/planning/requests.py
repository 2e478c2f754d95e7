"""A task's requests as one candidate gets them, item by item and chunk by chunk.  Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from fairtrial.errors import SpecError
from fairtrial.planning.base import PlannedCandidate, PlannedTask
from fairtrial.planning.sampling import hash_to_int
from fairtrial.records import GenerateRequest, Item, Pair, Request, ScoreRequest
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.functions import asks_for, is_function
from fairtrial.spec.recorded import format_key
from fairtrial.spec.schemes import scheme_of
from fairtrial.tasks.base import Task, hide_answers, list_answer_columns
from fairtrial.tasks.variants.prompting import read_prompt_template

CHUNK_ITEMS = 50
"""Items of one chunk: enough for full batches, few enough to lose when a run is killed."""


@dataclass(frozen=True, slots=True)
class ItemRequests:
    """One item with the requests that one candidate gets for one repeat of it."""

    item: Item
    repeat: int
    requests: tuple[Request, ...]


def make_chunks(task: PlannedTask, candidate: PlannedCandidate) -> Iterator[list[ItemRequests]]:
    """Yield the chunks of one task for one candidate, repeats included; none if it is not asked this task."""
    if candidate.name in task.unasked:
        return
    form = task.for_candidate(candidate.spec)
    for start in range(0, len(task.items), CHUNK_ITEMS):
        yield [
            ItemRequests(item, repeat, requests)
            for item in task.items[start : start + CHUNK_ITEMS]
            for repeat, requests in enumerate(make_requests(form, candidate.spec, item, task.entry.repeats))
        ]


def make_requests(task: Task, candidate: Candidate, item: Item, repeats: int = 1) -> list[tuple[Request, ...]]:
    """Return the requests that a candidate gets for an item, for each repeat of it."""
    hidden = list_answer_columns(task) if candidate.prompt else ()
    asked = [write_question(request, candidate, item, hidden) for request in task.requests(item)]
    if asks_for(candidate.model, "row"):
        row = json.dumps(hide_answers(task, item), ensure_ascii=False, sort_keys=True)
        asked = [replace(one, row=row) if isinstance(one, GenerateRequest) else one for one in asked]
    return [
        tuple(address_request(settle_request(request, candidate, repeat), candidate, item) for request in asked)
        for repeat in range(repeats)
    ]


def write_question(request: Request, candidate: Candidate, item: Item, hidden: Collection[str] | None = ()) -> Request:
    """Return the request with its question written by the candidate's own prompt, which sees no hidden column.

    Raises SpecError if that cannot be done.
    """
    if not candidate.prompt:
        return request
    try:
        return read_prompt_template(candidate.prompt).apply(request, item, hidden)
    except SpecError as error:
        at = request.label or f"item {item.doc_id}"
        raise SpecError(f"candidate {candidate.id!r}, {at}: {error.message}", fix=error.fix) from error


def settle_request(request: Request, candidate: Candidate, repeat: int) -> Request:
    """Return the request as this candidate gets it: its decoding settings win over the task's.

    Few-shot examples stay turns of their own where its chat template is to show them so.

    A sampled request gets a seed made from the request itself and the repeat, so that it depends neither on order nor
    on the batch nor on the trial: a repeat of an item is the same answer in every trial of one ledger.  A greedy one
    has seed 0, and its repeats are one and the same request; not so of a function, which is called again for each,
    since nobody knows whether it would say the same.
    """
    turns = candidate.chat != "none" and candidate.fewshot_as_multiturn
    if isinstance(request, ScoreRequest):
        return request if turns else join_turns(request)
    decoding = candidate.decoding
    prompt = request.prompt if turns else request.prompt.in_one_turn()
    own = {
        name: value
        for name in ("temperature", "top_p", "top_k", "max_tokens")
        if (value := getattr(decoding, name)) is not None
    }
    settled: GenerateRequest = replace(request, **own, prompt=prompt, stop=(*request.stop, *decoding.stop))
    if settled.temperature == 0:
        return replace(settled, seed=repeat if is_function(candidate.model) else 0)
    return replace(settled, seed=hash_to_int(f"{repeat} {settled.id}") >> 1)


def address_request(request: Request, candidate: Candidate, item: Item) -> Request:
    """Return the request with what finds the item's recorded answer, where that is not found by what is asked."""
    how = candidate.recorded
    if how.join == "question" or not _is_of_log(candidate):
        return request
    column = how.item or how.id
    by_number = how.join == "row" or column == "doc_id"
    value = item.doc_id if by_number else item.data.get(column)
    return replace(request, item_key="" if value is None else format_key(value))


def _is_of_log(candidate: Candidate) -> bool:
    scheme = scheme_of(candidate.model)
    return scheme is not None and scheme.answers == "log"


def join_turns(request: ScoreRequest) -> ScoreRequest:
    """Return the request with the examples of its prompts as running text."""
    told = {id(pair.prompt): pair.prompt for pair in request.pairs}  # mostly one, and it stays one
    if not any(prompt.examples for prompt in told.values()):
        return request
    joined = {at: prompt.in_one_turn() for at, prompt in told.items()}
    return replace(request, pairs=tuple(Pair(joined[id(pair.prompt)], pair.continuation) for pair in request.pairs))
