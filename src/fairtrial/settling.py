"""A task's request as one candidate gets it.  Pure."""

from __future__ import annotations

from dataclasses import replace

from fairtrial.drawing import stable_int
from fairtrial.records import GenerateRequest, Request, ScoreRequest
from fairtrial.spec.candidate import Decoding


def settle(request: Request, decoding: Decoding, repeat: int) -> Request:
    """Return the request as this candidate gets it: its decoding settings win over the task's.

    A sampled request gets a seed made from the request itself and the repeat, so that it depends neither on order nor
    on the batch nor on the trial: a repeat of an item is the same answer in every trial of one ledger.  A greedy one
    has seed 0, and its repeats are one and the same request.
    """
    if isinstance(request, ScoreRequest):
        return request
    own = {
        name: value
        for name in ("temperature", "top_p", "top_k", "max_tokens")
        if (value := getattr(decoding, name)) is not None
    }
    settled: GenerateRequest = replace(request, **own, stop=(*request.stop, *decoding.stop))
    if settled.temperature == 0:
        return replace(settled, seed=0)
    return replace(settled, seed=stable_int(f"{repeat} {settled.id}") >> 1)
