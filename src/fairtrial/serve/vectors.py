"""``POST /v1/embeddings``."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fairtrial.archive.embedders.base import Embedder
from fairtrial.engines.stopping import estimate_tokens
from fairtrial.serve.asking import make_late_error, until_left
from fairtrial.serve.bodies import EmbeddingBody, read_body
from fairtrial.serve.errors import ApiError
from fairtrial.serve.hall import Hall

TURN = asyncio.Semaphore(1)
"""An embedder is asked by one client at a time."""
TOGETHER = 32
"""Texts in one turn; between turns others have theirs, and whoever has left is not computed for."""


async def embed_texts(hall: Hall, client: Request, data: bytes) -> Response:
    """Return vectors of texts, as numbers or, as most clients ask for, as bytes in base64 (float32, little-endian)."""
    body = await read_body(data, EmbeddingBody)
    served = hall.first
    if served.embedder is None:
        told = "no embedder is served here; start the server with --embed SPEC, e.g. small."
        raise ApiError(404, told, code="no_embedder")
    if body.dimensions is not None:
        raise ApiError(400, "dimensions: vectors have the length that the embedder gives them.", param="dimensions")
    texts = [body.input] if isinstance(body.input, str) else body.input
    embedder = served.embedder
    try:
        async with asyncio.timeout(served.limits.answer_seconds):
            rows = await until_left(client, _embed_in_turns(embedder, texts))
    except TimeoutError:
        raise make_late_error(served) from None
    encoded: list[object] = (
        [base64.b64encode(row.tobytes()).decode() for row in rows]
        if body.encoding_format == "base64"
        else [row.tolist() for row in rows]
    )
    count = sum(estimate_tokens(len(text.encode("utf-8", "replace"))) for text in texts)
    listed = [{"object": "embedding", "index": i, "embedding": one} for i, one in enumerate(encoded)]
    usage = {"prompt_tokens": count, "total_tokens": count}
    return JSONResponse({"object": "list", "data": listed, "model": embedder.name, "usage": usage})


async def _embed_in_turns(embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return (texts, numbers) vectors, little-endian."""
    found = []
    for at in range(0, len(texts), TOGETHER):
        async with TURN:
            found.append(await asyncio.to_thread(embedder.embed, texts[at : at + TOGETHER], "passage"))
    return np.concatenate(found).astype("<f4", copy=False)
