"""How near several engines at work at the same time come to so many times one, and what the conductor itself takes.

    python -m bench.runners [--on processes] [--workers 1,2,4,8,16,32] [--chunks 1000] [--seconds 0.05] [--bare]

A whole trial is conducted: requests are made, sent, answered, graded and stored.  Only the engine is simulated: it
sleeps a fixed time for a chunk and takes no processor, so that what is missing to the ideal is ours.  With ``--bare``
chunks are sent and answered, and nothing else.  No worker begins before all are there; the clock runs from then on,
without the first and the last few chunks.  The conductor's own time is the processor time of its process for a chunk;
the number of workers at which it would be busy all the time is the engine's time divided by that.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.sleeping import BEGINS, SECONDS, SleepingItems
from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.planning.requests import CHUNK_ITEMS, make_chunks
from fairtrial.running import chunks as chunks_asked
from fairtrial.running import conductor
from fairtrial.running.pool import open_pool
from fairtrial.running.progress import Progress
from fairtrial.running.runners import Runner, RunnerPlace, open_runner
from fairtrial.running.runners.crew import WorkerCrew
from fairtrial.spec.trial import Trial


@dataclass
class Marks:
    """When chunks were over: wall and processor seconds of the conductor, one row a chunk."""

    rows: list[tuple[float, float]] = field(default_factory=list)

    def add(self) -> None:
        """Note that one more is over."""
        self.rows.append((time.perf_counter(), time.process_time()))

    def measure(self, workers: int) -> Mapping[str, float]:
        """Return wall and own seconds for a chunk, without the first few and the last."""
        first, last = 2 * workers, len(self.rows) - 1 - 2 * workers
        count = last - first
        wall, own = (self.rows[last][i] - self.rows[first][i] for i in (0, 1))
        return {"chunks": count, "wall": wall / count, "own": own / count}


def plan_chunks(folder: Path, chunks: int) -> Plan:
    """Return a trial of so many chunks."""
    tasks = [{"task": "table", "level": 1, "limit": chunks * CHUNK_ITEMS, "shots": 1}]
    spec = {"candidates": [{"id": "a", "model": "fake:a"}], "tasks": tasks}
    return plan_trial(Trial.model_validate(spec), folder)


def begin_together(runner: WorkerCrew, workers: int) -> None:
    """Let all workers begin as soon as so many are there; returns at once."""

    def watch() -> None:
        while (
            sum(worker.link is not None for group in [*runner._groups.values()] for worker in [*group.crew]) < workers
        ):
            time.sleep(0.05)
        Path(os.environ[BEGINS]).touch()

    threading.Thread(target=watch, daemon=True).start()


def measure_trial(plan: Plan, place: RunnerPlace, folder: Path) -> Marks:
    """Conduct the trial.  Its candidate looks at no request before: that is not what is measured."""
    marks = Marks()

    @contextmanager
    def open_watched(*given: Any) -> Iterator[Runner]:
        with open_runner(*given) as runner:
            assert isinstance(runner, WorkerCrew)
            begin_together(runner, place.workers or 1)
            yield runner

    def note(told: Progress) -> None:
        if told.stage == "ask":
            marks.add()

    chunks_asked.AnswerItems = SleepingItems  # type: ignore[misc]
    conductor.check_all = lambda *_: None  # type: ignore[assignment]
    conductor.open_runner = open_watched
    path = folder / f"{place.kind}-{place.workers}.db"
    with Ledger.open(path) as ledger, ledger.writing():
        conductor.run(plan, "bench", ledger, EngineSettings(threads=1), note, place=place)
    return marks


def measure_bare(plan: Plan, place: RunnerPlace, folder: Path) -> Marks:
    """Have all chunks answered, a few ahead of their turn, and take them in order."""
    marks, candidate, under_way = Marks(), plan.candidates[0], []
    coming = (
        SleepingItems(candidate, [one.requests for one in chunk]) for chunk in make_chunks(plan.tasks[0], candidate)
    )
    every = list(coming)
    for work in every:
        work.__reduce__()  # ids are known, as in a trial
    with open_pool(EngineSettings(threads=1)) as pool, open_runner(place, pool, plan, folder / "none.db") as runner:
        assert isinstance(runner, WorkerCrew)
        begin_together(runner, place.workers or 1)
        for work in every:
            while runner.count_room(candidate) <= 0:
                under_way.pop(0).result()
                marks.add()
            under_way.append(runner.submit(work))
        for promise in under_way:
            promise.result()
            marks.add()
    return marks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--on", default="processes")
    parser.add_argument("--workers", default="1,2,4,8,16,32")
    parser.add_argument("--chunks", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.05, help="that the simulated engine takes for a chunk")
    parser.add_argument("--bare", action="store_true", help="send and answer chunks, and do nothing else")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    os.environ[SECONDS] = str(given.seconds)
    rows = []
    what = "sent and answered" if given.bare else "of a trial"
    print(f"{given.on}, up to {given.chunks:,} chunks of {CHUNK_ITEMS} items {what}, {1000 * given.seconds:g} ms each")
    print("workers  chunks  ms/chunk  ideal  share  own ms/chunk  busy at")
    for workers in map(int, given.workers.split(",")):
        with tempfile.TemporaryDirectory() as name:
            os.environ[BEGINS] = f"{name}/begins"
            plan = plan_chunks(Path(name), min(given.chunks, 20 + 60 * workers))
            measure = measure_bare if given.bare else measure_trial
            found = measure(plan, RunnerPlace(given.on, workers=workers), Path(name)).measure(workers)
        ideal = given.seconds / workers
        rows.append({"workers": workers, **found, "share": ideal / found["wall"]})
        share, own = ideal / found["wall"], found["own"]
        print(
            f"{workers:7} {found['chunks']:7} {1000 * found['wall']:9.2f} {1000 * ideal:6.2f} {share:6.2f}"
            f" {1000 * own:13.2f} {given.seconds / own:8.0f}",
            flush=True,
        )
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
