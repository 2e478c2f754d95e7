"""How long it takes to know which of two models is better: ours with early stopping, beside another harness run twice.

    python -m bench.time_to_verdict [--other SPEC] [--json FILE]

The small model is tried against itself at 8 bits (nearly equal), at 2 bits, and with --other against another model.
Each trial is a real `fairtrial run` with an empty ledger in a process of its own: start, load, ask, decide, write.
lm-evaluation-harness (``hf``, bfloat16) answers 200 items; its full time is that of all items at the same rate, twice.
The task is ARC-easy with five examples where the public rows are at hand (see `bench.scoring.shapes`), else our own
reading task.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.scoring import weights
from bench.scoring.shapes import DATA, few_shot, lines
from bench.scoring.systems import LmEval

SLICE = 200
TASK = """task: arc_easy_5shot
dataset_path: json
dataset_kwargs:
  data_files:
    test: {path}
test_split: test
fewshot_split: test
num_fewshot: 5
fewshot_config:
  sampler: first_n
output_type: multiple_choice
doc_to_text: "{{{{query}}}}\\nAnswer:"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: gold
metric_list:
  - metric: acc
metadata:
  version: 1.0
"""


def trial(folder: Path, other: str, target: str) -> Path:
    """Write a trial of the small model against another candidate; return its path."""
    source = DATA / "icl" / "arc_easy.jsonl"
    if source.is_file():
        (folder / "arc.yaml").write_text(TASK.format(path=source))
        task = "tasks: [arc_easy_5shot]\ntask_paths: [arc.yaml]"
    else:
        task = "tasks: [{task: reading, shots: 5, limit: 2000}]"
    path = folder / "trial.yaml"
    path.write_text(
        f"""fairtrial: 1
name: verdict
candidates:
  - {{id: small, model: "{weights.GGUF}", context: 4096}}
  - {{id: other, context: 4096, {other}}}
{task}
decide: {{stop_early: true, target: {target}, margin: 0.02}}
"""
    )
    return path


def ours(other: str, target: str) -> dict[str, Any]:
    """Run a trial; return its wall time and verdict."""
    with tempfile.TemporaryDirectory() as name:
        path = trial(Path(name), other, target)
        ledger = str(Path(name) / "ledger.db")
        command = [sys.executable, "-m", "fairtrial", "run", str(path), "--no-report", "--json", "--quiet"]
        begun = time.perf_counter()
        done = subprocess.run([*command, "--ledger", ledger], capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - begun
        verdict = json.loads(done.stdout)["verdicts"][0]
    kept = ("verdict", "difference", "low", "high", "items_used", "items_total")
    return {"seconds": seconds, **{key: verdict[key] for key in kept}}


def peer(spec: str) -> dict[str, Any]:
    """Return the peer's seconds for all items of the same task, once, from a slice."""
    rows, where = lines("arc_easy")
    work = few_shot(rows, SLICE)
    system = LmEval("bfloat16", 8, spec)
    system.score(work.pairs[:2])
    begun = time.perf_counter()
    system.score(work.pairs)
    seconds = time.perf_counter() - begun
    print(f"lm-eval hf, {spec.rpartition('/')[2]}: {seconds:.0f} s for {SLICE} of {len(rows)} items", flush=True)
    whole = seconds * len(rows) / SLICE
    return {
        "model": spec,
        "rows": where,
        "slice": SLICE,
        "slice_seconds": seconds,
        "items": len(rows),
        "seconds": whole,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.time_to_verdict", description=__doc__.splitlines()[0])
    parser.add_argument("--other", help="another model, e.g. gguf:PATH")
    parser.add_argument("--json", type=Path, help="write all figures there")
    options = parser.parse_args()
    small = peer(weights.GGUF)
    pairs = {
        lever: (f'model: "{weights.GGUF}", levers: [{{quantize: {lever}}}]', 2 * small["seconds"])
        for lever in ("q8_0", "q2_k")
    }
    result: dict[str, Any] = {"peer": [small], "trials": []}
    if options.other:
        result["peer"].append(peer(options.other))
        pairs[options.other] = (f'model: "{options.other}"', sum(p["seconds"] for p in result["peer"]))
    for name, (other, usual) in pairs.items():
        ours(other, "benchmark")  # makes the file and the calibration that later runs find
        for target in ("benchmark", "population"):
            got = ours(other, target)
            got |= {"other": name, "target": target, "peer_seconds": usual, "ratio": usual / got["seconds"]}
            result["trials"].append(got)
            print(
                f"{name.rpartition('/')[2]:14} {target:10} {got['verdict']:9} {got['difference']:+.3f} "
                f"[{got['low']:+.3f}, {got['high']:+.3f}]  {got['items_used']:5} of {got['items_total']} items  "
                f"{got['seconds']:6.1f} s against {usual:6.0f} s: {got['ratio']:5.0f} times as fast",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
