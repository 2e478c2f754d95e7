"""Adding and searching beside LlamaIndex and Haystack as they come: the same passages, the same vectors, one run.

    python -m bench.retrieval.peers --python PYTHON [--passages 10000] [--queries 50] [--width 384]

PYTHON is the interpreter of an environment that has haystack-ai, llama-index-core and llama-index-retrievers-bm25; what
is missing there is said, and left out.  Ours has rights on (a fifth of the documents may not be used), looks for
copies, is a file on the disk, and cuts documents itself; the others get passages that were cut before, know no rights,
and keep everything in memory.  Each system is a process of its own, one after the other, with one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.retrieval.made import HERE, PASSAGES, Near, draw_vectors, find_queries, make_documents, read_peak, run_alone
from fairtrial.archive.base import Entry
from fairtrial.archive.chunks import cut
from fairtrial.archive.embedders.base import embed_missing
from fairtrial.archive.search import Searcher, SearchSettings
from fairtrial.archive.stores.sqlite import SqliteStore

SYSTEMS = Path(__file__).with_name("peer_systems.py")
NAMES = ("llama-index", "haystack")
LEGS = ("words", "vectors", "both")
BATCH = 500


class Given(Near):
    """Gives passages the next of some vectors, and queries theirs."""

    def __init__(self, passages: np.ndarray, wanted: np.ndarray) -> None:
        """Begin with the first."""
        super().__init__(passages.shape[1])
        self._next = {"passage": iter(passages), "query": iter(wanted)}

    def embed(self, texts: Any, kind: str) -> np.ndarray:
        """Return the next vectors."""
        return np.stack([next(self._next[kind]) for _ in texts])


def measure_ours(documents: int, folder: Path) -> list[dict[str, Any]]:
    """Add and search; return what `peer_systems` prints, with and without looking for copies."""
    vectors, wanted = np.load(folder / "vectors.npy"), np.load(folder / "wanted.npy")
    made = list(make_documents(documents))
    store = SqliteStore(folder / "ours.db", create=True)
    begun = time.perf_counter()
    with store.writing():
        for at in range(0, documents, BATCH):
            store.add([Entry(one, cut(one)) for one in made[at : at + BATCH]], {}, ())
    embed_missing(store, Given(vectors, wanted), HERE)
    adding = time.perf_counter() - begun
    told = [
        {"name": name, "adding": adding, "legs": {leg: time_queries(store, folder, leg, collapse) for leg in LEGS}}
        for name, collapse in (("fairtrial, rights on", True), ("the same, copies kept", False))
    ]
    store.close()
    return [{**one, "peak": read_peak()} for one in told]


def time_queries(store: SqliteStore, folder: Path, leg: Any, collapse: bool) -> list[float]:
    """Return the milliseconds of each query."""
    wanted, queries = np.load(folder / "wanted.npy"), json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    settings = SearchSettings(k=6, legs=leg, collapse=collapse)
    given = Given(wanted[:1], np.concatenate([wanted[:1], wanted]))
    searcher = Searcher(store, HERE, embedder=given, settings=settings)
    searcher.search(queries[0])
    times = []
    for query in queries:
        begun = time.perf_counter()
        searcher.search(query)
        times.append(1000 * (time.perf_counter() - begun))
    return times


def measure_peer(name: str, python: str, folder: Path) -> dict[str, Any] | None:
    """Return what a peer's process prints; None where it is not installed."""
    run = subprocess.run([python, str(SYSTEMS), name, str(folder)], capture_output=True, text=True, check=False)
    if run.returncode:
        said = run.stderr.strip().splitlines() or ["it said nothing"]
        print(f"{name} is left out: {said[-1][:200]}", flush=True)
        return None
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return told


def write_data(documents: int, queries: int, width: int, folder: Path) -> None:
    """Write what all systems are given."""
    with (folder / "passages.jsonl").open("w", encoding="utf-8") as lines:
        for number, one in enumerate(make_documents(documents)):
            for passage in cut(one):
                row = [f"{number}-{passage.index}", f"{one.title}\n{passage.text}"]
                lines.write(json.dumps(row) + "\n")
    np.save(folder / "vectors.npy", draw_vectors(width, seed=5)(documents * PASSAGES))
    np.save(folder / "wanted.npy", draw_vectors(width, seed=7)(queries))
    (folder / "queries.json").write_text(json.dumps(find_queries(documents, queries)), encoding="utf-8")


def tell(told: dict[str, Any], documents: int, ours: dict[str, Any]) -> None:
    """Print a system's figures, and how many times as long as ours it took."""
    times = {leg: np.percentile(told["legs"][leg], [50, 95]) for leg in LEGS}
    ratios = {leg: times[leg][0] / np.median(ours["legs"][leg]) for leg in LEGS}
    legs = "  ".join(f"{leg} {times[leg][0]:.1f} / {times[leg][1]:.1f} ms ({ratios[leg]:.2f})" for leg in LEGS)
    rate, ratio = documents / told["adding"], told["adding"] / ours["adding"]
    print(
        f"{told['name']:26} added {rate:6,.0f} documents/s ({ratio:.2f})  {legs}  peak {told['peak']:,.0f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="interpreter that has the other systems")
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000])
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--width", type=int, default=384)
    asked = parser.parse_args()
    os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")})
    for passages in asked.passages:
        documents = passages // PASSAGES
        print(f"{documents:,} documents, {passages:,} passages; p50 / p95, and times as long as ours", flush=True)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_data(documents, asked.queries, asked.width, folder)
            ours, *others = run_alone(measure_ours, documents, folder)
            for one in (ours, *others):
                tell(one, documents, ours)
            for peer in NAMES:
                told = measure_peer(peer, asked.python, folder)
                if told:
                    tell(told, documents, ours)


if __name__ == "__main__":
    main()
