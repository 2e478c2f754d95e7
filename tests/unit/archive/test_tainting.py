"""Training sets and adapters made of an archive's documents: remembered, named and marked when these are withdrawn."""

from __future__ import annotations

import json
import logging
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial import cache
from fairtrial.api.displaying import Followed, follow_records
from fairtrial.api.withdrawing import MISSING, withdraw
from fairtrial.archive.adding import Rules, add_files
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.archive.tainting import (
    NOTE,
    Taint,
    list_made,
    mark_tainted,
    read_taint,
    refuse_tainted,
    remember_adapter,
    remember_training_set,
)
from fairtrial.cli.archive_withdrawing import describe_followed, describe_outcome, tell_followed, tell_outcome
from fairtrial.curation.pipeline import curate
from fairtrial.curation.withdrawing import clear_training_set
from fairtrial.errors import ArchiveError
from fairtrial.planning.base import Training
from fairtrial.planning.contamination import ContaminationCheck
from fairtrial.rights import Circumstances, Use
from fairtrial.spec.curate import Curate
from tests.support.archives import ALL, BRIDGE, FERRY, SEEN, agree, make_archive


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "user_cache_path", lambda _name: tmp_path / "cache")
    make_archive(tmp_path / "news.db", [FERRY, BRIDGE])
    return tmp_path


def write_set(folder: Path, *documents: str) -> Path:
    folder.mkdir()
    rows = [{"id": name, "text": f"words of {name}", "source": {"document": name}} for name in documents]
    rows.append({"id": "own", "messages": [], "source": {"source": "chats.jsonl", "row": 1}})
    for name, part in (("train.jsonl", rows[:2]), ("validation.jsonl", rows[2:])):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in part))
    (folder / "card.json").write_text(json.dumps({"id": "5e7" * 8, "documents": sorted(documents)}))
    return folder


def write_adapter(folder: Path) -> Path:
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    return folder


def test_withdrawing_names_marks_and_clears(place: Path) -> None:
    made = write_set(place / "set", FERRY.id, BRIDGE.id)
    adapter = write_adapter(place / "adapter")
    remember_training_set([str(place / "news.db")], made)
    remember_adapter(made, adapter, "ad" * 32)
    looked = withdraw(str(place / "news.db"), [FERRY.id], dry_run=True)
    assert read_taint(made) is None
    assert "would be tainted" in "\n".join(tell_outcome(looked, "news.db", True))
    found = withdraw(str(place / "news.db"), [FERRY.id])
    assert {(one.made.kind, one.rows, one.why) for one in found.tainted} == {
        ("adapter", 0, ""),
        ("training set", 1, ""),
    }
    told = list(tell_outcome(found, "news.db", False))
    assert f"{adapter}: adapter adadadadadad is tainted: it was tuned on 1 document of these" in "\n".join(told)
    assert f"{made}: training set 5e75e75e75e7 lost 1 row of 1 document, and is not trained on any more." in told
    assert "; made of it: 1 training set and 1 adapter." in "\n".join(told)
    assert [one["documents"] for one in describe_outcome(found, False)["tainted"]] == [(FERRY.id,)] * 2
    left = (made / "train.jsonl").read_text() + (made / "validation.jsonl").read_text()
    assert FERRY.id not in left
    assert BRIDGE.id in left
    for folder in (made, adapter):
        taint = read_taint(folder)
        assert taint is not None
        assert taint.documents == (FERRY.id,)
    with pytest.raises(ArchiveError, match=r"1 document that this training set.*withdrawn"):
        refuse_tainted(made)
    again = withdraw(str(place / "news.db"), [BRIDGE.id])
    assert len(again.tainted) == 2
    assert read_taint(adapter) == type(taint)(tuple(sorted([FERRY.id, BRIDGE.id])))


def test_what_was_made_of_other_documents_stays(place: Path) -> None:
    made = write_set(place / "set", BRIDGE.id, "f" * 32)
    remember_training_set([str(place / "news.db")], made)
    assert withdraw(str(place / "news.db"), [FERRY.id]).tainted == []
    assert read_taint(made) is None


def test_an_adapter_that_went_elsewhere_is_still_named(place: Path) -> None:
    made, adapter = write_set(place / "set", FERRY.id), write_adapter(place / "adapter")
    remember_training_set([str(place / "news.db")], made)
    remember_adapter(made, adapter, "ad" * 32)
    adapter.rename(place / "moved")
    found = withdraw(str(place / "news.db"), [FERRY.id])
    [one] = [one for one in found.tainted if one.made.kind == "adapter"]
    assert one.why == MISSING
    assert "it is not there now. Wherever it is, it is yours to remove." in "\n".join(tell_outcome(found, "n", False))


