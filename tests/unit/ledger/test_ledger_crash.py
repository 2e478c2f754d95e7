"""A process that is killed at any moment while it writes a chunk leaves whole chunks only, and can go on."""

from __future__ import annotations

import io
import multiprocessing
import random
import signal
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
MOST = 25
"""Chunks that a process writes before it is killed, at most; all together fewer than there are."""
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


def write_missing(path: Path, last: tuple[int, Event] | None = None) -> None:
    """Commit the chunks whose answers are not all there, as a trial does.

    Args:
        path: of the ledger.
        last: a number of chunks, and what is told before that one is written; after it nothing is done any more.
    """
    written = 0
    with Ledger.open(path) as ledger, ledger.writing():
        for (name, _), planned in PLANNED.items():
            ids = [r.id for r, _ in planned.answers]
            if len(ledger.answers(candidate_id(name), ids)) < len(ids):
                written += 1
                if last is not None and written == last[0]:
                    last[1].set()
                ledger.commit(candidate_id(name), planned)
                if last is not None and written == last[0]:
                    signal.pause()


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
    found = 0
    for _ in range(KILLS):
        number, begun = luck.randint(2, MOST), FORK.Event()
        process = FORK.Process(target=write_missing, args=(broken, (number, begun)))
        process.start()
        assert begun.wait(600)
        time.sleep(luck.uniform(0, 0.004))  # about what a chunk takes
        process.kill()
        process.join()
        with Ledger.open(broken) as ledger:
            held = chunks_held(ledger)
        assert held - found in (number - 1, number)  # what was committed stays, and the last one is there or not
        found = held
    assert 0 < found < len(PLANNED)
    write_missing(broken)
    with Ledger.open(broken) as ledger:
        assert chunks_held(ledger) == len(PLANNED)
    rows = exported(unbroken)
    assert len(rows) == len(PLANNED) * CHUNK_ITEMS * 3
    assert exported(broken) == rows
