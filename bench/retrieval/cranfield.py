"""nDCG@10 on the Cranfield collection, of this program's search beside bm25s and beside plain vectors.

The collection (1,400 abstracts, 225 questions; Cleverdon 1967) is not in the repository.  Files cran.all.1400, cran.qry
and cranqrel come from any mirror of it:

    python -m bench.retrieval.cranfield FOLDER [--embed small] [--rerank small]

Gains are 4 for a complete answer down to 1 for minimum interest.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import numpy as np

from fairtrial.archive.base import Entry
from fairtrial.archive.chunks import Cutting, cut
from fairtrial.archive.document import Document
from fairtrial.archive.embedders.base import Embedder, embed_missing
from fairtrial.archive.embedders.opening import open_embedder, open_reranker
from fairtrial.archive.search import Searcher, SearchSettings
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.rights import Circumstances, Evidence, RightsRecord, Statement, Use
from fairtrial.stats.retrieval import compute_ndcg, compute_recall

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Circumstances(datetime(2026, 6, 1, tzinfo=UTC))
OPEN = RightsRecord(
    (Evidence("agreement", "a", "", "0" * 64, SEEN, statements=tuple(Statement(use, "allow", "") for use in Use)),)
)
Ranking = Callable[[str], Sequence[str]]


def read_documents(folder: Path) -> dict[str, tuple[str, str]]:
    """Return (title, text) of each document, by number."""
    found = {}
    text = (folder / "cran.all.1400").read_text(encoding="utf-8", errors="replace")
    for part in re.split(r"^\.I +", text, flags=re.MULTILINE)[1:]:
        number, *fields = re.split(r"^\.([TABW])\s*$", part, flags=re.MULTILINE)
        by_name = {name: " ".join(body.split()) for name, body in zip(fields[::2], fields[1::2], strict=True)}
        title, abstract = by_name.get("T", ""), by_name.get("W", "")
        found[number.strip()] = (title, abstract.removeprefix(title).strip())
    return found


def read_questions(folder: Path) -> list[str]:
    """Return the questions in order: judgements number them from 1."""
    parts = re.split(r"\.I \d+\n\.W\n", (folder / "cran.qry").read_text(encoding="utf-8"))
    return [" ".join(part.split()) for part in parts if part.strip()]


def read_grades(folder: Path) -> dict[int, dict[str, int]]:
    """Return the gain of each judged document, by question."""
    grades: dict[int, dict[str, int]] = {}
    for line in (folder / "cranqrel").read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[2] in "1234":
            grades.setdefault(int(fields[0]), {})[fields[1]] = 5 - int(fields[2])
    return grades


def measure(rank: Ranking, questions: Sequence[str], grades: Mapping[int, Mapping[str, int]]) -> tuple[float, float]:
    """Return means of nDCG@10 and recall@100."""
    ranked = {n: list(rank(question)) for n, question in enumerate(questions, 1) if n in grades}
    ndcg = [compute_ndcg(ranked[n], grades[n], 10) for n in ranked]
    recall = [compute_recall(ranked[n], grades[n], 100) for n in ranked]
    return fmean(x for x in ndcg if x is not None), fmean(x for x in recall if x is not None)


def make_bm25s(documents: Mapping[str, tuple[str, str]], stop: bool, stem: bool) -> Ranking:
    """Return the ranking of bm25s with its defaults, with or without its English stop words and a stemmer."""
    import bm25s

    stemmer = None
    if stem:
        import Stemmer

        stemmer = Stemmer.Stemmer("english")
    ids = list(documents)
    texts = [" ".join(documents[one]) for one in ids]
    words = "en" if stop else None
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stopwords=words, stemmer=stemmer, show_progress=False), show_progress=False)

    def rank(question: str) -> list[str]:
        asked = bm25s.tokenize([question], stopwords=words, stemmer=stemmer, show_progress=False)
        found, _ = index.retrieve(asked, k=100, show_progress=False)
        return [ids[int(at)] for at in found[0]]

    return rank


def make_plain(documents: Mapping[str, tuple[str, str]], embedder: Embedder) -> Ranking:
    """Return the ranking by cosine of whole documents."""
    ids = list(documents)
    vectors = embedder.embed(["\n".join(documents[one]) for one in ids], "passage")

    def rank(question: str) -> list[str]:
        scores = vectors @ embedder.embed([question], "query")[0]
        return [ids[at] for at in np.argsort(-scores, kind="stable")[:100]]

    return rank


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--embed", default="none")
    parser.add_argument("--rerank", default="none")
    parser.add_argument("--characters", type=int, default=0, help="of a passage; 0: whole documents")
    parser.add_argument("--no-peers", action="store_true", help="leave out bm25s")
    asked = parser.parse_args()
    documents, questions, grades = read_documents(asked.folder), read_questions(asked.folder), read_grades(asked.folder)
    print(f"{len(documents):,} documents, {len(questions)} questions, {len(grades)} of them judged")
    rankings: dict[str, Ranking] = {
        f"bm25s{' stop words' * stop}{' stemmed' * stem}": make_bm25s(documents, stop, stem)
        for stop in (False, True)
        for stem in (False, True)
        if not asked.no_peers
    }
    embedder, reranker = open_embedder(asked.embed, Path.cwd()), open_reranker(asked.rerank)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "cran.db", create=True)
        with store.writing():
            cutting = Cutting(asked.characters or 10**6)
            made = [Document(n, "cran", text, title, rights=OPEN) for n, (title, text) in documents.items()]
            store.add([Entry(one, cut(one, cutting)) for one in made], {}, ())
        ways = [("words", None)]
        if embedder:
            embed_missing(store, embedder, HERE)
            rankings["plain vectors"] = make_plain(documents, embedder)
            ways += [("vectors", None), ("both", None)]
        if reranker:
            ways += [(ways[-1][0], reranker)]
        for legs, rank in ways:
            settings = SearchSettings(k=100, legs=legs, pool=200, collapse=False, of_one_document=1, rerank=30)
            searcher = Searcher(store, HERE, embedder=embedder, reranker=rank, settings=settings)
            rankings[f"fairtrial {legs}{', reranked' if rank else ''}"] = lambda question, searcher=searcher: [
                one.document.uri for one in searcher.search(question).found
            ]
        for name, ranking in rankings.items():
            ndcg, recall = measure(ranking, questions, grades)
            print(f"{name:32} nDCG@10 {ndcg:.4f}   recall@100 {recall:.4f}", flush=True)
        store.close()


if __name__ == "__main__":
    main()
