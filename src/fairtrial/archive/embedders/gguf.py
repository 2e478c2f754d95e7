"""Embedding models in GGUF files, through llama.cpp in this process: ``gguf:PATH``, ``pkg:...``, ``hf:...``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.embedders.base import EmbeddedAs, scale_rows
from fairtrial.engines.llamacpp.pooling import TextVectors
from fairtrial.errors import ModelError
from fairtrial.models import ResolvedModel

METHOD = 1
"""Counts up when the same text gets another vector."""

PREFIXES: tuple[tuple[str, str, str], ...] = (
    ("nomic-embed", "search_query: ", "search_document: "),
    ("e5-", "query: ", "passage: "),
    ("bge-m3", "", ""),
    ("bge-", "Represent this sentence for searching relevant passages: ", ""),
    ("mxbai-embed", "Represent this sentence for searching relevant passages: ", ""),
    ("arctic-embed", "Represent this sentence for searching relevant passages: ", ""),
    ("embeddinggemma", "task: search result | query: ", "title: none | text: "),
    (
        "qwen3-embedding",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
        "",
    ),
)
"""Part of a model's or file's name, and what its authors have queries and passages begin with; the first that fits."""


class GgufEmbedder:
    """A model in a GGUF file; see `archive.embedders.base.Embedder`."""

    def __init__(self, model: ResolvedModel, threads: int = 0) -> None:
        """Load it; ``threads``: 0 takes up to eight.  Raises ModelError if llama.cpp cannot make vectors with it."""
        if model.path is None:
            raise ModelError(f"the embedder {model.spec!r} has no file.")
        self.name = model.name
        self._sha256 = model.sha256
        self._vectors = TextVectors(model.path, model.sha256, threads)
        names = f"{model.name} {self._vectors.name}".lower().replace("_", "-").replace(" ", "-")
        self._before = next((one[1:] for one in PREFIXES if one[0] in names), ("", ""))

    def identity(self) -> Sequence[object]:
        """Return the file's hash, the pooling, the tokens that are read, and the prefixes."""
        return ["gguf", METHOD, self._sha256, self._vectors.pooling, self._vectors.most, list(self._before)]

    def embed(self, texts: Sequence[str], kind: EmbeddedAs) -> NDArray[np.float32]:
        """Return (texts, n) vectors of length 1."""
        before = self._before[0] if kind == "query" else self._before[1]
        return scale_rows(self._vectors.compute([before + text for text in texts]), self.name)

    def close(self) -> None:
        """Free the model."""
        self._vectors.close()
