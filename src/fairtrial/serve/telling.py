"""What a server tells of itself: ``/``, ``/v1/models``, ``/health``, ``/metrics``."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from starlette.responses import JSONResponse, Response

from fairtrial.serve.conversation import MOST_IMAGES
from fairtrial.serve.errors import ApiError
from fairtrial.serve.hall import Hall
from fairtrial.serve.metrics import CONTENT_TYPE
from fairtrial.serve.served import Served

ENDPOINTS = (
    "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models", "/v1/passages", "/tokenize",
    "/detokenize", "/tokenizer_info", "/health", "/metrics", "/chat",
)  # fmt: skip


def describe_server(hall: Hall) -> Response:
    """Return who answers: the candidate, the trial that it was judged in, and its verdicts; of several a list."""
    if len(hall.served) > 1:
        own: dict[str, Any] = {"object": "fairtrial.candidates", "fairtrial": version("fairtrial")}
        listed = [describe_candidate(one) for one in hall.served]
        return JSONResponse({**own, "candidates": listed, "endpoints": ENDPOINTS})
    own = {"object": "fairtrial.candidate", "fairtrial": version("fairtrial")}
    return JSONResponse({**own, **describe_candidate(hall.first), "endpoints": ENDPOINTS})


def describe_candidate(served: Served) -> dict[str, Any]:
    """Return who a candidate is, the trial that it was judged in, and its verdicts, as JSON values."""
    about = served.about
    return {
        "name": about.name,
        "candidate": about.candidate,
        "trial": about.trial or None,
        "verdicts": list(about.verdicts),
        "sameness": dict(served.sameness) or None,
        "recording": served.recorder.describe() if served.recorder else None,
        **about.facts,
    }


def describe_chat(hall: Hall) -> Response:
    """Return what the chat page must know: who answers, with what they were tested, and how much may be sent."""
    limits = hall.first.limits
    document = {
        "object": "fairtrial.chat",
        "candidates": [_describe_talker(one) for one in hall.served],
        "limits": {"body_bytes": limits.body_bytes, "images": MOST_IMAGES, "answer_seconds": limits.answer_seconds},
        "votes": {"words": hall.first.recorder is not None} if hall.ballot else None,
    }
    return JSONResponse(document, headers={"Cache-Control": "no-store"})


def _describe_talker(served: Served) -> dict[str, Any]:
    spec = served.spec
    asked = {
        "images": served.desk.engine.can.images,
        "chats": spec.chat != "none",
        "coming": served.desk.coming,
        "system": spec.system,
        "decoding": spec.decoding.model_dump(mode="json"),
    }
    return {**describe_candidate(served), **asked}


def list_models(hall: Hall) -> Response:
    """Return what can be asked for."""
    return JSONResponse({"object": "list", "data": [_describe_model(hall, name) for name in hall.names]})


def tell_model(hall: Hall, name: str) -> Response:
    """Return one of them."""
    return JSONResponse(_describe_model(hall, name))


def _describe_model(hall: Hall, name: str) -> dict[str, Any]:
    served = hall.find(name)
    can = served.desk.engine.can
    told = {"candidate": served.about.candidate, "trial": served.about.trial or None, "images": can.images}
    if name != served.about.name:
        told["name"] = served.about.name
    return {
        "id": name,
        "object": "model",
        "created": served.began,
        "owned_by": "fairtrial",
        "max_model_len": can.context_tokens,
        "fairtrial": told,
    }


def tell_health(hall: Hall) -> Response:
    """Return whether all candidates answer."""
    bad = [one.about.name for one in hall.served if not one.desk.well]
    if bad:
        who = f" of {', '.join(bad)}" if len(hall.served) > 1 else ""
        raise ApiError(503, f"the engine{who} does not answer.", code="engine_failed")
    waiting, growing = _count_requests(hall)
    return JSONResponse({"status": "ok", "waiting": waiting, "growing": growing})


def _count_requests(hall: Hall) -> tuple[int, int]:
    desks = [one.desk for one in hall.served]
    return sum(desk.waiting for desk in desks), sum(desk.growing for desk in desks)


def tell_metrics(hall: Hall) -> Response:
    """Return what happened so far, for Prometheus: of all candidates together, but for what engines have computed."""
    work = [
        (name, one.about.name if len(hall.served) > 1 else "", value)
        for one in hall.served
        for name, value in sorted(one.desk.work.items())
    ]
    return Response(hall.first.metrics.write(*_count_requests(hall), work), media_type=CONTENT_TYPE)
