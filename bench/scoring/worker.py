"""One system on one shape, in a process of its own: seconds, tokens, memory, answers, and for our engines the limit.

python -m bench.scoring.worker JOB.json OUT.json
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench.scoring import limits
from bench.scoring.shapes import Shape, shape
from bench.scoring.systems import Ours, System, open_system


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    work = shape(job["shape"], job["size"])
    system = open_system(job["system"], job["dtype"], job["batch"])
    warm(system, work)
    seconds, found = [], None
    for _ in range(job["repeats"]):
        if isinstance(system, Ours):
            system.forget()
        begun = time.perf_counter()
        found = ask(system, work)
        seconds.append(time.perf_counter() - begun)
    out: dict[str, Any] = {"seconds": statistics.median(seconds), "all_seconds": seconds, "rows": work.rows}
    out |= found or {}
    out["rss_mb"] = peak_mb()
    if isinstance(system, Ours):
        out["tokens"] = {"usual": system.usual, "tree": system.tree}
        if job["limit"]:
            out["limit"] = limit(system, work, job["system"].removeprefix("fairtrial-"))
        out["record"] = {k: v for k, v in system.engine.record.items() if k != "system"}
    Path(sys.argv[2]).write_text(json.dumps(out))


def warm(system: System, work: Shape) -> None:
    """Answer a little that does not count, so that lazy loading is not timed."""
    if work.prompts:
        system.generate(["One, two, three,", "A B C D"], 4)
    elif work.text:
        system.document("One, two, three, four.")
    else:
        system.score([[("One, two,", " three"), ("One, two,", " four")]])


def ask(system: System, work: Shape) -> dict[str, Any]:
    if work.prompts:
        return {"texts": system.generate(work.prompts, work.max_tokens)}
    if work.text:
        return {"logprobs": [[system.document(work.text)]]}
    logprobs = system.score(work.pairs)
    right = sum(max(range(len(x)), key=x.__getitem__) == gold for x, gold in zip(logprobs, work.golds, strict=True))
    return {"logprobs": logprobs, "accuracy": right / len(work.golds)}


def peak_mb() -> float:
    """Return the largest resident memory of this process so far, as Linux counts it for this program alone."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) / 1024 if found else float("nan")


def limit(system: Ours, work: Shape, engine: str) -> dict[str, float]:
    """Return what the engine itself would take for the same tokens, at the mean depth of context of this work."""
    encoder, opened = system.engine._encoder, system.engine
    if work.prompts:
        lengths = [len(encoder.vocabulary.encode(p)) for p in work.prompts]
        shared = len(encoder.vocabulary.encode(common(work.prompts)))
        own = sum(lengths) - shared * (len(lengths) - 1)
        depth = round(statistics.mean(lengths)) + work.max_tokens // 2
        prefill, decode = limits.PREFILL[engine](opened, shared), limits.DECODE[engine](opened, depth)
        return {
            "prefill_tokens_per_s": prefill,
            "decode_tokens_per_s": decode,
            "depth": depth,
            "prompt_tokens": own,
            "seconds": own / prefill + system.tree / decode,
            "decode_seconds": system.tree / decode,
        }
    if work.text:
        depth = min(len(encoder.vocabulary.encode(work.text)), encoder.asking.context) // 2
    else:
        first = [len(encoder.vocabulary.encode(item[0][0])) for item in work.pairs]
        few_shot = "\n\n" in work.pairs[0][0][0]  # then most of the tokens computed come after the examples
        depth = round(statistics.mean(first) * (0.75 if few_shot else 0.5))
    prefill = limits.PREFILL[engine](opened, depth)
    return {"prefill_tokens_per_s": prefill, "depth": depth, "seconds": system.tree / prefill}


def common(texts: tuple[str, ...]) -> str:
    low, high = min(texts), max(texts)
    at = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:at]


if __name__ == "__main__":
    main()
