"""Who is let in, and the limits of bodies, waiting and time; the server of a fake engine."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest

from fairtrial.errors import SpecError
from fairtrial.spec.candidate import Candidate

pytest.importorskip("starlette")
pytest.importorskip("prometheus_client")
pytest.importorskip("starlette.testclient")

from fairtrial.serve import parsing
from fairtrial.serve.doors import read_keys
from fairtrial.serve.incoming import Incoming
from fairtrial.serve.served import ServingLimits
from tests.support.fake_server import ASKED, Gate, post, serving

KEY = "a-key-of-many-letters"


def test_keys_are_needed_where_there_are_some() -> None:
    with serving(keys=(KEY, "another-key-of-many-letters")) as client:
        path = "/v1/chat/completions"
        for headers in ({}, {"Authorization": KEY}, {"Authorization": "Bearer wrong"}, {"X-Key": KEY}, {"Cookie": KEY}):
            assert post(client, path, ASKED, headers=headers).status_code == 401
        assert post(client, f"{path}?api_key={KEY}", {**ASKED, "api_key": KEY}).status_code == 401
        assert client.get("/").status_code == client.get("/metrics").status_code == 401
        assert client.get("/health").status_code == 200
        for headers in ({"Authorization": f"Bearer {KEY}"}, {"X-Api-Key": "another-key-of-many-letters"}):
            assert post(client, path, ASKED, headers=headers).status_code == 200
        allowed = {"Authorization": f"Bearer {KEY}"}
        for misplaced in ({"model": KEY}, {"messages": [{"role": KEY, "content": "x"}]}):
            answer = post(client, path, {**ASKED, **misplaced}, headers=allowed).text
            assert KEY not in answer
            assert "[a key]" in answer
        told = client.get("/metrics", headers=allowed).text
    assert KEY not in told
    assert read_keys({"FAIRTRIAL_API_KEYS": f" {KEY} ,,"}) == (KEY,)
    with pytest.raises(SpecError) as found:
        read_keys({"FAIRTRIAL_API_KEYS": "short"})
    assert "'short'" not in str(found.value)


def test_pages_of_other_sites_are_not_let_in() -> None:
    with serving() as client:
        assert (
            post(client, "/v1/chat/completions", ASKED, headers={"Origin": "https://evil.example"}).status_code == 403
        )
        for host in ("evil.example", "127.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "127.1"):
            assert client.get("/", headers={"Host": host}).status_code == 403
        assert client.get("/", headers={"Host": "127.0.0.1:8011"}).status_code == 200
        assert "access-control-allow-origin" not in client.get("/", headers={"Origin": "http://localhost"}).headers
    with serving(origins=("https://mine.example",)) as client:
        found = post(client, "/v1/chat/completions", ASKED, headers={"Origin": "https://mine.example"})
        assert found.headers["access-control-allow-origin"] == "https://mine.example"


def test_too_large_and_too_slow_bodies_are_refused() -> None:
    with serving(limits=ServingLimits(body_bytes=1000)) as client:
        assert post(client, "/v1/chat/completions", {**ASKED, "x": "y" * 2000}).status_code == 413
        parts = (b"x" * 400 for _ in range(4))
        assert client.post("/v1/chat/completions", content=parts).status_code == 413
        assert post(client, "/v1/chat/completions", ASKED).status_code == 200


def test_bodies_together_have_a_limit_and_are_counted_off_again() -> None:
    with serving(incoming=Incoming(most=1000, small=0)) as client:
        assert post(client, "/v1/chat/completions", {**ASKED, "x": "y" * 800}).status_code == 200
        full = post(client, "/v1/chat/completions", {**ASKED, "x": "y" * 2000})
        assert full.status_code == 503
        assert full.json()["error"]["code"] == "bodies_full"
        assert client.served.incoming.held == 0
        assert post(client, "/v1/chat/completions", ASKED).status_code == 200


def test_large_bodies_keep_no_small_ones_out() -> None:
    with serving(incoming=Incoming(most=10, small=1000)) as client:
        large = {**ASKED, "x": "y" * 2000}
        assert post(client, "/v1/chat/completions", large).json()["error"]["code"] == "bodies_full"
        assert post(client, "/v1/chat/completions", ASKED).status_code == 200


def test_what_would_take_the_parser_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MOST_MARKS", 1000)
    with serving() as client:
        found = post(client, "/v1/chat/completions", {**ASKED, "x": [[]] * 1000}).json()["error"]
        assert (found["code"], "commas" in found["message"]) == ("body_too_complex", True)
        text = {**ASKED, "x": "y" * 200_000}  # is read beside the loop
        assert post(client, "/v1/chat/completions", text).status_code == 200
        for body in (b'{"x": NaN}', b'{"x": [-Infinity]}'):
            told = client.post("/v1/chat/completions", content=body).json()["error"]["message"]
            assert "no number" in told


def test_a_length_that_is_said_twice_is_refused_on_every_path() -> None:
    with serving() as client:
        for path in ("/v1/completions", "/nothing", "/chat", "/health"):
            twice = {"Transfer-Encoding": "chunked", "Content-Length": "4"}
            found = client.request("POST", path, content=b"abcd", headers=twice)
            assert (found.status_code, found.headers["connection"]) == (400, "close")


def test_more_than_may_wait_are_told_when_to_come_back() -> None:
    gate = Gate()
    with serving(gate=gate, limits=ServingLimits(waiting=1)) as client, ThreadPoolExecutor(6) as crew:
        asked = [crew.submit(post, client, "/v1/completions", {"prompt": "x"})]
        assert gate.reached.wait(600)  # one is being answered, and of five others one may wait
        asked += [crew.submit(post, client, "/v1/completions", {"prompt": "x"}) for _ in range(5)]
        busy = [one.result() for one in itertools.islice(as_completed(asked), 4)]
        assert [one.status_code for one in busy] == [429] * 4
        gate.open.set()
        assert sorted(one.result().status_code for one in asked) == [200, 200, *[429] * 4]
        assert int(busy[0].headers["retry-after"]) >= 1
        assert busy[0].json()["error"]["code"] == "queue_full"
        assert post(client, "/v1/completions", {"prompt": "x"}).status_code == 200


def test_answers_have_their_time() -> None:
    gate = Gate()
    with serving(gate=gate, limits=ServingLimits(answer_seconds=0.1)) as client:
        response = post(client, "/v1/chat/completions", ASKED)
        gate.open.set()
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "timeout"


def test_an_engine_that_fails_fails_one_request() -> None:
    spec = Candidate(id="faker", model="fake:one", context=64)
    with serving(spec) as client:
        long = post(client, "/v1/completions", {"prompt": "x" * 200, "max_tokens": 4})
        assert long.status_code == 400
        assert long.json()["error"]["code"] == "context_length_exceeded"

        def fail(requests):
            raise ZeroDivisionError("the secret inside")

        own, client.served.desk.engine.generate = client.served.desk.engine.generate, fail
        broken = post(client, "/v1/completions", {"prompt": "x", "max_tokens": 4})
        client.served.desk.engine.generate = own
        assert broken.status_code == 500
        assert "secret" not in broken.text
        assert post(client, "/v1/completions", {"prompt": "x", "max_tokens": 4}).status_code == 200
