"""What a server tells of itself: ``/``, ``/v1/models``, ``/health``, ``/metrics``."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from starlette.responses import JSONResponse, Response

from fairtrial.serve.errors import ApiError
from fairtrial.serve.metrics import CONTENT_TYPE
from fairtrial.serve.served import Served


def describe_server(served: Served) -> Response:
    """Return who answers: the candidate, the trial that it was judged in, and its verdicts."""
    about = served.about
    document: dict[str, Any] = {
        "object": "fairtrial.candidate",
        "fairtrial": version("fairtrial"),
        "name": about.name,
        "candidate": about.candidate,
        "trial": about.trial or None,
        "verdicts": list(about.verdicts),
        "sameness": dict(served.sameness) or None,
        "recording": served.recorder.describe() if served.recorder else None,
        **about.facts,
        "endpoints": ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models", "/tokenize",
                      "/detokenize", "/tokenizer_info", "/health", "/metrics"],
    }  # fmt: skip
    return JSONResponse(document)


def list_models(served: Served) -> Response:
    """Return what can be asked for."""
    return JSONResponse({"object": "list", "data": [_describe_model(served, name) for name in served.names]})


def tell_model(served: Served, name: str) -> Response:
    """Return one of them."""
    served.check_model(name)
    return JSONResponse(_describe_model(served, name))


def _describe_model(served: Served, name: str) -> dict[str, Any]:
    can = served.desk.engine.can
    told = {"candidate": served.about.candidate, "trial": served.about.trial or None, "images": can.images}
    return {
        "id": name,
        "object": "model",
        "created": served.began,
        "owned_by": "fairtrial",
        "max_model_len": can.context_tokens,
        "fairtrial": told,
    }


def tell_health(served: Served) -> Response:
    """Return whether it answers."""
    if not served.desk.well:
        raise ApiError(503, "the engine does not answer.", code="engine_failed")
    return JSONResponse({"status": "ok", "waiting": served.desk.waiting, "growing": served.desk.growing})


def tell_metrics(served: Served) -> Response:
    """Return what happened so far, for Prometheus."""
    desk = served.desk
    text = served.metrics.write(desk.waiting, desk.growing, sorted(desk.work.items()))
    return Response(text, media_type=CONTENT_TYPE)
