"""What an endpoint charges for scores is what is counted, kept and priced: the prompt anew for every choice."""

from __future__ import annotations

import pytest

from fairtrial.engines.base import Capabilities
from fairtrial.ledger.encoding import decode_answer, encode_answer
from fairtrial.levers.cascade.signals import measure_text_probability
from fairtrial.measures.cost import TokenCostProbe
from fairtrial.measures.sharing import count_tokens_in, count_tokens_out
from fairtrial.records import GenerateAnswer, Pair, Prompt, ScoreAnswer, ScoreRequest
from tests.support.levers import cascade

HERE = ScoreAnswer((-1.0, -2.0), (True, False), (3, 4), prompt_tokens=100)
THERE = ScoreAnswer((-1.0, -2.0), (True, False), (3, 4), prompt_tokens=100, paid=(207, 2))


def test_scores_cost_what_was_charged() -> None:
    assert (count_tokens_in(HERE), count_tokens_out(HERE)) == (107, 0)
    assert (count_tokens_in(THERE), count_tokens_out(THERE)) == (207, 2)
    [[usd]] = TokenCostProbe((1e-6, 1e-3)).observe([[THERE]])
    assert usd.value == pytest.approx(207e-6 + 2e-3)


def test_it_is_kept() -> None:
    told = GenerateAnswer("x", 4, "stop", 9, logprob=-1.5, logprob_tokens=3)
    for answer in (HERE, THERE, told):
        again = decode_answer(encode_answer(answer))
        assert again == answer
        assert getattr(again, "paid", None) == getattr(answer, "paid", None)
        assert getattr(again, "logprob_tokens", None) == getattr(answer, "logprob_tokens", None)
    assert "paid" not in encode_answer(HERE)


def test_a_text_is_as_sure_as_the_tokens_that_are_told() -> None:
    told = GenerateAnswer("x", 4, "stop", 9, logprob=-1.5, logprob_tokens=3)
    assert measure_text_probability(told) == pytest.approx(2.718281828 ** (-0.5))
    assert measure_text_probability(GenerateAnswer("", 1, "stop", 9)) == 0.0, "nothing was said, and nothing told"


def test_steps_of_a_cascade_hold_what_was_charged() -> None:
    class Asked:
        def __init__(self) -> None:
            self.can, self.record = Capabilities(True, True, False, False, 1000, batch_invariant=False), {}

        def score(self, requests):
            return iter([THERE])

    request = ScoreRequest((Pair(Prompt("Q"), "a"), Pair(Prompt("Q"), "b")))
    [answer] = cascade({"to": "x", "threshold": 0.0}, Asked(), {"x": Asked()}).score([request])
    assert [(step.tokens_in, step.tokens_out) for step in answer.trace] == [(207, 2)]
