"""Questions with choices about pictures: one encoding a picture, beside others and beside the engines' own limit.

    python -m bench.images [--quick] [--families NAME,...] [--systems NAME,...] [--json FILE]

Needs the extras ``llamacpp`` and ``transformers``, and ``lm-eval``; a system that is not installed is left out.  Each
system answers in a process of its own, one after the other: the same weights (made up, tens of millions), the same
pictures and questions.  With one thread, seconds are those of the processor, which do not depend on what else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.images.models import FAMILIES, get_model
from fairtrial.machine import describe_machine

SYSTEMS = ("fairtrial-transformers", "fairtrial-llamacpp", "transformers", "lm-eval-hf-multimodal")
EVERY = {"transformers": 12, "lm-eval-hf-multimodal": 6}
"""Systems that share nothing are asked every so many items, and the time is multiplied."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one repeat, fewer pictures")
    parser.add_argument("--families", default=",".join(FAMILIES), help="comma separated")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="comma separated")
    parser.add_argument("--questions", type=int, default=8, help="about each picture")
    parser.add_argument("--choices", type=int, default=4, help="of each question")
    parser.add_argument("--threads", type=int, default=1, help="of each system; above 1 nothing else may run")
    parser.add_argument("--json", type=Path, help="write all figures there")
    options = parser.parse_args()
    pictures = 4 if options.quick else 12
    result: dict[str, Any] = {"machine": describe_machine(), **vars(options), "pictures": pictures, "families": {}}
    del result["json"]
    for family in options.families.split(","):
        get_model(family)
        found = {}
        for system in options.systems.split(","):
            job = {"system": system, "family": family, "pictures": pictures, "every": EVERY.get(system, 1)}
            job |= {"questions": options.questions, "choices": options.choices, "threads": options.threads}
            job["repeats"] = 1 if options.quick or system in EVERY else 3
            if got := _run(job):
                found[system] = got
                print(f"{family:10} {system:24} {got['seconds']:8.2f} s", flush=True)
        result["families"][family] = found
        print(_tell(found), flush=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


def _run(job: dict[str, Any]) -> dict[str, Any] | None:
    """Run one job in a process of its own; None if the system is not to be had."""
    with tempfile.TemporaryDirectory() as folder:
        into, out = Path(folder) / "job.json", Path(folder) / "out.json"
        into.write_text(json.dumps(job))
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        environment |= {name: str(job["threads"]) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        command = [sys.executable, "-m", "bench.images.worker", str(into), str(out)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return dict(json.loads(out.read_text()))
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"{job['family']:10} {job['system']:24} left out: {last}", flush=True)
        return None


def _tell(found: dict[str, Any]) -> str:
    """Return a table: seconds, how many times as long as the better of our engines, share of the limit, agreement."""
    ours = {name: got for name, got in found.items() if "limit" in got}
    best = min((got["seconds"] for got in ours.values()), default=float("nan"))
    lines = [
        "",
        "| system | s | times as long | encodings | tokens usual / tree | of the limit | peak MB | apart, nats |",
    ]
    lines.append("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name, got in found.items():
        limit = f"{got['limit']['seconds'] / got['seconds']:.2f}" if name in ours else ""
        tokens = f"{got['usual']:,} / {got['tree']:,}" if name in ours else ""
        apart = _measure_apart(found, name)
        cells = [name, f"{got['seconds']:.2f}", f"{got['seconds'] / best:.1f}", str(got.get("encoded", "")), tokens]
        cells += [limit, f"{got['rss_mb']:.0f}", apart]
        lines.append("| " + " | ".join(cells) + " |")
    for name, got in ours.items():
        limit = got["limit"]
        lines.append(
            f"{name}: {got['parameters'] / 1e6:.0f} M parameters, {got['cells']} cells a picture, {got['threads']} "
            f"threads; encoding {limit['encode_s'] * 1000:.0f} ms, {limit['tokens_per_s']:.0f} tokens/s"
        )
    return "\n".join(lines)


def _measure_apart(found: dict[str, Any], name: str) -> str:
    """Return by how much scores differ from those of plain transformers at most; empty if there are none."""
    plain, got = found.get("transformers"), found[name]
    if not plain or not got["logprobs"] or name == "transformers":
        return ""
    same = got["logprobs"][:: plain["every"]]
    return f"{max(float(np.abs(np.subtract(a, b)).max()) for a, b in zip(same, plain['logprobs'], strict=True)):.1g}"


if __name__ == "__main__":
    main()
