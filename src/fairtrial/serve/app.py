"""The paths of the server; each handler is a file of its own."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fairtrial.errors import FairtrialError
from fairtrial.serve.asking import ClientLeftError
from fairtrial.serve.chat import complete_chat
from fairtrial.serve.completions import complete_text
from fairtrial.serve.doors import check_door, read_within
from fairtrial.serve.errors import ApiError, explain
from fairtrial.serve.served import Served
from fairtrial.serve.telling import describe_server, list_models, tell_health, tell_metrics, tell_model
from fairtrial.serve.tokens import describe_tokenizer, detokenize, tokenize
from fairtrial.serve.vectors import embed_texts

LOG = logging.getLogger("fairtrial.serve")
LEFT = 499
"""Status that is counted where the client has left; nobody gets it."""

_Answer = Callable[[Request], Awaitable[Response]]


def make_app(served: Served) -> Starlette:
    """Return the application; paths are there with and without ``/v1``."""

    async def chat(request: Request) -> Response:
        return await complete_chat(served, request, await read_within(served, request))

    async def text(request: Request) -> Response:
        return await complete_text(served, request, await read_within(served, request))

    async def vectors(request: Request) -> Response:
        return await embed_texts(served, await read_within(served, request))

    async def split(request: Request) -> Response:
        return await tokenize(served, await read_within(served, request))

    async def join(request: Request) -> Response:
        return await detokenize(served, await read_within(served, request))

    async def tokenizer(_: Request) -> Response:
        return await describe_tokenizer(served)

    async def models(_: Request) -> Response:
        return list_models(served)

    async def model(request: Request) -> Response:
        return tell_model(served, request.path_params["name"])

    async def root(_: Request) -> Response:
        return describe_server(served)

    async def health(_: Request) -> Response:
        return tell_health(served)

    async def metrics(_: Request) -> Response:
        return tell_metrics(served)

    posts: dict[str, _Answer] = {
        "/chat/completions": chat,
        "/completions": text,
        "/embeddings": vectors,
        "/tokenize": split,
        "/detokenize": join,
    }
    gets: dict[str, _Answer] = {"/models": models, "/models/{name:path}": model, "/tokenizer_info": tokenizer}
    own: dict[str, _Answer] = {"/": root, "/health": health, "/metrics": metrics}
    routes = [
        Route(f"{prefix}{path}", _guard(served, path, answer), methods=[method])
        for prefix in ("/v1", "")
        for method, listed in (("POST", posts), ("GET", gets))
        for path, answer in listed.items()
    ]
    routes += [Route(path, _guard(served, path, answer), methods=["GET"]) for path, answer in own.items()]
    allowed = Middleware(
        CORSMiddleware, allow_origins=list(served.origins), allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
    )  # fmt: skip
    return Starlette(
        routes=routes,
        middleware=[allowed] if served.origins else [],
        exception_handlers={HTTPException: _answer_http},
    )


def _guard(served: Served, path: str, answer: _Answer) -> _Answer:
    """Return a handler that lets in whom it may, and tells errors in the form that clients read."""

    async def respond(request: Request) -> Response:
        try:
            check_door(served, request)
            response = await answer(request)
        except ClientLeftError:
            served.metrics.requests.labels(path, str(LEFT)).inc()
            return Response(status_code=LEFT)
        except Exception as error:
            if not isinstance(error, ApiError | FairtrialError):
                LOG.exception("a request has failed")
            response = explain(error).respond()
        served.metrics.requests.labels(path, str(response.status_code)).inc()
        return response

    return respond


async def _answer_http(_: Request, error: Exception) -> Response:
    """Answer for paths and methods that there are none of."""
    assert isinstance(error, HTTPException)
    told = {404: "there is no such path.", 405: "this path takes another method."}
    return ApiError(error.status_code, told.get(error.status_code, str(error.detail))).respond()
