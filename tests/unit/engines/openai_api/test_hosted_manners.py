"""Servers that refuse parts of a request or whole prompts, and answers without some of what they should have."""

from __future__ import annotations

from typing import Any

import pytest

from fairtrial.engines.openai_api.failures import SingleRequestError
from fairtrial.errors import EngineError, TooLongError
from fairtrial.records import GenerateRequest, Prompt, make_example
from tests.support.hosted import asks, hosted
from tests.support.servers.misbehaving import Exchange, misbehaving

pytest.importorskip("httpx2")


def refusing(name: str, error: dict[str, Any], status: int = 400):
    """Return a behaviour: requests with ``name`` in them are refused with this error."""

    def behave(exchange: Exchange) -> None:
        body = exchange.body
        system = any(m["role"] == "system" for m in body.get("messages", []))
        if (name == "system" and system) or name in body:
            exchange.reply({"error": error}, status)
        else:
            exchange.answer()

    return behave


REFUSALS = {
    "max_tokens": {
        "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead.",
        "type": "invalid_request_error",
        "param": "max_tokens",
        "code": "unsupported_parameter",
    },
    "temperature": {
        "message": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is.",
        "param": "temperature",
        "code": "unsupported_value",
    },
    "stop": {"message": "Unsupported parameter: 'stop' is not supported with this model.", "param": "stop"},
    "logprobs": {"message": "You are not allowed to request logprobs from this model"},
    "seed": {"message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.', "code": 400},
    "top_p": {"message": "`temperature` is fine; top_p is not supported with this model", "param": "top_p"},
    "top_k": {"message": "property 'top_k' is unsupported"},
    "system": {
        "message": "Unsupported value: 'messages[0].role' does not support 'system'.",
        "param": "messages[0].role",
    },
    "stream": {"message": "Your organization must be verified to stream this model.", "param": "stream"},
    "stream_options": {"message": "Extra inputs are not permitted", "loc": ["body", "stream_options"]},
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_a_server_refuses_is_left_out_from_then_on(name: str) -> None:
    requests = asks(6, stop=("\n\n",), temperature=0.5, top_p=0.9, top_k=7, seed=3)
    requests = [GenerateRequest(Prompt(r.prompt.user, system="Be short."), **rest(r)) for r in requests]
    with misbehaving(refusing(name, REFUSALS[name])) as server:
        engine = hosted(server.url)
        answers = dict(engine.as_answered(requests))
        engine.close()
        bodies = [exchange.body for exchange in server.seen]
    assert [answers[r].text for r in requests] == ["4"] * 6
    assert len(bodies) == 7, "one is sent once more, the others once"
    assert name in engine.record["changed"]
    told = {change for answer in answers.values() for change, _ in answer.changed}
    assert told == ({name} if name in ("temperature", "top_p", "top_k", "seed", "stop", "system") else set())
    assert {body.get("max_completion_tokens") for body in bodies[1:]} == ({8} if name == "max_tokens" else {None})
    joined = [{"role": "user", "content": "Be short.\n\nWhat is 0?"}]
    apart = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "What is 0?"}]
    assert bodies[1]["messages"] == (joined if name == "system" else apart)


def rest(request: GenerateRequest) -> dict[str, Any]:
    return {n: getattr(request, n) for n in ("max_tokens", "stop", "temperature", "top_p", "top_k", "seed", "label")}


def test_several_refusals_one_after_the_other() -> None:
    names = ["max_tokens", "temperature", "stop", "logprobs", "stream"]

    def behave(exchange: Exchange) -> None:
        for name in names:
            if name in exchange.body:
                exchange.reply({"error": REFUSALS[name]}, 400)
                return
        exchange.answer("4\n\nQ: more")

    with misbehaving(behave) as server:
        engine = hosted(server.url)
        answers = [a for _, a in engine.as_answered(asks(20, stop=("\n\n",)))]
        engine.close()
        assert len(server.seen) == 25
    assert {answer.text for answer in answers} == {"4"}, "what cannot be stopped there is cut here"
    assert {answer.finish for answer in answers} == {"stop"}


def test_a_refusal_of_one_prompt_changes_nothing_for_the_others() -> None:
    def behave(exchange: Exchange) -> None:
        if "What is 2?" in str(exchange.body):
            exchange.reply({"error": {"message": "temperature: this prompt is weird"}}, 400)
        else:
            exchange.answer()

    with misbehaving(behave) as server:
        engine = hosted(server.url, endpoint={"concurrency": 1})
        with pytest.raises(SingleRequestError, match=r"item 2.*this prompt is weird"):
            list(engine.as_answered(asks(5)))
        assert "temperature" in server.seen[-1].body
        assert engine.record["changed"] == {}
        engine.close()


FILTERS: list[tuple[int, dict[str, Any]]] = [
    (400, {"code": "content_filter", "message": "The response was filtered due to the prompt triggering ..."}),
    (400, {"code": "invalid_prompt", "message": "Your prompt was flagged as potentially violating our usage policy."}),
    (400, {"message": "Content Exists Risk"}),
    (403, {"code": 403, "message": "Input flagged", "metadata": {"reasons": ["violence"]}}),
    (422, {"message": "blocked by our safety filter"}),
    (451, {"message": "not here"}),
    (200, {"code": "content_filter", "message": "filtered"}),
]


