"""A process that writes chunks and is killed at any moment leaves whole chunks only, and can go on."""

from __future__ import annotations

import io
import multiprocessing
import random
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from fairtrial.ledger import Chunk, Ledger
from fairtrial.ledger.export import export_text
from fairtrial.records import Item, Observation, Pair, Prompt, ScoreAnswer, ScoreRequest
from tests.support.ledgers import TASK, candidate_id, filled, make_items

if sys.platform == "win32":
    pytest.skip("needs processes and signals of Unix", allow_module_level=True)
FORK = multiprocessing.get_context("fork")
CHUNK_ITEMS = 4
CHUNKS = 300
KILLS = 20
ITEMS = make_items(CHUNKS * CHUNK_ITEMS)


def request(item: Item) -> ScoreRequest:
    prompt = Prompt("An example and its answer.\n" * 20 + item.question)
    return ScoreRequest(tuple(Pair(prompt, choice) for choice in item.choices))


def chunk(name: str, number: int) -> Chunk:
    items = ITEMS[number * CHUNK_ITEMS : (number + 1) * CHUNK_ITEMS]
    luck = random.Random(f"{name} {number}")
    answers = [ScoreAnswer((luck.gauss(-5, 1), luck.gauss(-5, 1)), (True, False), (1, 2), 90) for _ in items]
    return Chunk(
        answers=[(request(item), answer) for item, answer in zip(items, answers, strict=True)],
        asked=[(TASK, item.id, 0, (request(item).id,)) for item in items],
        observations=[
            (TASK, item.id, 0, Observation(measure, float(luck.random() < 0.5)))
            for item in items
            for measure in ("acc", "acc_norm")
        ],
    )


PLANNED = {(name, n): chunk(name, n) for n in range(CHUNKS) for name in ("a", "b")}


def write_missing(path: Path, begun: Event | None = None) -> None:
    """Commit the chunks whose answers are not all there, as a trial does."""
    with Ledger.open(path) as ledger, ledger.writing():
        if begun is not None:
            begun.set()
        for (name, _), planned in PLANNED.items():
            ids = [r.id for r, _ in planned.answers]
            if len(ledger.answers(candidate_id(name), ids)) < len(ids):
                ledger.commit(candidate_id(name), planned)


def chunks_held(ledger: Ledger) -> int:
    """Return how many chunks are there; fail if one is there in part."""
    assert ledger.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert ledger.connection.execute("PRAGMA foreign_key_check").fetchall() == []
    kept = {
        table: set(ledger.connection.execute(f"SELECT candidate_id, {key} FROM {table}").fetchall())
        for table, key in (("answers", "request_id"), ("asked", "item_id"), ("observations", "item_id, measure"))
    }
    held = 0
    for (name, _), planned in PLANNED.items():
        who = candidate_id(name)
        rows = [(who, r.id) in kept["answers"] for r, _ in planned.answers]
        rows += [(who, item) in kept["asked"] for _, item, _, _ in planned.asked]
        rows += [(who, item, seen.measure) in kept["observations"] for _, item, _, seen in planned.observations]
        assert all(rows) or not any(rows)
        held += all(rows)
    return held


def exported(path: Path) -> list[str]:
    out = io.StringIO()
    with Ledger.open(path, create=False) as ledger:
        export_text(ledger, out, answers=True)
    return out.getvalue().splitlines()


def test_killed_again_and_again_it_ends_as_if_left_alone(tmp_path: Path) -> None:
    unbroken, broken = tmp_path / "unbroken.db", tmp_path / "broken.db"
    for path in (unbroken, broken):
        filled(path, items=CHUNKS * CHUNK_ITEMS).close()
    write_missing(unbroken)
    luck = random.Random(9)
    found = []
    for _ in range(KILLS):
        begun = FORK.Event()
        process = FORK.Process(target=write_missing, args=(broken, begun))
        process.start()
        assert begun.wait(60)
        time.sleep(luck.uniform(0, 0.03))
        process.kill()
        process.join(60)
        with Ledger.open(broken) as ledger:
            found.append(chunks_held(ledger))
    assert found == sorted(found)  # what was committed stays
    assert sum(0 < held < len(PLANNED) for held in found) >= KILLS / 2
    write_missing(broken)
    with Ledger.open(broken) as ledger:
        assert chunks_held(ledger) == len(PLANNED)
    rows = exported(unbroken)
    assert len(rows) == len(PLANNED) * CHUNK_ITEMS * 3
    assert exported(broken) == rows
