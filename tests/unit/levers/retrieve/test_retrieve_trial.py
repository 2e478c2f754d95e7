"""A trial with an archive behind a candidate: what the ledger keeps, what is doubted, and going on after a kill."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fairtrial.analysis.doubts import find_doubts
from fairtrial.archive.base import Entry
from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Document
from fairtrial.archive.remembering import Remembered, remember
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.engines import EngineSettings
from fairtrial.errors import ArchiveError, RightsError
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import plan_trial
from fairtrial.report.settings import find_differing_settings
from fairtrial.report.summary import summarise
from fairtrial.rights import RightsRecord
from fairtrial.running import chunks
from fairtrial.running.conductor import run
from fairtrial.running.progress import OnProgress, Progress
from fairtrial.spec.source import load_trial
from tests.support.archives import BRIDGE, FERRY, SECRET, UNSHOWN, make_archive

ROWS = [
    ("When does the ferry to Saltmere sail again?", "Monday"),
    ("Why does the old bridge at Quay Street stay closed?", "its pier"),
    ("What does the secret contract of the ferry pay at high tides?", "nothing"),
    ("Xylophone zebra quartz?", "nothing"),
]
TRIAL = """
name: news
candidates:
  - {id: closed, model: "fake:a", decoding: {max_tokens: 12}}
  - {id: open, model: "fake:a", decoding: {max_tokens: 12}, levers: [{retrieve: {archive: news.db, k: 3}}]}
  - id: both
    model: "fake:b"
    decoding: {max_tokens: 12}
    levers: [{retrieve: news.db}, {cascade: {to: closed, threshold: 0.5}}]
