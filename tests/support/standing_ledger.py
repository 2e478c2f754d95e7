"""A made-up trial from arrays, for tests of standings: what each candidate scored on each item of each task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.ledger import Chunk, Ledger
from fairtrial.records import Item, Observation, content_hash

TRIAL = "5a" * 16
ACC = {"name": "acc", "unit": "1", "higher_is_better": True, "bounds": [0.0, 1.0], "transform": "identity"}
PPL = {"name": "ppl", "unit": "nat", "higher_is_better": False, "bounds": None, "transform": "exp"}
SECONDS = {"name": "seconds", "unit": "s", "higher_is_better": False, "bounds": None, "transform": "identity"}
TOKENS = {"name": "tokens_out", "unit": "token", "higher_is_better": False, "bounds": None, "transform": "identity"}

Column = Sequence[float | None]
"""One value an item, in trial order; None where there is none."""


def task_of(name: str, main: Mapping[str, Any], total: int, chance: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "id": content_hash(["task", name]),
        "entry": {"limit": None, "repeats": 1, "sample": "random"},
        "card": {
            "name": name,
            "version": "1",
            "revision": "",
            "licence": "",
            "description": "",
            "citation": "",
            "settings": {},
            "main_measure": main["name"],
            "measures": [main, SECONDS, TOKENS],
            "chance": chance,
        },
        "measures": [main["name"]],
        "items_total": total,
    }


def trial_ledger(
    path: Path,
    names: Sequence[str],
    tasks: Mapping[str, Mapping[str, Mapping[str, Column]]],
    *,
    decide: Mapping[str, Any] | None = None,
    weights: Mapping[str, float] | None = None,
    mains: Mapping[str, Mapping[str, Any]] | None = None,
    chance: float | None = None,
    item_weights: Column | None = None,
    cluster: int = 1,
    limits: Sequence[Mapping[str, Any]] = (),
    more_measures: Sequence[Mapping[str, Any]] = (),
    data: Callable[[int], Mapping[str, Any]] = lambda _: {},
) -> Ledger:
    """A ledger with a trial: ``tasks`` is task -> measure -> candidate -> column; the first name is the baseline."""
    sizes = {t: max(len(c) for columns in measures.values() for c in columns.values()) for t, measures in tasks.items()}
    planned = [task_of(t, (mains or {}).get(t, ACC), sizes[t], chance) for t in tasks]
    for task in planned:
        task["card"]["measures"] = [*task["card"]["measures"], *more_measures]
    plan = {
        "limits": [{**limit, "tasks": [content_hash(["task", t]) for t in limit["tasks"]]} for limit in limits],
        "name": "standing",
        "seed": 3,
        "baseline": names[0],
        "decide": {"margin": 0.02, "confidence": 0.95, "target": "population", "stop_early": False, **(decide or {})},
        "weights": dict(weights or {}),
        "candidates": [
            {
                "name": name,
                "id": content_hash(["c", name]),
                "spec": {"model": "fake:x", "levers": [], "decoding": {}},
                "record": {"bytes": None},
            }
            for name in names
        ],
        "tasks": planned,
    }
    ledger = Ledger.open(path)
    for name in names:
        ledger.add_candidate(content_hash(["c", name]), name, {})
    ids = {t["id"]: [content_hash([t["name"], i]) for i in range(sizes[t["name"]])] for t in planned}
    for task in planned:
        ledger.add_task(task["id"], task["name"], task["card"])
        made = [Item(x, i, f"question {i}", (), (), f"{i // cluster}", data(i)) for i, x in enumerate(ids[task["id"]])]
        ledger.add_items(task["id"], made)
    ledger.add_trial(TRIAL, "standing", "name: standing\n", plan, ids)
    for task in planned:
        for measure, columns in tasks[task["name"]].items():
            for name, column in columns.items():
                weighted = item_weights is not None and measure == task["card"]["main_measure"]
                seen = [
                    (
                        task["id"],
                        ids[task["id"]][i],
                        0,
                        Observation(measure, float(v), float(item_weights[i] or 0.0) if weighted else 1.0),  # type: ignore[index]
                    )
                    for i, v in enumerate(column)
                    if v is not None
                ]
                ledger.commit(content_hash(["c", name]), Chunk(observations=seen))
    return ledger


def coins(rng: np.random.Generator, share: float, count: int) -> list[float]:
    """Exactly ``share`` of ``count`` ones in random order."""
    column = np.zeros(count)
    column[: round(share * count)] = 1.0
    rng.shuffle(column)
    return [float(x) for x in column]
