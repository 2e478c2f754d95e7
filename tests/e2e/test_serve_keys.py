"""A server with keys, from outside: who has one is let in, and a key in a wrong place is kept nowhere."""

from __future__ import annotations

import json
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers.fairtrial_server import Running, fairtrial_server

pytest.importorskip("uvicorn")
openai = pytest.importorskip("openai")

KEY = "right-key-of-many-letters"
STRAY = "stray-key-in-a-wrong-place"
ASKED = [{"role": "user", "content": "Who is there?"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    paths = []
    for name in ("ann", "bob"):
        paths.append(folder / f"{name}.yaml")
        paths[-1].write_text(f"{{id: {name}, model: 'fake:{name}', chat: model}}")
    kept = ["--record", str(folder / "live.db"), "--record-share", "1", "--votes", str(folder / "votes.db")]
    with fairtrial_server(*map(str, paths), *kept, env={"FAIRTRIAL_API_KEYS": KEY}) as running:
        yield running


def ask(server: Running, path: str, headers: dict[str, str], body: object = None) -> int:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.root}{path}", data, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request) as found:
            return int(found.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_right_key_opens_and_no_other(server: Running) -> None:
    client = openai.OpenAI(base_url=server.url, api_key=KEY, max_retries=0)
    assert client.chat.completions.create(model="bob", messages=ASKED, max_tokens=4).model == "bob"
    assert [one.id for one in client.models.list()] == ["ann", "bob", "default"]
    with pytest.raises(openai.AuthenticationError, match="a key is needed"):
        client.with_options(api_key="wrong-key-of-many-letters").models.list()
    assert ask(server, "/v1/models", {}) == 401
    assert ask(server, "/chat", {}) == ask(server, "/health", {}) == 200
    for path in ("/chat/settings", "/chat/votes", "/metrics", "/"):
        assert ask(server, path, {}) == 401


def test_keys_in_wrong_places_let_nobody_in_and_stay_nowhere(server: Running, folder: Path) -> None:
    body = {"messages": ASKED, "max_tokens": 4, "api_key": STRAY, "user": STRAY}
    assert ask(server, f"/v1/models?api_key={KEY}", {}) == 401
    assert ask(server, f"/v1/models?api_key={STRAY}", {}) == 401
    assert ask(server, "/v1/chat/completions", {}, {**body, "api_key": KEY}) == 401
    assert ask(server, "/v1/chat/completions", {"Cookie": f"key={KEY}"}, body) == 401
    allowed = {"Authorization": f"Bearer {KEY}", "X-Other": STRAY}
    assert ask(server, f"/v1/chat/completions?key={STRAY}", allowed, body) == 200
    assert ask(server, f"/nothing/{STRAY}", allowed) == 404


def test_a_request_that_says_its_length_twice_is_refused_and_the_connection_ends(server: Running) -> None:
    host, port = server.root.removeprefix("http://").split(":")
    smuggled = f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n"
    sent = (
        f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
    )
    with socket.create_connection((host, int(port)), timeout=600) as connection:
        connection.sendall(sent.encode())
        got = b""
        while piece := connection.recv(65536):
            got += piece
    assert got.startswith(b"HTTP/1.1 400")
    assert got.count(b"HTTP/1.1 ") == 1
    assert b"fairtrial_requests" not in got


def test_it_ends_in_good_order_and_has_kept_no_key(server: Running, folder: Path) -> None:
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(600) == 0
    said = "".join(server.lines)
    assert "Traceback" not in said
    files = [one for one in folder.iterdir() if one.is_file()]
    kept = b"".join(one.read_bytes() for one in files)
    assert {"live.db", "votes.db"} <= {one.name for one in files}
    for key in (KEY, STRAY):
        assert key not in said
        assert key.encode() not in kept
    assert b"fake:bob" in kept
