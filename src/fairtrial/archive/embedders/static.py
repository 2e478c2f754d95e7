"""Static embeddings in a local folder, through `model2vec` (extra ``model2vec``): averages of vectors of word pieces.

Hundreds of times quicker than a network, and less exact.  Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.embedders.base import EmbeddedAs, scale_rows
from fairtrial.errors import MissingExtraError, ModelError
from fairtrial.models import hash_file

METHOD = 1
"""Counts up when the same text gets another vector."""
TOKENS = 512
"""That are read of a text at most."""
FILES = ("config.json", "model.safetensors", "tokenizer.json")


class StaticEmbedder:
    """A folder of model2vec; see `archive.embedders.base.Embedder`."""

    def __init__(self, folder: Path) -> None:
        """Load it.  Raises ModelError if it is none, MissingExtraError without the package."""
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise ModelError(
                f"{folder} is no folder of model2vec: it has no {missing[0]}.",
                fix=f"Name a folder with {', '.join(FILES)}.",
            )
        try:
            from model2vec import StaticModel
        except ImportError as error:
            raise MissingExtraError("The embedder model2vec", "model2vec") from error
        self.name = f"model2vec/{folder.name}"
        self._files = [folder / name for name in FILES]
        try:
            self._model: Any = StaticModel.from_pretrained(str(folder))
        except Exception as error:
            raise ModelError(f"model2vec cannot load {folder}: {type(error).__name__}.") from None

    def identity(self) -> Sequence[object]:
        """Return the files' hashes."""
        return ["model2vec", METHOD, *(hash_file(one) for one in self._files), TOKENS]

    def embed(self, texts: Sequence[str], kind: EmbeddedAs) -> NDArray[np.float32]:
        """Return (texts, n) vectors of length 1; queries and passages alike."""
        try:
            rows = self._model.encode(list(texts), max_length=TOKENS, use_multiprocessing=False)
        except Exception as error:
            raise ModelError(f"{self.name} failed: {type(error).__name__}.") from None
        return scale_rows(np.asarray(rows, np.float32), self.name)

    def close(self) -> None:
        """Nothing to free."""
