"""Opening a ledger: several processes at once, read-only places, older versions, and files that are no ledger."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from fairtrial.errors import LedgerBusyError, LedgerError
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.schema import APPLICATION_ID, MIGRATIONS, split_script
from fairtrial.records import GenerateAnswer, GenerateRequest, Prompt
from tests.support.ledgers import CARD, TASK, TRIAL, candidate_id, filled

if sys.platform == "win32":
    pytest.skip("needs processes and file rights of Unix", allow_module_level=True)
FORK = multiprocessing.get_context("fork")
NOBODY = 65534
ASK = GenerateRequest(Prompt("Say hi."), max_tokens=4)
SAID = GenerateAnswer(text="hi", tokens=1, finish="stop")


def test_an_empty_file_is_filled_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.touch()
    with pytest.raises(LedgerError, match="empty file"):
        Ledger.open(path, create=False)
    assert path.stat().st_size == 0
    filled(path).close()
    assert path.stat().st_size > 0


@pytest.mark.parametrize("name", ["no.db", "no/such/t.db"])
def test_whoever_only_reads_is_told_that_there_is_no_ledger_and_not_to_make_a_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(LedgerError) as told:
        Ledger.open(tmp_path / name, create=False)
    assert "there is no ledger" in told.value.message and "Make the folder" not in told.value.fix
    assert ("folder does not exist" in told.value.message) == ("/" in name)


def test_a_file_marked_by_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA application_id = 77")
    db.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger.open(path)
    assert path.read_bytes() == before


def test_damage_is_told_and_not_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    filled(path, items=400).close()
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(len(content) - 8192))
    with pytest.raises(LedgerError, match="the file is damaged"), Ledger.open(path, create=False) as ledger:
        query.read_items(ledger, TASK)
    path.write_bytes(b"SQLite format 3\x00" + b"z" * 5000)
    with pytest.raises(LedgerError, match="damaged or no database"):
        Ledger.open(path)


def test_names_that_mean_something_in_an_address_are_only_names(tmp_path: Path) -> None:
    path = tmp_path / "a b?mode=memory#100%.db"
    filled(path).close()
    assert path.exists()
    with Ledger.open(path, create=False) as ledger:
        assert query.find_trial(ledger).id == TRIAL


def test_opened_for_reading_nothing_is_written_outside_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    filled(path).close()
    with Ledger.open(path, create=False) as ledger:
        with pytest.raises(LedgerError, match="read-only"):
            ledger.commit(candidate_id("a"), Chunk(answers=[(ASK, SAID)]))
        with ledger.writing():
            ledger.commit(candidate_id("a"), Chunk(answers=[(ASK, SAID)]))
        assert ledger.answers(candidate_id("a"), [ASK.id]) == {ASK.id: SAID}
        with pytest.raises(LedgerError, match="read-only"):
            ledger.add_candidate("c" * 32, "c", {})


def test_a_full_disk_says_so_and_the_chunk_before_it_is_safe(tmp_path: Path) -> None:
    with filled(tmp_path / "t.db") as ledger:
        a = candidate_id("a")
        ledger.commit(a, Chunk(answers=[(ASK, SAID)]))
        pages = ledger.connection.execute("PRAGMA page_count").fetchone()[0]
        ledger.connection.execute(f"PRAGMA max_page_count = {pages}")
        large = GenerateRequest(Prompt("Say a lot."), max_tokens=4)
        for _ in range(2):  # the second time as the first: no half-open transaction is left
            with pytest.raises(LedgerError, match="disk is full"):
                ledger.commit(a, Chunk(answers=[(large, GenerateAnswer(os.urandom(50_000).hex(), 1, "stop"))]))
        assert ledger.answers(a, [ASK.id, large.id]) == {ASK.id: SAID}
        ledger.connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
        ledger.commit(a, Chunk(answers=[(large, SAID)]))
        assert ledger.answers(a, [large.id]) == {large.id: SAID}


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that other users may read."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def as_a_reader(path: Path, create: bool) -> str:
    """Open a ledger as a user who may only read; return its trial's id, or what was wrong."""
    mine, theirs = multiprocessing.Pipe(duplex=False)

    def attempt() -> None:
        if os.getuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        try:
            with Ledger.open(path, create=create) as ledger:
                theirs.send(query.find_trial(ledger).id)
        except LedgerError as error:
            theirs.send(str(error))

    process = FORK.Process(target=attempt)
    process.start()
    process.join(60)
    assert mine.poll()
    return str(mine.recv())


def test_a_read_only_folder_can_be_read_and_not_written(shared_folder: Path) -> None:
    path = shared_folder / "t.db"
    filled(path).close()
    path.chmod(0o444)
    shared_folder.chmod(0o555)
    assert as_a_reader(path, create=False) == TRIAL
    assert "cannot be opened" in as_a_reader(shared_folder / "new.db", create=True)


def test_a_file_that_may_not_be_read_says_so(shared_folder: Path) -> None:
    path = shared_folder / "t.db"
    filled(path).close()
    path.chmod(0o000)
    assert "Permission denied" in as_a_reader(path, create=False)


