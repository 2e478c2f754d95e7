"""``/tokenize``, ``/detokenize``, ``/tokenizer_info``: the model's own tokens, for clients that count or score."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from fairtrial.engines.live import ReadsTokens
from fairtrial.serve.asking import refuse_endless
from fairtrial.serve.bodies import DetokenizeBody, TokenizeBody, read_body
from fairtrial.serve.errors import ApiError
from fairtrial.serve.hall import Hall
from fairtrial.serve.served import Served


def _get_reader(served: Served) -> ReadsTokens:
    live = served.desk.live
    if not isinstance(live, ReadsTokens):
        raise ApiError(404, "tokens are told of plain models of llama.cpp only.", code="no_tokens")
    return live


async def describe_tokenizer(hall: Hall, model: str | None) -> Response:
    """Return the tokens that begin and end texts, and the chat template."""
    served = hall.find(model)
    reader = _get_reader(served)
    return JSONResponse(await served.desk.call(reader.describe_tokens))


async def tokenize(hall: Hall, data: bytes) -> Response:
    """Return the tokens of a text, nothing added unless it is asked for."""
    body = await read_body(data, TokenizeBody)
    served = hall.find(body.model)
    reader = _get_reader(served)
    refuse_endless(served, len(body.prompt))
    found = await served.desk.call(lambda: reader.tokenize(body.prompt, begins=bool(body.add_special_tokens)))
    return JSONResponse({"tokens": found, "count": len(found), "max_model_len": served.desk.engine.can.context_tokens})


async def detokenize(hall: Hall, data: bytes) -> Response:
    """Return the text of tokens."""
    body = await read_body(data, DetokenizeBody)
    served = hall.find(body.model)
    reader = _get_reader(served)
    return JSONResponse({"prompt": await served.desk.call(lambda: reader.detokenize(body.tokens))})
