"""One system on one model, in a process of its own.

python -m bench.images.worker JOB.json OUT.json
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench.images import limits
from bench.images.models import SIDE, get_model
from bench.images.systems import Ours, open_system
from bench.images.work import make_work
from bench.scoring.worker import peak_mb
from fairtrial.engines.transformers.libraries import import_torch
from fairtrial.images import decode


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    work = make_work(job["pictures"], job["questions"], job["choices"], SIDE)
    clock = time.process_time if job["threads"] == 1 else time.perf_counter
    limits.now = clock
    import_torch().set_num_threads(job["threads"])
    system = open_system(job["system"], get_model(job["family"]), work, job["threads"])
    items = work.items[:: job["every"]]
    system.ask(items[:1])
    seconds, found = [], []
    for _ in range(job["repeats"]):
        if isinstance(system, Ours):
            system.forget()
        begun = clock()
        found = system.ask(items)
        seconds.append((clock() - begun) * len(work.items) / len(items))
    out: dict[str, Any] = {"seconds": statistics.median(seconds), "all_seconds": seconds, "rss_mb": peak_mb()}
    out |= {"logprobs": found, "every": job["every"]}
    if isinstance(system, Ours):
        out |= {"encoded": system.encoder.encoded, "tree": system.tree, "usual": system.usual}
        name = job["system"].removeprefix("fairtrial-")
        cells = system.encoder.layout(work.parts[0]).cells
        limit = limits.LIMITS[name](system, decode(work.files[0]).pixels, cells // 2)
        limit["seconds"] = job["pictures"] * limit["encode_s"] + system.tree / limit["tokens_per_s"]
        out |= {"limit": limit, "cells": cells, "parameters": system.engine.record["parameters"]}
        out |= {"threads": system.engine.record["threads"]}
    Path(sys.argv[2]).write_text(json.dumps(out))


if __name__ == "__main__":
    main()
