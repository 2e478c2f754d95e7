"""What pages of our servers share: files by their content, escaping, who may come in, and what a page may do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from fairtrial.pages.assets import Assets
from fairtrial.pages.rendering import PageRenderer
from fairtrial.pages.safety import FormError, PageDoors, is_own_machine, read_form

TOKEN = "token-of-this-process"
OWN = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}


async def take(request: Request) -> Response:
    try:
        fields = await read_form(request, TOKEN, 4000)
    except FormError as error:
        return PlainTextResponse(error.message, 400)
    return PlainTextResponse(repr(fields))


async def greet(_: Request) -> Response:
    return PlainTextResponse("hello")


@pytest.fixture(scope="module")
def client() -> TestClient:
    assets = Assets(["fairtrial.pages"])
    routes = [Route("/", greet), Route("/take", take, methods=["POST"]), assets.route()]
    return TestClient(PageDoors(Starlette(routes=routes), ("box.example:80",)), base_url="http://localhost")


def test_every_answer_has_the_policy_and_is_not_kept(client: TestClient) -> None:
    for path in ("/", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'")
        assert "unsafe" not in policy and "data:" not in policy
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_files_are_named_by_their_content_and_kept_for_good(client: TestClient) -> None:
    path = Assets(["fairtrial.pages"]).find_path("look.css")
    found = client.get(path)
    assert re.fullmatch(r"/static/look-[0-9a-f]{12}\.css", path)
    assert found.headers["content-type"] == "text/css; charset=utf-8" and "immutable" in found.headers["cache-control"]
    assert client.get(path.replace("look-", "look-0")).status_code == 404
    assert client.get("/static/..%2fsafety.py").status_code == 404


def test_a_length_that_is_said_twice_is_refused(client: TestClient) -> None:
    twice = {"transfer-encoding": "chunked", "content-length": "4"}
    found = client.post("/take", content=b"abcd", headers={**OWN, **twice})
    assert (found.status_code, found.headers["connection"]) == (400, "close")


@pytest.mark.parametrize(
    "host",
    [
        "[::1].evil.example",
        "localhost:80@evil.example",
        "localhost:evil",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
    ],
)
def test_names_of_others_are_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 403


def test_names_of_this_machine_and_those_that_were_allowed_are_let_in(client: TestClient) -> None:
    for host in ("localhost:8012", "127.0.0.1", "[::1]:8012", "127.8.8.8:1", "box.example:80"):
        assert client.get("/", headers={"host": host}).text == "hello"
    assert not is_own_machine("box.example")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:81"},
        {"origin": "http://localhost", "sec-fetch-site": "cross-site"},
    ],
)
def test_only_own_pages_may_change_something(client: TestClient, headers: Mapping[str, str]) -> None:
    found = client.post("/take", data={"token": TOKEN}, headers=dict(headers))
    assert (found.status_code, found.text) == (403, "Only pages of this server may change something here.")


def test_a_form_needs_the_token_and_an_end(client: TestClient) -> None:
    good = client.post("/take", data={"token": TOKEN, "name": "a\r\nb", "empty": ""}, headers=OWN)
    assert good.text == repr({"name": ["a\nb"], "empty": [""]})
    assert "another start" in client.post("/take", data={"token": "x"}, headers=OWN).text
    assert "another start" in client.post("/take", data={"name": "x"}, headers=OWN).text
    assert "more than" in client.post("/take", data={"token": TOKEN, "x": "y" * 5000}, headers=OWN).text
    assert "no form" in client.post("/take", data={f"n{i}": "" for i in range(401)}, headers=OWN).text
    assert "expected" in client.post("/take", json={"token": TOKEN}, headers=OWN).text


def test_what_others_wrote_stays_text() -> None:
    pages = PageRenderer((), Assets(["fairtrial.pages"]), TOKEN)
    template = pages.environment.from_string("{{ text|visible }} {{ text|inline }}")
    shown = template.render(text="<script>\u202ealert(1)\n]]>")
    assert shown == ("&lt;script&gt;⟨U+202E⟩alert(1)\n]]&gt; &lt;script&gt;⟨U+202E⟩alert(1)⟨U+000A⟩]]&gt;")
    assert "look-" in pages.render("base.html") and "<script" not in pages.render("base.html")


def test_the_colours_are_those_of_the_report() -> None:
    look = files("fairtrial.pages").joinpath("static/look.css").read_text("utf-8")
    report = files("fairtrial.report.html").joinpath("templates/report.css").read_text("utf-8")
    colours = [
        dict(re.findall(r"(--[\w-]+): (#\w+|rgba\([^)]+\));", sheet.partition("@page")[0])) for sheet in (look, report)
    ]
    assert colours[0] == colours[1] and len(colours[0]) > 10
    halves = [sheet.partition("@media (prefers-color-scheme: dark)")[0] for sheet in (look, report)]
    light = [dict(re.findall(r"(--[\w-]+): (#\w+|rgba\([^)]+\));", half)) for half in halves]
    assert light[0] == light[1] and light[0]["--paper"] == "#fbfaf7"
