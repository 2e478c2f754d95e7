"""The paths of the server; each handler is a file of its own."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fairtrial.errors import FairtrialError
from fairtrial.serve.asking import ClientLeftError
from fairtrial.serve.blind import PairBody, VoteBody, answer_blind, draw_pair, tell_votes, vote_on_pair
from fairtrial.serve.bodies import ChatBody, read_body
from fairtrial.serve.chat import complete_chat
from fairtrial.serve.completions import complete_text
from fairtrial.serve.doors import check_door, check_origin, read_within
from fairtrial.serve.errors import ApiError, explain
from fairtrial.serve.hall import Hall
from fairtrial.serve.incoming import BodyCounter
from fairtrial.serve.page.routes import make_page_routes
from fairtrial.serve.pairs import PREFIX
from fairtrial.serve.passages import tell_passage
from fairtrial.serve.telling import (
    ENDPOINTS,
    describe_chat,
    describe_server,
    list_models,
    tell_health,
    tell_metrics,
    tell_model,
)
from fairtrial.serve.tokens import describe_tokenizer, detokenize, tokenize
from fairtrial.serve.vectors import embed_texts

LOG = logging.getLogger("fairtrial.serve")
LEFT = 499
"""Status that is counted where the client has left; nobody gets it."""

OTHER_APIS: Mapping[str, str] = {
    "/v1/responses": "the Responses API",
    "/responses": "the Responses API",
    "/v1/messages": "Anthropic's API",
    "/api/": "Ollama's API",
}
"""Beginnings of paths that clients of other interfaces try."""

_Answer = Callable[[Hall, Request], Awaitable[Response]]


async def _chat(hall: Hall, request: Request) -> Response:
    body = await read_body(await read_within(hall.first, request), ChatBody)
    if body.model is not None and body.model.startswith(PREFIX):
        return await answer_blind(hall, request, body)
    return await complete_chat(hall.find(body.model), request, body)


async def _text(hall: Hall, request: Request) -> Response:
    return await complete_text(hall, request, await read_within(hall.first, request))


async def _vectors(hall: Hall, request: Request) -> Response:
    return await embed_texts(hall, request, await read_within(hall.first, request))


async def _tokenize(hall: Hall, request: Request) -> Response:
    return await tokenize(hall, await read_within(hall.first, request))


async def _detokenize(hall: Hall, request: Request) -> Response:
    return await detokenize(hall, await read_within(hall.first, request))


async def _tokenizer(hall: Hall, request: Request) -> Response:
    return await describe_tokenizer(hall, request.query_params.get("model"))


async def _models(hall: Hall, _: Request) -> Response:
    return list_models(hall)


async def _model(hall: Hall, request: Request) -> Response:
    return tell_model(hall, request.path_params["name"])


async def _passage(hall: Hall, request: Request) -> Response:
    return await tell_passage(hall, request.path_params["name"])


async def _pair(hall: Hall, request: Request) -> Response:
    return draw_pair(hall, await read_body(await read_within(hall.first, request), PairBody))


async def _vote(hall: Hall, request: Request) -> Response:
    return await vote_on_pair(hall, await read_body(await read_within(hall.first, request), VoteBody))


async def _votes(hall: Hall, _: Request) -> Response:
    return await tell_votes(hall)


async def _talkers(hall: Hall, _: Request) -> Response:
    return describe_chat(hall)


async def _root(hall: Hall, _: Request) -> Response:
    return describe_server(hall)


async def _health(hall: Hall, _: Request) -> Response:
    return tell_health(hall)


async def _metrics(hall: Hall, _: Request) -> Response:
    return tell_metrics(hall)


POSTS: Mapping[str, _Answer] = {
    "/chat/completions": _chat,
    "/completions": _text,
    "/embeddings": _vectors,
    "/tokenize": _tokenize,
    "/detokenize": _detokenize,
}
GETS: Mapping[str, _Answer] = {
    "/models": _models,
    "/models/{name:path}": _model,
    "/tokenizer_info": _tokenizer,
    "/passages/{name}": _passage,
}
VOTING: Mapping[str, _Answer] = {"/chat/pairs": _pair, "/chat/votes": _vote}
OWN: Mapping[str, _Answer] = {
    "/": _root,
    "/chat/settings": _talkers,
    "/chat/votes": _votes,
    "/health": _health,
    "/metrics": _metrics,
}


def make_app(hall: Hall) -> Starlette:
    """Return the application; the paths of OpenAI's API are there with and without ``/v1``."""
    routes: list[BaseRoute] = [
        Route(f"{prefix}{path}", _guard(hall, path, answer), methods=[method])
        for prefix in ("/v1", "")
        for method, listed in (("POST", POSTS), ("GET", GETS))
        for path, answer in listed.items()
    ]
    routes += [Route(path, _guard(hall, path, answer), methods=["GET"]) for path, answer in OWN.items()]
    routes += [Route(path, _guard(hall, path, answer), methods=["POST"]) for path, answer in VOTING.items()]
    routes += make_page_routes(lambda request: _refuse_stranger(hall, request))
    allowed = Middleware(
        CORSMiddleware, allow_origins=list(hall.first.origins), allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
    )  # fmt: skip
    return Starlette(
        routes=routes,
        middleware=[Middleware(BodyCounter, hall.first.incoming), *([allowed] if hall.first.origins else [])],
        exception_handlers={HTTPException: _answer_http},
    )


def _refuse_stranger(hall: Hall, request: Request) -> Response | None:
    """Return why somebody may not even see a page without words; None if they may."""
    try:
        check_origin(hall.first, request)
    except ApiError as error:
        return error.respond()
    return None


def _guard(hall: Hall, path: str, answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that lets in whom it may, and tells errors in the form that clients read."""

    async def respond(request: Request) -> Response:
        try:
            check_door(hall.first, request)
            response = await answer(hall, request)
        except ClientLeftError:
            hall.first.metrics.requests.labels(path, str(LEFT)).inc()
            return Response(status_code=LEFT)
        except Exception as error:
            if not isinstance(error, ApiError | FairtrialError):
                LOG.exception("a request has failed")
            response = explain(error).hide(hall.first.keys).respond()
        hall.first.metrics.requests.labels(path, str(response.status_code)).inc()
        return response

    return respond


async def _answer_http(request: Request, error: Exception) -> Response:
    """Answer for paths and methods that there are none of."""
    assert isinstance(error, HTTPException)
    other = next((words for path, words in OTHER_APIS.items() if request.url.path.startswith(path)), "")
    missing = f"{other} is not served here: ask POST /v1/chat/completions." if other else ""
    told = {404: missing or f"there is no such path; there are {', '.join(ENDPOINTS)}.",
            405: "this path takes another method."}  # fmt: skip
    return ApiError(error.status_code, told.get(error.status_code, str(error.detail))).respond()
