from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from fairtrial.archive.embedders.base import name_space
from fairtrial.archive.embedders.hosted import HostedEmbedder
from fairtrial.errors import EngineError
from fairtrial.spec.endpoint import Endpoint

SECRET = "the quarry lease was signed behind closed doors"
Reply = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], tuple[str, list[dict[str, Any]]]]]:
    servers: list[ThreadingHTTPServer] = []

    def start(reply: Reply) -> tuple[str, list[dict[str, Any]]]:
        seen: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                seen.append({"path": self.path, "key": self.headers["authorization"], **body})
                status, told = reply(body)
                data = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v1", seen

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def count_letters(text: str) -> list[float]:
    return [3.0 * text.count("a"), 4.0 * text.count("b"), 0.0]


def give_vectors(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    rows = [{"index": at, "embedding": count_letters(text)} for at, text in enumerate(body["input"])]
    return 200, {"data": rows[::-1]}  # the order is that of `index`


def open_at(url: str, retries: int = 2) -> HostedEmbedder:
    return HostedEmbedder("m", Endpoint(base_url=url, key_env="PLANTED_KEY", retries=retries))


def test_vectors_come_in_the_order_of_the_texts_with_length_one(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_KEY", "sk-planted")
    url, seen = serve(give_vectors)
    texts = ["ab"] * 70 + ["a", "", "b" * 50_000]
    found = open_at(url).embed(texts, "passage")
    assert found.dtype == np.float32 and found.shape == (73, 3)
    assert found[0].tolist() == pytest.approx([0.6, 0.8, 0])
    assert found[70:].tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert [len(one["input"]) for one in seen] == [64, 9]
    assert seen[0]["path"] == "/v1/embeddings" and seen[0]["key"] == "Bearer sk-planted"
    assert max(len(text) for one in seen for text in one["input"]) <= 24_000


def test_passing_failures_are_tried_again(serve: Any) -> None:
    answers = iter([(500, {}), (200, {"data": [{"index": 0, "embedding": [2.0]}]})])
    url, seen = serve(lambda _: next(answers))
    assert open_at(url).embed(["x"], "query").tolist() == [[1.0]]
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"data": []}, "gave 0"),
        ({}, "gave no"),
        ({"data": [{"embedding": "AAAA"}]}, "no vector"),
        ({"data": [{"index": 4, "embedding": [1.0]}]}, "index"),
    ],
)
def test_answers_that_are_not_as_they_must_be_are_refused(serve: Any, told: dict[str, Any], why: str) -> None:
    url, _ = serve(lambda _: (200, told))
    with pytest.raises(EngineError, match=why):
        open_at(url, 0).embed(["x"], "query")


def test_a_complaint_that_repeats_what_was_sent_is_not_passed_on(serve: Any) -> None:
    url, _ = serve(lambda body: (400, {"error": {"message": f"cannot embed: {body['input'][0]}"}}))
    with pytest.raises(EngineError) as caught:
        open_at(url, 0).embed([SECRET], "passage")
    assert "quarry" not in str(caught.value) and caught.value.__cause__ is None


def test_other_complaints_are(serve: Any) -> None:
    url, _ = serve(lambda _: (400, {"error": {"message": "this model is retired"}}))
    with pytest.raises(EngineError, match="this model is retired"):
        open_at(url, 0).embed([SECRET], "passage")


def test_another_place_or_model_is_another_space() -> None:
    one, other = open_at("http://127.0.0.1:1/v1"), open_at("http://127.0.0.1:2/v1")
    assert name_space(one) != name_space(other)
    assert name_space(one) == name_space(open_at("http://127.0.0.1:1/v1"))
