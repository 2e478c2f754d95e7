"""The same steps by datatrove, as its own examples put them together.  Run by the Python that has it:

    PYTHON bench/curate/peer.py ROWS.jsonl FOLDER PROCESSES

The published rules of quality (Gopher repetition, Gopher quality, C4, FineWeb), addresses masked, MinHash with 14
buckets of 8 hashes, one of a cluster kept.
"""

import sys
from pathlib import Path

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


def cut(rows: Path, folder: Path, parts: int) -> None:
    """Cut the file into one for each process, which is how datatrove shares work."""
    folder.mkdir(parents=True)
    files = [(folder / f"{part:03d}.jsonl").open("wb") for part in range(parts)]
    with rows.open("rb") as lines:
        for number, line in enumerate(lines):
            files[number % parts].write(line)
    for file in files:
        file.close()


def main() -> None:
    """Run the steps."""
    rows, folder, processes = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    cut(rows, folder / "in", processes)
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)

    def run(name: str, tasks: int, *steps: object) -> None:
        LocalPipelineExecutor(
            list(steps), tasks=tasks, workers=processes, logging_dir=str(folder / "logs" / name)
        ).run()

    kept, plain = str(folder / "kept"), {"compression": None}
    run(
        "quality",
        processes,
        JsonlReader(str(folder / "in")),
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        C4QualityFilter(filter_no_terminal_punct=False),
        FineWebQualityFilter(),
        PIIFormatter(),
        JsonlWriter(kept, **plain),
    )
    run("signatures", processes, JsonlReader(kept), MinhashDedupSignature(str(folder / "signatures"), config))
    run("buckets", 14, MinhashDedupBuckets(str(folder / "signatures"), str(folder / "buckets"), config=config))
    run("clusters", 1, MinhashDedupCluster(str(folder / "buckets"), str(folder / "remove"), config=config))
    run(
        "filter",
        processes,
        JsonlReader(kept),
        MinhashDedupFilter(str(folder / "remove")),
        JsonlWriter(str(folder / "out"), **plain),
    )


if __name__ == "__main__":
    main()