def test_what_nobody_can_note_is_logged(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = write_set(place / "set", FERRY.id)
    with caplog.at_level(logging.WARNING):
        remember_adapter(made, write_adapter(place / "adapter"), "ad" * 32)
        remember_training_set([str(place / "gone.db")], made)
    assert "not known any more which archive" in caplog.text
    assert "cannot note the training set 5e75e75e75e7" in caplog.text
    bare = place / "bare"
    bare.mkdir()
    with pytest.raises(ArchiveError, match="no card"):
        remember_training_set([], bare)


def test_a_place_is_remembered_once_and_no_password_is_kept(place: Path) -> None:
    made = write_set(place / "set", FERRY.id)
    for _ in range(2):
        remember_training_set([str(place / "news.db"), "postgresql://ann:secret@no.invalid/db"], made)
    store = SqliteStore(place / "news.db")
    assert len(list(list_made(store, [FERRY.id]))) == 1
    with store.writing():
        store.write_note(NOTE, "{")
    with pytest.raises(ArchiveError, match="damaged"):
        list(list_made(store, [FERRY.id]))
    store.close()
    kept = "".join(one.read_text() for one in (place / "cache").rglob("*.json"))
    assert "secret" not in kept
    assert "ann@no.invalid" in kept


def test_damage_is_no_permission(tmp_path: Path) -> None:
    (tmp_path / "tainted.json").write_text("{}")
    with pytest.raises(ArchiveError, match="damaged"):
        read_taint(tmp_path)
    with pytest.raises(ArchiveError, match="damaged"):
        refuse_tainted(tmp_path)
    other = write_set(tmp_path / "set", FERRY.id)
    refuse_tainted(other)
    mark_tainted(other, ["b"])
    assert clear_training_set(other, ["a"]) == 0
    assert json.loads((other / "tainted.json").read_text()) == {"withdrawn": ["a", "b"]}


def test_curating_an_archive_is_remembered_by_it(place: Path) -> None:
    news = place / "news"
    news.mkdir()
    (news / "a.md").write_text("# Crane\n\nThe crane of Saltmere lifts crates of fish from boats every morning.\n")
    rules = Rules(Circumstances(datetime(2026, 11, 2, tzinfo=UTC), profile="own-archive"))
    with SqliteStore(place / "own.db", create=True) as store, store.writing():
        add_files(store, [news], rules)
        [held] = store.list_holdings()
    settings = {"sources": [{"archive": str(place / "own.db")}], "rights": {"profile": "own-archive"}}
    made = curate(Curate.model_validate({**settings, "duplicates": {"near": None, "together": None}}), place / "set")
    assert made.facts.documents == [held.id]
    [tainted] = withdraw(str(place / "own.db"), [held.id]).tainted
    assert (tainted.made.kind, tainted.rows) == ("training set", 1)


def test_rights_that_change_mark_a_set_and_its_adapter_until_they_come_back(place: Path) -> None:
    made, adapter = write_set(place / "set", FERRY.id, BRIDGE.id), write_adapter(place / "adapter")
    trains = agree(*ALL, Use.TRAIN)
    with closing(SqliteStore(place / "news.db")) as store:
        with store.writing():
            store.put_rights({FERRY.id: trains, BRIDGE.id: trains})
        remember_training_set([str(place / "news.db")], made)
        remember_adapter(made, adapter, "ad" * 32)
        for record, news, denied in ((trains, 0, ()), (agree(), 2, (FERRY.id,)), (agree(), 0, (FERRY.id,))):
            found = Followed()
            with store.writing():
                store.put_rights({FERRY.id: record})
                follow_records(store, SEEN, found)
            assert len(found.training) == news
            assert (read_taint(adapter) or Taint()).denied == denied
            told = "\n".join(tell_followed(found))
            assert told.count("1 document of it may not be trained on any more") == news
        assert ContaminationCheck().check("tuned", Training(), adapter).denied == 1
        with pytest.raises(ArchiveError, match=r"may not be trained on any more.*rights have changed"):
            refuse_tainted(made)
        with store.writing():
            store.put_rights({FERRY.id: trains})
            follow_records(store, SEEN, Followed())
        refuse_tainted(made)
        assert read_taint(adapter) is None
        shutil.rmtree(made)
        adapter.rename(place / "moved")
        with store.writing():
            store.put_rights({FERRY.id: agree()})
            follow_records(store, SEEN, found := Followed())
    assert "2 training sets or adapters made of documents" in "\n".join(tell_followed(found))
    assert [one["why"] for one in describe_followed(found)["training"]] == [MISSING] * 2
