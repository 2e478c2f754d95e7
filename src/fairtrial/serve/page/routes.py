"""The pages' own paths: two frames without a word about who is served, and their files.

They need no key: a browser cannot send one when it opens a page.  Everything else the scripts ask for with the key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from fairtrial.pages.assets import KINDS, Assets
from fairtrial.pages.rendering import PageRenderer
from fairtrial.pages.safety import HEADERS, POLICY

PACKAGE = "fairtrial.serve.page"
OWN_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": POLICY.replace("img-src 'self'", "img-src 'self' blob:"),
    "Cache-Control": "no-store",
}
"""Pictures that a user has chosen are shown before they are sent."""

FRAMES = {"/chat": "chat.html", "/votes": "votes.html"}

_Check = Callable[[Request], Response | None]
"""Returns why somebody is not let in; None if they are."""


def make_page_routes(check: _Check) -> list[BaseRoute]:
    """Return the routes of the pages and of their files."""
    assets = Assets(["fairtrial.pages"])
    renderer = PageRenderer([PACKAGE], assets)
    frames = {path: renderer.render(name).encode() for path, name in FRAMES.items()}
    scripts = _read_scripts()

    async def show(request: Request) -> Response:
        return Response(frames[request.url.path], media_type="text/html; charset=utf-8")

    async def send(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in scripts:
            return PlainTextResponse("There is no such file.", 404)
        kind, data, tag = scripts[name]
        kept = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=kept)
        return Response(data, media_type=kind, headers=kept)

    shared = assets.route()
    return [
        *(Route(path, _protect(show, check), methods=["GET"]) for path in FRAMES),
        Route("/chat/files/{name}", _protect(send, check), methods=["GET"]),
        Route(shared.path, _protect(shared.endpoint, check), methods=["GET"]),
    ]


def _read_scripts() -> dict[str, tuple[str, bytes, str]]:
    """Return the pages' own files: kind, bytes and tag.  Scripts name each other, so their names stay."""
    found = {}
    for file in files(PACKAGE).joinpath("static").iterdir():
        kind = KINDS.get("." + file.name.rpartition(".")[2])
        if kind:
            data = file.read_bytes()
            found[file.name] = (kind, data, f'"{sha256(data).hexdigest()[:16]}"')
    return found


def _protect(
    answer: Callable[[Request], Awaitable[Response]], check: _Check
) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler whose responses keep a page to itself."""

    async def respond(request: Request) -> Response:
        response = check(request) or await answer(request)
        for name, value in OWN_HEADERS.items():
            if name != "Cache-Control" or "cache-control" not in response.headers:
                response.headers[name] = value
        return response

    return respond
