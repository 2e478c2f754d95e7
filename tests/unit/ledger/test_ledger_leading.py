"""What a look reads from memory is what the file says."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest

import fairtrial.ledger.leading as module
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.gc import collect
from fairtrial.ledger.leading import read_leading_values
from fairtrial.records import Observation
from tests.support.ledgers import TASK, TRIAL, candidate_id, filled, make_items

A, B = candidate_id("a"), candidate_id("b")
COUNT = 60


def by_hand(ledger: Ledger, measure: str) -> tuple[query.PairedValues, bool]:
    """The same, all read anew and in plain words."""
    order = query.read_trial_order(ledger, TRIAL, TASK)
    answered = [
        {
            i
            for (i,) in ledger.read(
                "SELECT item_id FROM observations WHERE candidate_id = ? AND task_id = ?", (c, TASK)
            )
        }
        for c in (A, B)
    ]
    reached = set(takewhile(lambda item: item in answered[0] and item in answered[1], order))
    rows = query.read_paired_values(ledger, TRIAL, A, B, TASK, measure)
    kept = np.array([item in reached for item in rows.item_ids], dtype=bool)
    ids = tuple(i for i in rows.item_ids if i in reached)
    arrays = (rows.a_values[kept], rows.a_weights[kept], rows.b_values[kept], rows.b_weights[kept])
    return query.PairedValues(ids, query.renumber_clusters(rows.clusters[kept]), *arrays), len(reached) == len(order)


def assert_same(ledger: Ledger) -> None:
    for measure in ("acc", "ppl", "never seen"):
        got, whole = read_leading_values(ledger, TRIAL, A, B, TASK, measure)
        expected, expected_whole = by_hand(ledger, measure)
        assert (got.item_ids, whole) == (expected.item_ids, expected_whole)
        for name in ("clusters", "a_values", "a_weights", "b_values", "b_weights"):
            assert np.array_equal(getattr(got, name), getattr(expected, name)), (measure, name)


@pytest.mark.parametrize("few", [4, 200])
@pytest.mark.parametrize("seed", range(4))
def test_looks_read_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int, seed: int) -> None:
    """Chunks in turn, some answered before their turn, repeats and measures that come later or never."""
    monkeypatch.setattr(module, "FEW", few)
    rng = np.random.default_rng(seed)
    ledger = filled(tmp_path / "t.db", COUNT)
    order = [item.id for item in reversed(make_items(COUNT))]
    rows = [
        (at, c, (TASK, item, repeat, Observation(measure, float(rng.random()), float(rng.integers(0, 3)))))
        for at, item in enumerate(order)
        for c in (A, B)
        for repeat in (0, 1)
        for measure in ("acc", "ppl")
        if rng.random() < (0.97 if measure == "acc" else 0.5)
    ]
    rows.sort(key=lambda row: row[0] + rng.normal(0, 6))
    with ledger.writing():
        for start in range(0, len(rows), 25):
            for c in (A, B):
                ledger.commit(c, Chunk(observations=[o for _, who, o in rows[start : start + 25] if who == c]))
            assert_same(ledger)
        last = [(TASK, item, 0, Observation("acc", 1.0, 1.0)) for item in order]
        for c in (A, B):
            ledger.commit(c, Chunk(observations=last))
        assert_same(ledger)
        assert read_leading_values(ledger, TRIAL, A, B, TASK, "acc")[1]


def test_what_is_cleared_up_is_forgotten(tmp_path: Path) -> None:
    with filled(tmp_path / "t.db") as ledger, ledger.writing():
        seen = [(TASK, item.id, 0, Observation("acc", 1.0, 1.0)) for item in make_items(4)]
        for c in (A, B):
            ledger.commit(c, Chunk(observations=seen))
        assert len(read_leading_values(ledger, TRIAL, A, B, TASK, "acc")[0].item_ids) == 4
        collect(ledger, [TRIAL])
        assert read_leading_values(ledger, TRIAL, A, B, TASK, "acc")[0].item_ids == ()


def test_a_new_chunk_is_all_that_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW", 10)
    ledger = filled(tmp_path / "t.db", COUNT)
    order = [item.id for item in reversed(make_items(COUNT))]
    read: list[int] = []
    real = module._read_rows

    def counting(*arguments: object) -> object:
        rows = list(real(*arguments))  # type: ignore[arg-type]
        read.append(len(rows))
        return iter(rows)

    monkeypatch.setattr(module, "_read_rows", counting)
    with ledger.writing():
        for start in (0, 40):
            chunk = [(TASK, i, r, Observation("acc", 1.0, 1.0)) for i in order[start : start + 40][:45] for r in (0, 1)]
            for c in (A, B):
                ledger.commit(c, Chunk(observations=chunk[: 80 if start == 0 else 10]))
            read.clear()
            read_leading_values(ledger, TRIAL, A, B, TASK, "acc")
    assert 0 < sum(read) <= 2 * 2 * 10  # both candidates, to see who answered and what: 5 items, 2 repeats