def test_processes_may_make_one_file_at_once(tmp_path: Path) -> None:
    for attempt in range(10):
        path = tmp_path / f"{attempt}.db"
        start = FORK.Barrier(4)

        def make(path: Path = path, start: Barrier = start) -> None:
            start.wait(600)
            Ledger.open(path).close()

        processes = [FORK.Process(target=make) for _ in range(4)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(600)
        assert [process.exitcode for process in processes] == [0] * 4
        with Ledger.open(path, create=False) as ledger:
            assert query.read_trials(ledger) == []


def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    request = {"kind": "generate", "prompt": {"user": "Say hi.", "system": "", "assistant": ""}, "max_tokens": 4}
    answer = {"text": "hi", "tokens": 1, "finish": "stop", "prompt_tokens": 0, "truncated_tokens": 0}
    db = sqlite3.connect(path, isolation_level=None)
    for statement in split_script(MIGRATIONS[0]):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")
    db.execute("INSERT INTO tasks VALUES (?, 'quiz', ?)", (TASK, json.dumps(CARD)))
    for name in ("a", "b"):
        cells = (candidate_id(name), ASK.id, zlib.compress(json.dumps(request).encode()), json.dumps(answer))
        db.execute("INSERT INTO candidates VALUES (?, ?, '{}')", (candidate_id(name), name))
        db.execute("INSERT INTO answers (candidate_id, request_id, request, answer) VALUES (?, ?, ?, ?)", cells)
        db.execute("INSERT INTO asked VALUES (?, ?, 'i', 0, 0, ?)", (candidate_id(name), TASK, ASK.id))
    created = db.execute("SELECT candidate_id, created FROM answers ORDER BY 1").fetchall()
    db.close()
    with Ledger.open(path, create=False) as ledger:
        assert ledger.connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert ledger.connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert ledger.connection.execute("SELECT count(*) FROM requests").fetchone() == (1,)
        assert ledger.connection.execute("SELECT candidate_id, created FROM answers ORDER BY 1").fetchall() == created
        for name in ("a", "b"):
            assert ledger.answers(candidate_id(name), [ASK.id]) == {ASK.id: SAID}
            assert query.read_item_answers(ledger, candidate_id(name), TASK, "i") == [(ASK, answer)]


def test_why_earlier_runs_ended_is_read_from_their_words_once(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    db = sqlite3.connect(path, isolation_level=None)
    for statement in (s for migration in MIGRATIONS[:2] for s in split_script(migration)):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 2")
    db.execute("INSERT INTO trials (id, name, text, plan) VALUES (?, 't', '', '{}')", (TRIAL,))
    ended = {
        "finished": "finished",
        "interrupted": "interrupted",
        "failed": "failed",
        "stopped by the budget of 1,300 joules": "budget",
        "asked 3 rounds of each task": "rounds",
        None: None,
    }
    for outcome in ended:
        db.execute("INSERT INTO sessions (trial_id, facts, outcome) VALUES (?, '{}', ?)", (TRIAL, outcome))
    db.close()
    with Ledger.open(path, create=False) as ledger:
        assert {run.outcome: run.reason for run in query.read_sessions(ledger, TRIAL)} == ended


@pytest.mark.parametrize("killed", [False, True])
def test_the_writer_lock_is_free_when_its_process_is_gone(tmp_path: Path, killed: bool) -> None:
    path = tmp_path / "t.db"
    filled(path).close()
    held, done = FORK.Event(), FORK.Event()

    def hold() -> None:
        with Ledger.open(path) as ledger, ledger.writing():
            held.set()
            done.wait(600)

    holder = FORK.Process(target=hold)
    holder.start()
    assert held.wait(600)
    told: list[str] = []
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerBusyError, match="another process"), ledger.writing(0, lambda: told.append("no")):
            pass
        assert told == []

        def end_the_other() -> None:
            told.append("waiting")
            if killed:
                holder.kill()
            else:
                done.set()

        with ledger.writing(600, end_the_other):
            ledger.commit(candidate_id("a"), Chunk(answers=[(ASK, SAID)]))
            with ledger.writing(0):  # the holder may take it again
                pass
        assert told == ["waiting"]
    holder.join(600)


def test_one_file_has_one_lock_whatever_it_is_called(tmp_path: Path) -> None:
    path, alias = tmp_path / "t.db", tmp_path / "alias.db"
    filled(path).close()
    alias.symlink_to(path)
    with Ledger.open(path) as ledger, Ledger.open(alias) as other, ledger.writing():
        with pytest.raises(LedgerBusyError, match="another process is writing"), other.writing(0):
            pass
        assert query.find_trial(other).id == TRIAL


def test_a_ledger_that_vanishes_or_is_replaced_is_said(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "l.db")
    (tmp_path / "l.db").unlink()
    with pytest.raises(LedgerError, match="deleted or replaced while it was in use"):
        ledger.add_task("9" * 32, "late", CARD)
    filled(tmp_path / "l.db").close()
    with pytest.raises(LedgerError, match="deleted or replaced while it was in use"):
        ledger.commit(candidate_id("a"), Chunk(answers=[(ASK, GenerateAnswer("x", 1, "stop"))]))
    ledger.close()


def test_a_lock_that_is_taken_away_is_said(tmp_path: Path) -> None:
    with filled(tmp_path / "l.db") as ledger, ledger.writing():
        ledger.commit(candidate_id("a"), Chunk())
        (tmp_path / "l.db.lock").unlink()
        with pytest.raises(LedgerError, match=r"the lock of l\.db was deleted or replaced"):
            ledger.commit(candidate_id("a"), Chunk(answers=[(ASK, GenerateAnswer("x", 1, "stop"))]))


def test_looking_at_a_file_takes_no_lock_of_a_ledger_that_is_open_away(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    code = (
        "import sys; from pathlib import Path; from fairtrial.ledger import Ledger\n"
        "with Ledger.open(Path(sys.argv[1])) as l, l.writing(): l.add_task(sys.argv[2], 'x', {})\n"
    )
    with filled(path) as ledger:
        before = len(list(ledger.read("SELECT 1 FROM tasks")))
        Ledger.open(path, create=False).close()  # looks at the head of the file
        for name in ("one", "two"):
            done = subprocess.run([sys.executable, "-c", code, str(path), name], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert path.with_name("t.db-wal").exists()
        assert len(list(ledger.read("SELECT 1 FROM tasks"))) == before + 2
