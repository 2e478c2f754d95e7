"""How long it takes to know which of two models is better: ours with early stopping, beside another harness run twice.

    python -m bench.time_to_verdict [--other SPEC] [--engine NAME] [--only TASK] [--json FILE]

The small model is tried against itself at 8 bits (nearly equal), at 2 bits, and with --other against another model.
Each trial is a real `fairtrial run` with an empty ledger in a process of its own: start, load, ask, decide, write.
lm-evaluation-harness (``hf``, bfloat16) answers 200 items; its full time is that of all items at the same rate, twice.
The tasks, with five examples each: 3,000 of our own patterns (level 2), and ARC-easy where the public rows are (see
`bench.scoring.shapes`).
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
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.find import TaskFinder

SLICE = 200
SHOTS, OWN_ITEMS = 5, 3000
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


def trial(folder: Path, task: str, other: str, target: str, engine: str) -> Path:
    """Write a trial of the small model against another candidate; return its path."""
    if task == "arc_easy":
        (folder / "arc.yaml").write_text(TASK.format(path=DATA / "icl" / "arc_easy.jsonl"))
        asked = "tasks: [arc_easy_5shot]\ntask_paths: [arc.yaml]"
    else:
        asked = f"tasks: [{{task: {task}, level: 2, shots: {SHOTS}, limit: {OWN_ITEMS}}}]"
    path = folder / "trial.yaml"
    path.write_text(
        f"""fairtrial: 1
name: verdict
candidates:
  - {{id: small, model: "{weights.GGUF}", context: 4096, engine: {engine}}}
  - {{id: other, context: 4096, engine: {engine}, {other}}}
{asked}
decide: {{stop_early: true, target: {target}, margin: 0.02}}
"""
    )
    return path


def ours(task: str, other: str, target: str, engine: str) -> dict[str, Any]:
    """Run a trial; return its wall time and verdict."""
    with tempfile.TemporaryDirectory() as name:
        path = trial(Path(name), task, other, target, engine)
        ledger = str(Path(name) / "ledger.db")
        command = [sys.executable, "-m", "fairtrial", "run", str(path), "--no-report", "--json", "--quiet"]
        begun = time.perf_counter()
        done = subprocess.run([*command, "--ledger", ledger], capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - begun
        verdict = json.loads(done.stdout)["verdicts"][0]
    kept = ("verdict", "difference", "low", "high", "items_used", "items_total")
    return {"seconds": seconds, **{key: verdict[key] for key in kept}}


def pairs_of(task: str) -> tuple[list[list[tuple[str, str]]], int]:
    """Return contexts and continuations of the first items of a task, and how many items it has."""
    if task == "arc_easy":
        rows, _ = lines(task)
        return few_shot(rows, SLICE, SHOTS).pairs, len(rows)
    built = TaskFinder([]).build(task, TaskOptions(shots=SHOTS, seed=1234, level=2, items=SLICE))
    asked = [built.requests(item)[0] for item in built.items()]
    return [[(p.prompt.plain(), f" {p.continuation}") for p in request.pairs] for request in asked], OWN_ITEMS  # type: ignore[union-attr]


def peer(spec: str, task: str) -> dict[str, Any]:
    """Return the peer's seconds for all items of a task, once, from a slice."""
    pairs, items = pairs_of(task)
    system = LmEval("bfloat16", 8, spec)
    system.score(pairs[:2])
    begun = time.perf_counter()
    system.score(pairs)
    seconds = time.perf_counter() - begun
    print(f"lm-eval hf, {spec.rpartition('/')[2]}, {task}: {seconds:.0f} s for {SLICE} of {items} items", flush=True)
    facts = {"model": spec, "task": task, "slice": SLICE, "slice_seconds": seconds, "items": items}
    return {**facts, "seconds": seconds * items / SLICE}


def line(got: dict[str, Any]) -> str:
    """Return one trial's outcome for a reader."""
    found = f"{got['verdict']:9} {got['difference']:+.3f} [{got['low']:+.3f}, {got['high']:+.3f}]"
    used = f"{got['items_used']:5} of {got['items_total']} items"
    times = f"{got['seconds']:6.1f} s against {got['peer_seconds']:6.0f} s: {got['ratio']:5.0f} times as fast"
    return f"{got['task']:9} {got['other'].rpartition('/')[2]:6} {got['target']:10} {found}  {used}  {times}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.time_to_verdict", description=__doc__.splitlines()[0])
    parser.add_argument("--other", help="another model, e.g. gguf:PATH")
    parser.add_argument("--engine", default="auto", choices=["auto", "llamacpp", "transformers"], help="ours")
    parser.add_argument("--only", choices=["patterns", "arc_easy"], help="one of the tasks")
    parser.add_argument("--json", type=Path, help="write all figures there")
    options = parser.parse_args()
    tasks = ["patterns", *(["arc_easy"] if (DATA / "icl" / "arc_easy.jsonl").is_file() else [])]
    tasks = [options.only] if options.only else tasks
    result: dict[str, Any] = {"engine": options.engine, "peer": [], "trials": []}
    for task in tasks:
        small = peer(weights.GGUF, task)
        result["peer"].append(small)
        pairs = {
            lever: (f'model: "{weights.GGUF}", levers: [{{quantize: {lever}}}]', 2 * small["seconds"])
            for lever in ("q2_k", "q8_0")
        }
        if options.other:
            result["peer"].append(peer(options.other, task))
            both = small["seconds"] + result["peer"][-1]["seconds"]
            pairs[options.other] = (f'model: "{options.other}"', both)
        for name, (other, usual) in pairs.items():
            if not result["trials"] or name not in {t["other"] for t in result["trials"]}:
                ours(task, other, "benchmark", options.engine)  # makes what later runs find
            for target in ("benchmark", "population"):
                got = ours(task, other, target, options.engine)
                got |= {"task": task, "other": name, "target": target, "peer_seconds": usual}
                got["ratio"] = usual / got["seconds"]
                result["trials"].append(got)
                print(line(got), flush=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
