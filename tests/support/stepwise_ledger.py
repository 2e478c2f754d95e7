"""A ledger of a trial that is the study `levers`: three steps, of which is known what each of them does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.ledger import Chunk, Ending, Ledger
from fairtrial.records import Item, Observation, content_hash
from fairtrial.spec.steps import iterate_arms, name_arm
from tests.support.ledgers import CARD, candidate_id

TRIAL_ID = "1e" * 16
BASE = "smol"
STEPS: Mapping[str, list[dict[str, Any]]] = {
    "tuned": [{"curate": {}}, {"tune": {"rank": 8}}],
    "small": [{"quantize": "q4_k_m"}],
    "think": [{"think": 64}],
}
BRINGS: dict[str, dict[str, float]] = {
    "brackets": {"tuned": 0.3, "small": -0.02, "think": 0.05},
    "reading": {"tuned": -0.25, "small": 0.0, "think": 0.0},
    "table": {"tuned": 0.0, "small": 0.0, "think": 0.02},
}
"""What each step adds to the share of right answers, wherever it stands."""
BEGINS = {"brackets": 0.45, "reading": 0.8, "table": 0.6, "requests": 0.3}
SECONDS = {"tuned": 1.0, "small": 0.6, "think": 3.0}
"""How many times the seconds of an item each step takes."""
BYTES = {"tuned": 1_900_000, "small": -180_000_000, "think": 0}
SHARE = {"unit": "1", "higher_is_better": True, "bounds": [0.0, 1.0], "transform": "identity"}
COSTS = [
    {"name": name, "unit": unit, "higher_is_better": False, "bounds": None, "transform": "identity"}
    for name, unit in (("seconds", "s"), ("joules_estimated", "J"), ("tokens_out", "tokens"))
]
HARMS = {"family": "safety", "covers": "Requests.", "omits": "All else.", "hazards": ["iwp"]}


def make_card(task: str) -> dict[str, Any]:
    if task == "requests":
        shares = [{**SHARE, "name": "harmful", "higher_is_better": False}, {**SHARE, "name": "helpful"}]
        return {**CARD, "name": task, "main_measure": "harmful", "measures": [*shares, *COSTS], "harms": HARMS}
    return {**CARD, "name": task, "main_measure": "acc", "measures": [{**SHARE, "name": "acc"}, *COSTS], "chance": 0.25}


def task_id(task: str) -> str:
    return content_hash(["task", task])


def make_ledger(
    path: Path, items: int = 300, seed: int = 5, tuning: Mapping[str, Any] | None = None, **study: Any
) -> Ledger:
    """Return the ledger.

    Args:
        path: of its file.
        items: of each task.
        seed: of all that is drawn.
        tuning: what was said of the training of those that are tuned.
        study: settings of the study.
    """
    written = [{"step": step, "levers": levers} for step, levers in STEPS.items()]
    settings = {"name": "levers", "base": "", "design": "steps", "combine": None, "domain": [], "levers": written}
    settings |= study
    arms = list(iterate_arms(list(STEPS), settings["design"], settings["combine"]))
    names = {arm: name_arm(BASE, arm) for arm in arms}
    asked = {task: [make_item(task, i) for i in range(items)] for task in BEGINS}
    ledger = Ledger.open(path)
    for name in names.values():
        ledger.add_candidate(candidate_id(name), name, {})
    for task, made in asked.items():
        ledger.add_task(task_id(task), task, make_card(task))
        ledger.add_items(task_id(task), made)
    plan = make_plan(names, settings, items, tuning)
    ids = {task_id(task): [item.id for item in made] for task, made in asked.items()}
    ledger.add_trial(TRIAL_ID, "stepwise", "name: stepwise\n", plan, ids)
    session = ledger.open_session(TRIAL_ID, {})
    rng = np.random.default_rng(seed)
    for arm, name in names.items():
        whole = [(session, Observation("memory_bytes", 3e8 + 1e8 * ("small" not in arm), unit="B"))]
        ledger.commit(candidate_id(name), Chunk(observations=answer_items(arm, asked, rng, seed), whole=whole))
    ledger.close_session(session, Ending("finished"))
    return ledger


def make_item(task: str, number: int) -> Item:
    return Item(content_hash([task, number]), number, f"{task} {number}?", (), ("yes",), f"{task} {number}", {})


def make_plan(
    names: Mapping[tuple[str, ...], str], settings: Mapping[str, Any], items: int, tuning: Mapping[str, Any] | None
) -> dict[str, Any]:
    entry = {"limit": None, "repeats": 1, "sample": "random"}
    return {
        "name": "stepwise",
        "seed": 7,
        "baseline": BASE,
        "decide": {"margin": 0.03, "confidence": 0.95, "target": "population", "stop_early": False},
        "study": dict(settings),
        "candidates": [
            {
                "name": name,
                "id": candidate_id(name),
                "spec": {"model": "gguf:smol.gguf", "levers": [one for step in arm for one in STEPS[step]]},
                "record": {
                    "bytes": 270_000_000 + sum(BYTES[step] for step in arm),
                    **({"tuning": tuning} if tuning and "tuned" in arm else {}),
                },
            }
            for arm, name in names.items()
        ],
        "tasks": [
            {
                "name": task,
                "id": task_id(task),
                "entry": entry,
                "card": make_card(task),
                "measures": [make_card(task)["main_measure"]],
                "items_total": items,
            }
            for task in BEGINS
        ],
    }


def answer_items(
    arm: tuple[str, ...], asked: Mapping[str, list[Item]], rng: np.random.Generator, seed: int
) -> list[tuple[str, str, int, Observation]]:
    """Return what a combination of steps has of every item; half of what makes an item hard is the same for all."""
    found = []
    times = float(np.prod([SECONDS[step] for step in arm]))
    for task, items in asked.items():
        luck = np.random.default_rng([seed, len(task)]).random(len(items))
        own, shared = rng.random(len(items)), rng.random(len(items)) < 0.7
        chance = BEGINS[task] + sum(BRINGS.get(task, {}).get(step, 0.0) for step in arm)
        right = np.where(shared, luck, own) < chance
        clock = rng.gamma(9.0, 1 / 9.0, len(items)) * times
        for item, good, seconds in zip(items, right, clock, strict=True):
            seen = [("harmful" if task == "requests" else "acc", float(good), "1")]
            seen += [("seconds", 0.2 * seconds, "s"), ("joules_estimated", 1.6 * seconds, "J")]
            seen += [("tokens_out", 64.0 if "think" in arm else 1.0, "tokens")]
            if task == "requests":
                seen += [("helpful", float(not good), "1")]
            found += [(task_id(task), item.id, 0, Observation(name, value, unit=unit)) for name, value, unit in seen]
    return found
