"""Adding and searching at growing sizes, with rights on, on SQLite and PostgreSQL: made-up documents; see `made`.

    python -m bench.retrieval.scale [--passages 10000 100000] [--width 384] [--queries 100]
        [--postgres ADDRESS] [--no-recall] [--folder FOLDER]

Recall is the share of the 100 best passages of an exhaustive computation of its own (BM25 and cosines in double
precision over the documents that may be used) that the search finds among its first 100.  Each step is a process of its
own; peak memory is the whole process's.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.retrieval.made import (
    ADDRESS,
    HERE,
    PASSAGES,
    Near,
    draw_vectors,
    find_queries,
    is_allowed,
    make_documents,
    read_peak,
    run_alone,
)
from fairtrial.archive.base import Entry
from fairtrial.archive.chunks import cut
from fairtrial.archive.embedders.base import name_space
from fairtrial.archive.opening import open_archive
from fairtrial.archive.search import Searcher, SearchSettings
from fairtrial.archive.stores.ranking import K1, B
from fairtrial.archive.stores.words import count_query_words, list_words

BATCH = 500
BLOCK = 10_000
DEPTH = 100
"""Of recall."""
Ranked = list[list[int]]
"""The best passages of each query: `PASSAGES` times the document's number, plus the passage's index."""


def fill(place: str, documents: int, width: int) -> str:
    """Add documents and vectors; return how fast."""
    store = open_archive(place, create=True)
    batch, spent, busy = [], [], 0.0
    with store.writing():
        for number, one in enumerate(make_documents(documents), 1):
            batch.append(one)
            if len(batch) == BATCH or number == documents:
                begun, own = time.perf_counter(), time.process_time()
                store.add([Entry(one, cut(one)) for one in batch], {}, ())
                spent.append(time.perf_counter() - begun)
                busy += time.process_time() - own
                batch = []
    part = max(1, len(spent) // 5)
    first, last = (BATCH * part / sum(some) for some in (spent[:part], spent[-part:]))
    draw, space, count, putting = draw_vectors(width, seed=5), name_space(Near(width)), 0, 0.0
    finding, start = time.perf_counter(), 0
    allowed = frozenset(number for number, one in store.list_rights().items() if one.evidence[0].signal != "rsl")
    while found := store.find_unembedded(space, BLOCK, allowed, start):
        numbers, vectors = [n for n, _ in found], draw(len(found))
        begun = time.perf_counter()
        with store.writing():
            store.put_vectors(space, numbers, vectors)
        putting += time.perf_counter() - begun
        count, start = count + len(found), numbers[-1] + 1
    finding = time.perf_counter() - finding - putting
    store.close()
    return (
        f"added {documents / sum(spent):,.0f} documents/s (first fifth {first:,.0f}, last {last:,.0f}; "
        f"{documents / busy:,.0f} a second of this process); "
        f"{count:,} vectors, put {count / putting:,.0f}/s, their texts read {count / finding:,.0f}/s; "
        f"peak memory {read_peak():,.0f} MB"
    )


def query(place: str, legs: str, width: int, asked: Sequence[str]) -> str:
    """Search by some legs; return how fast."""
    begun = time.perf_counter()
    store = open_archive(place)
    searcher = Searcher(store, HERE, embedder=Near(width), settings=SearchSettings(k=6, legs=legs))
    searcher.search(asked[0])
    first = 1000 * (time.perf_counter() - begun)
    times, busy = [], []
    for one in asked:
        begun, spent = time.perf_counter(), time.process_time()
        searcher.search(one)
        times.append(1000 * (time.perf_counter() - begun))
        busy.append(1000 * (time.process_time() - spent))
    store.close()
    p50, p95 = np.percentile(times, [50, 95])
    return (
        f"{legs:8} first {first:7,.0f} ms  p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  "
        f"(of this process {np.median(busy):6.1f} ms)  peak memory {read_peak():,.0f} MB"
    )


def rank(place: str, legs: str, width: int, asked: Sequence[str]) -> Ranked:
    """Return what the search finds."""
    store = open_archive(place)
    settings = SearchSettings(k=DEPTH, legs=legs, pool=DEPTH, collapse=False)
    searcher = Searcher(store, HERE, embedder=Near(width), settings=settings)
    found = [
        [int(p.document.uri.removeprefix(ADDRESS)) * PASSAGES + p.passage.index for p in searcher.search(one).found]
        for one in asked
    ]
    store.close()
    return found


def check_words(documents: int, asked: Sequence[str], found: Ranked) -> float:
    """Return the recall of words, against BM25 of every passage that may be used."""
    queries = [count_query_words(one) for one in asked]
    numbers = {word: array("q") for one in queries for word in one}
    times = {word: array("d") for word in numbers}
    lengths = np.zeros(documents * PASSAGES)
    count = 0
    for document, one in enumerate(make_documents(documents)):
        for passage in cut(one) if is_allowed(document) else ():
            counts = Counter(list_words(f"{one.title} {passage.text}"))
            place = document * PASSAGES + passage.index
            lengths[place] = counts.total()
            count += 1
            for word in counts.keys() & numbers.keys():
                numbers[word].append(place)
                times[word].append(counts[word])
    penalty = K1 * (1 - B + B * lengths / (lengths.sum() / count))

    def score(words: Counter[str]) -> NDArray[np.float64]:
        scores = np.zeros(len(lengths))
        for word, often in words.items():
            at, tf = np.array(numbers[word], np.int64), np.array(times[word])
            rarity = np.log(1 + (count - len(at) + 0.5) / (len(at) + 0.5))
            scores[at] += often * rarity * (K1 + 1) * tf / (tf + penalty[at])
        return scores

    return float(np.mean([share_best(score(words), one) for words, one in zip(queries, found, strict=True)]))


def check_vectors(documents: int, width: int, found: Ranked) -> float:
    """Return the recall of vectors, against the cosine of every passage that may be used."""
    draw, near = draw_vectors(width, seed=5), Near(width)
    wanted = np.concatenate([near.embed([""], "query") for _ in found]).astype(np.float64)
    places = np.array([n for n in range(documents * PASSAGES) if is_allowed(n // PASSAGES)])
    scores = np.full((len(found), documents * PASSAGES), -2.0)
    for at in range(0, len(places), BLOCK):
        some = places[at : at + BLOCK]
        scores[:, some] = wanted @ draw(len(some)).astype(np.float64).T
    return float(np.mean([share_best(own, one) for own, one in zip(scores, found, strict=True)]))


def share_best(scores: NDArray[np.float64], found: Sequence[int]) -> float:
    """Return the share of the best that were found; of equal scores, any will do."""
    count = min(DEPTH, int((scores > 0).sum()))
    least = np.partition(scores, -count)[-count]
    return float((scores[list(found)] >= least - 1e-9).sum() / count) if len(set(found)) == len(found) else 0.0


def measure(name: str, place: str, passages: int, asked: argparse.Namespace) -> None:
    documents, width = passages // PASSAGES, asked.width
    queries = find_queries(documents, asked.queries)
    print(f"{name}, {passages:,} passages: {run_alone(fill, place, documents, width)}", flush=True)
    if Path(place).is_file():
        print(f"  file {Path(place).stat().st_size / 1e6:,.0f} MB", flush=True)
    for legs in ("words", "vectors", "both"):
        print(f"  {run_alone(query, place, legs, width, queries)}", flush=True)
    if not asked.no_recall:
        words = check_words(documents, queries, run_alone(rank, place, "words", width, queries))
        vectors = check_vectors(documents, width, run_alone(rank, place, "vectors", width, queries))
        print(f"  recall@{DEPTH} against every passage: words {words:.4f}, vectors {vectors:.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--postgres", default="", help="address of an empty database, beside SQLite")
    parser.add_argument("--no-recall", action="store_true", help="leave out the exhaustive computation")
    parser.add_argument("--folder", type=Path, help="where archives are made and left; default: a temporary one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for passages in asked.passages:
            measure("SQLite", str((asked.folder or Path(folder)) / f"{passages}.db"), passages, asked)
            if asked.postgres:
                sign = "&" if "?" in asked.postgres else "?"
                measure("PostgreSQL", f"{asked.postgres}{sign}schema=p{passages}", passages, asked)


if __name__ == "__main__":
    main()
