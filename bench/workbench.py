"""How long every page of the workbench takes over a ledger of a million observations, and how long the first look does.

    python -m bench.workbench [LEDGER] [--rounds 40] [--only WORD]

Makes the ledger (`bench.ledger.making`, 10 candidates x 5 tasks x 4,000 items) unless one is named, starts ``fairtrial
ui`` over a copy of its own, and asks for each kind of page in turn, one request after the other, as one person does:
items, searches and pages of lists are drawn at random.  What is computed in the other process is computed first; how
long that takes is told by itself, and so is how long pages take meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from bench.ledger.making import SIZES, TRIAL, fill_ledger
from fairtrial.ledger import Ledger, query

Times = dict[str, list[float]]


class Client:
    """Asks a workbench for pages."""

    def __init__(self, address: str, trial: str) -> None:
        self.address, self.trial = address, f"/l/large/t/{trial[:16]}"

    def get(self, path: str) -> tuple[str, float]:
        """Return a page and the seconds that it took."""
        begun = time.perf_counter()
        with urlopen(self.address + path, timeout=120) as answer:
            text = answer.read().decode()
        return text, time.perf_counter() - begun

    def wait(self, path: str, times: list[float]) -> float:
        """Return after how many seconds a page is whole; the times of the requests until then go into ``times``."""
        begun = time.perf_counter()
        while True:
            text, seconds = self.get(path)
            if 'id="pending"' not in text and "being computed …" not in text:
                return time.perf_counter() - begun
            times.append(seconds)
            time.sleep(0.25)


def list_pages(
    client: Client, tasks: list[str], items: dict[str, list[str]], rng: random.Random
) -> dict[str, Callable[[], str]]:
    """Return the kinds of pages, each with what draws an address."""
    base = client.trial

    def task() -> str:
        return rng.choice(tasks)

    def after() -> str:
        chosen = task()
        return f"{base}/items?task={chosen}&sort=disagreement&after={rng.choice(items[chosen])}"

    def item() -> str:
        chosen = task()
        return f"{base}/item/{rng.choice(items[chosen])[:16]}?task={chosen}"

    return {
        "trials": lambda: "/",
        "one ledger": lambda: "/l/large",
        "verdict": lambda: base,
        "live part": lambda: f"{base}/live",
        "items": lambda: f"{base}/items?task={task()}",
        "items, a later page": after,
        "items, flips": lambda: f"{base}/items?task={task()}&show={rng.choice(['broke', 'fixed'])}",
        "items, slowest": lambda: f"{base}/items?task={task()}&sort=seconds&by=small",
        "items, search (many hits)": lambda: f"{base}/items?task={task()}&text={rng.choice(['ka', 'sun', 'lo'])}",
        "items, search (no hit)": lambda: f"{base}/items?task={task()}&text=zzzz{rng.randrange(999)}",
        "one item": item,
        "wall": lambda: f"{base}/wall",
        "agreement": lambda: f"{base}/agreement",
        "frontier": lambda: f"{base}/frontier",
        "export": lambda: f"{base}/export",
        "start": lambda: "/start",
    }  # fmt: skip


def quantile(values: list[float], share: float) -> float:
    """Return a quantile: the smallest value that so many are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(client: Client, ledger: Path, rounds: int, only: str = "") -> dict[str, object]:
    """Return what was measured, of all pages or of those whose kind has a word in it."""
    with Ledger.open(ledger, create=False) as store:
        plan = query.find_trial(store, TRIAL).plan
        tasks = [task.name for task in plan.tasks]
        items = {task.name: query.read_trial_order(store, TRIAL, task.id) for task in plan.tasks}
    meanwhile: list[float] = []
    first = {} if only else {"verdicts of the trial": client.wait(client.trial, meanwhile)}
    for name in tasks[:2]:
        first[f"items of {name}"] = client.wait(f"{client.trial}/items?task={name}", meanwhile)
    for name in tasks[2:]:
        client.wait(f"{client.trial}/items?task={name}", meanwhile)
    if not only:
        first["frontier"] = client.wait(f"{client.trial}/frontier", meanwhile)
    client.get("/start")
    rng = random.Random(3)
    times: Times = {}
    for _ in range(rounds):
        for kind, draw in list_pages(client, tasks, items, rng).items():
            if only in kind:
                times.setdefault(kind, []).append(client.get(draw())[1])
    return {
        "first": first,
        "meanwhile": {"requests": len(meanwhile), "p95": quantile(meanwhile, 0.95) if meanwhile else None},
        "pages": {
            kind: {"median": statistics.median(own), "p95": quantile(own, 0.95), "most": max(own)}
            for kind, own in times.items()
        },
    }


def main() -> None:
    """Measure, and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="", help="a word in the kinds of pages that are asked for, e.g. item")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.db"
        if given.ledger:
            shutil.copyfile(given.ledger, path)
        else:
            fill_ledger(path, SIZES["1e6"])
        with Ledger.open(path) as store:
            rows = query.count_rows(store)
        command = [sys.executable, "-m", "fairtrial", "ui", str(path), "--port", "0", "--no-open", "-w", folder]
        quiet = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quiet) as process:
            assert process.stdout is not None
            found = re.search(r"http://[\d.]+:\d+", process.stdout.readline())
            assert found
            try:
                told = measure(Client(found[0], TRIAL), path, given.rounds, given.only)
                told["resident_mb"] = read_memory(process.pid)
            finally:
                process.send_signal(signal.SIGINT)
    told = {"rows": rows, "load": os.getloadavg()[0], **told}
    print(json.dumps(told))
    for what, seconds in told["first"].items():  # type: ignore[attr-defined]
        print(f"first: {what:28} {seconds:8.1f} s")
    for kind, own in told["pages"].items():  # type: ignore[attr-defined]
        print(
            f"{kind:30} median {1e3 * own['median']:7.0f} ms  p95 {1e3 * own['p95']:7.0f} ms  "
            f"most {1e3 * own['most']:7.0f} ms"
        )


def read_memory(pid: int) -> float:
    """Return the resident memory of a process, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) / 1e3 if found else float("nan")


if __name__ == "__main__":
    main()
