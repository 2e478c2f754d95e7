"""A task's request as one candidate gets it.  Pure."""

from __future__ import annotations

from dataclasses import replace

from fairtrial.planning.sampling import stable_int
from fairtrial.records import GenerateRequest, Item, Request, ScoreRequest
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.recorded import key_text


def settle(request: Request, candidate: Candidate, repeat: int) -> Request:
    """Return the request as this candidate gets it: its decoding settings win over the task's.

    Few-shot examples stay turns of their own where its chat template is to show them so.

    A sampled request gets a seed made from the request itself and the repeat, so that it depends neither on order nor
    on the batch nor on the trial: a repeat of an item is the same answer in every trial of one ledger.  A greedy one
    has seed 0, and its repeats are one and the same request.
    """
    turns = candidate.chat != "none" and candidate.fewshot_as_multiturn
    if isinstance(request, ScoreRequest):
        return request if turns else in_one_turn(request)
    decoding = candidate.decoding
    prompt = request.prompt if turns else request.prompt.in_one_turn()
    own = {
        name: value
        for name in ("temperature", "top_p", "top_k", "max_tokens")
        if (value := getattr(decoding, name)) is not None
    }
    settled: GenerateRequest = replace(request, **own, prompt=prompt, stop=(*request.stop, *decoding.stop))
    if settled.temperature == 0:
        return replace(settled, seed=0)
    return replace(settled, seed=stable_int(f"{repeat} {settled.id}") >> 1)


def address(request: Request, candidate: Candidate, item: Item) -> Request:
    """Return the request with what finds the item's recorded answer, where that is not found by what is asked."""
    how = candidate.recorded
    if how.join == "question" or not candidate.model.startswith("import:"):
        return request
    column = how.item or how.id
    by_number = how.join == "row" or column == "doc_id"
    value = item.doc_id if by_number else item.data.get(column)
    return replace(request, item_key="" if value is None else key_text(value))


def in_one_turn(request: ScoreRequest) -> ScoreRequest:
    """Return the request with the examples of its prompts as running text."""
    if not any(pair.prompt.turns for pair in request.pairs):
        return request
    return replace(request, pairs=tuple(replace(pair, prompt=pair.prompt.in_one_turn()) for pair in request.pairs))
