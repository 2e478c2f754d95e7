"""Small real ledgers for tests."""

from __future__ import annotations

from pathlib import Path

from fairtrial.ledger import Ledger
from fairtrial.records import Item, content_hash

TASK = "7" * 32
TRIAL = "ab" * 16
MEASURES = [
    {"name": "acc", "unit": "1", "higher_is_better": True, "bounds": [0.0, 1.0], "transform": "identity"},
    {"name": "ppl", "unit": "nat", "higher_is_better": False, "bounds": None, "transform": "exp"},
]
CARD = {
    "name": "quiz",
    "version": "1",
    "revision": "made for the test",
    "licence": "CC0-1.0",
    "measures": MEASURES,
    "main_measure": "acc",
    "description": "",
    "citation": "",
    "chance": None,
    "settings": {},
}


def candidate_id(name: str) -> str:
    return content_hash(["candidate", name])


def make_items(count: int) -> list[Item]:
    """Items in pairs that share a cluster."""
    return [
        Item(content_hash(["item", i]), i, f"Question {i}?", ("yes", "no"), ("yes",), f"cluster {i // 2}", {"n": i})
        for i in range(count)
    ]


def plan(names: tuple[str, ...] = ("a", "b"), items: int = 4) -> dict[str, object]:
    spec = {"model": "fake:x", "levers": [], "decoding": {}}
    entry = {"limit": None, "repeats": 2, "sample": "random"}
    return {
        "name": "tried",
        "seed": 1,
        "baseline": names[-1],
        "decide": {"margin": 0.02, "confidence": 0.95, "target": "population", "stop_early": False},
        "candidates": [{"name": n, "id": candidate_id(n), "spec": spec, "record": {"bytes": None}} for n in names],
        "tasks": [
            {"name": "quiz", "id": TASK, "entry": entry, "card": CARD, "measures": ["acc"], "items_total": items}
        ],
    }


def filled(path: Path, items: int = 4) -> Ledger:
    """A ledger with a trial of two candidates on one task, and no answers; the items are asked in reverse order."""
    ledger = Ledger.open(path)
    for name in ("a", "b"):
        ledger.add_candidate(candidate_id(name), name, {"model": "fake:x"})
    ledger.add_task(TASK, "quiz", CARD)
    made = make_items(items)
    ledger.add_items(TASK, made)
    ledger.add_trial(TRIAL, "tried", "name: tried\n", plan(items=items), {TASK: [i.id for i in reversed(made)]})
    return ledger
