"""Adding and searching at growing sizes, with rights on: made-up documents of made-up words.

    python -m bench.retrieval.scale [--passages 10000 100000] [--width 384] [--queries 100]

A fifth of the documents may not be used.  Words are drawn by Zipf's law from 50,000; vectors are directions near one of
1,000 centres, since directions drawn evenly have no neighbours that an index could find.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from fairtrial.archive.base import Entry
from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Document
from fairtrial.archive.embedders.base import name_space
from fairtrial.archive.search import Searcher, SearchSettings
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.rights import Circumstances, Evidence, RightsRecord, Statement, Use

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Circumstances(datetime(2026, 6, 1, tzinfo=UTC))
WORDS = 50_000
PASSAGES = 4
"""Of a document."""


def make_record(says: str, signal: str) -> RightsRecord:
    """Return a record that says the same of all uses."""
    statements = tuple(Statement(use, says, "") for use in Use)  # type: ignore[arg-type]
    return RightsRecord((Evidence(signal, "a", "", "0" * 64, SEEN, statements=statements),))


RECORDS = [make_record("allow", "agreement")] * 4 + [make_record("deny", "rsl")]


def make_documents(count: int, rng: np.random.Generator) -> Iterator[Document]:
    """Yield documents of some passages each."""
    names = np.array([np.base_repr(n + 40_000, 36).lower() for n in range(WORDS)])
    shares = 1 / np.arange(1, WORDS + 1)
    shares /= shares.sum()
    for number in range(count):
        words = names[rng.choice(WORDS, PASSAGES * 150, p=shares)]
        paragraphs = [" ".join(words[at * 150 : (at + 1) * 150]) + "." for at in range(PASSAGES)]
        title = " ".join(words[:6])
        moment = SEEN + timedelta(hours=number % 2000)
        rights = RECORDS[number % len(RECORDS)]
        text = "\n\n".join(paragraphs)
        yield Document(
            f"https://x.example/{number}", "made", text, title, publisher="X", published=moment, rights=rights
        )


class Near:
    """Gives queries a direction near a centre; passages got theirs before."""

    name = "made-up"

    def __init__(self, width: int) -> None:
        self.rng = np.random.default_rng(5)
        self.centres = scale(np.random.default_rng(3).standard_normal((1000, width)))

    def identity(self) -> Sequence[object]:
        return ["made-up", self.centres.shape[1]]

    def draw(self, count: int) -> NDArray[np.float32]:
        """Return so many vectors."""
        own = self.rng.standard_normal((count, self.centres.shape[1])) * 0.06
        return scale(self.centres[self.rng.integers(0, 1000, count)] + own)

    def embed(self, texts: Sequence[str], kind: str) -> NDArray[np.float32]:
        return self.draw(len(texts))

    def close(self) -> None:
        pass


def scale(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def measure(passages: int, width: int, queries: int, folder: Path) -> None:
    rng = np.random.default_rng(1)
    documents = list(make_documents(passages // PASSAGES, rng))
    place = folder / f"{passages}.db"
    begun = time.perf_counter()
    store = SqliteStore(place, create=True)
    with store.writing():
        for at in range(0, len(documents), 500):
            store.add([Entry(one, cut(one)) for one in documents[at : at + 500]], {}, ())
    adding = time.perf_counter() - begun
    asked = [" ".join(one.title.split()[-4:]) for one in documents[:: max(1, len(documents) // queries)][:queries]]
    near = Near(width)
    space, number = name_space(near), 0
    begun = time.perf_counter()
    while found := store.find_unembedded(space, 50_000, frozenset(store.list_rights())):
        with store.writing():
            store.put_vectors(space, [n for n, _ in found], near.draw(len(found)))
        number += len(found)
    print(
        f"{number:,} passages: added {len(documents) / adding:,.0f} documents/s ({number / adding:,.0f} passages/s), "
        f"vectors {number / (time.perf_counter() - begun):,.0f}/s, file {place.stat().st_size / 1e6:,.0f} MB",
        flush=True,
    )
    del documents
    store.close()
    for legs in ("words", "vectors", "both"):
        before = psutil.Process().memory_info().rss
        store = SqliteStore(place)
        searcher = Searcher(store, HERE, embedder=near, settings=SearchSettings(k=6, legs=legs))
        begun = time.perf_counter()
        searcher.search(asked[0])
        first = time.perf_counter() - begun
        times = []
        for query in asked:
            begun = time.perf_counter()
            searcher.search(query)
            times.append(1000 * (time.perf_counter() - begun))
        p50, p95 = np.percentile(times, [50, 95])
        held = (psutil.Process().memory_info().rss - before) / 1e6
        print(
            f"  {legs:8} first {1000 * first:7,.0f} ms  p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  memory +{held:,.0f} MB",
            flush=True,
        )
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--queries", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for passages in asked.passages:
            measure(passages, asked.width, asked.queries, Path(folder))


if __name__ == "__main__":
    main()
