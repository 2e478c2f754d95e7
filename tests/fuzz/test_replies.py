"""Whatever a server sends is an answer or a failure in words, within time and memory."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairtrial.engines.openai_api.answers import RequestContext, make_answer
from fairtrial.engines.openai_api.failures import SHOWN, FailureClassifier
from fairtrial.engines.openai_api.masking import KeyMask
from fairtrial.engines.openai_api.replies import read_reply
from fairtrial.engines.openai_api.scores import NotEchoedError, read_score
from fairtrial.engines.openai_api.streams import read_stream
from fairtrial.engines.openai_api.wire import ERROR_BYTES, StatusError, WireError, limit_body
from fairtrial.engines.openai_api.words import UnreadableError, parse_document
from fairtrial.errors import FairtrialError
from fairtrial.ledger.encoding import dumps, encode_answer
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.spec.endpoint import Endpoint
from tests.fuzz.bounded import bounded, survives

KEY = "sk-planted-7f3a91c2/Qw+e8"
REQUEST = GenerateRequest(Prompt("What is 2 + 2?"), max_tokens=8, stop=("\n",))
TEXT = "One, two, three"

USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 1}}
LOGPROBS = {"content": [{"token": "4", "logprob": -0.5, "top_logprobs": []}]}
ECHO = {
    "text": TEXT + " four",
    "logprobs": {
        "tokens": ["One", ",", " two", ",", " three", " four"],
        "token_logprobs": [None, -1.0, -2.0, -1.0, -0.5, -0.1],
        "top_logprobs": [None, {",": -1.0}, {" two": -2.0}, {",": -1.0}, {" three": -0.5}, {" four": -0.1}],
    },
}
MESSAGE = {"role": "assistant", "content": "<think>two</think>4", "reasoning_content": "hm", "refusal": None}
WHOLE = {"choices": [{"message": MESSAGE, "finish_reason": "stop", "logprobs": LOGPROBS}], "usage": USAGE}
PIECES = [
    {"choices": [{"delta": MESSAGE, "finish_reason": None, "logprobs": LOGPROBS}]},
    {"choices": [{"delta": {}, "finish_reason": "length"}]},
    {"choices": [], "usage": USAGE},
]
ERROR = {
    "error": {"message": f"flagged {KEY}", "code": "content_filter", "param": "temperature", "metadata": {"a": [1]}}
}

ODD = st.sampled_from(
    [
        None, True, False, 0, -1, 1.5, float("nan"), float("inf"), float("-inf"), 10**30, 1e308, "", "x", "7", KEY,
        [], {}, [None], [[]], {"": None}, [{"type": "text", "text": "4"}], [{"type": "thinking"}], {"text": 1},
        "\ud800", "\0", "a" * 100_000, [0] * 10_000, "content_filter", "<html>", {"message": {"message": 3}},
    ]
)  # fmt: skip


LARGE: dict[str, Callable[[], bytes]] = {
    "deep lists": lambda: b"[" * 100_000,
    "deep objects": lambda: b'{"a":' * 100_000,
    "deep errors": lambda: b'{"error":' * 900 + b"1" + b"}" * 900,
    "many lists": lambda: b"[" + b"[]," * 2_000_000,
    "many numbers": lambda: b'{"choices": [' + b"1," * 7_000_000 + b"1]}",
    "many keys": lambda: b"{" + b",".join(b'"%d": []' % i for i in range(290_000)) + b"}",
    "long text": lambda: b'{"a": "' + b"x" * 17_000_000,
    "long answer": lambda: json.dumps({"choices": [{"message": {"content": "\n<" * 3_000_000}}]}).encode(),
    "long thought": lambda: json.dumps({"choices": [{"message": {"content": "<think>" * 1_000_000}}]}).encode(),
    "keys of ours": lambda: json.dumps({"choices": [{"message": {"content": (KEY + " ") * 400_000}}]}).encode(),
    "broken keys": lambda: json.dumps({"choices": [{"message": {"content": "\u200b".join(KEY) * 60_000}}]}).encode(),
    "digits": lambda: b"9" * 5000,
    "tags": lambda: b"<html>" + b"<" * 60_000,
    "line ends": lambda: b"\n" * 2_000_000,
    "comments": lambda: b": \n" * 600_000,
    "lines of data": lambda: b"data: 1\n" * 500_000,
    "events": lambda: b'data: {"choices": []}\n\n' * 200_000,
    "one line": lambda: b"x" * 20_000_000,
}
"""What is large is made where it is read, and not kept by whoever thinks of inputs."""


def made(part: bytes | str) -> bytes:
    """Return a part of an input as bytes."""
    return LARGE[part]() if isinstance(part, str) else part


def mutated(document: Any, at: list[int], values: list[Any]) -> Any:
    """Return a document with values put somewhere into it: where, is decided by the numbers."""
    document = json.loads(json.dumps(document))
    for number, value in zip(at, values, strict=False):
        places: list[tuple[Any, Any]] = []
        queue = [document]
        while queue:
            held = queue.pop()
            inside = list(held.items()) if isinstance(held, dict) else list(enumerate(held))
            for key, part in inside:
                places.append((held, key))
                if isinstance(part, dict | list):
                    queue.append(part)
        if places:
            held, key = places[number % len(places)]
            held[key] = copy.deepcopy(value)  # else it may come to hold itself
    return document


def spoilt(base: Any) -> st.SearchStrategy[bytes | str]:
    """Return bodies near to a good one: values exchanged, bytes changed, cut, repeated, nested; or any bytes at all."""
    near = st.builds(mutated, st.just(base), st.lists(st.integers(0, 99), max_size=4), st.lists(ODD, max_size=4))
    whole = near.map(lambda value: json.dumps(value).encode())
    patched = st.builds(
        lambda body, at, patch: body[: at % len(body)] + patch + body[at % len(body) + len(patch) :],
        whole, st.integers(0, 10_000), st.binary(max_size=6),
    )  # fmt: skip
    cut = st.builds(lambda body, at: body[: at % len(body)], whole, st.integers(1, 10_000))
    return st.one_of(whole, whole, patched, cut, st.binary(max_size=300), st.sampled_from(sorted(LARGE)))


def streams() -> st.SearchStrategy[list[bytes | str]]:
    """Return parts of streams."""
    lines = st.one_of(
        spoilt(PIECES[0]).map(lambda body: body if isinstance(body, str) else b"data: " + body + b"\n\n"),
        st.sampled_from(PIECES).map(lambda piece: f"data: {json.dumps(piece)}\r\n\r\n".encode()),
        st.sampled_from([b"data: [DONE]\n\n", b": ok\n", b"\n", b"event: x\n", b"data:", b"data\n", b"\r", b"id: 1\n"]),
        st.binary(max_size=40),
    )
    return st.lists(lines, max_size=6)


def cut_up(parts: list[bytes | str], size: int) -> list[bytes]:
    """Return a stream as it comes from the network; large ones in large pieces."""
    whole = b"".join(map(made, parts))
    size = max(size, len(whole) // 10_000)
    return [whole[at : at + size] for at in range(0, len(whole), size)] or [b""]


def outcome(reader: Callable[[], Any]) -> Any:
    """Return what a reader returns, or the failure in words that it raises on purpose."""
    try:
        return reader()
    except (UnreadableError, NotEchoedError, WireError) as error:
        assert str(error)
        return error


def judged(error: Exception) -> None:
    """Have a failure judged: it is named without the key and in few words."""
    judge = FailureClassifier(Endpoint(), KeyMask(KEY), lambda: "")
    try:
        said = judge.judge(error, "item 1").why
    except FairtrialError as told:
        said = str(told)
    assert KEY not in said
    assert len(said) < SHOWN + 400


def kept(reader: Callable[[], Any]) -> None:
    """Read an answer and write it as the ledger does, or have the failure judged."""
    found = outcome(reader)
    if isinstance(found, Exception):
        judged(found)
        return
    answer = make_answer(found, REQUEST, RequestContext(20, KeyMask(KEY)))
    body = dumps(encode_answer(answer))
    assert KEY not in body
    assert answer.tokens >= 0
    assert answer.prompt_tokens > 0


def check(reader: Callable[[], Any]) -> None:
    wrong = survives(reader)
    assert not wrong, wrong


@bounded
@given(spoilt(WHOLE), st.booleans())
def test_answers_in_one_piece(body: bytes | str, chat: bool) -> None:
    check(lambda: kept(lambda: read_reply(made(body), chat)))


@bounded
@given(streams(), st.sampled_from([7, 1000, 65_536]), st.booleans())
def test_streams(parts: list[bytes | str], size: int, chat: bool) -> None:
    check(lambda: kept(lambda: read_stream(cut_up(parts, size), chat, 0.0)))


@bounded
@given(spoilt({"choices": [ECHO], "usage": USAGE}))
def test_scores(body: bytes | str) -> None:
    check(lambda: outcome(lambda: read_score(parse_document(made(body)), TEXT, 8)))


@bounded
@given(spoilt(ERROR), st.integers(300, 599), st.dictionaries(st.just("retry-after"), st.text(max_size=20)))
def test_errors(body: bytes | str, status: int, headers: dict[str, str]) -> None:
    check(lambda: judged(StatusError(status, headers, made(body)[:ERROR_BYTES])))


@bounded
@given(st.lists(st.binary(max_size=200), max_size=5), st.sampled_from(["", "gzip", "deflate", "br", "identity", "\0"]))
def test_packed_bodies(pieces: list[bytes], encoding: str) -> None:
    check(lambda: outcome(lambda: list(limit_body(iter(pieces), encoding, 100_000))))


@bounded
@given(
    st.lists(
        st.one_of(st.just(KEY), st.text(max_size=9), st.sampled_from(["\n", "\\n", KEY[:9], KEY[9:]])), max_size=12
    )
)
def test_masks(parts: list[str]) -> None:
    text = "".join(parts)
    masked = KeyMask(KEY)(text)
    assert KEY not in re.sub(r"\s", "", masked)
