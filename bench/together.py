"""How often whole trials say some false word, with many questions; through the ledger and `analysis.verdicts`.

    python -m bench.together [--trials 400] [--seed 7] [--json FILE]

Each simulated trial is written to a ledger file, and `find_verdicts` reads it like any other; with ``stop_early``
after each chunk of 50 items, and a word counts as false if it is said at any look.  False: better or worse between two
that are equal; better, worse or tied of a pair that is apart by exactly the margin, where it is not the truth.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.analysis.verdicts import Verdict, find_verdicts
from fairtrial.ledger import Chunk, Ledger
from fairtrial.records import Item, Observation, content_hash

TRIAL = "5a" * 16
ACC = {"name": "acc", "unit": "1", "higher_is_better": True, "bounds": [0.0, 1.0], "transform": "identity"}
MARGIN = 0.05
CHUNK = 50


@dataclass(frozen=True)
class Setting:
    """A kind of trial.  ``gaps``: how far each candidate is from the baseline, in every task."""

    name: str
    gaps: Sequence[float]
    tasks: int
    items: int
    early: bool = False

    def plan(self) -> dict[str, Any]:
        """Return the plan as the ledger keeps it."""
        names = ["base", *(f"c{i}" for i in range(len(self.gaps)))]
        decide = {"margin": MARGIN, "confidence": 0.95, "target": "population", "stop_early": self.early}
        tasks = [
            {
                "name": f"t{i}",
                "id": content_hash(["task", i]),
                "entry": {"limit": None, "repeats": 1, "sample": "random"},
                "card": {"name": f"t{i}", "main_measure": "acc", "measures": [ACC], "chance": None},
                "measures": ["acc"],
                "items_total": self.items,
            }
            for i in range(self.tasks)
        ]
        candidates = [
            {"name": n, "id": content_hash(["c", n]), "spec": {"model": "fake:x", "levers": []}, "record": {}}
            for n in names
        ]
        return {
            "name": "s", "seed": 1, "baseline": "base", "decide": decide, "candidates": candidates, "tasks": tasks,
        }  # fmt: skip


SETTINGS = (
    Setting("2 equal candidates, 1 task", [0.0], 1, 200),
    Setting("10 equal candidates, 1 task", [0.0] * 9, 1, 200),
    Setting("10 equal candidates, 1 task, 1,000 items", [0.0] * 9, 1, 1000),
    Setting("2 equal candidates, 8 tasks", [0.0], 8, 200),
    Setting("10 equal candidates, 8 tasks", [0.0] * 9, 8, 100),
    Setting("5 equal, 4 far better, 1 task", [0.0] * 5 + [0.25] * 4, 1, 200),
    Setting("9 apart by the margin, 1 task, 3,000 items", [MARGIN] * 9, 1, 3000),
    Setting("10 equal candidates, 1 task", [0.0] * 9, 1, 300, early=True),
    Setting("2 equal candidates, 8 tasks", [0.0], 8, 300, early=True),
    Setting("5 equal, 4 far better, 1 task", [0.0] * 5 + [0.25] * 4, 1, 300, early=True),
)


def false(word: str, gap: float) -> bool:
    """Return whether a word is false of a pair that is apart by a gap."""
    if word in ("better", "worse"):
        return (word == "better") != (gap > 0) or gap == 0
    return word == "tied" and abs(gap) >= MARGIN


def draw(setting: Setting, rng: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
    """Return what each candidate scores on each item of each task: right answers share a luck with the baseline's."""
    found = {}
    for task in range(setting.tasks):
        hard = rng.random(setting.items)
        columns = {"base": hard < 0.6}
        for i, gap in enumerate(setting.gaps):
            own = np.where(rng.random(setting.items) < 0.4, rng.random(setting.items), hard)
            columns[f"c{i}"] = own < 0.6 + gap
        found[f"t{task}"] = {name: column.astype(float) for name, column in columns.items()}
    return found


def looks(setting: Setting, rng: np.random.Generator, path: Path) -> list[list[Verdict]]:
    """Write a trial to a ledger and return its verdicts at each look; one look, at the end, without early stopping."""
    plan, values = setting.plan(), draw(setting, rng)
    found = []
    with Ledger.open(path) as ledger, ledger.writing():
        ledger.connection.execute("PRAGMA synchronous = OFF")
        for candidate in plan["candidates"]:
            ledger.add_candidate(candidate["id"], candidate["name"], {})
        ids = {t["id"]: [content_hash([t["name"], i]) for i in range(setting.items)] for t in plan["tasks"]}
        for task in plan["tasks"]:
            ledger.add_task(task["id"], task["name"], task["card"])
            ledger.add_items(
                task["id"], [Item(x, i, f"question {i}", (), (), x, {}) for i, x in enumerate(ids[task["id"]])]
            )
        ledger.add_trial(TRIAL, "s", "", plan, ids)
        step = CHUNK if setting.early else setting.items
        for start in range(0, setting.items, step):
            for candidate in plan["candidates"]:
                seen = [
                    (
                        task["id"],
                        ids[task["id"]][i],
                        0,
                        Observation("acc", float(values[task["name"]][candidate["name"]][i])),
                    )
                    for task in plan["tasks"]
                    for i in range(start, min(start + step, setting.items))
                ]
                ledger.commit(candidate["id"], Chunk(observations=seen))
            found.append(find_verdicts(ledger, TRIAL))
    return found


def measured(setting: Setting, trials: int, seed: int) -> dict[str, Any]:
    """Return the shares of trials with some false word, as all words are said and as each would be alone."""
    rng = np.random.default_rng([seed, len(setting.gaps), setting.tasks, setting.items, setting.early])
    together = alone = 0
    decided = []
    for _ in range(trials):
        with tempfile.TemporaryDirectory() as folder:
            every = looks(setting, rng, Path(folder) / "l.db")
        gaps = {f"c{i}": gap for i, gap in enumerate(setting.gaps)}
        together += any(false(v.verdict, gaps[v.a]) for look in every for v in look)
        alone += any(false(v.alone, gaps[v.a]) for look in every for v in look)
        decided.append(np.mean([v.verdict != "undecided" for v in every[-1]]))
    return {
        "setting": setting.name,
        "stop_early": setting.early,
        "items": setting.items,
        "questions": len(setting.gaps) * setting.tasks,
        "trials": trials,
        "false_together": together / trials,
        "false_alone": alone / trials,
        "decided": float(np.mean(decided)),
    }


def main() -> None:
    """Simulate every setting and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of settings, from 0")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = []
    for i, setting in enumerate(SETTINGS):
        if given.only is None or i in given.only:
            started = time.perf_counter()
            rows.append(measured(setting, given.trials, given.seed))
            row = rows[-1]
            print(
                f"{row['setting']}, {row['items']} items{', early' if setting.early else ''}: "
                f"{row['questions']} questions, false {row['false_together']:.1%} (alone {row['false_alone']:.1%}), "
                f"decided {row['decided']:.0%}, {time.perf_counter() - started:.0f} s",
                file=sys.stderr,
            )
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
