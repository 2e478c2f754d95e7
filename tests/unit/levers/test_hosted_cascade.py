"""A cascade with a hosted model: one bad answer loses no other one."""

from __future__ import annotations

import pytest

from fairtrial.engines.openai_api.failures import SingleRequestError
from tests.support.hosted import asks, hosted
from tests.support.levers import cascade
from tests.support.servers.misbehaving import Exchange, misbehaving

pytest.importorskip("httpx2")


def server_of(logprob: float, text: str):
    def behave(exchange: Exchange) -> None:
        told = float("nan") if f"What is {3 if text == 'small' else 5}?" in str(exchange.body) else logprob
        exchange.answer(text, logprobs={"content": [{"token": text, "logprob": told}]})

    return behave


def test_answers_of_both_models_are_handed_over_as_they_come() -> None:
    kept = {}
    with misbehaving(server_of(-2.0, "small")) as one, misbehaving(server_of(-0.1, "large")) as other:
        small, large = hosted(one.url), hosted(other.url)
        engine = cascade({"to": "large", "threshold": 0.5}, small, {"large": large})
        with pytest.raises(SingleRequestError, match="item 3"):
            for request, answer in engine.as_answered(asks(8)):
                kept[request.label] = answer
        small.close()
        large.close()
    assert sorted(kept) == [f"item {i}" for i in range(8) if i not in (3, 5)]
    assert {answer.text for answer in kept.values()} == {"large"}
    assert {tuple(step.by for step in answer.trace) for answer in kept.values()} == {("small", "large")}
