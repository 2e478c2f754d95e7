"""Answers that are none, servers that are silent, slow or endless: one failed attempt each, in words."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from fairtrial.engines.openai_api import calls, failures, streams, wire, words
from fairtrial.engines.openai_api.failures import SingleRequestError
from fairtrial.errors import EngineError
from fairtrial.records import Pair, Prompt, ScoreRequest
from tests.support.hosted import asks, hosted
from tests.support.servers.misbehaving import Exchange, misbehaving

pytest.importorskip("httpx2")

DEEP = '{"choices":' + "[" * 100_000


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls.random, "uniform", lambda *_: 0.0)


def failure(behave: Callable[[Exchange], None], streams: bool = True, **endpoint: Any) -> EngineError:
    """Return how asking such a server fails."""
    with misbehaving(behave) as server:
        engine = hosted(server.url, endpoint=endpoint)
        engine._streams = streams
        with pytest.raises(EngineError) as caught:
            list(engine.as_answered(asks()))
        engine.close()
    return caught.value


BODIES: dict[str, tuple[bytes | str | dict[str, Any], str]] = {
    "error": ({"error": {"message": "the model crashed", "code": "boom"}}, "the model crashed"),
    "error as text": ({"error": "the model crashed"}, "the model crashed"),
    "login page": (
        "<!doctype html><html><head><title>Sign in</title><script>var x = 1</script></head><body>Company VPN</body>",
        "an HTML page: Sign in Company VPN",
    ),
    "words": ("please come back later", "no JSON: please come back later"),
    "nothing": ("", "nothing at all"),
    "no choices": ({"choices": []}, "no choices"),
    "choices null": ({"choices": None}, "no choices"),
    "choices object": ({"choices": {"a": 1}}, "no choices"),
    "choices text": ({"choices": "abc"}, "no choices"),
    "choice is a number": ({"choices": [7]}, "choice is no object: 7"),
    "message is text": ({"choices": [{"message": "hi"}]}, "no message"),
    "content is a number": ({"choices": [{"message": {"content": 7}}]}, "content is no text: 7"),
    "content is a list": ({"choices": [{"message": {"content": [7]}}]}, "content is no text"),
    "content is missing": ({"choices": [{"message": {}}]}, "no content"),
    "finish is a number": ({"choices": [{"message": {"content": "a"}, "finish_reason": 3}]}, "finish_reason"),
    "usage is a list": ({"choices": [{"message": {"content": "a"}}], "usage": [1]}, "usage is no object"),
    "usage is text": ({"choices": [{"message": {"content": "a"}}], "usage": "x"}, "usage is no object"),
    "a list": ("[1, 2]", "no JSON object"),
    "a number": ("9" * 5000, "no JSON"),
    "no UTF-8": (b'{"choices": "\xff\xfe"}', "no UTF-8"),
    "too deep": (DEEP, "too deep|no JSON"),
    "too deep, whole": ('{"a":' * 500 + "1" + "}" * 500, "too deep"),
}


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("name", BODIES)
def test_an_answer_that_is_none_is_a_failed_attempt_with_the_servers_words(name: str, streams: bool) -> None:
    body, said = BODIES[name]
    error = failure(lambda exchange: exchange.reply(body), streams)
    assert isinstance(error, SingleRequestError)
    assert "did not answer item 0 in 3 attempts" in error.message
    assert re.search(said, error.message), error.message
    assert len(error.message) < 600


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (['{"error": {"message": "overloaded", "code": "x"}}'], "overloaded"),
        (['{"choices": [{"delta": {"content": "4"}}]}'], "ended before its end"),
        (['{"choices": [{"delta": {"content": 4}}]}'], "content is no text"),
        (['{"choices": [{"delta": "x"}]}'], "no message"),
        (['{"choices": 5}'], "no choices"),
        ([DEEP], "too deep|no JSON"),
        (["{'choices'}"], "no JSON"),
        (["[DONE"], "no JSON"),
    ],
)
def test_a_stream_that_is_none(events: list[str], said: str) -> None:
    error = failure(lambda exchange: exchange.events(events))
    assert re.search(said, error.message), error.message


USAGES = [
    {"prompt_tokens": -1, "completion_tokens": 2},
    {"prompt_tokens": 1, "completion_tokens": float("nan")},
    {"prompt_tokens": 1, "completion_tokens": float("inf")},
    {"prompt_tokens": 1, "completion_tokens": 10**30},
    {"prompt_tokens": "7", "completion_tokens": 2},
    {"prompt_tokens": True, "completion_tokens": 2},
    {"prompt_tokens": 1.5, "completion_tokens": 2},
    {"prompt_tokens": 1, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": -5}},
]
LOGPROBS = [float("nan"), float("-inf"), float("inf"), 0.73, "x", True, [1], 10**400]


@pytest.mark.parametrize("value", [*USAGES, *LOGPROBS], ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("streams", [True, False])
def test_one_answer_with_impossible_numbers_leaves_the_others(value: Any, streams: bool) -> None:
    def behave(exchange: Exchange) -> None:
        good = {"content": [{"token": "4", "logprob": -0.5}]}
        if "What is 5?" not in str(exchange.body):
            exchange.answer(logprobs=good)
        elif isinstance(value, dict):
            exchange.answer(logprobs=good, usage=value)
        else:
            exchange.answer(logprobs={"content": [{"token": "4", "logprob": value}]})

    kept = []
    with misbehaving(behave) as server:
        engine = hosted(server.url)
        engine._streams = streams
        with pytest.raises(SingleRequestError, match="item 5"):
            for request, answer in engine.as_answered(asks(10)):
                kept.append(request.label)
                assert answer.logprob == -0.5
        engine.close()
    assert sorted(kept) == [f"item {i}" for i in range(10) if i != 5]


def test_a_server_whose_very_first_log_probability_is_none_is_not_asked_for_them() -> None:
    with misbehaving(lambda e: e.answer(logprobs={"content": [{"token": "4", "logprob": float("nan")}]})) as server:
        engine = hosted(server.url)
        answers = list(engine.generate(asks(3)))
        engine.close()
        assert ["logprobs" in exchange.body for exchange in server.seen] == [True, False, False]
    assert {(answer.text, answer.logprob) for answer in answers} == {("4", None)}


def test_a_text_in_parts_is_a_text() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "4"}]
    with misbehaving(lambda e: e.reply({"choices": [{"message": {"content": parts}}]})) as server:
        engine = hosted(server.url)
        [answer] = engine.generate(asks())
        engine.close()
    assert (answer.text, answer.thought) == ("4", "hm")


def test_a_stream_with_comments_and_every_kind_of_line_end() -> None:
    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send(b": hello\r\n\r\nevent: x\r\nid: 7\r\nretry: 5\r\n")
        exchange.send(b'data: {"choices": [{"delta": {"content": "4"},\r\ndata: "finish_reason": "stop"}]}\r\n\r\n')
        exchange.send(b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}\r')
        exchange.send(b"\n\r\ndata:[DONE]\r\n\r\n")
        exchange.handler.close_connection = True  # type: ignore[attr-defined]

    with misbehaving(behave) as server:
        engine = hosted(server.url)
        [answer] = engine.generate(asks())
        engine.close()
    assert (answer.text, answer.tokens, answer.counted) == ("4", 1, False)


def slow_body(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.drip(b": comment\n" * 1000, 0.02)


def slow_head(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 1000, 0.02)


def slow_error(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 500 X\r\nContent-Length: 99999\r\n\r\n")
    exchange.drip(b"x" * 9000, 0.02)


@pytest.mark.parametrize("behave", [slow_body, slow_head, slow_error])
def test_bytes_that_drip_do_not_hold_a_run(behave: Callable[[Exchange], None]) -> None:
    begun = time.monotonic()
    error = failure(behave, time_limit=0.5, retries=0)
    assert time.monotonic() - begun < 120  # it would take three minutes, or more
    assert "no whole answer in 0.5 seconds" in error.message or "status 500: x" in error.message


def test_a_reused_connection_is_watched_too() -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.number:
            slow_head(exchange)
        else:
            exchange.reply({"choices": [{"message": {"content": "4"}}]})

    with misbehaving(behave) as server:
        engine = hosted(server.url, endpoint={"time_limit": 0.5, "retries": 0, "concurrency": 1})
        engine._streams = False
        begun = time.monotonic()
        with pytest.raises(EngineError, match="no whole answer"):
            list(engine.as_answered(asks(2)))
        assert time.monotonic() - begun < 120
        engine.close()


def test_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    error = failure(lambda exchange: exchange.wait(), timeout=0.3, retries=1)
    assert "in 2 attempts; the last one: no byte for 0.3 seconds" in error.message


def test_no_connection() -> None:
    engine = hosted("http://127.0.0.1:9/v1")
    with pytest.raises(EngineError, match="no connection"):
        list(engine.as_answered(asks(4)))
    engine.close()


def endless_body(exchange: Exchange) -> None:
    exchange.begin_stream()
    for _ in range(3000):
        exchange.send(b"x" * 65536)


def endless_line(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send(b"data: ")
    for _ in range(3000):
        exchange.send(b"x" * 65536)


def endless_comments(exchange: Exchange) -> None:
    exchange.begin_stream()
    for _ in range(3000):
        exchange.send(b": waiting\n\n" * 6000)


def endless_events(exchange: Exchange) -> None:
    exchange.begin_stream()
    for _ in range(3000):
        exchange.send(b'data: {"choices": []}\n\n' * 3000)


def endless_head(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(3000):
        exchange.send(b"X-A: " + b"b" * 65536)


def endless_error(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 400 X\r\n\r\n")
    for _ in range(3000):
        exchange.send(b"x" * 65536)


def packed_bomb(exchange: Exchange) -> None:
    exchange.reply(gzip.compress(b" " * 200_000_000, 1), Content_Encoding="gzip")


@pytest.mark.parametrize(
    "behave",
    [endless_body, endless_line, endless_comments, endless_events, endless_head, endless_error, packed_bomb],
)
def test_what_has_no_end_is_not_read_to_it(behave: Callable[[Exchange], None]) -> None:
    begun = time.monotonic()
    error = failure(behave, retries=0)
    assert time.monotonic() - begun < 600
    assert len(error.message) < 600


def test_an_answer_that_is_packed_is_unpacked() -> None:
    def behave(exchange: Exchange) -> None:
        body = gzip.compress(json.dumps({"choices": [{"message": {"content": "4"}}]}).encode())
        exchange.reply(body, Content_Encoding="gzip")
        assert exchange.headers["accept-encoding"] == "identity"

    with misbehaving(behave) as server:
        engine = hosted(server.url)
        [answer] = engine.generate(asks())
        engine.close()
    assert answer.text == "4"


def test_a_prompt_with_half_a_character_is_sent() -> None:
    with misbehaving(lambda exchange: exchange.answer()) as server:
        engine = hosted(server.url)
        [answer] = engine.generate([type(asks()[0])(type(asks()[0].prompt)("a\ud800b"), max_tokens=3)])
        engine.close()
        assert server.seen[0].body["messages"][0]["content"] == "a\ud800b"
    assert answer.text == "4"


def test_limits_are_what_the_docs_say() -> None:
    assert failures.LONGEST_WAIT == 120
    assert wire.MOST_BYTES == 64 * 2**20
    assert words.LONGEST_DOCUMENT == 16 * 2**20
    assert streams.MOST_LINES == 1_000_000


def echoing(value: Any) -> Callable[[Exchange], None]:
    """Return a behaviour that scores each token by its length, but for ``bad`` as told."""

    def behave(exchange: Exchange) -> None:
        prompt = exchange.body["prompt"]
        tokens = ["<s>", *re.findall(r"\s*[^\s,]+|,", prompt)] if exchange.body.get("echo") else []
        tokens.append(" five")
        values = [None if not i and len(tokens) > 1 else -float(len(token)) for i, token in enumerate(tokens)]
        values = [value if token == " bad" else number for token, number in zip(tokens, values, strict=True)]
        exchange.answer(prompt + " five", logprobs={"tokens": tokens, "token_logprobs": values})

    return behave


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 0.5, "x", None])
def test_one_score_that_is_none_leaves_the_others(value: Any) -> None:
    words = ["good", "bad", "fine", "well"]
    requests = [ScoreRequest((Pair(Prompt("It is"), word), Pair(Prompt("It is"), "so")), label=word) for word in words]
    kept = []
    with misbehaving(echoing(value)) as server:
        engine = hosted(server.url, chat="none")
        assert engine.can.score, engine.record["scores"]
        with pytest.raises(SingleRequestError, match="bad"):
            for request, answer in engine.as_answered(requests):
                kept.append(request.label)
                assert answer.logprobs == (-5.0, -3.0)
        engine.close()
    assert sorted(kept) == ["fine", "good", "well"]


def test_running_text() -> None:
    with misbehaving(lambda exchange: exchange.answer()) as server:
        engine = hosted(server.url, chat="none")
        [answer] = engine.generate(asks())
        engine.close()
        assert server.seen[-1].path == "/v1/completions"
    assert (answer.text, answer.tokens) == ("4", 2)
