"""Thinking budgets at an endpoint: two calls, the cut thought being the beginning of the model's own message."""

from __future__ import annotations

import pytest

from fairtrial.errors import CapabilityError
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.records import GenerateRequest, Prompt
from tests.support.hosted import hosted
from tests.support.servers.misbehaving import Exchange, misbehaving

THOUGHT = ["one", "two", "three", "four", "five", "six"]


def thinks(exchange: Exchange) -> None:
    """Think aloud as a server does that keeps thoughts apart; go on with a message that is begun."""
    last = exchange.body["messages"][-1]
    if last["role"] == "assistant":
        exchange.answer(f"{last['content'].count(' ') + 1} words", usage={"prompt_tokens": 9, "completion_tokens": 2})
        return
    words = " ".join(THOUGHT[: exchange.body["max_tokens"]])
    usage = {"prompt_tokens": 5, "completion_tokens": exchange.body["max_tokens"]}
    exchange.answer("", message={"reasoning_content": words}, finish_reason="length", usage=usage)


@pytest.mark.parametrize("begun", ["message", "continue_final_message", "prefix"])
def test_a_thought_is_cut_and_given_back(begun: str) -> None:
    with misbehaving(thinks) as server:
        engine = hosted(server.url, chat="model", endpoint={"begun": begun}, thoughts=[["<think>", "</think>"]])
        [answer] = wrap_engine(read_lever({"think": 3}), engine, {}).generate([GenerateRequest(Prompt("Why?"), 8)])
        engine.close()
    first, second = [one for one in server.seen if one.path.endswith("completions")][-2:]
    assert (first.body["max_tokens"], second.body["max_tokens"]) == (3, 8)
    assert second.body["messages"][-1]["content"] == "<think>\none two three\n</think>\n\n"
    assert (answer.thought, answer.text, answer.tokens, answer.reasoning_tokens) == ("one two three", "3 words", 5, 3)
    assert second.body.get("continue_final_message") == (True if begun == "continue_final_message" else None)
    assert second.body["messages"][-1].get("prefix") == (True if begun == "prefix" else None)


def test_an_endpoint_that_goes_on_with_nothing_is_refused() -> None:
    with misbehaving(thinks) as server:
        engine = hosted(server.url, chat="model")
        for by in ("tags", "steps"):
            with pytest.raises(CapabilityError, match=r"endpoint: \{begun"):
                wrap_engine(read_lever({"think": {"budget": 3, "by": by}}), engine, {})
        engine.close()