tasks: [{file: q.csv}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_archive(tmp_path / "news.db")
    rows = "\n".join(f'"{question}","{answer}"' for question, answer in ROWS)
    (tmp_path / "q.csv").write_text(f"question,answer\n{rows}\n")
    (tmp_path / "t.yaml").write_text(TRIAL)
    return tmp_path


def conduct(folder: Path, ledger: str = "ledger.db", told: OnProgress = lambda _: None) -> str:
    plan = plan_trial(load_trial(folder / "t.yaml").trial, folder)
    with Ledger.open(folder / ledger) as opened, opened.writing():
        return run(plan, TRIAL, opened, EngineSettings(), told)


def read_rows(path: Path) -> list[tuple[object, ...]]:
    with Ledger.open(path, create=False) as ledger:
        tables = {
            "answers": "candidate_id, request_id, answer",
            "asked": "*",
            "passages": "*",
            "observations": "candidate_id, task_id, measure, item_id, value",
        }
        return [
            row
            for table, columns in tables.items()
            for row in ledger.read(f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3")
            if table != "observations" or str(row[2]).startswith(("exact", "sign:"))
        ]


def test_the_ledger_keeps_traces_without_words_and_words_apart(folder: Path) -> None:
    trial = conduct(folder)
    with Ledger.open(folder / "ledger.db") as ledger:
        stored = [json.loads(body) for (body,) in ledger.read("SELECT answer FROM answers")]
        traced = [body for body in stored if "trace" in body]
        assert len(traced) == 8
        words = dict(ledger.read("SELECT document, text FROM passages"))
        assert words == {FERRY.id: FERRY.text, BRIDGE.id: BRIDGE.text, UNSHOWN.id: None}
        doubts = {(d.kind, d.candidate): d for d in find_doubts(ledger, trial)}
        assert ("found_nothing", "open") not in doubts, "nothing was said of it, so that its abstention tells all"
        declined = doubts["abstained", "open"]
        assert (declined.count, declined.of) == (1, 4)
        assert declined.text.endswith("for lack of evidence; for 1 of them no passage was found.")
    with SqliteStore(folder / "news.db") as store:
        assert store.list_ledgers() == [str((folder / "ledger.db").resolve())]
    kept = (folder / "ledger.db").read_bytes()
    assert SECRET.text.encode() not in kept
    assert UNSHOWN.text.encode() not in kept


def test_a_run_that_was_killed_goes_on_to_the_same_ledger(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conduct(folder, "whole.db")
    written = chunks.store_chunk
    calls = []

    def store_one(*args: object, **more: object) -> object:
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return written(*args, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(chunks, "store_chunk", store_one)
        with pytest.raises(KeyboardInterrupt):
            conduct(folder, "killed.db")
    conduct(folder, "killed.db")
    assert read_rows(folder / "killed.db") == read_rows(folder / "whole.db")


def test_another_archive_is_another_candidate_which_is_said(folder: Path) -> None:
    conduct(folder)
    first = plan_trial(load_trial(folder / "t.yaml").trial, folder)
    with SqliteStore(folder / "news.db") as store, store.writing():
        store.add([Entry(new := make_new(), cut(new))])
    second = plan_trial(load_trial(folder / "t.yaml").trial, folder)
    ids = [[candidate.id for candidate in plan.candidates] for plan in (first, second)]
    assert [a == b for a, b in zip(*ids, strict=True)] == [True, False, False]
    steps: list[Progress] = []
    conduct(folder, told=steps.append)
    assert [step.candidate for step in steps if step.stage == "archive"] == ["open", "both"]


def make_new() -> Document:
    return replace(FERRY, uri="https://tide.example/new")


def remember_own(folder: Path, **more: str) -> None:
    """Fill the archive with documents that say nothing, as one's own."""
    (folder / "news.db").unlink(missing_ok=True)
    make_archive(folder / "news.db", [replace(FERRY, rights=RightsRecord()), replace(BRIDGE, rights=RightsRecord())])
    with SqliteStore(folder / "news.db") as store, store.writing():
        remember(store, Remembered("own-archive", **more))


def test_the_circumstances_in_which_the_archive_was_filled_hold_and_are_recorded(folder: Path) -> None:
    remember_own(folder, territory="DE")
    plan = plan_trial(load_trial(folder / "t.yaml").trial, folder)
    told = plan.document()["candidates"][1]["record"]["archive"]
    assert told["circumstances"]["profile"] == "own-archive" and told["circumstances"]["territory"] == "DE"
    assert told["as_filled"] == ["profile", "territory"] and told["usable"] == 2
    with Ledger.open(folder / "ledger.db") as ledger:
        trial = conduct(folder)
        rows = {row.name: row.values for row in find_differing_settings(summarise(ledger, trial))}
    assert rows["as the archive was filled"][1:] == ("{profile: own-archive, territory: DE}",) * 2


def test_ids_follow_the_circumstances_that_hold_wherever_they_are_written(folder: Path) -> None:
    def plan_open(settings: str) -> str:
        text = TRIAL.replace("{archive: news.db, k: 3}", settings)
        (folder / "other.yaml").write_text(text)
        return plan_trial(load_trial(folder / "other.yaml").trial, folder).candidates[1].id

    remember_own(folder)
    taken = plan_open("{archive: news.db}")
    assert taken == plan_open("{archive: news.db, profile: own-archive}")
    remember_own(folder, operator="commercial")
    assert taken != plan_open("{archive: news.db}")
    with pytest.raises(RightsError, match="profile strict"):
        plan_open("{archive: news.db, profile: strict}")


def test_circumstances_that_change_end_the_run(folder: Path) -> None:
    remember_own(folder)
    plan = plan_trial(load_trial(folder / "t.yaml").trial, folder)
    with SqliteStore(folder / "news.db") as store, store.writing():
        remember(store, Remembered("eu-tdm"))
    with (
        Ledger.open(folder / "ledger.db") as opened,
        opened.writing(),
        pytest.raises(ArchiveError, match=r"circumstances of the archive .* have changed"),
    ):
        run(plan, TRIAL, opened, EngineSettings())