@pytest.mark.parametrize(("status", "error"), FILTERS, ids=lambda value: str(value)[:40])
def test_a_prompt_refused_for_what_it_says_is_an_answer(status: int, error: dict[str, Any]) -> None:
    def behave(exchange: Exchange) -> None:
        if "What is 2?" in str(exchange.body):
            exchange.reply({"error": error}, status)
        else:
            exchange.answer()

    with misbehaving(behave) as server:
        engine = hosted(server.url)
        answers = {r.label: a for r, a in engine.as_answered(asks(5))}
        engine.close()
        assert len(server.seen) == 5
    assert {label: answer.finish for label, answer in answers.items()} == {
        f"item {i}": "refused" if i == 2 else "stop" for i in range(5)
    }
    refused = answers["item 2"]
    assert refused.text == ""
    assert error["message"][:20] in refused.said
    assert refused.counted


def test_an_account_that_is_refused_is_no_refused_prompt() -> None:
    error = {"message": "Your account was flagged for violating our usage policies."}
    with misbehaving(lambda exchange: exchange.reply({"error": error}, 403)) as server:
        engine = hosted(server.url)
        with pytest.raises(EngineError, match="does not accept the key"):
            list(engine.as_answered(asks(3)))
        engine.close()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"text": "I was saying", "finish_reason": "content_filter"}, "I was saying"),
        ({"text": None, "message": {"refusal": "I cannot help with that."}}, "I cannot help with that."),
    ],
)
@pytest.mark.parametrize("streams", [True, False])
def test_an_answer_that_is_a_refusal(more: dict[str, Any], said: str, streams: bool) -> None:
    with misbehaving(lambda exchange: exchange.answer(**more)) as server:
        engine = hosted(server.url)
        engine._streams = streams
        [answer] = engine.generate(asks())
        engine.close()
    assert (answer.finish, answer.text, answer.said) == ("refused", "", said)
    assert answer.tokens == 2


@pytest.mark.parametrize("streams", [True, False])
def test_all_tokens_spent_on_reasoning(streams: bool) -> None:
    def behave(exchange: Exchange) -> None:
        exchange.answer(None, finish_reason="length", usage={"prompt_tokens": 5, "completion_tokens": 8})

    with misbehaving(behave) as server:
        engine = hosted(server.url)
        engine._streams = streams
        [answer] = engine.generate(asks())
        engine.close()
    assert answer.unfinished
    assert (answer.text, answer.tokens, answer.reasoning_tokens) == ("", 8, 8)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("streams", [True, False])
def test_a_thought_beside_the_answer(name: str, streams: bool) -> None:
    with misbehaving(lambda exchange: exchange.answer("4", message={name: "2 and 2"})) as server:
        engine = hosted(server.url)
        engine._streams = streams
        [answer] = engine.generate(asks())
        engine.close()
    assert (answer.text, answer.thought) == ("4", "2 and 2")
    assert 0 < answer.reasoning_tokens <= answer.tokens


def test_a_thought_in_the_text_is_told_from_the_answer_and_not_stopped() -> None:
    def behave(exchange: Exchange) -> None:
        thought = "<think>first\n\nsecond</think>4\n\nQ"
        exchange.answer(thought.partition("\n\n")[0] if "stop" in exchange.body else thought)

    with misbehaving(behave) as server:
        engine = hosted(server.url)
        answers = list(engine.generate(asks(3, stop=("\n\n",))))
        engine.close()
        assert len(server.seen) == 4
    assert {(a.text, a.thought, a.finish) for a in answers} == {("4", "first\n\nsecond", "stop")}


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0}, {"total_tokens": 3}])
def test_tokens_that_a_server_does_not_count_are_counted_and_marked(usage: dict[str, Any] | None) -> None:
    text = "four is the answer"
    with misbehaving(lambda exchange: exchange.answer(text, usage=usage)) as server:
        engine = hosted(server.url)
        answers = list(engine.generate(asks(3)))
        engine.close()
        assert len(server.seen) == 3, "an answer without counts is an answer"
    assert {a.text for a in answers} == {text}
    assert all(a.counted for a in answers)
    assert {a.tokens for a in answers} == {5}
    assert {a.prompt_tokens for a in answers} == {3}


def test_a_prompt_that_is_too_long_is_named() -> None:
    error = {"message": "This model's maximum context length is 10 tokens.", "code": "context_length_exceeded"}
    with misbehaving(lambda exchange: exchange.reply({"error": error}, 400)) as server:
        engine = hosted(server.url)
        with pytest.raises(TooLongError, match="item 0"):
            list(engine.generate(asks()))
        engine.close()


def test_no_money_left_ends_the_run_at_once() -> None:
    error = {"message": "You exceeded your current quota", "code": "insufficient_quota"}
    with misbehaving(lambda exchange: exchange.reply({"error": error}, 429)) as server:
        engine = hosted(server.url)
        with pytest.raises(EngineError, match="demands payment first"):
            list(engine.generate(asks(9)))
        engine.close()
        assert len(server.seen) == 1


def test_examples_are_turns_of_the_conversation() -> None:
    prompt = Prompt("3 + 3?", "Add.", "It is", examples=(*make_example("1 + 1?", "2"), *make_example("2 + 2?", "4")))
    with misbehaving(lambda exchange: exchange.answer()) as server:
        engine = hosted(server.url, system="Be short.")
        list(engine.generate([GenerateRequest(prompt, max_tokens=3)]))
        engine.close()
        assert [tuple(message.values()) for message in server.seen[0].body["messages"]] == [
            ("system", "Be short.\n\nAdd."),
            ("user", "1 + 1?"),
            ("assistant", "2"),
            ("user", "2 + 2?"),
            ("assistant", "4"),
            ("user", "3 + 3?\n\nIt is"),
        ]
