"""Runs the benchmark; see the package."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.curate.planting import Planted, write_file

OURS = """
import sys
from pathlib import Path
from fairtrial.curation.jobs import LocalExecutor
from fairtrial.curation.pipeline import curate
from fairtrial.spec.curate import Curate
with LocalExecutor(int(sys.argv[3])) as executor:
    curate(Curate.model_validate_json(sys.argv[1]), Path(sys.argv[2]), executor)
"""
PEER = Path(__file__).with_name("peer.py")


@dataclass(frozen=True)
class Cost:
    """What a run took.

    Attributes:
        seconds: by the clock.
        processor_seconds: of all its processes, but for the last tenth of a second of each.
        bytes: most memory that its processes had to themselves at once.
    """

    seconds: float
    processor_seconds: float
    bytes: int


def measure(command: Sequence[str]) -> Cost:
    """Run a program to its end, and measure it and all that it starts, also what others than itself have waited for."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    most, spent = 0, dict[tuple[int, float], float]()
    told = bytearray()
    reader = threading.Thread(target=lambda: told.extend(process.stderr.read() if process.stderr else b""))
    reader.start()
    while process.poll() is None:
        most = max(most, _look(process.pid, spent))
        time.sleep(0.1)
    reader.join()
    if process.returncode:
        sys.exit(told.decode(errors="replace")[-4000:])
    return Cost(time.perf_counter() - started, sum(spent.values()), most)


def _look(pid: int, spent: dict[tuple[int, float], float]) -> int:
    """Return the bytes that a program and its processes have to themselves; note the processor seconds of each."""
    total = 0
    try:
        for one in (found := psutil.Process(pid), *found.children(recursive=True)):
            times = one.cpu_times()
            spent[one.pid, one.create_time()] = times.user + times.system
            total += one.memory_full_info().uss
    except psutil.Error:
        pass
    return total


def make_settings(folder: Path, *, every_step: bool) -> str:
    """Return our settings: datatrove's steps, or all of them."""
    source: dict[str, Any] = {"file": str(folder / "rows.jsonl"), "form": "text", "licence_column": "licence"}
    told: dict[str, Any] = {"sources": [source], "quality": {}, "rights": "off", "normalise": "off", "personal": {}}
    if every_step:
        told |= {"rights": {"operator": "commercial"}, "normalise": {}, "language": {"confidence": 0}, "toxicity": {}}
        told["against"] = {"items": [str(folder / "items.jsonl")]}
    return json.dumps(told)


def judge(folder: Path, planted: Planted) -> dict[str, dict[str, float]]:
    """Return precision and recall of what was dropped or changed, by what was planted."""
    dropped: dict[str, set[int]] = {}
    changed: set[int] = set()
    for line in map(json.loads, (folder / "dropped.jsonl").open()):
        kind = line["reason"] if line["step"] == "duplicates" else line["step"]
        dropped.setdefault(kind, set()).add(line["source"]["row"])
    for name in ("train.jsonl", "validation.jsonl"):
        for line in map(json.loads, (folder / name).open()):
            if any(one["step"] == "personal" for one in line.get("changes", ())):
                changed.add(line["source"]["row"])
    gone = set().union(*dropped.values())
    pairs = {
        "exact duplicates": (planted.exact, dropped.get("exact_duplicate", set())),
        "near-duplicates": (planted.near, dropped.get("near_duplicate", set())),
        "personal data": (planted.personal, changed),
        "contaminated": (planted.contaminated, dropped.get("against", set())),
        "denied": (planted.denied, dropped.get("rights", set())),
        "poor quality": (planted.poor, dropped.get("quality", set())),
    }
    made = {}
    for kind, (truth, found) in pairs.items():
        due = truth - (gone - found)  # what an earlier step took is no miss of this one
        made[kind] = {
            "planted": len(truth),
            "found": len(found),
            "precision": len(found & truth) / max(1, len(found)),
            "recall": len(found & due) / max(1, len(due)),
        }
    made["half alike, to be kept"] = {"planted": len(planted.far), "found": len(planted.far & gone)}
    return made


def read_steps(logs: Path) -> list[tuple[str, float]]:
    """Return the seconds of the peer's steps, summed over its processes, from the statistics that it writes."""
    made = []
    for path in sorted(logs.glob("*/stats.json"), key=lambda path: path.stat().st_mtime):
        for one in json.loads(path.read_text()):
            name = "".join(letter for letter in one["name"] if letter.isascii()).strip()
            made.append((f"{path.parent.name}: {name}", one["time_stats"]["total"]))
    return made


def main() -> None:
    """Write the file, run both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--peer", default="", help="a Python with datatrove[io,processing] and spacy")
    parser.add_argument("--json", type=Path)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        planted = write_file(folder, told.rows, told.seed)
        size = (folder / "rows.jsonl").stat().st_size
        print(f"{told.rows:,} documents, {size / 1e6:,.0f} MB, {told.processes} processes")
        costs = {}
        for name, every in (("fairtrial, datatrove's steps", False), ("fairtrial, every step", True)):
            settings = make_settings(folder, every_step=every)
            costs[name] = measure([sys.executable, "-c", OURS, settings, str(folder / name), str(told.processes)])
            _print_cost(name, costs[name], told.rows)
        if told.peer:
            peer = [told.peer, str(PEER), str(folder / "rows.jsonl"), str(folder / "peer"), str(told.processes)]
            costs["datatrove"] = measure(peer)
            _print_cost("datatrove", costs["datatrove"], told.rows)
            kept = sum(1 for path in (folder / "peer" / "out").iterdir() for _ in path.open("rb"))
            print(f"datatrove kept {kept:,}; processes' seconds by step, as it tells them itself:")
            for step, seconds in read_steps(folder / "peer" / "logs"):
                print(f"    {seconds:8.1f} s  {step}")
        found = judge(folder / "fairtrial, every step", planted)
        card = json.loads((folder / "fairtrial, datatrove's steps" / "card.json").read_text())
        print(f"fairtrial kept {card['kept']:,} after datatrove's steps")
        for kind, one in found.items():
            print(f"{kind:24}", "  ".join(f"{key} {value:.4g}" for key, value in one.items()))
    if told.json:
        document = {"rows": told.rows, "costs": {name: asdict(one) for name, one in costs.items()}, "found": found}
        told.json.write_text(json.dumps(document, indent=1))


def _print_cost(name: str, cost: Cost, rows: int) -> None:
    print(
        f"{name:30} {cost.seconds:7.1f} s  {rows / cost.seconds:7,.0f} rows/s  {cost.processor_seconds:7.1f} s of "
        f"processor  {rows / cost.processor_seconds:7,.0f} rows per such second  {cost.bytes / 1e6:,.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
