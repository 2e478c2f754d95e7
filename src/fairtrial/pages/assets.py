"""Style sheets and scripts of pages: read once, named by their content, so that a browser may keep them for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
PLACE = "/static"
FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: where it is found, its kind and its bytes."""

    path: str
    media_type: str
    data: bytes


class Assets:
    """The files of some packages' folders ``static``, by their names; a later package's file stands for an earlier's.

    Attributes:
        found: by name, e.g. ``look.css``.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self.found: dict[str, Asset] = {}
        for package in packages:
            for file in files(package).joinpath("static").iterdir():
                stem, dot, end = file.name.rpartition(".")
                if kind := KINDS.get(dot + end):
                    self.add(file.name, kind, file.read_bytes(), stem, dot + end)

    def add(self, name: str, kind: str, data: bytes, stem: str, suffix: str) -> None:
        """Take a file."""
        self.found[name] = Asset(f"{PLACE}/{stem}-{sha256(data).hexdigest()[:12]}{suffix}", kind, data)

    def find_path(self, name: str) -> str:
        """Return where a page finds a file.  Raises KeyError if there is none of that name."""
        return self.found[name].path

    def route(self) -> Route:
        """Return the route that answers for all of them."""
        by_path = {asset.path: asset for asset in self.found.values()}

        async def send(request: Request) -> Response:
            asset = by_path.get(request.url.path)
            if asset is None:
                return PlainTextResponse("There is no such file.", 404)
            return Response(asset.data, media_type=asset.media_type, headers={"Cache-Control": FOR_GOOD})

        return Route(f"{PLACE}/{{name}}", send, methods=["GET", "HEAD"])
