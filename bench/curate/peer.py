"""The same steps by datatrove, as its own examples put them together.  Run by the Python that has it:

    PYTHON bench/curate/peer.py ROWS.jsonl FOLDER PROCESSES     the steps, as separate programs of its executor
    PYTHON bench/curate/peer.py ROWS.jsonl share                the share of its tokeniser in them, in one process

The published rules of quality (Gopher repetition, Gopher quality, C4, FineWeb), addresses masked, MinHash with 14
buckets of 8 hashes, one of a cluster kept.  Signatures are read many at a time, which its defaults do not do.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.word_tokenizers import SpaCyTokenizer

AT_ONCE = 10_000
"""Signatures that are read at a time."""
CONFIG = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)


def cut(rows: Path, folder: Path, parts: int) -> None:
    """Cut the file into one for each process, which is how datatrove shares work."""
    folder.mkdir(parents=True)
    files = [(folder / f"{part:03d}.jsonl").open("wb") for part in range(parts)]
    with rows.open("rb") as lines:
        for number, line in enumerate(lines):
            files[number % parts].write(line)
    for file in files:
        file.close()


def make_filters() -> list[Any]:
    """Return the published rules, in FineWeb's order."""
    return [
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        C4QualityFilter(filter_no_terminal_punct=False),
        FineWebQualityFilter(),
    ]


def tell_share(rows: Path) -> None:
    """Print how much of the processor seconds of rules, addresses and signatures goes into cutting texts into words."""
    own, spent = SpaCyTokenizer._do_tokenize, 0.0

    def cut(self: SpaCyTokenizer, text: str) -> Any:
        nonlocal spent
        begun = time.process_time()
        made = own(self, text)
        spent += time.process_time() - begun
        return made

    SpaCyTokenizer._do_tokenize = cut
    signer, masker, filters = MinhashDedupSignature("/nowhere", CONFIG), PIIFormatter(), make_filters()
    signer.get_shingles("It is loaded before the time is taken.")
    documents = [Document(text=json.loads(line)["text"], id=str(number)) for number, line in enumerate(rows.open())]
    spent, begun, passed = 0.0, time.process_time(), 0
    for document in documents:
        if all(one.filter(document) is True for one in filters):
            passed += 1
            signer.get_signature(signer.get_shingles(masker.format(document.text)))
    taken = time.process_time() - begun
    print(f"{len(documents)} documents, {passed} passed; {taken:.1f} s of processor, tokeniser {spent / taken:.0%}")


def main() -> None:
    """Run the steps."""
    if sys.argv[2:] == ["share"]:
        tell_share(Path(sys.argv[1]))
        return
    rows, folder, processes = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    cut(rows, folder / "in", processes)

    def run(name: str, tasks: int, *steps: object) -> None:
        LocalPipelineExecutor(
            list(steps), tasks=tasks, workers=processes, logging_dir=str(folder / "logs" / name)
        ).run()

    kept, plain = str(folder / "kept"), {"compression": None}
    run(
        "quality",
        processes,
        JsonlReader(str(folder / "in")),
        *make_filters(),
        PIIFormatter(),
        JsonlWriter(kept, **plain),
    )
    run("signatures", processes, JsonlReader(kept), MinhashDedupSignature(str(folder / "signatures"), CONFIG))
    signatures, buckets, remove = (str(folder / name) for name in ("signatures", "buckets", "remove"))
    run("buckets", 14, MinhashDedupBuckets(signatures, buckets, config=CONFIG, lines_to_buffer=AT_ONCE))
    run("clusters", 1, MinhashDedupCluster(buckets, remove, config=CONFIG, lines_to_buffer=AT_ONCE))
    run(
        "filter",
        processes,
        JsonlReader(kept),
        MinhashDedupFilter(str(folder / "remove"), lines_to_buffer=AT_ONCE),
        JsonlWriter(str(folder / "out"), **plain),
    )


if __name__ == "__main__":
    main()
