"""Transactions that are gathered: read at once by whoever writes, by others soon, and undone as a whole."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import LedgerError
from fairtrial.ledger import Chunk, Ledger
from fairtrial.ledger.gathering import SOON
from fairtrial.ledger.ready import make_cells
from fairtrial.records import GenerateAnswer, GenerateRequest, Prompt
from fairtrial.records.cells import NO_CELLS, ReadyCells


def _ask(number: int) -> GenerateRequest:
    return GenerateRequest(Prompt(f"How much is {number} and {number}?"), 8)


def _chunk(number: int, cells: ReadyCells = NO_CELLS) -> Chunk:
    return Chunk([(_ask(number), GenerateAnswer(str(2 * number), 1, "stop"))], cells=cells)


def _count_elsewhere(path: Path) -> int:
    other = sqlite3.connect(path)
    try:
        return int(other.execute("SELECT count(*) FROM answers").fetchone()[0])
    finally:
        other.close()


def test_what_is_gathered_is_read_here_at_once_and_elsewhere_when_it_is_due(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Ledger.open(path) as ledger, ledger.writing():
        ledger.add_candidate("c", "c", {})
        with ledger.gathering():
            ledger.commit("c", _chunk(1), again=True)
            assert ledger.answers("c", [_ask(1).id]).keys() == {_ask(1).id}
            left = ledger.settle_due()
            assert left is None or 0 < left <= SOON
            time.sleep(SOON)
            assert ledger.settle_due() is None
            assert _count_elsewhere(path) == 1
            ledger.commit("c", _chunk(2), again=True)
            ledger.commit(
                "c", _chunk(3)
            )  # what cannot be made again is never gathered, and what came before is not left
            assert _count_elsewhere(path) == 3
            ledger.commit("c", _chunk(4), again=True)
        assert _count_elsewhere(path) == 4
        assert ledger.settle_due() is None


def test_a_statement_that_fails_takes_back_what_was_gathered_and_nothing_before(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Ledger.open(path) as ledger, ledger.writing():
        ledger.add_candidate("c", "c", {})
        with ledger.gathering():
            ledger.commit("c", _chunk(1))
            ledger.commit("c", _chunk(2), again=True)
            with pytest.raises(LedgerError, match="FOREIGN KEY"):
                ledger.commit("nobody", _chunk(3), again=True)
            assert set(ledger.answers("c", [_ask(n).id for n in (1, 2)])) <= {_ask(1).id, _ask(2).id}
            ledger.commit("c", _chunk(2), again=True)
        assert _count_elsewhere(path) == 2


def test_cells_made_elsewhere_are_those_that_would_be_made_here(tmp_path: Path) -> None:
    held: list[list[Any]] = []
    kept: list[list[Any]] = []
    for name in ("here", "elsewhere"):
        with Ledger.open(tmp_path / f"{name}.db") as ledger, ledger.writing():
            ledger.add_candidate("c", "c", {})
            rows = [row for number in (1, 2, 3) for row in _chunk(number).answers]
            requests = {request.id: request for request, _ in rows}
            cells = make_cells(requests, {request.id: answer for request, answer in rows})
            if name == "elsewhere":
                ledger.commit("c", Chunk(rows[:1]))  # one is known already: the rows do not fit, and are made anew
            ledger.commit("c", Chunk(rows, cells=cells))
            kept.append([*ledger.read("SELECT id, base, body FROM requests ORDER BY rowid")])
            held.append([*ledger.read("SELECT request_id, answer FROM answers ORDER BY request_id")])
    assert held[0] == held[1]
    assert kept[0] == [*cells.requests]
    assert len({row[0] for row in kept[1]}) == 3
