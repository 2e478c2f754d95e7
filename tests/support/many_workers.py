"""Trials over several workers: what their ledgers must have in common with that of one machine, and who is killed."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import Plan
from fairtrial.running.conductor import run
from fairtrial.running.runners import RunnerPlace

NOT_ITS_OWN = ("seconds", "load_seconds", "memory_bytes", "cpu_seconds", "usd", "joules", "grams_co2e")
"""Measures that a clock tells, or in which neighbours have a part."""

Rows = dict[str, list[tuple[object, ...]]]


def conducted(plan: Plan, path: Path, place: RunnerPlace) -> Ledger:
    ledger = Ledger.open(path)
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings(threads=1), place=place)
    return ledger


def rows_of(ledger: Ledger) -> Rows:
    """All that is stored of items, but for what a clock tells and what neighbours have a part in."""
    measured = ", ".join(f"'{name}'" for name in NOT_ITS_OWN)
    kept = f"item_id != '' AND measure NOT IN ({measured}) AND measure NOT LIKE '%\\_estimated' ESCAPE '\\'"
    return {
        "answers": sorted(ledger.read("SELECT candidate_id, request_id, answer FROM answers")),
        "asked": sorted(ledger.read("SELECT * FROM asked")),
        "observations": sorted(ledger.read(f"SELECT * FROM observations WHERE {kept}")),
        "looks": sorted(ledger.read("SELECT * FROM looks")),
    }


@contextmanager
def killing(
    name: str, times: int, count: Callable[[], int], also: Callable[[], str] | None = None
) -> Iterator[list[str]]:
    """Kill descendants of this process by their command line, at random moments meanwhile, so many times at most.

    The first two moments are soon: who is killed must be there.

    Args:
        name: stands in the command lines of those that may be killed.
        times: how often.
        count: what was achieved so far; two are killed at most before there is more of it, for work that costs five
            workers is given up.
        also: does something worse, every fifth time, and says what.
    """
    done: list[str] = []
    over = threading.Event()
    moments = random.Random(times)

    def kill() -> None:
        before, since = -1, 0
        while len(done) < times and not over.wait(moments.uniform(0.05, 0.2 if len(done) < 2 else 1.5)):
            if (now := count()) > before:
                before, since = now, 0
            if since == 2:
                continue
            if also is not None and len(done) % 5 == 1:
                done.append(also())
            elif found := [one for one in psutil.Process().children(recursive=True) if name in read_command(one)]:
                moments.choice(found).send_signal(signal.SIGKILL)
                done.append("worker")
            else:
                continue
            since += 1

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def read_command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
