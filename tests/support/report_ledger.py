"""A real ledger with a whole made-up trial in it, hostile texts included, for tests of the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.ledger import Chunk, Ending, Ledger
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Item,
    Observation,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    content_hash,
)
from tests.support.ledgers import CARD, MEASURES, candidate_id

HOSTILE = (
    "</span><script>window.hacked=1;alert('x')</script><img src=x onerror='window.hacked=1'>"
    "<a id='planted' href='javascript:window.hacked=1'>go</a> {{ 7*7 }} \u202etxt.exe\u2066 \x07\x1b[31m "
)
TRIAL_ID = "cd" * 16
CANDIDATES = ("baseline", "smaller", "better-one")
RIGHT = {"baseline": 0.6, "smaller": 0.25, "better-one": 0.9}
PACE = {"baseline": 1.0, "smaller": 0.4, "better-one": 2.5}
"""Seconds an item, on average."""
SECONDS = {"name": "seconds", "unit": "s", "higher_is_better": False, "bounds": None, "transform": "identity"}
ITEMS = 60


def task_id(name: str) -> str:
    return content_hash(["task", name])


def items_of(task: str) -> list[Item]:
    made = []
    for i in range(ITEMS):
        question = f"{HOSTILE} question {i} " + ("long " * 400 if i == 0 else "")
        choices = ("red", HOSTILE, "blue", "green") if task == "choosing" else ()
        made.append(Item(content_hash([task, i]), i, question, choices, ("red",), f"cluster {i // 2}", {"n": i}))
    return made


def card(task: str) -> dict[str, Any]:
    main = {"choosing": "acc", "writing": "acc", "modelling": "ppl"}[task]
    return {
        **CARD,
        "name": task,
        "main_measure": main,
        "measures": [*MEASURES, SECONDS],
        "description": f"What {task} asks. {HOSTILE}",
        "chance": 0.25 if task == "choosing" else None,
    }


def answered(task: str, item: Item, right: bool, rng: np.random.Generator) -> tuple[Request, Answer, Observation]:
    if task == "choosing":
        logprobs = rng.normal(-3, 1, 4)
        logprobs[0] = 0.0 if right else -9.0
        request = ScoreRequest(tuple(Pair(Prompt(item.question), choice) for choice in item.choices))
        values = tuple(float(v) for v in logprobs)
        score = ScoreAnswer(values, (False,) * 4, (1,) * 4, prompt_tokens=30, truncated_tokens=int(item.doc_id == 3))
        return request, score, Observation("acc", float(right))
    if task == "writing":
        text = "red" if right else HOSTILE * 12
        request = GenerateRequest(Prompt(item.question), max_tokens=8)
        return request, GenerateAnswer(text, 3, "stop", 20), Observation("acc", float(right))
    nats = float(rng.normal(2.5 - right, 0.2))
    request = ScoreRequest((Pair(Prompt(""), item.question),), rolling=True)
    return request, ScoreAnswer((-nats * 10,), (False,), (10,)), Observation("ppl", nats, weight=10.0, unit="nat")


def report_ledger(path: Path) -> Ledger:
    """Three candidates on three tasks; one of the tasks with a path of looks."""
    tasks = ("choosing", "writing", "modelling")
    entry = {"limit": None, "repeats": 1, "sample": "random"}
    plan = {
        "name": "made-up",
        "seed": 7,
        "baseline": "baseline",
        "decide": {"margin": 0.05, "confidence": 0.95, "target": "population", "stop_early": False},
        "weights": {"choosing": 2.0, "writing": 1.0, "modelling": 0.0},
        "candidates": [
            {
                "name": name,
                "id": candidate_id(name),
                "spec": {"model": f"gguf:{name}{HOSTILE}.gguf", "levers": [{"quantize": "q2_k"}], "decoding": {}},
                "record": {"bytes": 98_000_000, "sha256": "0" * 64, "note": HOSTILE},
            }
            for name in CANDIDATES
        ],
        "tasks": [
            {
                "name": task,
                "id": task_id(task),
                "entry": entry,
                "card": card(task),
                "measures": [card(task)["main_measure"]],
                "items_total": 500,
            }
            for task in tasks
        ],
    }
    ledger = Ledger.open(path)
    for name in CANDIDATES:
        ledger.add_candidate(candidate_id(name), name, {})
    for task in tasks:
        ledger.add_task(task_id(task), task, card(task))
        ledger.add_items(task_id(task), items_of(task))
    ids = {task_id(task): [item.id for item in items_of(task)] for task in tasks}
    ledger.add_trial(TRIAL_ID, "made-up", f"name: made-up # {HOSTILE}\n", plan, ids)
    session = ledger.open_session(TRIAL_ID, {"processor": f"a processor {HOSTILE}", "python": "3.11"})
    fill(ledger, tasks)
    for n in (20, 40, 60):
        look = {"verdict": "undecided" if n < 60 else "worse", "difference": -0.2, "low": -8 / n, "high": 2 / n}
        ledger.add_look(TRIAL_ID, ("smaller", "baseline"), (task_id("choosing"), "acc", n), look)
    ledger.close_session(session, Ending("finished"))
    return ledger


def fill(ledger: Ledger, tasks: tuple[str, ...]) -> None:
    rng, clock = np.random.default_rng(5), np.random.default_rng(6)
    for task in tasks:
        for item in items_of(task):
            luck = rng.random()
            for name in CANDIDATES:
                request, answer, seen = answered(task, item, bool(luck < RIGHT[name]), rng)
                seconds = Observation("seconds", float(PACE[name] * clock.gamma(4.0, 0.25)), unit="s")
                absent = [(task_id(task), item.id, 0, "joules", f"no meter here {HOSTILE}")]
                ledger.commit(
                    candidate_id(name),
                    Chunk(
                        answers=[(request, answer)],
                        asked=[(task_id(task), item.id, 0, (request.id,))],
                        observations=[(task_id(task), item.id, 0, seen), (task_id(task), item.id, 0, seconds)],
                        absences=absent if name == "smaller" else [],
                    ),
                )
