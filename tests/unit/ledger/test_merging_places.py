"""A merge ends with one whole ledger or with an error in words: whatever its ledgers are, and whenever it is killed."""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import resource
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import LedgerBusyError, LedgerError
from fairtrial.ledger import Chunk, Ledger, opening, query
from fairtrial.ledger.examine import examine_ledger
from fairtrial.ledger.export import export_text
from fairtrial.ledger.merging import merge_ledgers, merging, places, taking
from fairtrial.records import GenerateAnswer, GenerateRequest, Observation, Prompt
from tests.support.ledgers import TASK, candidate_id, filled, make_items

if sys.platform == "win32":
    pytest.skip("needs processes and limits of Unix", allow_module_level=True)
FORK = multiprocessing.get_context("fork")
NOBODY = 65534


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    paths = []
    for at, name in enumerate(("a", "b")):
        item, ask = make_items(4)[at], GenerateRequest(Prompt(f"Question {at}?"), 8)
        with filled(tmp_path / f"{name}.db") as ledger:
            chunk = Chunk(
                [(ask, GenerateAnswer("yes" * 200_000, 1, "stop"))],
                [(TASK, item.id, 0, (ask.id,))],
                [(TASK, item.id, 0, Observation("acc", 1.0))],
            )
            ledger.commit(candidate_id(name), chunk)
        paths.append(tmp_path / f"{name}.db")
    return paths


def in_a_process(work: Callable[[], Any], before: Callable[[], Any] = lambda: None) -> tuple[int | None, str]:
    """Do something in a process of its own; return its exit code and what it said."""
    mine, theirs = multiprocessing.Pipe(duplex=False)

    def attempt() -> None:
        before()
        try:
            work()
            theirs.send("done")
        except LedgerError as error:
            theirs.send(f"{type(error).__name__}: {error}")

    process = FORK.Process(target=attempt)
    process.start()
    process.join(60)
    return process.exitcode, str(mine.recv()) if mine.poll() else ""


def list_left(folder: Path) -> list[str]:
    """What lies in a folder but the ledgers that are merged, and what SQLite and the lock keep beside a ledger."""
    names = (path.name for path in folder.iterdir())
    return sorted(n for n in names if n not in ("a.db", "b.db") and not n.endswith((".db.lock", ".db-shm", ".db-wal")))


@pytest.mark.parametrize("linked", [False, True])
def test_a_ledger_that_is_named_twice_is_said(two: list[Path], tmp_path: Path, linked: bool) -> None:
    again = tmp_path / "link.db" if linked else two[0]
    if linked:
        again.symlink_to(two[0])
    with pytest.raises(LedgerError, match="is named twice"):
        merge_ledgers([*two, again], tmp_path / "c.db")
    assert list_left(tmp_path) == ["link.db"] * linked


def test_a_ledger_that_a_run_writes_to_is_left_alone(two: list[Path], tmp_path: Path) -> None:
    with Ledger.open(two[1]) as ledger, ledger.writing(), pytest.raises(LedgerBusyError, match=r"writing to b\.db"):
        merge_ledgers(two, tmp_path / "c.db")
    assert list_left(tmp_path) == []
    assert merge_ledgers(two, tmp_path / "c.db").rows["answers"] == 2


def test_a_run_that_begins_while_ledgers_are_merged_is_noticed(
    two: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came after the rows were looked through was looked through by nobody."""

    def write_meanwhile(db: sqlite3.Connection) -> None:
        code = in_a_process(lambda: filled(two[0]).add_candidate("c" * 32, "c", {}))
        assert code == (0, "done")

    monkeypatch.setattr(merging, "_finish", write_meanwhile)
    with pytest.raises(LedgerBusyError, match=r"writing to a\.db"):
        merge_ledgers(two, tmp_path / "c.db")
    assert list_left(tmp_path) == []


def test_two_merges_to_one_place_do_not_meet(two: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    finish = merging._finish

    def merge_meanwhile(db: sqlite3.Connection) -> None:
        said.append(in_a_process(lambda: merge_ledgers(two[::-1], tmp_path / "c.db")))
        finish(db)

    monkeypatch.setattr(merging, "_finish", merge_meanwhile)
    merge_ledgers(two, tmp_path / "c.db")
    assert said == [(0, "LedgerBusyError: another process is writing c.db.\nWait for it to end.")]
    assert examine_ledger(tmp_path / "c.db").sound


def content(path: Path) -> str:
    out = io.StringIO()
    with Ledger.open(path, create=False) as ledger:
        export_text(ledger, out, full=True, answers=True)
    return out.getvalue()


STAGES = [(places, "examine_ledger"), (taking, "take_requests"), (merging, "write_runs"), (merging, "_finish"),
          (merging, "put_in_place")]  # fmt: skip


def test_a_merge_that_is_killed_at_any_stage_can_be_done_again(two: list[Path], tmp_path: Path) -> None:
    """Whatever the killed one has left is in the way of nobody, and goes."""
    old = tmp_path / "old.db"
    script = Path(__file__).parents[2] / "support" / "ledger_version_2.sql"
    with closing(sqlite3.connect(old)) as db:
        db.executescript(script.read_text("utf-8"))
    held = opening._OPEN.total()
    merge_ledgers([*two, old], tmp_path / "whole.db")
    assert opening._OPEN.total() == held  # the copy of the old one is no longer taken to be open
    for module, name in STAGES:

        def kill(module: Any = module, name: str = name) -> None:
            setattr(module, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))

        out = tmp_path / "c.db"
        assert in_a_process(lambda out=out: merge_ledgers([*two, old], out), kill)[0] == -signal.SIGKILL
        assert not out.exists()
        merge_ledgers([*two, old], out)
        assert content(out) == content(tmp_path / "whole.db")
        out.unlink()
        assert list_left(tmp_path) == ["old.db", "whole.db"]


@pytest.mark.parametrize("most", [3_000, 40_000, 1_000_000])
def test_a_full_disk_is_said_and_leaves_nothing(two: list[Path], tmp_path: Path, most: int) -> None:
    """A limit on the size of files stands for a disk: at the first page, in the tables, in the rows."""
    done = in_a_process(
        lambda: merge_ledgers(two, tmp_path / "c.db"), lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    )
    assert done[0] == 0
    assert re.search(r"[ac]\.db cannot be (read|written|opened): ", done[1])
    assert "ulimit -f" in done[1] or "disk is full" in done[1]
    assert list_left(tmp_path) == []


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    yield folder
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def be_a_reader() -> None:
    """Be a user who may write nowhere but in folders that are open to all."""
    if os.getuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def test_ledgers_in_a_read_only_folder_are_looked_through_and_merged(two: list[Path], closed_folder: Path) -> None:
    for path in two:
        path.rename(closed_folder / path.name)
        (closed_folder / path.name).chmod(0o444)
    closed_folder.chmod(0o555)
    held = [closed_folder / path.name for path in two]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        said = in_a_process(lambda: (examine_ledger(held[0]), merge_ledgers(held, Path(folder) / "c.db")), be_a_reader)
        assert said == (0, "done")
        with Ledger.open(Path(folder) / "c.db", create=False) as ledger:
            assert query.count_rows(ledger)["answers"] == 2
    refused = in_a_process(lambda: merge_ledgers(held, closed_folder / "c.db"), be_a_reader)
    assert refused == (0, f"LedgerError: {closed_folder / 'c.db'} cannot be written: Permission denied.")
