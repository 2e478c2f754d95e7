"""How near several engines at work at the same time come to so many times one, and what the conductor itself takes.

    python -m bench.runners [--on processes] [--workers 1,2,4,8,16,32] [--chunks 1000] [--seconds 0.05] [--json FILE]

The engine is simulated: it sleeps a fixed time for a chunk and takes no processor, so that what is missing to the ideal
is ours.  All workers are there before the clock starts.  The conductor's own time is the processor time of this process
for a chunk, transport and taking outcomes included; the number of workers at which it would be busy all the time is the
engine's time divided by that.  ``--stored`` also grades and stores every chunk, as a trial does.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.sleeping import SleepingWork
from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.planning.requests import ItemRequests, make_chunks
from fairtrial.running.chunks import store_chunk
from fairtrial.running.pool import open_pool
from fairtrial.running.runners import Runner, RunnerPlace, open_runner
from fairtrial.running.runners.crew import DEPTH, WorkerCrew
from fairtrial.running.storing import LedgerWriter, open_writer, write_plan
from fairtrial.spec.trial import Trial


def plan_chunks(folder: Path, chunks: int) -> tuple[Plan, list[list[ItemRequests]]]:
    """Return a trial and its chunks, repeated until there are enough."""
    spec = {"candidates": [{"id": "a", "model": "fake:a"}], "tasks": [{"task": "table", "level": 1, "limit": 500}]}
    plan = plan_trial(Trial.model_validate(spec), folder)
    own = list(make_chunks(plan.tasks[0], plan.candidates[0]))
    return plan, [own[i % len(own)] for i in range(chunks)]


def measure(place: RunnerPlace, chunks: int, seconds: float, stored: bool) -> Mapping[str, float]:
    """Return wall and processor seconds of a run over all chunks."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plan, every = plan_chunks(folder, chunks)
        ledger = Ledger.open(folder / "t.db")
        stack.enter_context(ledger.writing())
        write_plan(plan, "bench", ledger)
        writer = stack.enter_context(open_writer(ledger, plan.id, {}))
        pool = stack.enter_context(open_pool(EngineSettings(threads=1)))
        runner = stack.enter_context(open_runner(place, pool, plan, folder / "t.db"))
        workers = place.workers or 1
        assert isinstance(runner, WorkerCrew)
        wait_for_workers(runner, plan, workers)
        started, busy = time.perf_counter(), time.process_time()
        take_all(runner, plan, every, seconds, writer if stored else None)
        return {
            "workers": workers,
            "wall": time.perf_counter() - started,
            "own": time.process_time() - busy,
        }


def wait_for_workers(runner: WorkerCrew, plan: Plan, workers: int) -> None:
    """Keep work waiting until all workers are there."""
    [group] = [runner._find_group(plan.candidates[:1])]
    while sum(worker.link is not None for worker in group.crew) < workers:
        promises = [runner.submit(SleepingWork(plan.candidates[:1], (), 0.2)) for _ in range(3 * workers)]
        for promise in promises:
            promise.result()


def take_all(
    runner: Runner, plan: Plan, every: Sequence[list[ItemRequests]], seconds: float, writer: LedgerWriter | None
) -> None:
    """Have all chunks answered, a few ahead of their turn, and take them in order."""
    candidate, task = plan.candidates[0], plan.tasks[0]
    coming = iter(every)
    under_way = []

    def submit() -> None:
        chunk = next(coming, None)
        if chunk is not None:
            work = SleepingWork((candidate,), [one.requests for one in chunk], seconds)
            under_way.append((chunk, runner.submit(work)))

    ahead = runner.count_room(candidate)
    for _ in range(ahead):
        submit()
    while under_way:
        chunk, promise = under_way.pop(0)
        answered = promise.result()
        submit()
        if writer is not None:
            probes = runner.pool.list_probes(candidate)
            store_chunk(task, candidate, chunk, {}, replace(answered, absences={}), probes, writer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--on", default="processes")
    parser.add_argument("--workers", default="1,2,4,8,16,32")
    parser.add_argument("--chunks", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.05, help="that the simulated engine takes for a chunk")
    parser.add_argument("--stored", action="store_true", help="grade and store every chunk, too")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    rows = []
    print(
        f"{given.on}, {given.chunks:,} chunks of 50 items, {1000 * given.seconds:g} ms each, {DEPTH} given to a worker"
    )
    print("workers   wall s  ideal s  share  own ms/chunk  saturates at")
    for workers in map(int, given.workers.split(",")):
        count = min(given.chunks, 250 * workers)
        found = measure(RunnerPlace(given.on, workers=workers), count, given.seconds, given.stored)
        ideal = count * given.seconds / workers
        own = found["own"] / count
        row = {**found, "chunks": count, "ideal": ideal, "share": ideal / found["wall"], "own_per_chunk": own}
        rows.append({**row, "saturates": given.seconds / own})
        print(
            f"{workers:7} {found['wall']:8.2f} {ideal:8.2f}  {row['share']:5.2f}  {1000 * own:12.2f}  "
            f"{given.seconds / own:12.0f}",
            flush=True,
        )
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
