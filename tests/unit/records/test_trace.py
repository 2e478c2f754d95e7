"""Traces: what they tell, how they are stored, and that those of older ledgers are read."""

from __future__ import annotations

import json

from fairtrial.ledger.encoding import decode_answer, encode_answer
from fairtrial.measures.sharing import count_tokens_in, count_tokens_out
from fairtrial.records import GenerateAnswer, ScoreAnswer, TraceStep

SENT = TraceStep("retrieve", prompt="Passage.\nQuestion?", sources=("doc 1", "doc 2"))
ASKED = TraceStep("small", 20, 4, 0.25)
GUARDED = TraceStep("guard", action="masked 2 names")


def test_a_trace_is_stored_and_read_as_it_was() -> None:
    for answer in (
        GenerateAnswer("x", 4, "stop", 20, trace=(SENT, ASKED, GUARDED)),
        ScoreAnswer((-1.0,), (True,), (1,), 10, trace=(SENT,)),
        GenerateAnswer("x", 4, "stop"),
    ):
        body = json.loads(json.dumps(encode_answer(answer)))
        assert decode_answer(body) == answer
        assert ("trace" in body) == bool(answer.trace)


def test_what_a_step_does_not_tell_is_not_stored() -> None:
    body = encode_answer(GenerateAnswer("x", 4, "stop", trace=(GUARDED, ASKED)))
    told = {"by": "small", "tokens_in": 20, "tokens_out": 4, "signal": 0.25}
    assert body["trace"] == [{"by": "guard", "action": "masked 2 names"}, told]


def test_answers_stored_with_steps_are_read() -> None:
    steps = [
        {"by": "small", "tokens_in": 20, "tokens_out": 4, "signal": 0.25},
        {"by": "big", "tokens_in": 30, "tokens_out": 5, "signal": None},
    ]
    body = {"text": "x", "tokens": 5, "finish": "stop", "prompt_tokens": 30, "truncated_tokens": 0, "steps": steps}
    assert decode_answer(body).trace == (ASKED, TraceStep("big", 30, 5))
    scores = {"logprobs": [-1.0], "greedy": [True], "tokens": [1], "prompt_tokens": 3, "truncated_tokens": 0}
    assert decode_answer({**scores, "steps": steps}).trace == (ASKED, TraceStep("big", 30, 5))


def test_only_calls_of_models_are_counted() -> None:
    plain = GenerateAnswer("x", 4, "stop", 20)
    assert (count_tokens_in(plain), count_tokens_out(plain)) == (20, 4)
    led = GenerateAnswer("x", 4, "stop", 20, trace=(SENT, GUARDED))
    assert (count_tokens_in(led), count_tokens_out(led)) == (20, 4)
    both = GenerateAnswer("x", 4, "stop", 20, trace=(SENT, ASKED, TraceStep("big", 30, 5)))
    assert (count_tokens_in(both), count_tokens_out(both)) == (50, 9)
