"""What a ledger of many observations costs: time and memory of everything that is done with one, at several sizes.

    python -m bench.ledger [--sizes 1e4,1e5,1e6] [--steps write,report] [--folder DIR]

Each step is a process of its own, one after the other; its memory is the most that this process had at once.  Growth is
the exponent between one size and the next: 1 is linear.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.ledger.making import SIZES, TRIAL, fill_ledger
from fairtrial.analysis.verdicts import find_verdicts
from fairtrial.ledger import Ledger, query
from fairtrial.machine import describe_machine

OWN = ("write", "open", "verdicts")
"""Steps that are done here; the others are commands."""

COMMANDS: Mapping[str, Sequence[str]] = {
    "report": ("report", "--ledger", "{ledger}", "--report", "{out}.html", "--json"),
    "view": ("view", "--ledger", "{ledger}", "--out", "{out}-items.html"),
    "export CSV": ("ledger", "export", "--ledger", "{ledger}", "--format", "csv", "--out", "{out}.csv"),
    "export Parquet": ("ledger", "export", "--ledger", "{ledger}", "--format", "parquet", "--out", "{out}.parquet"),
    "partitions": ("ledger", "export", "--ledger", "{ledger}", "--format", "parquet", "--partition", "task,candidate",
                   "--out", "{out}-rows"),
    "answers CSV": ("ledger", "export", "--ledger", "{ledger}", "--format", "csv", "--answers", "--out", "{out}-a.csv"),
    "check": ("ledger", "check", "--ledger", "{ledger}"),
    "gc": ("ledger", "gc", "--ledger", "{ledger}"),
    "merge": ("ledger", "merge", "{ledger}", "{out}-copy.db", "--out", "{out}-merged.db"),
}  # fmt: skip


def do_own(step: str, size: str, path: Path) -> None:
    """Do one of the steps that are no command."""
    if step == "write":
        fill_ledger(path, SIZES[size])
        return
    with Ledger.open(path, create=False) as ledger:
        if step == "verdicts":
            find_verdicts(ledger, TRIAL)
        else:
            query.find_trial(ledger)


def measure(step: str, size: str, folder: Path) -> tuple[float, float, float]:
    """Return seconds on the clock, seconds of the processor and megabytes of one step."""
    path, out = folder / f"{size}.db", folder / f"out-{size}"
    command = [sys.executable, "-m", "bench.ledger", "--do", step, "--sizes", size, "--folder", str(folder)]
    if step not in OWN:
        told = [part.format(ledger=path, out=out) for part in COMMANDS[step]]
        command = [sys.executable, "-m", "fairtrial", *told]
    if any("-copy.db" in part for part in command):
        shutil.copyfile(path, f"{out}-copy.db")
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    taken = time.perf_counter() - begun
    for left in folder.glob(f"out-{size}*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    if process.returncode:
        raise SystemExit(f"{step} at {size} ended with {process.returncode}")
    return taken, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1e4,1e5,1e6")
    parser.add_argument("--steps", default=",".join((*OWN, *COMMANDS)))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--do", choices=OWN, help=argparse.SUPPRESS)
    given = parser.parse_args()
    sizes, folder = given.sizes.split(","), given.folder or Path(tempfile.mkdtemp())
    if given.do:
        do_own(given.do, sizes[0], folder / f"{sizes[0]}.db")
        return
    print(describe_machine())
    before: dict[str, tuple[float, int]] = {}
    for size in sizes:
        for step in given.steps.split(","):
            if step == "write" and (folder / f"{size}.db").exists():
                continue
            clock, processor, memory = measure(step, size, folder)
            growth = ""
            if step in before:
                last, rows = before[step]
                growth = f"{math.log(processor / last) / math.log(SIZES[size].observations / rows):8.2f}"
            before[step] = processor, SIZES[size].observations
            print(f"{size} {step:16} {clock:9.1f} s {processor:9.1f} s CPU {memory:8.0f} MB {growth}", flush=True)
        print(f"{size} {(folder / f'{size}.db').stat().st_size / SIZES[size].observations:.0f} bytes an observation")


if __name__ == "__main__":
    main()
