"""Damaged ledgers: every verb says so in a line, `ledger check` says what is damaged, and the rest can be saved."""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from fairtrial.errors import LedgerError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.examine import examine_ledger, salvage
from fairtrial.ledger.merging import merge_ledgers
from fairtrial.report.summary import summarise
from tests.support.damage import DAMAGE, damaged_ledger
from tests.support.report_ledger import report_ledger

command = importlib.import_module("fairtrial.cli.main")

VERBS = [
    ["report", "--json"],
    ["check"],
    ["export", "--format", "lm-eval", "--out", "out"],
    ["ledger", "show"],
    ["ledger", "export", "--answers"],
    ["ledger", "gc", "--dry-run"],
]


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_found_and_the_rest_is_saved(statement: str, tmp_path: Path) -> None:
    path = damaged_ledger(tmp_path / "damaged.db", statement)
    found = examine_ledger(path)
    assert not found.sound
    assert found.damages
    assert salvage(path, tmp_path / "saved.db") == found
    assert examine_ledger(tmp_path / "saved.db").sound
    with Ledger.open(tmp_path / "saved.db", create=False) as saved:
        for trial in query.read_trials(saved):
            summarise(saved, trial.id)


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE)
def test_every_verb_says_so_in_a_line(
    statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = damaged_ledger(tmp_path / "damaged.db", statement)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for verb in VERBS:
        monkeypatch.setattr(sys, "argv", ["fairtrial", *verb, "--ledger", str(path)])
        with pytest.raises(SystemExit) as ended:
            command.main()
        told = capfd.readouterr().err
        assert "Traceback" not in told
        assert ended.value.code in (0, 5, 7), told
        refused = ended.value.code == 5
        assert not refused or len(told.splitlines()) <= 2, told
        assert not refused or "`fairtrial ledger check`" in told
    assert not (tmp_path / "state").exists(), "an error that nobody foresaw"


def test_a_sound_ledger_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sound.db"
    report_ledger(path).close()
    assert examine_ledger(path).sound
    before = path.read_bytes()
    monkeypatch.setattr(sys, "argv", ["fairtrial", "ledger", "check", "--ledger", str(path), "--json"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 0
    document = json.loads(capfd.readouterr().out)
    assert document["sound"] and document["damaged"] == {}
    assert path.read_bytes() == before


def test_one_lost_answer_is_asked_again_and_nothing_else_goes(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    report_ledger(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        [(candidate, request)] = db.execute("SELECT candidate_id, request_id FROM answers LIMIT 1").fetchall()
        db.execute("UPDATE answers SET answer = 'x' WHERE candidate_id = ? AND request_id = ?", (candidate, request))
    found = examine_ledger(path)
    assert found.damaged == {"answers": 1}
    salvage(path, tmp_path / "saved.db")
    after = examine_ledger(tmp_path / "saved.db")
    assert after.sound
    lost = {table: count - after.rows[table] for table, count in found.rows.items() if count != after.rows[table]}
    assert lost.pop("answers") == lost.pop("asked") == 1
    assert set(lost) == {"observations"}


def test_a_place_that_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")
    places = (
        (tmp_path / "pipe.db", "is a pipe, socket or device"),
        (Path("/dev/zero"), "is a pipe, socket or device"),
        (tmp_path / ("n" * 300), "cannot be read"),
        (tmp_path / "a\0b", "is no path"),
    )
    for path, told in places:
        with pytest.raises(LedgerError, match=told):
            Ledger.open(path)
        with pytest.raises(LedgerError, match=told):
            examine_ledger(path)


def test_a_request_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fairtrial.ledger import encoding

    monkeypatch.setattr(encoding, "LONGEST", 1000)
    text = b'{"kind": "generate", "stop": "' + b"x" * 5000 + b'"}'
    with pytest.raises(LedgerError, match="longer than 1,000 bytes"):
        encoding.decode_request(encoding.pack(text), None)


def test_a_copy_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sound.db"
    report_ledger(path).close()
    with pytest.raises(LedgerError, match="exists"):
        salvage(path, path)


@pytest.mark.parametrize(
    ("statement", "told"),
    [("", "empty file, no ledger yet"), ("CREATE TABLE notes (text)", "an SQLite file, but not a ledger of fairtrial")],
)
def test_what_is_no_ledger_is_not_called_a_damaged_one(statement: str, told: str, tmp_path: Path) -> None:
    path, ledger = tmp_path / "other.db", tmp_path / "sound.db"
    report_ledger(ledger).close()
    path.touch()
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=told):
        examine_ledger(path)
    with pytest.raises(LedgerError, match=told):
        salvage(path, tmp_path / "saved.db")
    with pytest.raises(LedgerError, match=told):
        merge_ledgers([ledger, path], tmp_path / "both.db")
    assert path.read_bytes() == before
    assert not (tmp_path / "saved.db").exists() and not (tmp_path / "both.db").exists()
