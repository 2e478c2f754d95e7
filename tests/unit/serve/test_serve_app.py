"""The server without a real model: forms of requests and answers, and what is told."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger
from fairtrial.ledger.known import count_answers
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.spec.candidate import Candidate

pytest.importorskip("starlette")
pytest.importorskip("prometheus_client")
pytest.importorskip("starlette.testclient")

from fairtrial.serve.settling import check_template
from fairtrial.serve.storing import Recorder
from tests.support.fake_server import ASKED, chunks, open_faker, post, serving

KEY = "a-key-of-many-letters"
PIXEL = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
).decode()


@pytest.fixture(scope="module")
def client() -> Iterator:
    with serving() as found:
        yield found


def test_paths_are_there_with_and_without_v1(client) -> None:
    for path in ("/v1/models", "/models", "/v1/models/faker", "/", "/health", "/metrics"):
        assert client.get(path).status_code == 200
    for path in ("/v1/chat/completions", "/chat/completions"):
        assert post(client, path, ASKED).json()["object"] == "chat.completion"
    assert client.get("/").json()["verdicts"] == [{"words": "fine"}]
    assert client.get("/nothing").json()["error"]["type"] == "not_found_error"
    assert client.get("/v1/chat/completions").status_code == 405


def test_an_answer_is_the_engines_and_says_whose_it_is(client) -> None:
    found = post(client, "/v1/chat/completions", ASKED).json()
    spec = client.served.spec
    with open_faker(spec) as engine:
        [own] = engine.generate([GenerateRequest(Prompt("Who is there?"), 8)])
    [choice] = found["choices"]
    assert choice["message"]["content"] == own.text
    assert choice["message"]["fairtrial"]["candidate"] == "c" * 32
    assert choice["message"]["fairtrial"]["trial"] == "t" * 32
    assert choice["finish_reason"] == own.finish
    assert found["usage"]["completion_tokens"] == own.tokens
    streamed = chunks(post(client, "/v1/chat/completions", {**ASKED, "stream": True}))
    assert streamed[0]["choices"][0]["delta"]["role"] == "assistant"
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in streamed) == own.text
    assert streamed[-1]["choices"][0]["finish_reason"] == own.finish
    assert all("usage" not in one for one in streamed)


def test_the_last_chunk_tells_the_tokens_where_that_is_asked_for(client) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    for path, body in (("/v1/chat/completions", ASKED), ("/v1/completions", {"prompt": "Who", "max_tokens": 4})):
        found = chunks(post(client, path, {**body, **options}))
        assert found[-1]["choices"] == []
        assert found[-1]["usage"]["completion_tokens"] > 0
        assert all(one["usage"] is None for one in found[:-1])


def test_users_who_ask_together_share_the_time() -> None:
    spent: list[float] = []

    def price(found):
        spent.append(found.seconds)
        return {"usd": found.seconds}

    begun = time.perf_counter()
    with serving(price=price) as client:
        found = post(client, "/v1/completions", {"prompt": ["a", "b", "c"], "max_tokens": 4}).json()
    assert [one["fairtrial"]["cost"]["usd"] for one in found["choices"]] == spent
    assert min(spent) > 0 and sum(spent) < time.perf_counter() - begun


def test_what_a_client_leaves_out_is_what_was_tested() -> None:
    spec = Candidate.model_validate(
        {"id": "own", "model": "fake:one", "decoding": {"max_tokens": 3, "temperature": 0.5, "stop": ["zz"]}}
    )
    with serving(spec) as client:
        body = {"messages": ASKED["messages"]}
        assert post(client, "/v1/chat/completions", body).json()["usage"]["completion_tokens"] <= 3
        given = post(client, "/v1/chat/completions", {**body, "max_tokens": 5, "temperature": 0}).json()
    assert given["choices"][0]["message"]["fairtrial"]["decoding_changed"] == ["temperature", "max_tokens"]


def test_the_candidates_own_prompt_is_around_what_is_asked() -> None:
    spec = Candidate.model_validate({"id": "own", "model": "fake:one", "prompt": "Please: {{prompt}}\nAnswer:"})
    with serving(spec) as client:
        found = post(client, "/v1/completions", {"prompt": "Who?", "max_tokens": 6}).json()
    with open_faker(spec) as engine:
        [own] = engine.generate([GenerateRequest(Prompt("Please: Who?\nAnswer:"), 6)])
    assert found["choices"][0]["text"] == own.text
    with pytest.raises(SpecError, match=r"cannot be served.*options"):
        check_template(spec.model_copy(update={"prompt": "{{prompt}} {{options}}"}))


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/v1/chat/completions", {}, "messages"),
        ("/v1/chat/completions", {"messages": []}, "messages: it must be a list with at least one entry"),
        ("/v1/chat/completions", {"messages": [{"role": "robot", "content": "x"}]}, "robot"),
        ("/v1/chat/completions", {"messages": [{"role": "tool", "content": "x"}]}, "tools"),
        ("/v1/chat/completions", {"messages": [{"role": "assistant", "content": "x"}]}, "question"),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": None}]}, "needs a content"),
        ("/v1/chat/completions", {"messages": [{"role": "user"}]}, "needs a content"),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": 7}]},
            "messages.0.content: it must be text or a list",
        ),
        ("/v1/chat/completions", {**ASKED, "stop": ["x"] * 10_000}, "stop: at most 16 strings; got 10,000"),
        ("/v1/chat/completions", {**ASKED, "stop": ["x", 3]}, "stop.1: it must be text"),
        ("/v1/chat/completions", {**ASKED, "temperature": "hot"}, "temperature: it must be a number"),
        ("/v1/chat/completions", {**ASKED, "temperature": 9}, "temperature"),
        ("/v1/chat/completions", {**ASKED, "max_tokens": 0}, "max_tokens"),
        ("/v1/chat/completions", {**ASKED, "n": 1000}, "n"),
        ("/v1/chat/completions", {**ASKED, "logprobs": True}, "logprobs"),
        ("/v1/chat/completions", {**ASKED, "frequency_penalty": 1}, "frequency_penalty"),
        ("/v1/chat/completions", {**ASKED, "tools": [{}]}, "tools"),
        ("/v1/chat/completions", {**ASKED, "response_format": {"type": "json_object"}}, "response_format"),
        ("/v1/completions", {"prompt": "x", "echo": True}, "echo"),
        ("/v1/completions", {"prompt": [1, 2]}, "prompt"),
        ("/v1/completions", {"prompt": "x", "suffix": "y"}, "suffix"),
        ("/v1/completions", {"prompt": {"a": 1}}, "prompt: it must be text or a list"),
        ("/v1/completions", {"prompt": ["x"] * 257}, "prompt: at most 256 entries"),
        ("/v1/chat/completions", {"messages": ASKED["messages"] * 2049}, "messages: at most 2,048 entries"),
        ("/v1/chat/completions", {**ASKED, "temperature": True}, "temperature: it must be a number"),
        ("/v1/chat/completions", {**ASKED, "top_p": "0.5"}, "top_p: it must be a number"),
        ("/v1/chat/completions", {**ASKED, "response_format": {"json_schema": {}}}, "response_format.type: it must be"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(client, path: str, body: object, told: str) -> None:
    response = post(client, path, body)
    error = response.json()["error"]
    assert response.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert told in error["message"] + str(error["param"])


def test_half_of_a_character_is_a_sign_of_its_own() -> None:
    class Ears:
        name = "ears"
        heard: tuple[str, ...] = ()

        def embed(self, texts, kind):
            self.heard = (*self.heard, *texts)
            return np.ones((len(texts), 2), dtype=np.float32)

    ears = Ears()
    with serving(embedder=ears) as client:
        for data in (rb'{"input": "a\ud83d"}', '{"input": "\ud83d"}'.encode("utf-16", "surrogatepass")):
            assert client.post("/v1/embeddings", content=data).status_code == 200
        found = client.post("/v1/embeddings", content=rb'{"input": ["\ud83d\ude00", "\\ud83d"]}')
        assert found.status_code == 200
        asked = client.post("/v1/completions", content=rb'{"prompt": "a\ud800b", "max_tokens": 4}')
        assert asked.status_code == 200
    assert ears.heard == ("a\ufffd", "\ufffd", "\N{GRINNING FACE}", "\\ud83d")


def test_what_no_context_can_hold_is_not_cut_into_tokens(client) -> None:
    long = "x" * (client.served.desk.engine.can.context_tokens * 256 + 1)
    asked = {"messages": [{"role": "user", "content": long}]}
    for path, body in (("/v1/chat/completions", asked), ("/v1/completions", {"prompt": long})):
        response = post(client, path, body)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "context_length_exceeded"


def test_paths_of_other_interfaces_say_where_to_ask(client) -> None:
    for path, name in (("/v1/responses", "Responses"), ("/v1/messages", "Anthropic"), ("/api/chat", "Ollama")):
        response = post(client, path, {"input": "x"})
        assert response.status_code == 404
        message = response.json()["error"]["message"]
        assert name in message
        assert "/v1/chat/completions" in message
    assert "/v1/embeddings" in client.get("/v1/moderations").json()["error"]["message"]


def test_bodies_that_are_packed_are_refused(client) -> None:
    for packed in ("gzip", "deflate", "br, gzip"):
        response = post(client, "/v1/chat/completions", ASKED, headers={"Content-Encoding": packed})
        assert response.status_code == 415
    assert post(client, "/v1/chat/completions", ASKED, headers={"Content-Encoding": "identity"}).status_code == 200


def test_unknown_fields_and_models_and_broken_bodies(client) -> None:
    assert post(client, "/v1/chat/completions", {**ASKED, "parallel_universe": 1, "user": "me"}).status_code == 200
    assert post(client, "/v1/chat/completions", {**ASKED, "model": "gpt-4o"}).status_code == 404
    for data in (
        b"{",
        b"[1]",
        b"\xff\xfe",
        b'{"messages": NaN}',
        b"[" * 100_000,
        b"",
        b"null",
        b'{"n": ' + b"1" * 5000 + b"}",
    ):
        response = client.post("/v1/chat/completions", content=data)
        assert response.status_code == 400
        assert "error" in response.json()


def test_developers_are_systems_and_contents_may_be_lists(client) -> None:
    listed = [{"type": "text", "text": "Who is "}, {"type": "text", "text": "there?"}]
    plain = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who is there?"}]
    parts = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": listed}]
    told = [
        post(client, "/v1/chat/completions", {"messages": messages, "max_tokens": 8}).json()["choices"][0]["message"]
        for messages in (plain, parts)
    ]
    assert told[0] == told[1]


def test_images_come_within_the_request_and_are_let_go(client) -> None:
    def ask(url: str):
        part = {"type": "image_url", "image_url": {"url": url}}
        return post(
            client, "/v1/chat/completions", {"messages": [{"role": "user", "content": [part]}], "max_tokens": 2}
        )

    assert ask(f"data:image/png;base64,{PIXEL}").status_code == 200
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    for messages, told in (
        ([{"role": "user", "content": [part] * 17}], "at most 16 images"),
        ([{"role": "system", "content": [part]}, *ASKED["messages"]], "a system message is text"),
    ):
        found = post(client, "/v1/chat/completions", {"messages": messages})
        assert found.status_code == 400
        assert told in found.json()["error"]["message"]
    assert client.served.images.held == {}
    for url in ("https://example.org/a.png", "file:///etc/passwd", "data:image/png;base64,AAAA", "data:text/html,x"):
        assert ask(url).status_code == 400
    assert client.served.images.held == {}


def test_several_choices_and_prompts(client) -> None:
    body = {"prompt": ["One", "Two"], "n": 2, "max_tokens": 6, "temperature": 1, "seed": 3}
    found = post(client, "/v1/completions", body).json()
    assert [one["index"] for one in found["choices"]] == [0, 1, 2, 3]
    assert found["choices"][0]["text"] != found["choices"][1]["text"]
    assert found == {**post(client, "/v1/completions", body).json(), "id": found["id"], "created": found["created"]}


def test_a_share_of_answers_is_kept_and_everyone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    recorder = Recorder(path, ("c" * 32, "faker", {"id": "faker"}), 1.0, (KEY,))
    with serving(recorder=recorder) as client:
        for text in ("one", "two", f"my key is {KEY}"):
            post(client, "/v1/completions", {"prompt": text, "max_tokens": 4})
        recorder.close()
        told = client.get("/").json()["recording"]
    assert "personal data" in told["notice"]
    assert told["kept"] == 2
    with Ledger.open(path, create=False) as ledger:
        assert count_answers(ledger, "c" * 32) == 2
    with pytest.raises(SpecError, match="record-share"):
        Recorder(path, ("c" * 32, "faker", {}), 0)


def test_vectors_are_numbers_or_bytes() -> None:
    class Letters:
        name = "letters"

        def embed(self, texts, kind):
            return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

        def close(self) -> None:
            pass

    with serving(embedder=Letters()) as client:
        found = post(client, "/v1/embeddings", {"input": ["a", "bcd"]}).json()
        assert [one["embedding"] for one in found["data"]] == [[1.0, 1.0], [3.0, 1.0]]
        coded = post(client, "/v1/embeddings", {"input": "bcd", "encoding_format": "base64"}).json()
        assert np.frombuffer(base64.b64decode(coded["data"][0]["embedding"]), "<f4").tolist() == [3.0, 1.0]
    with serving() as client:
        assert post(client, "/v1/embeddings", {"input": "a"}).json()["error"]["code"] == "no_embedder"
