"""Embeddings of an endpoint that speaks OpenAI's API (``/embeddings``): ``openai:MODEL`` with an ``endpoint``.

Passages leave this machine for it, unless it is here.  The key comes from the environment; requests are sent again
after passing failures, as answers are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.embedders.base import EmbeddedAs, scale_rows
from fairtrial.engines.openai_api.calls import Caller
from fairtrial.errors import EngineError, FairtrialError
from fairtrial.spec.endpoint import Endpoint

METHOD = 1
"""Counts up when the same text gets another vector."""
AT_A_TIME = 64
"""Texts of one request."""
CHARACTERS = 24_000
"""Of them; longer texts are cut there, as no such model reads more than 8,192 tokens."""
REPEATED = 4
"""Words in a row that an endpoint's complaint may not have in common with what it was sent."""


class HostedEmbedder:
    """A model at an endpoint; see `archive.embedders.base.Embedder`."""

    def __init__(self, model: str, endpoint: Endpoint, tell: Callable[[str], None] = lambda _: None) -> None:
        """Make ready to ask; ``tell`` is given lines for the user.  Raises EngineError without a usable key."""
        self.name = model
        self._endpoint = endpoint
        self._caller = Caller(endpoint, model, tell)

    def identity(self) -> Sequence[object]:
        """Return the model's name and where it is: what else decides its vectors is not known here."""
        return ["openai", METHOD, self._endpoint.base_url, self.name, CHARACTERS]

    def embed(self, texts: Sequence[str], kind: EmbeddedAs) -> NDArray[np.float32]:
        """Return (texts, n) vectors of length 1; queries and passages alike."""
        rows = [row for some in _portion(texts) for row in self._ask(some)]
        if len({len(row) for row in rows}) > 1:
            raise EngineError(f"{self._endpoint.host} gave vectors of different lengths.")
        return scale_rows(np.array(rows, np.float32).reshape(len(rows), -1), self.name)

    def close(self) -> None:
        """Give up whatever is under way."""
        self._caller.close()

    def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the vectors of some texts."""
        body = {"model": self.name, "input": [text or " " for text in texts], "encoding_format": "float"}
        payload = json.dumps(body).encode()
        try:
            told = self._caller.call(lambda: self._caller.document("embeddings", payload), "an embedding")
        except FairtrialError as error:
            if _repeats(error.message, texts):
                raise EngineError(
                    f"{self._endpoint.host} made no vectors; what it says repeats what it was sent, and is left out."
                ) from None
            raise
        return _read_vectors(told, len(texts), self._endpoint.host)


def _portion(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield texts some at a time."""
    some: list[str] = []
    for text in (one[:CHARACTERS] for one in texts):
        if some and (len(some) == AT_A_TIME or sum(map(len, some)) + len(text) > 8 * CHARACTERS):
            yield some
            some = []
        some.append(text)
    if some:
        yield some


def _read_vectors(told: dict[str, Any], count: int, host: str) -> list[list[float]]:
    """Return the vectors of an answer, in the order of the texts.  Raises EngineError if it is not as it must be."""
    data = told.get("data")
    if not isinstance(data, list) or len(data) != count:
        got = len(data) if isinstance(data, list) else "no"
        raise EngineError(f"{host} was asked for {count} vectors and gave {got}.")
    found: dict[int, list[float]] = {}
    for place, one in enumerate(data):
        row = one.get("embedding") if isinstance(one, dict) else None
        if not isinstance(row, list) or not row or not all(isinstance(x, int | float) for x in row):
            raise EngineError(f"{host} gave something that is no vector.")
        at = one.get("index", place)
        found[at if isinstance(at, int) else place] = [float(x) for x in row]
    if sorted(found) != list(range(count)):
        raise EngineError(f"{host} gave vectors that cannot be told apart: their `index` is wrong.")
    return [found[at] for at in range(count)]


def _repeats(message: str, texts: Sequence[str]) -> bool:
    """Return whether a complaint has some words in a row in common with what was sent."""
    said = _list_runs(message)
    return bool(said) and any(said & _list_runs(text) for text in texts)


def _list_runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[at : at + REPEATED]) for at in range(len(words) - REPEATED + 1)}
