"""Made-up documents of made-up words, with rights, and vectors for their passages: the same for every system that is
measured.

A fifth of the documents may not be used.  Words are drawn by Zipf's law from 50,000; vectors are directions near one of
1,000 centres, since directions drawn evenly have no neighbours that an index could find.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.document import Document
from fairtrial.rights import Circumstances, Evidence, RightsRecord, Statement, Use

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Circumstances(datetime(2026, 6, 1, tzinfo=UTC))
WORDS = 50_000
PASSAGES = 4
"""Of a document."""
WORDS_OF_PASSAGE = 150
CENTRES = 1000
ADDRESS = "https://x.example/"
P = ParamSpec("P")
R = TypeVar("R")
ASKED_WORDS = 4
"""Of a query: the last ones of a title."""


def make_record(says: str, signal: str) -> RightsRecord:
    """Return a record that says the same of all uses."""
    statements = tuple(Statement(use, says, "") for use in Use)  # type: ignore[arg-type]
    return RightsRecord((Evidence(signal, "a", "", "0" * 64, SEEN, statements=statements),))


RECORDS = [make_record("allow", "agreement")] * 4 + [make_record("deny", "rsl")]


def is_allowed(number: int) -> bool:
    """Whether the document of this number may be used."""
    return number % len(RECORDS) < len(RECORDS) - 1


def make_documents(count: int) -> Iterator[Document]:
    """Yield documents of `PASSAGES` paragraphs each, which become as many passages."""
    rng = np.random.default_rng(1)
    names = np.array([np.base_repr(n + 40_000, 36).lower() for n in range(WORDS)])
    shares = 1 / np.arange(1, WORDS + 1)
    bounds = np.cumsum(shares / shares.sum())[:-1]
    size = WORDS_OF_PASSAGE
    for number in range(count):
        words = names[np.searchsorted(bounds, rng.random(PASSAGES * size))]
        text = "\n\n".join(" ".join(words[at * size : (at + 1) * size]) + "." for at in range(PASSAGES))
        title = " ".join(words[:6])
        moment = SEEN + timedelta(hours=number % 2000)
        rights = RECORDS[number % len(RECORDS)]
        yield Document(f"{ADDRESS}{number}", "made", text, title, publisher="X", published=moment, rights=rights)


def find_queries(documents: int, count: int) -> list[str]:
    """Return queries: words of the titles of documents from the whole range."""
    step = max(1, documents // count)
    titles = [one.title for number, one in enumerate(make_documents(documents)) if number % step == 0]
    return [" ".join(title.split()[-ASKED_WORDS:]) for title in titles[:count]]


def draw_vectors(width: int, seed: int) -> Callable[[int], NDArray[np.float32]]:
    """Return what draws the next so many vectors of length 1; the same seed draws the same ones."""
    centres = scale_rows(np.random.default_rng(3).standard_normal((CENTRES, width), np.float32))
    rng = np.random.default_rng(seed)

    def draw(count: int) -> NDArray[np.float32]:
        own = rng.standard_normal((count, width), np.float32) * np.float32(0.06)
        return scale_rows(centres[rng.integers(0, CENTRES, count)] + own)

    return draw


def scale_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows of length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class Near:
    """Gives queries a direction near a centre; passages got theirs before."""

    name = "made-up"

    def __init__(self, width: int) -> None:
        """Draw the same queries each time."""
        self.width = width
        self._draw = draw_vectors(width, seed=7)

    def identity(self) -> Sequence[object]:
        """Return what decides its vectors."""
        return ["made-up", self.width]

    def embed(self, texts: Sequence[str], kind: str) -> NDArray[np.float32]:
        """Return the next vectors, whatever the texts."""
        return self._draw(len(texts))

    def close(self) -> None:
        """Do nothing."""


def run_alone(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what a function returns in a process of its own, so that it keeps no memory and finds none."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()


def read_peak() -> float:
    """Return the most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
