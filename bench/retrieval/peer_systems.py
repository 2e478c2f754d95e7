"""Other systems of retrieval over given passages and vectors; run by `peers`, with the Python that has them.

    PYTHON bench/retrieval/peer_systems.py NAME FOLDER

FOLDER has passages.jsonl (id, text), vectors.npy, queries.json and wanted.npy.  Prints one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

FOUND = 6
POOL = 100
"""Of each leg, where both are fused."""
Search = Callable[[str, Sequence[float]], Sequence[str]]
"""Query and its vector to the ids of the best passages."""


def fill_haystack(ids: Sequence[str], texts: Sequence[str], vectors: Any) -> dict[str, Search]:
    """Haystack's InMemoryDocumentStore, as it comes; both legs by its DocumentJoiner."""
    from haystack import Document
    from haystack.components.joiners import DocumentJoiner
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    rows = zip(ids, texts, vectors, strict=True)
    store.write_documents([Document(id=id, content=text, embedding=own.tolist()) for id, text, own in rows])
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=FOUND)

    def search_both(query: str, vector: Sequence[float]) -> list[str]:
        legs = [store.bm25_retrieval(query, top_k=POOL), store.embedding_retrieval(list(vector), top_k=POOL)]
        return [one.id for one in joiner.run(documents=legs)["documents"]]

    return {
        "words": lambda query, _: [one.id for one in store.bm25_retrieval(query, top_k=FOUND)],
        "vectors": lambda _, vector: [one.id for one in store.embedding_retrieval(list(vector), top_k=FOUND)],
        "both": search_both,
    }


def fill_llama_index(ids: Sequence[str], texts: Sequence[str], vectors: Any) -> dict[str, Search]:
    """LlamaIndex's VectorStoreIndex with its default store, its BM25Retriever, and both by its QueryFusionRetriever."""
    from llama_index.core import MockEmbedding, VectorStoreIndex
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
    from llama_index.core.schema import QueryBundle, TextNode
    from llama_index.retrievers.bm25 import BM25Retriever

    rows = zip(ids, texts, vectors, strict=True)
    nodes = [TextNode(id_=id, text=text, embedding=own.tolist()) for id, text, own in rows]
    index = VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=vectors.shape[1]))
    words = [BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=FOUND)]
    words.append(words[0])
    near = [index.as_retriever(similarity_top_k=most) for most in (FOUND, POOL)]
    both = QueryFusionRetriever(
        [words[1], near[1]],
        llm=MockLLM(),
        mode=FUSION_MODES.RECIPROCAL_RANK,
        similarity_top_k=FOUND,
        num_queries=1,
        use_async=False,
    )

    def ask(retriever: Any, most: int) -> Search:
        def search(query: str, vector: Sequence[float]) -> list[str]:
            words[0].similarity_top_k = most
            return [one.node.node_id for one in retriever.retrieve(QueryBundle(query, embedding=list(vector)))]

        return search

    return {"words": ask(words[0], FOUND), "vectors": ask(near[0], FOUND), "both": ask(both, POOL)}


SYSTEMS = {
    "haystack": ("haystack-ai", fill_haystack),
    "llama-index": ("llama-index-core", fill_llama_index),
}


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    package, fill = SYSTEMS[name]
    with (folder / "passages.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    queries = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    vectors, wanted = np.load(folder / "vectors.npy"), np.load(folder / "wanted.npy").tolist()
    told: dict[str, Any] = {"name": f"{package} {version(package)}", "legs": {}}
    fill(["warm"], ["what is imported late"], vectors[:1])
    begun = time.perf_counter()
    legs = fill([row[0] for row in rows], [row[1] for row in rows], vectors)
    told["adding"] = time.perf_counter() - begun
    for leg, search in legs.items():
        search(queries[0], wanted[0])
        times = []
        for query, vector in zip(queries, wanted, strict=True):
            begun = time.perf_counter()
            found = search(query, vector)
            times.append(1000 * (time.perf_counter() - begun))
            if len(set(found)) != FOUND:
                raise SystemExit(f"{name}: {len(set(found))} passages found by {leg}, {FOUND} were asked for")
        told["legs"][leg] = times
    told["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps(told))


if __name__ == "__main__":
    main()
